/* An IMAP session's way to its upstream: the connection, its greeting, and
 * STARTTLS on our own behalf.
 *
 * The upstream is not trusted with the client's safety: nothing that it says
 * before TLS goes further, a byte behind its answer to STARTTLS ends the
 * session, PREAUTH does (it would leave no way to STARTTLS, and tell no user),
 * and where TLS is configured there is no way on without it. */
#include "config.h"

#include "proxy/imap_session.h"

#include <stdlib.h>

const char imap_offers_of_any[] = "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE NAMESPACE AUTH=PLAIN AUTH=LOGIN";

static const char no_tls[] = "TLS to the mail server failed";
static const char stls_tag[] = IMAP_OWN_TAG "0";

enum { LINES_BEFORE_TLS_MAX = 100 }; /* dropped unread */

enum outcome
imap_connect_upstream(struct session *session)
{
	struct imap_session *s = imap_of(session);

	switch (ends_connect(&s->ends)) {
	case ENDS_READY:
		s->asked_tls = false; /* there may have been another upstream before */
		s->dropped = 0;
		s->offers = 0;
		ends_progress(&s->ends);
		return STEP_NEXT;
	case ENDS_WAIT:
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.greeting);
	case ENDS_TLS_FAILED:
		return imap_give_up(s, no_tls);
	default:
		return imap_give_up(s, "no mail server answers, try again later");
	}
}

/* One response line into *r: 1 (*used octets, not consumed), 0 (wait, as
 * *outcome says), -1 (lost). */
static int
take_response(struct imap_session *s, struct imap_response *r, size_t *used, uint64_t timeout, enum outcome *outcome)
{
	struct imap_line line;
	const char *why = "";
	int got = imap_response_take(endpoint_input(s->ends.server), ends_settings(&s->ends)->limits.reply_line, &line, r,
	    used, &why);

	if (got > 0) {
		ends_progress(&s->ends);
		return 1;
	}
	if (got < 0)
		*outcome = imap_lost(s, "the mail server's answer makes no sense", why);
	else if (endpoint_eof(s->ends.server) || endpoint_broken(s->ends.server))
		*outcome = imap_lost(s, "the mail server closed the connection", "connection lost");
	else
		*outcome = imap_wait(s, PARTY_SERVER, timeout);
	return got < 0 ? -1 : 0;
}

static bool
wants_starttls(const struct imap_session *s)
{
	const struct upstream *u = ends_upstream(&s->ends);

	return u != NULL && u->tls.mode == TLS_STARTTLS;
}

static const char *
word_of(enum imap_status status)
{
	return status == IMAP_OK ? "OK" : "BYE";
}

/* With the capabilities as the client may see them. */
static void
take_greeting(struct imap_session *s, const struct imap_response *r)
{
	buf_clear(&s->greeting);
	if (wants_starttls(s)) {
		buf_printf(&s->greeting, "* %s %s\r\n", word_of(r->status), s->greeting_good ? "ready" : "no session now");
		return;
	}
	buf_printf(&s->greeting, "* %s ", word_of(r->status));
	if (r->code == IMAP_CODE_CAPABILITY) {
		imap_note_offers(s, r->code_arguments);
		buf_add_str(&s->greeting, "[CAPABILITY ");
		imap_print_offers(s, r->code_arguments, &s->greeting);
		buf_add_str(&s->greeting, "] ");
	} else if (r->code != IMAP_CODE_NONE) {
		buf_printf(&s->greeting, "[%.*s%s%.*s] ", SPAN_ARG(r->code_name), r->code_arguments.len > 0 ? " " : "",
		    SPAN_ARG(r->code_arguments));
	}
	buf_add_span(&s->greeting, r->rest);
	buf_add_str(&s->greeting, "\r\n");
}

enum outcome
imap_greet_upstream(struct session *session)
{
	struct imap_session *s = imap_of(session);
	const struct timeouts *t = &ends_settings(&s->ends)->timeouts;
	struct imap_response r;
	enum outcome outcome;
	size_t used;

	switch (ends_handshake(&s->ends)) {
	case ENDS_READY:
		break;
	case ENDS_WAIT:
		return imap_wait(s, PARTY_SERVER, t->tls_handshake);
	default:
		return imap_give_up(s, no_tls);
	}
	if (take_response(s, &r, &used, t->greeting, &outcome) <= 0)
		return outcome;
	if (r.kind != IMAP_CONDITION || (r.status != IMAP_OK && r.status != IMAP_BYE))
		return imap_lost(s, "the mail server's greeting cannot be used",
		    r.status == IMAP_PREAUTH ? "PREAUTH: no user is told" : "no IMAP greeting");
	s->greeting_good = r.status == IMAP_OK;
	take_greeting(s, &r);
	endpoint_consume(s->ends.server, used);
	return STEP_NEXT;
}

/* Untagged data before TLS is nobody's (RFC 9051 6.2.1). */
static enum outcome
hear_starttls(struct imap_session *s)
{
	struct imap_response r;
	enum outcome outcome;
	size_t used;

	if (take_response(s, &r, &used, ends_settings(&s->ends)->timeouts.command, &outcome) <= 0)
		return outcome;
	if (r.kind != IMAP_TAGGED) {
		endpoint_consume(s->ends.server, used);
		if (r.kind == IMAP_CONTINUE || (r.kind == IMAP_CONDITION && r.status == IMAP_BYE) ||
		    ++s->dropped > LINES_BEFORE_TLS_MAX)
			return imap_lost(s, no_tls, "the answer to STARTTLS makes no sense");
		return imap_goto(s, IMAP_FRONT_SECURE_UPSTREAM);
	}
	if (!span_is(r.tag, stls_tag) || r.status != IMAP_OK)
		return imap_lost(s, "the mail server offers no TLS, and it is required", "STARTTLS was refused");
	if (endpoint_input(s->ends.server).len > used)
		return imap_lost(s, no_tls, "plaintext was sent behind the answer to STARTTLS");
	endpoint_consume(s->ends.server, used);
	if (ends_begin_tls(&s->ends) == ENDS_TLS_FAILED)
		return imap_give_up(s, no_tls);
	return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.tls_handshake);
}

enum outcome
imap_secure_upstream(struct session *session)
{
	struct imap_session *s = imap_of(session);

	if (!wants_starttls(s) || !s->greeting_good)
		return STEP_NEXT;
	switch (ends_handshake(&s->ends)) {
	case ENDS_READY:
		break;
	case ENDS_WAIT:
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.tls_handshake);
	default:
		return imap_give_up(s, no_tls);
	}
	if (endpoint_tls(s->ends.server) == ENDPOINT_SECURE)
		return STEP_NEXT;
	if (!s->asked_tls) {
		s->asked_tls = true;
		endpoint_write(s->ends.server, span_str(stls_tag));
		endpoint_write(s->ends.server, SPAN_LITERAL(" STARTTLS\r\n"));
	}
	return hear_starttls(s);
}

/* ---- capabilities ---- */

void
imap_note_offers(struct imap_session *s, struct span list)
{
	struct imap_offers offers = { 0 };

	imap_offers_parse(&offers, list);
	s->offers = offers.bits;
}

/* The login's own answer tells what is offered behind it. */
static bool
is_behind_login(const struct imap_session *s)
{
	return s->state != IMAP_STATE_NEW || imap_pending_of(s, IMAP_LOGIN) != NULL ||
	    imap_pending_of(s, IMAP_AUTHENTICATE) != NULL;
}

void
imap_print_offers(const struct imap_session *s, struct span list, struct buf *out)
{
	const struct listener *l = s->ends.listener;
	struct imap_offers offers = { 0 };
	static const char *const without_login[] = { "AUTH", "SASL-IR" };

	imap_offers_parse(&offers, list);
	imap_offers_filter(&offers);
	offers.bits &= ~(imap_capa_bit(IMAP_CAPA_STARTTLS) | imap_capa_bit(IMAP_CAPA_LOGINDISABLED));
	if (is_behind_login(s))
		offers.bits |= imap_capa_bit(IMAP_CAPA_COMPRESS_DEFLATE);
	if (l->tls.mode != TLS_STARTTLS || s->ends.secure) {
		imap_offers_print(out, &offers, NULL, 0);
		return;
	}
	offers.bits |= imap_capa_bit(IMAP_CAPA_STARTTLS) | imap_capa_bit(IMAP_CAPA_LOGINDISABLED);
	imap_offers_print(out, &offers, without_login, 2);
}
