/* Reaching an upstream.
 *
 * An upstream is a list of addresses, an address is one or several candidates
 * (what its name resolves to, or itself), and candidates are tried one after
 * the other. An address has connect_timeout for all that, the resolver too;
 * a candidate gets an equal share of what is left, so that a dead IPv6 path
 * leaves time for IPv4. An address that failed is rested: for a while it is
 * tried after those that are not.
 *
 * Everything begins on the next turn of the loop, so done() is never called
 * from inside; each step ends by an event, the timer or the resolver's answer.
 *
 * Known limits: names are asked of the name servers in /etc/resolv.conf as it
 * was when the process began; answers are not cached here, a local resolver
 * does that better. */
#include "config.h"

#include "io/connect.h"

#include "base/log.h"
#include "io/sockets.h"

#include <errno.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A name with more addresses than this has enough. */
enum { CANDIDATES_MAX = 16, WHY_SIZE = 256 };

struct upstreams {
	struct loop *loop;
	const struct settings *settings;
	struct evdns_base *dns;
	uint64_t **rested_until; /* [upstream][address], loop_now() */
};

/* Outlives its connecting when that is cancelled: the resolver still answers. */
struct lookup {
	struct connecting *owner;
	struct evdns_getaddrinfo_request *request;
};

struct connecting {
	struct upstreams *all;
	const struct upstream *upstream; /* NULL: a fixed destination */
	size_t *order;                   /* of its addresses */
	size_t at;                       /* the one being tried is order[at] */
	uint64_t timeout, deadline;      /* of an address; of this one */
	struct peer source;              /* len == 0: none */
	struct lookup *lookup;
	struct peer candidates[CANDIDATES_MAX];
	size_t candidate_count, next;
	bool tried;                      /* one of them: what fails for want of descriptors is no fault of theirs */
	int fd;
	struct event writable;
	struct timer *timer;
	connected_fn *done;
	void *context;
	char why[WHY_SIZE];
};

static void try_address(struct connecting *c);
static void try_candidate(struct connecting *c);

static struct evdns_base *
resolver_new(struct loop *l)
{
	struct evdns_base *dns = evdns_base_new(loop_base(l),
	    EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);

	if (dns != NULL)
		return dns;
	/* No usable resolv.conf; numbers and /etc/hosts remain. */
	dns = evdns_base_new(loop_base(l), EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (dns != NULL)
		evdns_base_load_hosts(dns, "/etc/hosts");
	return dns;
}

struct upstreams *
upstreams_new(struct loop *l, const struct settings *settings)
{
	struct upstreams *u = calloc(1, sizeof(*u));
	bool good;

	if (u == NULL)
		return NULL;
	u->loop = l;
	u->settings = settings;
	u->dns = resolver_new(l);
	u->rested_until = calloc(settings->upstream_count + 1, sizeof(*u->rested_until));
	good = u->dns != NULL && u->rested_until != NULL;
	for (size_t i = 0; good && i < settings->upstream_count; i++) {
		u->rested_until[i] = calloc(settings->upstreams[i].address_count + 1, sizeof(**u->rested_until));
		good = u->rested_until[i] != NULL;
	}
	if (!good)
		upstreams_free(&u);
	return u;
}

void
upstreams_free(struct upstreams **u)
{
	if (*u == NULL)
		return;
	if ((*u)->dns != NULL)
		evdns_base_free((*u)->dns, 1);
	for (size_t i = 0; (*u)->rested_until != NULL && i < (*u)->settings->upstream_count; i++)
		free((*u)->rested_until[i]);
	free((*u)->rested_until);
	free(*u);
	*u = NULL;
}

void
upstream_failed(struct upstreams *u, size_t index, const struct address *address)
{
	const struct upstream *upstream = &u->settings->upstreams[index];

	for (size_t i = 0; i < upstream->address_count; i++)
		if (&upstream->addresses[i] == address)
			u->rested_until[index][i] = loop_now(u->loop) + upstream->rest;
}

static const struct address *
current(const struct connecting *c)
{
	return c->upstream != NULL ? &c->upstream->addresses[c->order[c->at]] : NULL;
}

static void
stop_attempt(struct connecting *c)
{
	if (c->fd < 0)
		return;
	event_del(&c->writable);
	close(c->fd);
	c->fd = -1;
}

static void
stop_lookup(struct connecting *c)
{
	if (c->lookup == NULL)
		return;
	c->lookup->owner = NULL;
	if (c->lookup->request != NULL)
		evdns_getaddrinfo_cancel(c->lookup->request);
	c->lookup = NULL;
}

void
connecting_cancel(struct connecting **c)
{
	if (*c == NULL)
		return;
	stop_attempt(*c);
	stop_lookup(*c);
	timer_free(&(*c)->timer);
	free((*c)->order);
	free(*c);
	*c = NULL;
}

static void
finish(struct connecting *c, int fd)
{
	c->done(c->context, fd, fd >= 0 ? current(c) : NULL, c->why);
	connecting_cancel(&c);
}

static void
connected(struct connecting *c)
{
	int fd = c->fd;

	event_del(&c->writable);
	c->fd = -1;
	if (c->upstream != NULL)
		c->all->rested_until[c->upstream - c->all->settings->upstreams][c->order[c->at]] = 0;
	c->why[0] = '\0';
	finish(c, fd);
}

/* "mail.example.org:25 [192.0.2.1]: Connection refused" */
static void
say_why(struct connecting *c, const struct peer *candidate, const char *reason)
{
	const struct address *address = current(c);
	char number[PEER_TEXT_SIZE] = "";

	if (candidate != NULL)
		peer_text(candidate, number);
	if (address == NULL)
		snprintf(c->why, sizeof(c->why), "[%s]:%u: %s", number, peer_port(candidate), reason);
	else if (candidate == NULL)
		snprintf(c->why, sizeof(c->why), "%s: %s", address->text, reason);
	else
		snprintf(c->why, sizeof(c->why), "%s [%s]: %s", address->text, number, reason);
}

/* Else nobody would know that mail goes by the next address. Of the last one the
 * session tells; of one that rests it was told. */
static void
log_failure(const struct connecting *c, size_t index)
{
	struct log_entry e;

	if (c->at + 1 == c->upstream->address_count ||
	    c->all->rested_until[index][c->order[c->at]] > loop_now(c->all->loop))
		return;
	log_begin(&e, LOG_LEVEL_WARNING, "upstream");
	log_text(&e, "upstream", c->upstream->name);
	log_text(&e, "msg", c->why);
	log_end(&e);
}

static void
address_failed(struct connecting *c)
{
	size_t index = c->upstream != NULL ? (size_t)(c->upstream - c->all->settings->upstreams) : 0;

	if (c->upstream == NULL) {
		finish(c, -1);
		return;
	}
	if (c->tried || c->candidate_count == 0) {
		log_failure(c, index);
		upstream_failed(c->all, index, current(c));
	}
	c->at++;
	try_address(c);
}

static void
candidate_failed(struct connecting *c, const char *reason)
{
	say_why(c, &c->candidates[c->next], reason);
	stop_attempt(c);
	c->next++;
	try_candidate(c);
}

static void
on_writable(evutil_socket_t fd, short what, void *context)
{
	struct connecting *c = context;
	int error = 0;
	socklen_t len = sizeof(error);

	(void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0)
		candidate_failed(c, strerror(error));
	else
		connected(c);
}

static void
try_candidate(struct connecting *c)
{
	const struct peer *to = &c->candidates[c->next];
	uint64_t now = loop_now(c->all->loop), left = c->deadline > now ? c->deadline - now : 1;
	const char *reason = NULL;
	bool pending = false;

	if (c->next == c->candidate_count) {
		address_failed(c);
		return;
	}
	c->fd = socket_connect(to, c->source.len > 0 ? &c->source : NULL, &pending, &reason);
	c->tried |= c->fd != SOCKET_NONE;
	if (c->fd < 0) {
		candidate_failed(c, reason);
		return;
	}
	event_assign(&c->writable, loop_base(c->all->loop), c->fd, EV_WRITE, on_writable, c);
	if (!pending)
		connected(c);
	else if (event_add(&c->writable, NULL) != 0)
		candidate_failed(c, strerror(ENOMEM));
	else
		timer_at(c->timer, now + left / (c->candidate_count - c->next));
}

static void
take_candidates(struct connecting *c, const struct evutil_addrinfo *found)
{
	for (; found != NULL && c->candidate_count < CANDIDATES_MAX; found = found->ai_next) {
		struct peer *p = &c->candidates[c->candidate_count++];

		memcpy(&p->address, found->ai_addr, found->ai_addrlen);
		p->len = found->ai_addrlen;
	}
}

static void
on_resolved(int result, struct evutil_addrinfo *found, void *context)
{
	struct lookup *lookup = context;
	struct connecting *c = lookup->owner;

	free(lookup);
	if (c != NULL)
		c->lookup = NULL;
	if (c != NULL)
		take_candidates(c, found);
	if (found != NULL)
		evutil_freeaddrinfo(found);
	if (c == NULL)
		return;
	if (c->candidate_count > 0) {
		try_candidate(c);
		return;
	}
	say_why(c, NULL, evutil_gai_strerror(result));
	address_failed(c);
}

static void
resolve(struct connecting *c, const struct address *address)
{
	/* No address of IPv6 for a name where this machine has none. A number is meant:
	 * [::1] is there also where IPv6 leads nowhere else. */
	struct evutil_addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP,
		.ai_flags = strchr(address->host, ':') == NULL ? EVUTIL_AI_ADDRCONFIG : 0 };
	struct lookup *lookup = calloc(1, sizeof(*lookup));
	struct evdns_getaddrinfo_request *request;
	char port[8];

	if (lookup == NULL) {
		say_why(c, NULL, strerror(ENOMEM));
		address_failed(c);
		return;
	}
	snprintf(port, sizeof(port), "%u", address->port);
	lookup->owner = c;
	c->lookup = lookup;
	timer_at(c->timer, c->deadline);
	/* Without a request the answer has been given already, and the lookup is gone. */
	request = evdns_getaddrinfo(c->all->dns, address->host, port, &hints, on_resolved, lookup);
	if (request != NULL)
		lookup->request = request;
}

static void
try_address(struct connecting *c)
{
	const struct address *address;

	if (c->at == c->upstream->address_count) {
		finish(c, -1);
		return;
	}
	address = current(c);
	c->tried = false;
	c->deadline = loop_now(c->all->loop) + c->timeout;
	c->candidate_count = c->next = 0;
	if (address->path == NULL) {
		resolve(c, address);
		return;
	}
	if (peer_of_path(address->path, &c->candidates[0]))
		c->candidate_count = 1;
	else
		say_why(c, NULL, strerror(ENAMETOOLONG));
	try_candidate(c);
}

static void
on_timer(void *context)
{
	struct connecting *c = context;

	if (c->fd >= 0) {
		candidate_failed(c, strerror(ETIMEDOUT));
	} else if (c->lookup != NULL) {
		say_why(c, NULL, "the name servers do not answer");
		stop_lookup(c);
		address_failed(c);
	} else if (c->upstream != NULL) {
		try_address(c);
	} else {
		c->deadline = loop_now(c->all->loop) + c->timeout;
		try_candidate(c);
	}
}

static struct connecting *
connecting_new(struct upstreams *u, const struct peer *source, uint64_t timeout, connected_fn *done, void *context)
{
	struct connecting *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->fd = -1;
	c->all = u;
	c->timeout = timeout;
	c->done = done;
	c->context = context;
	if (source != NULL)
		c->source = *source;
	c->timer = timer_new(u->loop, on_timer, c);
	if (c->timer == NULL)
		connecting_cancel(&c);
	else
		timer_at(c->timer, loop_now(u->loop));
	return c;
}

/* Those that do not rest, then those that do, each in the configured order. */
static void
put_in_order(struct connecting *c, const uint64_t *rested_until)
{
	uint64_t now = loop_now(c->all->loop);
	size_t count = 0;

	for (int rested = 0; rested <= 1; rested++)
		for (size_t i = 0; i < c->upstream->address_count; i++)
			if ((rested_until[i] > now) == (rested == 1))
				c->order[count++] = i;
}

struct connecting *
upstream_connect(struct upstreams *u, size_t index, const struct peer *source, connected_fn *done, void *context)
{
	const struct upstream *upstream = &u->settings->upstreams[index];
	struct connecting *c = connecting_new(u, source, upstream->connect_timeout, done, context);

	if (c == NULL)
		return NULL;
	c->upstream = upstream;
	c->order = calloc(upstream->address_count + 1, sizeof(*c->order));
	if (c->order == NULL)
		connecting_cancel(&c);
	else
		put_in_order(c, u->rested_until[index]);
	return c;
}

struct connecting *
upstream_connect_to(struct upstreams *u, const struct peer *destination, const struct peer *source, uint64_t timeout,
    connected_fn *done, void *context)
{
	struct connecting *c = connecting_new(u, source, timeout, done, context);

	if (c == NULL)
		return NULL;
	c->candidates[0] = *destination;
	c->candidate_count = 1;
	return c;
}
