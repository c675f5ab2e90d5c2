/* The two ends of a session.
 *
 * The upstream is not trusted with the client's safety: where TLS is
 * configured there is no way on without it, and a server that fails before the
 * client was greeted is tried last for a while. */
#include "config.h"

#include "proxy/ends.h"

#include "base/clock.h"
#include "base/log.h"

#include <unistd.h>

bool
ends_set_up(struct ends *e, struct proxy *p, const struct listener *listener, struct tls_server *tls, int fd,
    const struct peer *peer)
{
	socklen_t len = sizeof(e->local.address);

	e->listener = listener;
	e->upstream = listener->upstream;
	e->tls = tls;
	e->peer = e->accepted_from = *peer;
	peer_bytes(peer, e->counted);
	e->armed = UINT64_MAX;
	if (getsockname(fd, (struct sockaddr *)&e->local.address, &len) == 0)
		e->local.len = len;
	if (listener->intercept != INTERCEPT_NONE)
		peer_original_destination(fd, listener->intercept, &e->destination);
	e->client = endpoint_new(p->loop, fd, session_wake, e);
	if (e->client != NULL)
		endpoint_count(e->client, &p->stats->traffic[STATS_CLIENT]);
	return e->client != NULL;
}

void
ends_release(struct ends *e)
{
	struct proxy *p = e->session.proxy;

	census_leave(p->census, p->index, e->counted);
	stats_move(&p->gauges->sessions[e->listener->protocol], -1);
	connecting_cancel(&e->connecting);
	endpoint_abort(&e->client);
	endpoint_abort(&e->server);
}

const struct settings *
ends_settings(const struct ends *e)
{
	return e->session.proxy->settings;
}

const struct upstream *
ends_upstream(const struct ends *e)
{
	return e->upstream != SIZE_MAX ? &ends_settings(e)->upstreams[e->upstream] : NULL;
}

const char *
ends_server(const struct ends *e, char text[static ENDS_SERVER_SIZE])
{
	const struct upstream *u = ends_upstream(e);
	char address[PEER_TEXT_SIZE];

	if (u != NULL)
		return u->name;
	peer_text(&e->destination, address);
	snprintf(text, ENDS_SERVER_SIZE, "%s %u", address, peer_port(&e->destination));
	return text;
}

struct quarantine_item
ends_item(const struct ends *e, struct arena *a, size_t policy)
{
	static const char *const protocols[] = { [PROTOCOL_SMTP] = "smtp", [PROTOCOL_LMTP] = "lmtp",
		[PROTOCOL_POP3] = "pop3", [PROTOCOL_IMAP] = "imap" };
	const struct upstream *upstream = ends_upstream(e);
	char client[PEER_TEXT_SIZE];

	peer_text(&e->peer, client);
	return (struct quarantine_item){
		.time = clock_wall_millis(),
		.protocol = span_str(protocols[e->listener->protocol]),
		.policy = span_str(ends_settings(e)->policies[policy].name),
		.client = span_str(arena_strdup(a, client)),
		.listener = span_str(e->listener->name),
		.upstream = span_str(upstream != NULL ? upstream->name : NULL),
	};
}

/* ---- the log, and what is counted ---- */

static struct stats *
stats_of(const struct ends *e)
{
	return e->session.proxy->stats;
}

void
ends_log_begin(struct log_entry *entry, const struct ends *e, enum log_level level, const char *event)
{
	char client[PEER_TEXT_SIZE];

	peer_text(&e->peer, client);
	log_begin(entry, level, event);
	log_text(entry, "session", e->session.id);
	log_text(entry, "listener", e->listener->name);
	log_text(entry, "client", client);
}

void
ends_log(const struct ends *e, enum log_level level, enum stats_error error, const char *msg)
{
	struct log_entry entry;

	stats_add(&stats_of(e)->errors[error], 1);
	if (!log_enabled(level))
		return;
	ends_log_begin(&entry, e, level, stats_error_name(error));
	log_text(&entry, "msg", msg);
	log_end(&entry);
}

void
ends_log_refusal(const struct ends *e, const char *command, const char *reply)
{
	struct log_entry entry;

	if (!log_enabled(LOG_LEVEL_INFO))
		return;
	ends_log_begin(&entry, e, LOG_LEVEL_INFO, "refusal");
	log_text(&entry, "command", command);
	log_text(&entry, "by", "gatepost");
	log_text(&entry, "reply", reply);
	log_end(&entry);
}

void
ends_count_login(const struct ends *e, bool ok)
{
	struct stats *s = stats_of(e);

	stats_add(&(ok ? s->logins : s->logins_failed)[e->listener->protocol], 1);
}

static void
log_upstream(const struct ends *e, const char *why)
{
	const struct upstream *u = ends_upstream(e);
	struct log_entry entry;

	stats_add(&stats_of(e)->errors[STATS_ERROR_UPSTREAM], 1);
	ends_log_begin(&entry, e, LOG_LEVEL_WARNING, "upstream");
	log_text(&entry, "upstream", u != NULL ? u->name : "intercepted");
	log_text(&entry, "msg", why);
	log_end(&entry);
}

/* ---- the client ---- */

static bool
is_trusted_proxy(const struct ends *e)
{
	unsigned char address[16];

	peer_bytes(&e->accepted_from, address);
	return listener_trusts(e->listener, address);
}

/* The client that a balancer named takes the balancer's place in the census, where
 * his are not too many already; else he is told so. */
static bool
count_named_client(struct ends *e)
{
	struct proxy *p = e->session.proxy;
	unsigned char client[16];
	enum census_result result;
	struct span text;

	peer_bytes(&e->peer, client);
	result = census_enter(p->census, p->index, client, 0, ends_settings(e)->limits.connections_per_client);
	if (result == CENSUS_WELCOME) {
		census_leave(p->census, p->index, e->counted);
		memcpy(e->counted, client, sizeof(client));
		return true;
	}
	text = proxy_turn_away(p, e->listener, &e->peer, result);
	if (e->listener->tls.mode != TLS_IMPLICIT)
		endpoint_write(e->client, text);
	return false;
}

enum { NAMED = 2 };

/* 1: taken or not expected; NAMED: taken, and it names a client; 0: incomplete; -1:
 * expected and not there. */
static int
take_proxy_header(struct ends *e)
{
	struct peer source, destination;
	size_t used = 0;
	int got;

	if (e->proxied || !is_trusted_proxy(e))
		return 1;
	got = proxy_header_parse(endpoint_input(e->client), &source, &destination, &used);
	if (got <= 0)
		return endpoint_eof(e->client) ? -1 : got;
	endpoint_consume(e->client, used);
	e->proxied = true;
	if (source.len == 0)
		return 1;
	e->peer = source;
	e->local = destination;
	return NAMED;
}

/* How the client's handshake stands, once it has begun. */
static enum ends_result
client_handshake(struct ends *e)
{
	switch (endpoint_tls(e->client)) {
	case ENDPOINT_SECURE:
		if (!e->secure)
			stats_tls(stats_of(e), STATS_CLIENT, endpoint_tls_version(e->client));
		e->secure = true;
		return ENDS_READY;
	case ENDPOINT_TLS_FAILED:
		stats_add(&stats_of(e)->tls_failures[STATS_CLIENT], 1);
		ends_log(e, LOG_LEVEL_INFO, STATS_ERROR_TLS, endpoint_tls_text(e->client));
		return ENDS_FAILED;
	default:
		return ENDS_WAIT;
	}
}

enum ends_result
ends_accept_client(struct ends *e)
{
	int proxied = take_proxy_header(e);

	if (proxied < 0)
		ends_log(e, LOG_LEVEL_WARNING, STATS_ERROR_PROXY_PROTOCOL, "no PROXY header where one is due");
	if (proxied <= 0)
		return proxied < 0 ? ENDS_FAILED : ENDS_WAIT;
	if (proxied == NAMED && !count_named_client(e))
		return ENDS_FAILED;
	if (e->listener->tls.mode != TLS_IMPLICIT)
		return ENDS_READY;
	if (endpoint_tls(e->client) == ENDPOINT_PLAIN)
		return endpoint_accept_tls_early(e->client, e->tls) ? ENDS_WAIT : ENDS_FAILED;
	return client_handshake(e);
}

enum ends_result
ends_secure_client(struct ends *e)
{
	if (endpoint_tls(e->client) != ENDPOINT_PLAIN)
		return client_handshake(e);
	if (endpoint_pending(e->client) > 0) {
		endpoint_flush(e->client);
		if (endpoint_pending(e->client) > 0)
			return ENDS_WAIT;
	}
	if (endpoint_discard_input(e->client) > 0)
		ends_log(e, LOG_LEVEL_WARNING, STATS_ERROR_STARTTLS, "plaintext behind STARTTLS was dropped");
	return endpoint_accept_tls(e->client, e->tls) ? ENDS_WAIT : ENDS_FAILED;
}

/* ---- the upstream ---- */

static struct tls_client *
tls_of(const struct ends *e)
{
	const struct generation *g = e->session.proxy->generation;

	return e->upstream == SIZE_MAX ? g->intercept_tls : g->upstream_tls[e->upstream];
}

void
ends_lose_upstream(struct ends *e, const char *why)
{
	if (e->server != NULL && endpoint_fault(e->server) != NULL)
		why = endpoint_fault(e->server);
	log_upstream(e, why);
	if (e->upstream != SIZE_MAX && e->server_address != NULL && !e->greeted)
		upstream_failed(e->session.proxy->upstreams, e->upstream, e->server_address);
	if (e->server != NULL && endpoint_tls(e->server) == ENDPOINT_TLS_FAILED)
		endpoint_close(&e->server); /* so that the server reads why */
	else
		endpoint_abort(&e->server);
}

/* The name to verify and the key to resume by; an intercepted server has none. */
enum ends_result
ends_begin_tls(struct ends *e)
{
	const struct address *a = e->server_address;

	if (endpoint_connect_tls(e->server, tls_of(e), a != NULL ? a->host : NULL, a != NULL ? a->text : NULL))
		return ENDS_WAIT;
	ends_lose_upstream(e, "TLS cannot begin");
	return ENDS_TLS_FAILED;
}

enum ends_result
ends_handshake(struct ends *e)
{
	enum endpoint_tls tls = endpoint_tls(e->server);

	if (tls == ENDPOINT_HANDSHAKE)
		return ENDS_WAIT;
	if (tls == ENDPOINT_SECURE && !e->server_secure)
		stats_tls(stats_of(e), STATS_UPSTREAM, endpoint_tls_version(e->server));
	e->server_secure = tls == ENDPOINT_SECURE;
	if (tls != ENDPOINT_TLS_FAILED)
		return ENDS_READY;
	stats_add(&stats_of(e)->tls_failures[STATS_UPSTREAM], 1);
	ends_lose_upstream(e, endpoint_tls_text(e->server));
	return ENDS_TLS_FAILED;
}

static void
send_proxy_header(struct ends *e)
{
	const struct upstream *u = ends_upstream(e);
	struct buf header = { 0 };

	if (u == NULL || u->proxy_protocol == PROXY_HEADER_NONE)
		return;
	proxy_header_print(&header, u->proxy_protocol, &e->peer, &e->local);
	endpoint_write_buf(e->server, &header);
	endpoint_flush(e->server);
	buf_free(&header);
}

static void
connected(void *context, int fd, const struct address *address, const char *why)
{
	struct ends *e = context;

	e->connecting = NULL;
	e->server_address = address;
	if (fd < 0) {
		log_upstream(e, why);
		e->connect_failed = true;
	} else {
		e->server = endpoint_new(e->session.proxy->loop, fd, session_wake, e);
		e->connect_failed = e->server == NULL;
		if (e->server != NULL)
			endpoint_count(e->server, &stats_of(e)->traffic[STATS_UPSTREAM]);
	}
	session_wake(&e->session);
}

static bool
begin_connecting(struct ends *e)
{
	struct upstreams *all = e->session.proxy->upstreams;
	const struct peer *source = e->listener->intercept == INTERCEPT_TPROXY ? &e->peer : NULL;

	if (e->destination.len > 0)
		e->connecting = upstream_connect_to(all, &e->destination, source, ends_settings(e)->timeouts.greeting,
		    connected, e);
	else if (e->upstream != SIZE_MAX)
		e->connecting = upstream_connect(all, e->upstream, NULL, connected, e);
	return e->connecting != NULL;
}

enum ends_result
ends_connect(struct ends *e)
{
	const struct upstream *u = ends_upstream(e);

	if (e->connect_failed)
		return ENDS_FAILED;
	if (e->server == NULL)
		return e->connecting != NULL || begin_connecting(e) ? ENDS_WAIT : ENDS_FAILED;
	send_proxy_header(e);
	if (u != NULL && u->tls.mode == TLS_IMPLICIT && ends_begin_tls(e) == ENDS_TLS_FAILED)
		return ENDS_TLS_FAILED;
	return ENDS_READY;
}

/* ---- waiting ---- */

bool
ends_wait(struct ends *e, enum party whom, uint64_t timeout, uint64_t deadline)
{
	if (e->armed != e->progress || e->awaited != whom) {
		uint64_t when = loop_now(e->session.proxy->loop) + timeout;

		if (deadline != 0 && deadline < when)
			when = deadline;
		e->armed = e->progress;
		e->awaited = whom;
		endpoint_deadline(e->client, when);
	} else if (endpoint_expired(e->client)) {
		return false;
	}
	if (e->server != NULL)
		endpoint_flush(e->server);
	endpoint_flush(e->client);
	return true;
}
