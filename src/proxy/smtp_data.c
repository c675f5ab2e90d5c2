/* A message comes: DATA or BDAT into the spool, held until its verdict.
 *
 * What is wrong with it (too big, a bare CR or LF, no room) is remembered and
 * told after its end, for until then the client does not listen. */
#include "config.h"

#include "proxy/smtp_session.h"

#include "proxy/smtp_log.h"
#include "proxy/smtp_message.h"

enum outcome
smtp_open_data(struct session *session)
{
	struct smtp_session *s = smtp_of(session);
	const struct settings *settings = ends_settings(&s->ends);

	/* What came before our 354 was not sent as a message (RFC 2920 3.1). */
	if (endpoint_input(s->ends.client).len > 0)
		return smtp_refuse_session(s, "DATA", "554 5.5.0 data before the reply to DATA");
	mail_unstuff_init(&s->tx.unstuffer, s->ends.listener->bare_newlines == BARE_NEWLINES_NORMALISE,
	    settings->limits.text_line);
	s->tx.coming = true;
	smtp_say(s, "354 end data with <CR><LF>.<CR><LF>");
	ends_progress(&s->ends);
	return STEP_NEXT;
}

static bool
take_bytes(void *context, struct span bytes)
{
	struct smtp_session *s = context;
	struct smtp_transaction *tx = &s->tx;

	if (tx->refusal != NULL)
		return false;
	if (tx->held.spool.size + bytes.len > smtp_size_limit(s))
		tx->refusal = "552 5.3.4 message too big";
	else if (!spool_add(&tx->held.spool, bytes))
		tx->refusal = "452 4.3.1 no room for the message, try again later";
	return tx->refusal == NULL;
}

static const char *
wrong_with_lines(const struct smtp_session *s)
{
	const struct mail_unstuffer *u = &s->tx.unstuffer;

	if (s->tx.binary)
		return NULL;
	if (u->long_line)
		return "550 5.6.0 the message has a line that is too long";
	if (u->normalise)
		return NULL;
	if (u->nul)
		return "550 5.6.0 the message holds a NUL";
	if (u->bare_cr)
		return "550 5.6.0 the message holds a bare CR: lines end in CRLF";
	return u->bare_lf ? "550 5.6.0 the message holds a bare LF: lines end in CRLF" : NULL;
}

static enum outcome
message_came(struct smtp_session *s)
{
	ends_progress(&s->ends);
	if (s->tx.refusal == NULL)
		s->tx.refusal = wrong_with_lines(s);
	if (s->tx.refusal != NULL)
		return smtp_refuse_message(s, s->tx.refusal);
	return smtp_goto(s, SMTP_STEP_AWAIT_VERDICT);
}

static enum outcome
wait_for_bytes(struct smtp_session *s)
{
	if (endpoint_eof(s->ends.client))
		return smtp_goto(s, SMTP_STEP_CLOSE);
	return smtp_wait(s, PARTY_CLIENT, ends_settings(&s->ends)->timeouts.client_data);
}

enum outcome
smtp_spool_data(struct session *session)
{
	struct smtp_session *s = smtp_of(session);
	struct span in = endpoint_input(s->ends.client);
	size_t used = 0;
	int got;

	if (in.len == 0)
		return wait_for_bytes(s);
	got = mail_unstuff(&s->tx.unstuffer, in, &used, take_bytes, s);
	endpoint_consume(s->ends.client, used);
	ends_progress(&s->ends);
	return got > 0 ? message_came(s) : wait_for_bytes(s);
}

static enum outcome
chunk_came(struct smtp_session *s)
{
	char text[64];

	ends_progress(&s->ends);
	if (!s->tx.open) {
		smtp_log_own_refusal(s, "BDAT", SPAN_NONE, s->tx.refusal);
		smtp_say(s, s->tx.refusal);
		s->tx.refusal = NULL;
		s->tx.deadline = 0;
		return smtp_goto(s, SMTP_STEP_READ_COMMAND);
	}
	if (s->tx.chunk_last) {
		if (s->tx.refusal == NULL)
			mail_watch_end(&s->tx.unstuffer, take_bytes, s);
		return message_came(s);
	}
	snprintf(text, sizeof(text), "250 2.0.0 %llu octets received", (unsigned long long)s->tx.chunk_size);
	smtp_say(s, s->tx.refusal != NULL ? s->tx.refusal : text);
	return smtp_goto(s, SMTP_STEP_READ_COMMAND);
}

enum outcome
smtp_spool_chunk(struct session *session)
{
	struct smtp_session *s = smtp_of(session);
	struct span in;

	while (s->tx.chunk_left > 0 && (in = endpoint_input(s->ends.client)).len > 0) {
		if (in.len > s->tx.chunk_left)
			in = span_first(in, (size_t)s->tx.chunk_left);
		if (s->tx.refusal == NULL)
			mail_watch(&s->tx.unstuffer, in, take_bytes, s);
		s->tx.chunk_left -= in.len;
		endpoint_consume(s->ends.client, in.len);
		ends_progress(&s->ends);
	}
	return s->tx.chunk_left > 0 ? wait_for_bytes(s) : chunk_came(s);
}
