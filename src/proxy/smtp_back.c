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
	const struct upstream *u = ends_upstream(&s->ends);

	return u != NULL && u->tls.mode == TLS_STARTTLS;
}

static enum outcome
upstream_unusable(struct smtp_session *s, const char *text, const char *why)
{
	ends_lose_upstream(&s->ends, why);
	return smtp_give_up(s, text);
}

static enum outcome
no_tls(struct smtp_session *s)
{
	return smtp_give_up(s, "421 4.7.5 TLS to the mail server failed");
}

/* ---- connect_upstream ---- */

enum outcome
smtp_connect_upstream(struct session *session)
{
	struct smtp_session *s = smtp_of(session);

	switch (ends_connect(&s->ends)) {
	case ENDS_READY:
		ends_progress(&s->ends);
		return STEP_NEXT;
	case ENDS_WAIT:
		return smtp_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.greeting);
	case ENDS_TLS_FAILED:
		return no_tls(s);
	default:
		return smtp_give_up(s, "421 4.4.1 no mail server answers, try again later");
	}
}

/* ---- replies ---- */

int
smtp_take_reply(struct smtp_session *s, enum outcome *outcome)
{
	size_t used = 0;
	const char *why = "";
	int got = smtp_reply_take(&s->reply, endpoint_input(s->ends.server), &used, &why);

	endpoint_consume(s->ends.server, used);
	if (got > 0) {
		ends_progress(&s->ends);
		return 1;
	}
	if (got < 0) {
		*outcome = upstream_unusable(s, "421 4.3.0 the mail server's reply makes no sense", why);
		return -1;
	}
	if (endpoint_eof(s->ends.server) || endpoint_broken(s->ends.server)) {
		*outcome = upstream_unusable(s, "421 4.4.2 the mail server closed the connection", "connection lost");
		return -1;
	}
	return 0;
}

void
smtp_relay_reply(struct smtp_session *s, struct smtp_pending *p)
{
	(void)p;
	endpoint_write_buf(s->ends.client, &s->reply.text);
}

bool
smtp_ask(struct smtp_session *s, struct span line, uint64_t timeout, smtp_handler *handle, struct span text)
{
	bool written;

	if (!smtp_pending_push(s, handle, text, timeout))
		return false;
	buf_clear(&s->scratch);
	buf_add_span(&s->scratch, line);
	buf_add_str(&s->scratch, "\r\n");
	written = endpoint_write_buf(s->ends.server, &s->scratch);
	buf_clear(&s->scratch); /* it may have been a password */
	return written;
}

static void
ignore_reply(struct smtp_session *s, struct smtp_pending *p)
{
	(void)p;
	if (s->reply.code >= 300)
		ends_log(&s->ends, LOG_LEVEL_INFO, STATS_ERROR_UPSTREAM, "RSET was not answered by 250");
}

void
smtp_reset_upstream(struct smtp_session *s)
{
	if (!smtp_ask(s, SPAN_LITERAL("RSET"), ends_settings(&s->ends)->timeouts.command, ignore_reply, SPAN_NONE))
		session_ran_short(&s->ends.session);
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
		smtp_log_refusal(s, "", SPAN_NONE);
		endpoint_write_buf(s->ends.client, &s->reply.text);
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
	return s->pending[s->pending_first].handle == NULL || endpoint_input(s->ends.server).len > 0 ||
	    endpoint_eof(s->ends.server) || endpoint_broken(s->ends.server);
}

enum outcome
smtp_await_replies(struct smtp_session *s, enum smtp_step from)
{
	if (smtp_replies_ready(s)) {
		s->after_replies = from;
		return smtp_goto(s, SMTP_STEP_READ_REPLY);
	}
	return smtp_wait(s, PARTY_SERVER, s->pending[s->pending_first].timeout);
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
	endpoint_write_buf(s->ends.server, &s->scratch);
	return true;
}

enum outcome
smtp_greet_upstream(struct session *session)
{
	struct smtp_session *s = smtp_of(session);
	uint64_t timeout = ends_settings(&s->ends)->timeouts.greeting;
	enum outcome outcome;
	int got;

	switch (ends_handshake(&s->ends)) {
	case ENDS_READY:
		break;
	case ENDS_WAIT:
		return smtp_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.tls_handshake);
	default:
		return no_tls(s);
	}
	got = smtp_take_reply(s, &outcome);
	if (got < 0)
		return outcome;
	if (got == 0)
		return smtp_wait(s, PARTY_SERVER, timeout);
	buf_clear(&s->greeting);
	buf_add_span(&s->greeting, buf_span(&s->reply.text));
	if (s->reply.code == 220 && (wants_starttls(s) || (ends_upstream(&s->ends) != NULL && ends_upstream(&s->ends)->xclient)))
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

	ask_once(s, s->lmtp ? "LHLO " : "EHLO ", ends_settings(&s->ends)->hostname);
	got = smtp_take_reply(s, &outcome);
	if (got < 0)
		return outcome;
	if (got == 0)
		return smtp_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.command);
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
	enum ends_result tls = ends_handshake(&s->ends);
	enum outcome outcome;
	int got;

	if (tls == ENDS_TLS_FAILED)
		return no_tls(s);
	if (tls == ENDS_WAIT)
		return smtp_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.tls_handshake);
	if (!wants_starttls(s) || endpoint_tls(s->ends.server) == ENDPOINT_SECURE) {
		if (!s->asked)
			return STEP_NEXT;
		/* Secure now: what was offered before does not count. */
		s->asked = false;
		return smtp_goto(s, SMTP_STEP_EHLO_UPSTREAM);
	}
	if (!(s->offers.extensions & EXT_STARTTLS))
		return no_starttls(s, "STARTTLS is not offered");
	ask_once(s, "STARTTLS", "");
	got = smtp_take_reply(s, &outcome);
	if (got < 0)
		return outcome;
	if (got == 0)
		return smtp_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.command);
	if (s->reply.code != 220)
		return no_starttls(s, "STARTTLS was refused");
	if (endpoint_input(s->ends.server).len > 0)
		return upstream_unusable(s, "421 4.7.5 TLS to the mail server failed",
		    "plaintext was sent behind the answer to STARTTLS");
	if (ends_begin_tls(&s->ends) == ENDS_TLS_FAILED)
		return no_tls(s);
	return smtp_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.tls_handshake);
}

static void
put_attribute(struct buf *line, const struct smtp_session *s, const char *name, const char *value)
{
	struct span offered = span_str(s->offers.xclient), one;

	while (span_split(&offered, ' ', &one))
		if (span_is_nocase(one, name))
			buf_printf(line, "%s%s=%s", line->len > 0 ? " " : "", name, value);
}

/* Only the attributes that the server takes. The client's names are told to be
 * unknown, for gatepost asks no DNS: untold, the server would hold gatepost's own
 * for the client's. */
static void
put_attributes(struct buf *line, const struct smtp_session *s)
{
	char address[PEER_TEXT_SIZE], prefixed[PEER_TEXT_SIZE + 8], port[16];
	sa_family_t family = s->ends.peer.address.ss_family;
	bool known = family == AF_INET || family == AF_INET6;

	peer_text(&s->ends.peer, address);
	snprintf(prefixed, sizeof(prefixed), "%s%s", strchr(address, ':') != NULL ? "IPV6:" : "", address);
	snprintf(port, sizeof(port), "%u", peer_port(&s->ends.peer));
	put_attribute(line, s, "NAME", "[UNAVAILABLE]");
	put_attribute(line, s, "REVERSE_NAME", "[UNAVAILABLE]");
	put_attribute(line, s, "ADDR", known ? prefixed : "[UNAVAILABLE]");
	put_attribute(line, s, "PORT", known ? port : "[UNAVAILABLE]");
	put_attribute(line, s, "PROTO", s->lmtp ? "LMTP" : "ESMTP");
}

/* The server does not hear who the client is, and would take it for us, who may
 * relay. */
static enum outcome
no_xclient(struct smtp_session *s, const char *why)
{
	s->asked = false;
	return upstream_unusable(s, "421 4.3.5 the mail server cannot be told who you are, try again later", why);
}

/* The server did not understand XCLIENT (500 to 504); any other refusal is its
 * greeting to this client. */
static bool
xclient_failed(const struct smtp_session *s)
{
	return s->reply.code / 10 == 50;
}

enum outcome
smtp_identify_client(struct session *session)
{
	struct smtp_session *s = smtp_of(session);
	const struct upstream *u = ends_upstream(&s->ends);
	struct buf line = { 0 };
	enum outcome outcome;
	int got;

	if (!u->xclient) {
		s->greeting_code = 220;
		return STEP_NEXT;
	}
	if (!(s->offers.extensions & EXT_XCLIENT))
		return no_xclient(s, "XCLIENT is not offered to gatepost");
	put_attributes(&line, s);
	ask_once(s, "XCLIENT ", buf_str(&line));
	buf_free(&line);
	got = smtp_take_reply(s, &outcome);
	if (got < 0)
		return outcome;
	if (got == 0)
		return smtp_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.command);
	if (xclient_failed(s)) {
		buf_clear(&s->scratch);
		buf_printf(&s->scratch, "XCLIENT is answered by %.*s", SPAN_ARG(smtp_reply_last_line(buf_span(&s->reply.text))));
		return no_xclient(s, buf_str(&s->scratch));
	}
	s->asked = false;
	s->greeting_code = 220;
	if (s->reply.code != 220 && s->reply.code < 400)
		return STEP_NEXT; /* a server that does not greet anew */
	s->greeting_code = s->reply.code;
	buf_clear(&s->greeting);
	buf_add_span(&s->greeting, buf_span(&s->reply.text));
	return STEP_NEXT;
}
