/* The upstream's side of a POP3 session: reaching it, its greeting, STLS on our
 * own behalf, and the replies to relayed commands.
 *
 * The upstream is not trusted with the client's safety: a byte behind its
 * answer to STLS ends the session, and where TLS is configured there is no way
 * on without it. */
#include "config.h"

#include "proxy/pop3_session.h"

#include "wire/pop3_listing.h"

#include <stdlib.h>

static const char no_tls[] = "[SYS/TEMP] TLS to the mail server failed";

enum outcome
pop3_lost(struct pop3_session *s, const char *text, const char *why)
{
	ends_lose_upstream(&s->ends, why);
	return pop3_give_up(s, text);
}

/* ---- connect_upstream, greet_upstream, secure_upstream ---- */

enum outcome
pop3_connect_upstream(struct session *session)
{
	struct pop3_session *s = pop3_of(session);

	switch (ends_connect(&s->ends)) {
	case ENDS_READY:
		ends_progress(&s->ends);
		return STEP_NEXT;
	case ENDS_WAIT:
		return pop3_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.greeting);
	case ENDS_TLS_FAILED:
		return pop3_give_up(s, no_tls);
	default:
		return pop3_give_up(s, "[SYS/TEMP] no mail server answers, try again later");
	}
}

int
pop3_take_reply(struct pop3_session *s, struct pop3_reply *r, size_t *used, enum outcome *outcome)
{
	const char *why = "";
	int got = pop3_reply_take(endpoint_input(s->ends.server), ends_settings(&s->ends)->limits.reply_line, r, used, &why);

	if (got > 0) {
		ends_progress(&s->ends);
		return 1;
	}
	if (got < 0) {
		*outcome = pop3_lost(s, "[SYS/TEMP] the mail server's reply makes no sense", why);
		return -1;
	}
	if (endpoint_eof(s->ends.server) || endpoint_broken(s->ends.server)) {
		*outcome = pop3_lost(s, "[SYS/TEMP] the mail server closed the connection", "connection lost");
		return -1;
	}
	return 0;
}

static bool
wants_stls(const struct pop3_session *s)
{
	const struct upstream *u = ends_upstream(&s->ends);

	return u != NULL && u->tls.mode == TLS_STARTTLS;
}

/* The banner of APOP (RFC 1939 7), or empty. */
static struct span
banner_of(struct span text)
{
	size_t begin = span_find_byte(text, '<'), end;

	if (begin == SIZE_MAX)
		return SPAN_NONE;
	text = span_from(text, begin);
	end = span_find_byte(text, '>');
	return end != SIZE_MAX && span_find_byte(span_first(text, end), ' ') == SIZE_MAX ? span_first(text, end + 1) : SPAN_NONE;
}

/* What is said before TLS may be anybody's: only the banner, with which nobody
 * can be misled, goes on. */
static void
take_greeting(struct pop3_session *s, const struct pop3_reply *reply, size_t used)
{
	struct span banner = banner_of(reply->text);

	buf_clear(&s->greeting);
	if (!wants_stls(s))
		buf_add_span(&s->greeting, span_first(endpoint_input(s->ends.server), used));
	else if (reply->status == POP3_OK)
		buf_printf(&s->greeting, "+OK ready %.*s\r\n", SPAN_ARG(banner));
	else
		buf_add_str(&s->greeting, "-ERR [SYS/TEMP] the mail server takes no session now\r\n");
}

enum outcome
pop3_greet_upstream(struct session *session)
{
	struct pop3_session *s = pop3_of(session);
	const struct timeouts *t = &ends_settings(&s->ends)->timeouts;
	struct pop3_reply reply;
	enum outcome outcome;
	size_t used;
	int got;

	switch (ends_handshake(&s->ends)) {
	case ENDS_READY:
		break;
	case ENDS_WAIT:
		return pop3_wait(s, PARTY_SERVER, t->tls_handshake);
	default:
		return pop3_give_up(s, no_tls);
	}
	got = pop3_take_reply(s, &reply, &used, &outcome);
	if (got < 0)
		return outcome;
	if (got == 0)
		return pop3_wait(s, PARTY_SERVER, t->greeting);
	if (reply.status == POP3_CONTINUE)
		return pop3_lost(s, "[SYS/TEMP] the mail server's greeting makes no sense", "no POP3 greeting");
	s->greeting_status = reply.status;
	take_greeting(s, &reply, used);
	endpoint_consume(s->ends.server, used);
	return STEP_NEXT;
}

/* The answer to STLS: anything but +OK, alone, ends the session. */
static enum outcome
hear_stls(struct pop3_session *s)
{
	struct pop3_reply reply;
	enum outcome outcome;
	size_t used;
	int got = pop3_take_reply(s, &reply, &used, &outcome);

	if (got < 0)
		return outcome;
	if (got == 0)
		return pop3_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.command);
	if (reply.status != POP3_OK)
		return pop3_lost(s, "[SYS/TEMP] the mail server offers no TLS, and it is required", "STLS was refused");
	if (endpoint_input(s->ends.server).len > used)
		return pop3_lost(s, no_tls, "plaintext was sent behind the answer to STLS");
	endpoint_consume(s->ends.server, used);
	if (ends_begin_tls(&s->ends) == ENDS_TLS_FAILED)
		return pop3_give_up(s, no_tls);
	return pop3_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.tls_handshake);
}

enum outcome
pop3_secure_upstream(struct session *session)
{
	struct pop3_session *s = pop3_of(session);

	if (!wants_stls(s) || s->greeting_status != POP3_OK)
		return STEP_NEXT;
	switch (ends_handshake(&s->ends)) {
	case ENDS_READY:
		break;
	case ENDS_WAIT:
		return pop3_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.tls_handshake);
	default:
		return pop3_give_up(s, no_tls);
	}
	if (endpoint_tls(s->ends.server) == ENDPOINT_SECURE) {
		s->asked = false;
		return STEP_NEXT;
	}
	if (!s->asked) {
		s->asked = true;
		pop3_tell(s, SPAN_LITERAL("STLS"));
	}
	return hear_stls(s);
}

/* ---- replies ---- */

void
pop3_relay_reply(struct pop3_session *s, struct pop3_pending *p, const struct pop3_reply *r)
{
	(void)p;
	endpoint_write(s->ends.client, r->line);
	endpoint_write(s->ends.client, SPAN_LITERAL("\r\n"));
}

bool
pop3_replies_ready(const struct pop3_session *s)
{
	struct span in;

	if (s->pending_count == 0)
		return false;
	if (s->pending[s->pending_first].handle == NULL || endpoint_eof(s->ends.server) || endpoint_broken(s->ends.server))
		return true;
	in = endpoint_input(s->ends.server);
	return in.len >= ends_settings(&s->ends)->limits.reply_line || span_find_byte(in, '\n') != SIZE_MAX;
}

enum outcome
pop3_await_replies(struct pop3_session *s, enum pop3_step from)
{
	if (pop3_replies_ready(s)) {
		s->after_replies = from;
		return pop3_goto(s, POP3_STEP_READ_REPLY);
	}
	return pop3_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.command);
}

static void
begin_body(struct pop3_session *s, enum pop3_body body)
{
	s->body = body;
	s->body_lines = 0;
	pop3_tail_init(&s->tail);
}

/* One reply of the queue: 1 = popped, 0 = it has not come, -1 = lost. */
static int
pop_reply(struct pop3_session *s, enum outcome *outcome)
{
	struct pop3_pending p = s->pending[s->pending_first];
	struct pop3_reply reply;
	size_t used;
	int got;

	if (p.handle == NULL) {
		pop3_refuse(s, p.text);
		pop3_pending_pop(s);
		return 1;
	}
	got = pop3_take_reply(s, &reply, &used, outcome);
	if (got <= 0)
		return got;
	if (reply.status == POP3_CONTINUE && !p.turn) {
		*outcome = pop3_lost(s, "[SYS/TEMP] the mail server's reply makes no sense", "a challenge to no AUTH");
		return -1;
	}
	pop3_pending_pop(s);
	endpoint_consume(s->ends.server, used); /* the reply stays where it is until this turn ends */
	p.handle(s, &p, &reply);
	if (p.body != POP3_BODY_NONE && reply.status == POP3_OK)
		begin_body(s, p.body);
	return 1;
}

enum outcome
pop3_read_reply(struct session *session)
{
	struct pop3_session *s = pop3_of(session);
	enum outcome outcome;

	while (s->pending_count > 0) {
		int got = pop_reply(s, &outcome);

		if (got < 0)
			return outcome;
		if (s->body != POP3_BODY_NONE)
			return pop3_goto(s, POP3_STEP_RELAY_BODY);
		if (got == 0)
			break;
	}
	return pop3_goto(s, s->after_replies);
}

/* ---- relay_body ---- */

static enum outcome
body_ended(struct pop3_session *s)
{
	s->body = POP3_BODY_NONE;
	ends_progress(&s->ends);
	return pop3_goto(s, POP3_STEP_READ_REPLY);
}

static enum outcome
wait_for_body(struct pop3_session *s)
{
	if (endpoint_eof(s->ends.server) || endpoint_broken(s->ends.server))
		return pop3_lost(s, NULL, "connection lost within a reply");
	return pop3_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_block);
}

/* What the client does not take is not read from the upstream. */
static enum outcome
relay_octets(struct pop3_session *s)
{
	struct span in = endpoint_input(s->ends.server);
	size_t used = 0;
	int ended;

	if (endpoint_pending(s->ends.client) >= POP3_OUTPUT_MAX) {
		endpoint_flush(s->ends.client);
		if (endpoint_pending(s->ends.client) >= POP3_OUTPUT_MAX)
			return pop3_wait(s, PARTY_CLIENT, ends_settings(&s->ends)->timeouts.client_data);
	}
	ended = pop3_tail_find(&s->tail, in, &used);
	endpoint_write(s->ends.client, span_first(in, used));
	endpoint_consume(s->ends.server, used);
	if (ended)
		return body_ended(s);
	if (used > 0)
		ends_progress(&s->ends);
	return wait_for_body(s);
}

static void
collected(struct pop3_session *s)
{
	const struct listener *l = s->ends.listener;
	struct buf out = { 0 };

	s->pipelining = (s->offers->capabilities & POP3_CAPA_PIPELINING) != 0;
	pop3_offers_filter_sasl(s->offers);
	s->offers->capabilities &= ~(unsigned)POP3_CAPA_STLS;
	if (l->tls.mode == TLS_STARTTLS && !s->ends.secure) {
		s->offers->capabilities |= POP3_CAPA_STLS;
		s->offers->capabilities &= ~(unsigned)(POP3_CAPA_USER | POP3_CAPA_SASL);
	}
	pop3_offers_print(&out, s->offers, l->hide.items, l->hide.count);
	endpoint_write_buf(s->ends.client, &out);
	buf_free(&out);
}

/* The mechanisms of a bare AUTH, a line each, those that can work. */
static void
mechanisms_collected(struct pop3_session *s)
{
	struct span rest, one;

	pop3_offers_filter_sasl(s->offers);
	rest = span_str(s->offers->sasl);
	pop3_say(s, "+OK");
	while (span_split(&rest, ' ', &one))
		if (one.len > 0)
			pop3_say(s, "%.*s", SPAN_ARG(one));
	pop3_say(s, ".");
}

/* One line of what is collected. */
static void
collect(struct pop3_session *s, struct span line)
{
	struct buf sasl = { 0 };

	if (s->body == POP3_BODY_CAPA) {
		pop3_offers_add(s->offers, line);
		return;
	}
	buf_printf(&sasl, "SASL %s %.*s", s->offers->sasl, SPAN_ARG(line));
	pop3_offers_add(s->offers, buf_span(&sasl));
	buf_free(&sasl);
}

static enum outcome
end_collecting(struct pop3_session *s)
{
	if (s->body == POP3_BODY_CAPA)
		collected(s);
	else
		mechanisms_collected(s);
	free(s->offers);
	s->offers = NULL;
	return body_ended(s);
}

static enum outcome
collect_lines(struct pop3_session *s)
{
	const struct limits *limits = &ends_settings(&s->ends)->limits;
	struct span line;
	size_t used;
	int got;

	if (s->offers == NULL && (s->offers = calloc(1, sizeof(*s->offers))) == NULL)
		return pop3_lost(s, NULL, "out of memory");
	while ((got = pop3_listing_line(endpoint_input(s->ends.server), limits->reply_line, &line, &used)) == 1 &&
	    ++s->body_lines <= limits->reply_lines) {
		collect(s, line);
		endpoint_consume(s->ends.server, used);
	}
	if (got == 2) {
		endpoint_consume(s->ends.server, used);
		return end_collecting(s);
	}
	if (got != 0)
		return pop3_lost(s, NULL, "a list of capabilities over the limits");
	return wait_for_body(s);
}

enum outcome
pop3_relay_body(struct session *session)
{
	struct pop3_session *s = pop3_of(session);

	return s->body == POP3_BODY_RELAYED ? relay_octets(s) : collect_lines(s);
}
