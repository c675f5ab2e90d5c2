/* The upstream's side of an SMTP session: reaching it, its greeting, TLS and
 * XCLIENT on our own behalf, and the replies to relayed commands.
 *
 * The upstream is not trusted with the client's safety: before TLS nothing it
 * says counts, a byte behind its answer to STARTTLS ends the session, and where
 * TLS is configured there is no way on without it. */
#include "config.h"

#include "proxy/smtp_session.h"

#include "proxy/smtp_log.h"

static bool
wants_starttls(const struct smtp_session *s)
{
	const struct upstream *u = smtp_upstream(s);

	return u != NULL && u->tls.mode == TLS_STARTTLS;
}

static struct tls_client *
tls_of(const struct smtp_session *s)
{
	const struct generation *g = s->session.proxy->generation;

	return s->listener->upstream == SIZE_MAX ? g->intercept_tls : g->upstream_tls[s->listener->upstream];
}

static void
log_trouble(const struct smtp_session *s, const char *why)
{
	const struct upstream *u = smtp_upstream(s);
	struct log_entry e;

	smtp_log_begin(&e, s, LOG_LEVEL_WARNING, "upstream");
	log_text(&e, "upstream", u != NULL ? u->name : "intercepted");
	log_text(&e, "msg", why);
	log_end(&e);
}

/* The name to verify and the key to resume by; an intercepted server has none. */
static bool
begin_tls(struct smtp_session *s)
{
	const struct address *a = s->server_address;

	return endpoint_connect_tls(s->server, tls_of(s), a != NULL ? a->host : NULL, a != NULL ? a->text : NULL);
}

static enum outcome
upstream_unusable(struct smtp_session *s, const char *text, const char *why)
{
	const struct upstream *u = smtp_upstream(s);

	log_trouble(s, why);
	if (u != NULL && s->server_address != NULL && !s->greeted) /* a lost session is no dead server */
		upstream_failed(s->session.proxy->upstreams, s->listener->upstream, s->server_address);
	if (endpoint_tls(s->server) == ENDPOINT_TLS_FAILED)
		endpoint_close(&s->server); /* so that the server reads why */
	else
		endpoint_abort(&s->server);
	return smtp_give_up(s, text);
}

/* ---- connect_upstream ---- */

static void
send_proxy_header(struct smtp_session *s)
{
	const struct upstream *u = smtp_upstream(s);

	if (u == NULL || u->proxy_protocol == PROXY_HEADER_NONE)
		return;
	buf_clear(&s->scratch);
	proxy_header_print(&s->scratch, u->proxy_protocol, &s->peer, &s->local);
	endpoint_write(s->server, buf_span(&s->scratch));
	endpoint_flush(s->server);
}

static bool
start_implicit_tls(struct smtp_session *s)
{
	const struct upstream *u = smtp_upstream(s);

	if (u == NULL || u->tls.mode != TLS_IMPLICIT)
		return true;
	return begin_tls(s);
}

static void
connected(void *context, int fd, const struct address *address, const char *why)
{
	struct smtp_session *s = context;

	s->connecting = NULL;
	s->server_address = address;
	if (fd < 0) {
		log_trouble(s, why);
		s->connect_failed = true;
	} else {
		s->server = endpoint_new(s->session.proxy->loop, fd, session_wake, s);
		s->connect_failed = s->server == NULL;
	}
	session_wake(&s->session);
}

static bool
begin_connecting(struct smtp_session *s)
{
	struct upstreams *all = s->session.proxy->upstreams;
	const struct peer *source = s->listener->intercept == INTERCEPT_TPROXY ? &s->peer : NULL;

	if (s->destination.len > 0)
		s->connecting = upstream_connect_to(all, &s->destination, source,
		    smtp_settings(s)->timeouts.greeting, connected, s);
	else if (s->listener->upstream != SIZE_MAX)
		s->connecting = upstream_connect(all, s->listener->upstream, NULL, connected, s);
	return s->connecting != NULL;
}

enum outcome
smtp_connect_upstream(struct session *session)
{
	struct smtp_session *s = smtp_of(session);

	if (s->connect_failed)
		return smtp_give_up(s, "421 4.4.1 no mail server answers, try again later");
	if (s->server == NULL) {
		if (s->connecting == NULL && !begin_connecting(s))
			return smtp_give_up(s, "421 4.4.1 no mail server to connect to");
		return smtp_wait(s, SMTP_SERVER, smtp_settings(s)->timeouts.greeting);
	}
	send_proxy_header(s);
	if (!start_implicit_tls(s))
		return upstream_unusable(s, "421 4.7.5 TLS to the mail server failed", "TLS cannot begin");
	smtp_progress(s);
	return STEP_NEXT;
}

/* ---- replies ---- */

int
smtp_take_reply(struct smtp_session *s, enum outcome *outcome)
{
	size_t used = 0;
	const char *why = "";
	int got = smtp_reply_take(&s->reply, endpoint_input(s->server), &used, &why);

	endpoint_consume(s->server, used);
	if (got > 0) {
		smtp_progress(s);
		return 1;
	}
	if (got < 0) {
		*outcome = upstream_unusable(s, "421 4.3.0 the mail server's reply makes no sense", why);
		return -1;
	}
	if (endpoint_eof(s->server) || endpoint_broken(s->server)) {
		*outcome = upstream_unusable(s, "421 4.4.2 the mail server closed the connection", "connection lost");
		return -1;
	}
	return 0;
}

void
smtp_relay_reply(struct smtp_session *s, struct smtp_pending *p)
{
	(void)p;
	endpoint_write(s->client, buf_span(&s->reply.text));
}

bool
smtp_ask(struct smtp_session *s, struct span line, uint64_t timeout, smtp_handler *handle, struct span text)
{
	if (!smtp_pending_push(s, handle, text, timeout))
		return false;
	buf_clear(&s->scratch);
	buf_add_span(&s->scratch, line);
	buf_add_str(&s->scratch, "\r\n");
	return endpoint_write(s->server, buf_span(&s->scratch));
}

static void
ignore_reply(struct smtp_session *s, struct smtp_pending *p)
{
	(void)p;
	if (s->reply.code >= 300)
		smtp_log_event(s, LOG_LEVEL_INFO, "upstream", "RSET was not answered by 250");
}

void
smtp_reset_upstream(struct smtp_session *s)
{
	smtp_ask(s, SPAN_LITERAL("RSET"), smtp_settings(s)->timeouts.command, ignore_reply, SPAN_NONE);
}

/* One reply of the queue: 1 = popped, 0 = it has not come, -1 = lost. */
static int
pop_reply(struct smtp_session *s, enum outcome *outcome)
{
	struct smtp_pending *p = &s->pending[s->pending_first];
	int got;

	if (p->handle == NULL) {
		smtp_say(s, p->text);
		smtp_pending_pop(s);
		return 1;
	}
	got = smtp_take_reply(s, outcome);
	if (got <= 0)
		return got;
	if (s->reply.code == 421) {
		endpoint_write(s->client, buf_span(&s->reply.text));
		*outcome = smtp_goto(s, SMTP_STEP_CLOSE);
		return -1;
	}
	p->handle(s, p);
	smtp_pending_pop(s);
	return 1;
}

bool
smtp_replies_ready(const struct smtp_session *s)
{
	if (s->pending_count == 0)
		return false;
	return s->pending[s->pending_first].handle == NULL || endpoint_input(s->server).len > 0 ||
	    endpoint_eof(s->server) || endpoint_broken(s->server);
}

enum outcome
smtp_await_replies(struct smtp_session *s, enum smtp_step from)
{
	if (smtp_replies_ready(s)) {
		s->after_replies = from;
		return smtp_goto(s, SMTP_STEP_READ_REPLY);
	}
	return smtp_wait(s, SMTP_SERVER, s->pending[s->pending_first].timeout);
}

enum outcome
smtp_read_reply(struct session *session)
{
	struct smtp_session *s = smtp_of(session);
	enum outcome outcome;

	while (s->pending_count > 0) {
		int got = pop_reply(s, &outcome);

		if (got < 0)
			return outcome;
		if (got == 0)
			break;
	}
	return smtp_goto(s, s->after_replies);
}

/* ---- our own words with the upstream: asked, then answered ---- */

static bool
ask_once(struct smtp_session *s, const char *format, const char *argument)
{
	if (s->asked)
		return false;
	s->asked = true;
	buf_clear(&s->scratch);
	buf_printf(&s->scratch, "%s%s\r\n", format, argument);
	endpoint_write(s->server, buf_span(&s->scratch));
	return true;
}

enum outcome
smtp_greet_upstream(struct session *session)
{
	struct smtp_session *s = smtp_of(session);
	uint64_t timeout = smtp_settings(s)->timeouts.greeting;
	enum outcome outcome;
	int got;

	if (endpoint_tls(s->server) == ENDPOINT_TLS_FAILED)
		return upstream_unusable(s, "421 4.7.5 TLS to the mail server failed", endpoint_tls_text(s->server));
	if (endpoint_tls(s->server) == ENDPOINT_HANDSHAKE)
		return smtp_wait(s, SMTP_SERVER, smtp_settings(s)->timeouts.tls_handshake);
	got = smtp_take_reply(s, &outcome);
	if (got < 0)
		return outcome;
	if (got == 0)
		return smtp_wait(s, SMTP_SERVER, timeout);
	buf_clear(&s->greeting);
	buf_add_span(&s->greeting, buf_span(&s->reply.text));
	if (s->reply.code == 220 && (wants_starttls(s) || (smtp_upstream(s) != NULL && smtp_upstream(s)->xclient)))
		return STEP_NEXT;
	s->greeting_code = s->reply.code;
	return smtp_goto(s, SMTP_STEP_GREET);
}

enum outcome
smtp_ehlo_upstream(struct session *session)
{
	struct smtp_session *s = smtp_of(session);
	enum outcome outcome;
	int got;

	ask_once(s, s->lmtp ? "LHLO " : "EHLO ", smtp_settings(s)->hostname);
	got = smtp_take_reply(s, &outcome);
	if (got < 0)
		return outcome;
	if (got == 0)
		return smtp_wait(s, SMTP_SERVER, smtp_settings(s)->timeouts.command);
	s->asked = false;
	s->offers = (struct smtp_offers){ 0 };
	if (s->reply.code == 250)
		smtp_offers_parse(buf_span(&s->reply.text), &s->offers);
	return STEP_NEXT;
}

static enum outcome
no_starttls(struct smtp_session *s, const char *why)
{
	s->asked = false;
	return upstream_unusable(s, "421 4.7.4 the mail server offers no TLS, and it is required", why);
}

enum outcome
smtp_secure_upstream(struct session *session)
{
	struct smtp_session *s = smtp_of(session);
	enum endpoint_tls tls = endpoint_tls(s->server);
	enum outcome outcome;
	int got;

	if (!wants_starttls(s) || tls == ENDPOINT_SECURE) {
		if (!s->asked)
			return STEP_NEXT;
		/* Secure now: what was offered before does not count. */
		s->asked = false;
		return smtp_goto(s, SMTP_STEP_EHLO_UPSTREAM);
	}
	if (tls == ENDPOINT_TLS_FAILED)
		return upstream_unusable(s, "421 4.7.5 TLS to the mail server failed", endpoint_tls_text(s->server));
	if (tls == ENDPOINT_HANDSHAKE)
		return smtp_wait(s, SMTP_SERVER, smtp_settings(s)->timeouts.tls_handshake);
	if (!(s->offers.extensions & EXT_STARTTLS))
		return no_starttls(s, "STARTTLS is not offered");
	ask_once(s, "STARTTLS", "");
	got = smtp_take_reply(s, &outcome);
	if (got < 0)
		return outcome;
	if (got == 0)
		return smtp_wait(s, SMTP_SERVER, smtp_settings(s)->timeouts.command);
	if (s->reply.code != 220)
		return no_starttls(s, "STARTTLS was refused");
	if (endpoint_input(s->server).len > 0)
		return upstream_unusable(s, "421 4.7.5 TLS to the mail server failed",
		    "plaintext was sent behind the answer to STARTTLS");
	if (!begin_tls(s))
		return upstream_unusable(s, "421 4.7.5 TLS to the mail server failed", "TLS cannot begin");
	return smtp_wait(s, SMTP_SERVER, smtp_settings(s)->timeouts.tls_handshake);
}

static void
put_attribute(struct buf *line, const struct smtp_session *s, const char *name, const char *value)
{
	struct span offered = span_str(s->offers.xclient), one;

	while (span_split(&offered, ' ', &one))
		if (span_is_nocase(one, name))
			buf_printf(line, "%s%s=%s", line->len > 0 ? " " : "", name, value);
}

/* Only the attributes that the server takes. */
static void
put_attributes(struct buf *line, const struct smtp_session *s)
{
	char address[PEER_TEXT_SIZE], prefixed[PEER_TEXT_SIZE + 8], port[16];

	peer_text(&s->peer, address);
	snprintf(prefixed, sizeof(prefixed), "%s%s", strchr(address, ':') != NULL ? "IPV6:" : "", address);
	snprintf(port, sizeof(port), "%u", peer_port(&s->peer));
	put_attribute(line, s, "ADDR", prefixed);
	put_attribute(line, s, "PORT", port);
	put_attribute(line, s, "PROTO", s->lmtp ? "LMTP" : "ESMTP");
}

enum outcome
smtp_identify_client(struct session *session)
{
	struct smtp_session *s = smtp_of(session);
	const struct upstream *u = smtp_upstream(s);
	struct buf line = { 0 };
	enum outcome outcome;
	int got;

	if (!u->xclient || !(s->offers.extensions & EXT_XCLIENT)) {
		s->greeting_code = 220;
		return STEP_NEXT;
	}
	put_attributes(&line, s);
	ask_once(s, "XCLIENT ", buf_str(&line));
	buf_free(&line);
	got = smtp_take_reply(s, &outcome);
	if (got < 0)
		return outcome;
	if (got == 0)
		return smtp_wait(s, SMTP_SERVER, smtp_settings(s)->timeouts.command);
	s->asked = false;
	s->greeting_code = 220;
	if (s->reply.code != 220 && s->reply.code < 400)
		return STEP_NEXT; /* a server that does not greet anew */
	s->greeting_code = s->reply.code;
	buf_clear(&s->greeting);
	buf_add_span(&s->greeting, buf_span(&s->reply.text));
	return STEP_NEXT;
}
