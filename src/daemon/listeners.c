/* Listening sockets and accepting. To accept a connection or to turn it away costs
 * little, a session much: of those a turn of the loop begins a few only, so that
 * sessions that are there get theirs, and who came meanwhile waits in turn: a
 * client's next connection behind the first one of each other client.
 *
 * When descriptors run out, accepting rests
 * for ACCEPT_REST_MS instead of spinning; who waits stays in the backlog. What
 * a flood of clients would fill the log with is told now and then, with how often
 * it happened. */
#include "config.h"

#include "daemon/listeners.h"

#include "base/log.h"
#include "daemon/passed.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	ACCEPT_BATCH = 64,    /* connections taken before others get their turn */
	BEGIN_BATCH = 8,      /* sessions begun before others get their turn: each costs far more */
	WAITING_MOST = 1000,  /* connections without a session; the others wait in the kernel's queue */
	ACCEPT_REST_MS = 100,
};

/* ---- opening ---- */

static bool
is_taken(const struct listen_sockets *by, int fd)
{
	for (size_t i = 0; by != NULL && i < by->count; i++)
		if (by->items[i].fd == fd)
			return true;
	return false;
}

/* One that is not in `out` already: an address serves one listener. */
static int
find_open(const struct listen_sockets *old, const struct listen_sockets *out, const struct listen_socket *wanted)
{
	for (size_t i = 0; old != NULL && i < old->count; i++)
		if (strcmp(old->items[i].address, wanted->address) == 0 && !is_taken(out, old->items[i].fd) &&
		    (old->items[i].intercept == INTERCEPT_TPROXY) == (wanted->intercept == INTERCEPT_TPROXY))
			return old->items[i].fd;
	return -1;
}

/* As listen_open(). Whoever reaches the file of a UNIX socket may connect, as to a
 * port of this machine; whom that shall be is for the folder's permissions to say. The
 * umask and not chmod(2), which in a folder of others could meet another file. */
static int
open_new(const struct generation *g, const struct address *address, enum intercept intercept,
    const struct listen_sockets *out, const struct listen_sockets *passed, const char **error)
{
	int fd = passed_find(passed, out, address);
	mode_t mask;

	if (fd >= 0)
		return listen_adopt(g->arena, address, fd, intercept, error);
	mask = umask(0111);
	fd = listen_open(g->arena, address, intercept, error);
	umask(mask);
	return fd;
}

/* s: what is wanted, without a descriptor. */
static void
open_one(struct listen_sockets *out, const struct generation *g, struct listen_socket s, const struct address *address,
    const struct listen_sockets *old, const struct listen_sockets *passed, struct report *report)
{
	const char *error;

	s.fd = find_open(old, out, &s);
	if (s.fd < 0)
		s.fd = open_new(g, address, s.intercept, out, passed, &error);
	if (s.fd >= 0)
		out->items[out->count++] = s;
	else if (s.listener < g->settings->listener_count)
		report_add(report, (struct mark){ g->settings->file, 0, 0 }, "listener %s: %s",
		    g->settings->listeners[s.listener].name, error);
	else
		report_add(report, (struct mark){ g->settings->file, 0, 0 }, "metrics: %s", error);
}

static bool
all_opened(const struct listen_sockets *out, const struct listen_sockets *old, const struct report *report)
{
	if (report->count == 0)
		return true;
	listeners_close(out, old); /* NOLINT(readability-suspicious-call-argument): what is new of them is closed */
	return false;
}

bool
listeners_open(struct listen_sockets *out, const struct generation *g, const struct listen_sockets *old,
    const struct listen_sockets *passed, struct report *report)
{
	const struct settings *settings = g->settings;
	size_t count = 0;

	for (size_t i = 0; i < settings->listener_count; i++)
		count += settings->listeners[i].address_count;
	*out = (struct listen_sockets){ ARENA_ARRAY(g->arena, struct listen_socket, count), 0 };
	for (size_t i = 0; i < settings->listener_count; i++) {
		const struct listener *l = &settings->listeners[i];

		if (!proxy_serves(l->protocol)) {
			log_warning("listener", "listener %s: this version has no sessions for its protocol: not opened",
			    l->name);
			continue;
		}
		for (size_t j = 0; j < l->address_count; j++)
			open_one(out, g, (struct listen_socket){ l->addresses[j].text, l->intercept, i, -1 },
			    &l->addresses[j], old, passed, report);
	}
	return all_opened(out, old, report);
}

bool
metrics_sockets_open(struct listen_sockets *out, const struct generation *g, const struct listen_sockets *old,
    const struct listen_sockets *passed, struct report *report)
{
	const struct metrics_settings *m = &g->settings->metrics;

	*out = (struct listen_sockets){ ARENA_ARRAY(g->arena, struct listen_socket, m->address_count), 0 };
	for (size_t i = 0; i < m->address_count; i++)
		open_one(out, g, (struct listen_socket){ m->addresses[i].text, INTERCEPT_NONE, SIZE_MAX, -1 },
		    &m->addresses[i], old, passed, report);
	return all_opened(out, old, report);
}

void
listeners_close(const struct listen_sockets *old, const struct listen_sockets *now)
{
	for (size_t i = 0; i < old->count; i++)
		if (!is_taken(now, old->items[i].fd))
			close(old->items[i].fd);
}

/* ---- accepting ---- */

struct acceptor_socket {
	struct acceptor *acceptor;
	struct watch *watch;
	size_t listener;
	int fd;
};

/* A connection that has entered the census and has no session yet. */
struct arrival {
	TAILQ_ENTRY(arrival) others;
	size_t listener;
	int fd;
	struct peer peer;
	unsigned char client[16];
	size_t turn; /* how many of that client were waiting before it */
};
TAILQ_HEAD(arrivals, arrival);

struct acceptor {
	struct proxy *proxy;
	struct timer *rest;
	struct seldom exhausted;
	struct acceptor_socket *sockets;
	size_t count;
	struct arrivals waiting; /* in turn */
	size_t waiting_count;
	bool begins_soon;        /* the first of them */
	bool stopped;
};

static void
turn_away(const struct acceptor_socket *s, int fd, const struct peer *peer, enum census_result limit)
{
	struct proxy *p = s->acceptor->proxy;
	const struct listener *l = &p->settings->listeners[s->listener];
	struct span text = proxy_turn_away(p, l, peer, limit);

	/* A client that does not take it finds the connection closed. */
	if (l->tls.mode != TLS_IMPLICIT)
		(void)!send(fd, text.data, text.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void
wait_in_turn(struct acceptor *a, struct arrival *new)
{
	struct arrival *other, *next = NULL;

	TAILQ_FOREACH (other, &a->waiting, others)
		new->turn += memcmp(other->client, new->client, sizeof(new->client)) == 0;
	TAILQ_FOREACH (next, &a->waiting, others)
		if (next->turn > new->turn)
			break;
	if (next != NULL)
		TAILQ_INSERT_BEFORE(next, new, others);
	else
		TAILQ_INSERT_TAIL(&a->waiting, new, others);
	a->waiting_count++;
}

static void
admit(struct acceptor_socket *s, int fd, const struct peer *peer, const unsigned char client[16])
{
	struct arrival *new = calloc(1, sizeof(*new));

	if (new == NULL) {
		proxy_accept(s->acceptor->proxy, s->listener, fd, peer);
		return;
	}
	*new = (struct arrival){ .listener = s->listener, .fd = fd, .peer = *peer };
	memcpy(new->client, client, sizeof(new->client));
	wait_in_turn(s->acceptor, new);
}

static void begin_more(void *context);

/* Those that are left begin in the next turns. */
static void
begin_some(struct acceptor *a, size_t most)
{
	struct arrival *first;

	while (most-- > 0 && (first = TAILQ_FIRST(&a->waiting)) != NULL) {
		TAILQ_REMOVE(&a->waiting, first, others);
		a->waiting_count--;
		proxy_accept(a->proxy, first->listener, first->fd, &first->peer);
		free(first);
	}
	if (TAILQ_EMPTY(&a->waiting) || a->begins_soon)
		return;
	a->begins_soon = loop_soon(a->proxy->loop, begin_more, a);
	if (!a->begins_soon)
		begin_some(a, SIZE_MAX);
}

static void
begin_more(void *context)
{
	struct acceptor *a = context;

	a->begins_soon = false;
	begin_some(a, BEGIN_BATCH);
}

static void
welcome(struct acceptor_socket *s, int fd, const struct peer *peer)
{
	struct acceptor *a = s->acceptor;
	struct proxy *p = a->proxy;
	const struct limits *limits = &p->settings->limits;
	unsigned char client[16];
	enum census_result result;
	bool balancer;

	peer_bytes(peer, client);
	/* Whom it brings is counted when its header names him: ends_accept_client(). */
	balancer = listener_trusts(&p->settings->listeners[s->listener], client);
	result = census_enter(p->census, p->index, client, limits->connections, balancer ? 0 : limits->connections_per_client);
	if (result == CENSUS_WELCOME)
		admit(s, fd, peer, client);
	else
		turn_away(s, fd, peer, result);
}

static void
pause_all(struct acceptor *a, bool paused)
{
	for (size_t i = 0; i < a->count; i++)
		watch_pause(a->sockets[i].watch, paused);
}

static void
close_all(struct acceptor *a)
{
	for (size_t i = 0; i < a->count; i++)
		close(a->sockets[i].fd);
	a->count = 0;
}

static void
rested(void *context)
{
	struct acceptor *a = context;

	if (a->stopped)
		close_all(a);
	else
		pause_all(a, false);
}

/* The sockets are closed when the loop has told the kernel that they are not
 * watched any more: closed before, those that other processes share would
 * still be reported to us. */
void
acceptor_stop(struct acceptor *a)
{
	if (a->stopped)
		return;
	a->stopped = true;
	begin_some(a, SIZE_MAX);
	for (size_t i = 0; i < a->count; i++)
		watch_free(&a->sockets[i].watch);
	timer_at(a->rest, loop_now(a->proxy->loop));
}

static void
exhausted(struct acceptor *a)
{
	uint64_t now = loop_now(a->proxy->loop), untold;

	stats_add(&a->proxy->stats->errors[STATS_ERROR_ACCEPT], 1);
	if (seldom_is_due(&a->exhausted, now, &untold))
		log_error("accept", "%s: accepting rests for %d ms; so it did %llu times since last told", strerror(errno),
		    ACCEPT_REST_MS, (unsigned long long)untold);
	pause_all(a, true);
	timer_at(a->rest, now + ACCEPT_REST_MS);
}

static void
accept_batch(struct acceptor_socket *s)
{
	for (int i = 0; i < ACCEPT_BATCH && s->acceptor->waiting_count < WAITING_MOST; i++) {
		struct peer peer = { .len = sizeof(peer.address) };
		int fd = accept4(s->fd, (struct sockaddr *)&peer.address, &peer.len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			welcome(s, fd, &peer);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			exhausted(s->acceptor);
		return;
	}
}

static void
accept_some(void *context)
{
	struct acceptor_socket *s = context;

	accept_batch(s);
	if (!s->acceptor->begins_soon)
		begin_some(s->acceptor, BEGIN_BATCH);
}

struct acceptor *
acceptor_new(struct proxy *p, const struct listen_sockets *sockets)
{
	struct acceptor *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->proxy = p;
	TAILQ_INIT(&a->waiting);
	a->rest = timer_new(p->loop, rested, a);
	a->sockets = calloc(sockets->count + 1, sizeof(*a->sockets));
	for (size_t i = 0; a->sockets != NULL && i < sockets->count; i++) {
		struct acceptor_socket *s = &a->sockets[a->count];

		*s = (struct acceptor_socket){ a, NULL, sockets->items[i].listener, sockets->items[i].fd };
		s->watch = watch_new(p->loop, s->fd, accept_some, s);
		if (s->watch == NULL)
			break;
		a->count++;
	}
	if (a->rest == NULL || a->count < sockets->count)
		acceptor_free(&a);
	return a;
}

void
acceptor_free(struct acceptor **acceptor)
{
	struct acceptor *a = *acceptor;
	struct arrival *first;

	if (a == NULL)
		return;
	*acceptor = NULL;
	for (size_t i = 0; i < a->count; i++)
		watch_free(&a->sockets[i].watch);
	while ((first = TAILQ_FIRST(&a->waiting)) != NULL) {
		TAILQ_REMOVE(&a->waiting, first, others);
		close(first->fd);
		free(first);
	}
	timer_free(&a->rest);
	free(a->sockets);
	free(a);
}
