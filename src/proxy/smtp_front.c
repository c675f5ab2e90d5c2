/* The client's side of an SMTP session: its first bytes, its commands, TLS.
 *
 * Each verb stands once, in the table below: is it legal now (check), may it
 * be (policy), what happens (proceed). What is not in the table never reaches
 * the upstream. */
#include "config.h"

#include "proxy/smtp_session.h"

#include "proxy/smtp_log.h"
#include "proxy/smtp_verbs.h"
#include "wire/line.h"
#include "wire/sasl.h"

#include <stdlib.h>

/* ---- accept_client ---- */

enum outcome
smtp_accept_client(struct session *session)
{
	struct smtp_session *s = smtp_of(session);

	switch (ends_accept_client(&s->ends)) {
	case ENDS_READY:
		return STEP_NEXT;
	case ENDS_WAIT:
		return smtp_wait(s, PARTY_CLIENT, ends_settings(&s->ends)->timeouts.tls_handshake);
	default:
		return smtp_goto(s, SMTP_STEP_CLOSE);
	}
}

/* ---- greet ---- */

enum outcome
smtp_greet(struct session *session)
{
	struct smtp_session *s = smtp_of(session);

	ends_progress(&s->ends);
	if (s->greeting_code != 220) {
		smtp_log_refusal(s, "", SPAN_NONE);
		if (s->ends.greeted) /* once more, behind STARTTLS */
			return smtp_give_up(s, "421 4.3.0 the mail server takes no more sessions, try again later");
		endpoint_write_buf(s->ends.client, &s->greeting);
		return smtp_goto(s, SMTP_STEP_CLOSE);
	}
	if (s->ends.greeted)
		return STEP_NEXT;
	if (endpoint_input(s->ends.client).len > 0)
		return smtp_refuse_session(s, "", "554 5.5.1 you spoke before the greeting");
	s->ends.greeted = true;
	endpoint_write_buf(s->ends.client, &s->greeting);
	buf_free(&s->greeting);
	return STEP_NEXT;
}

/* ---- read_command ---- */

static bool
upstream_spoke_unasked(const struct smtp_session *s)
{
	return s->pending_count == 0 &&
	    (endpoint_input(s->ends.server).len > 0 || endpoint_eof(s->ends.server) || endpoint_broken(s->ends.server));
}

/* A 421 may come at any time (RFC 5321 3.8); anything else is no protocol. */
static enum outcome
hear_unasked(struct smtp_session *s)
{
	enum outcome outcome;
	int got = smtp_take_reply(s, &outcome);

	if (got < 0)
		return outcome;
	if (got == 0)
		return smtp_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.command);
	if (s->reply.code != 421) {
		ends_lose_upstream(&s->ends, "it spoke out of turn");
		return smtp_give_up(s, "421 4.3.0 the mail server spoke out of turn");
	}
	smtp_log_refusal(s, "", SPAN_NONE);
	endpoint_write_buf(s->ends.client, &s->reply.text);
	return smtp_goto(s, SMTP_STEP_CLOSE);
}

static enum outcome
wait_for_command(struct smtp_session *s)
{
	if (s->pending_count > 0)
		return smtp_wait(s, PARTY_SERVER, s->pending[s->pending_first].timeout);
	if (endpoint_eof(s->ends.client))
		return smtp_goto(s, SMTP_STEP_CLOSE);
	if (s->ends.session.draining && !s->tx.open)
		return smtp_give_up(s, "421 4.3.2 the service is restarting, try again");
	return smtp_wait(s, PARTY_CLIENT, ends_settings(&s->ends)->timeouts.client_command);
}

static bool
may_read(const struct smtp_session *s)
{
	size_t most = s->offers.extensions & EXT_PIPELINING ? SMTP_PIPELINE_MAX - 2 : 1;

	return s->pending_count < most && endpoint_pending(s->ends.client) < SMTP_OUTPUT_MAX &&
	    endpoint_pending(s->ends.server) < SMTP_OUTPUT_MAX;
}

void
smtp_consume_command(struct smtp_session *s)
{
	endpoint_consume(s->ends.client, s->command_octets);
	s->commands++;
	ends_progress(&s->ends);
}

/* The last word, behind the replies that are owed. */
static enum outcome
end_in_turn(struct smtp_session *s, const char *text)
{
	smtp_log_own_refusal(s, smtp_verb_name(s->command.verb), SPAN_NONE, text);
	smtp_say_in_turn(s, text);
	return smtp_goto(s, SMTP_STEP_AWAIT_QUIT);
}

static enum outcome
refuse(struct smtp_session *s, const char *text)
{
	smtp_log_own_refusal(s, smtp_verb_name(s->command.verb), s->command.path, text);
	smtp_consume_command(s);
	if (text[0] == '5' && ++s->errors > ends_settings(&s->ends)->limits.errors)
		return end_in_turn(s, "421 4.7.0 too many errors");
	smtp_say_in_turn(s, text);
	return smtp_goto(s, SMTP_STEP_READ_COMMAND);
}

/* A line over the limit is refused once, when its end has come. */
static enum outcome
skip_overlong(struct smtp_session *s, bool more)
{
	s->line_overlong = more;
	s->command = (struct smtp_command){ .verb = SMTP_UNKNOWN };
	if (!more)
		return refuse(s, "500 5.5.2 line too long");
	endpoint_consume(s->ends.client, s->command_octets);
	return smtp_goto(s, SMTP_STEP_READ_COMMAND);
}

/* How many octets follow a BDAT that cannot be read is not known: what comes
 * next must not be taken for commands. */
static enum outcome
refuse_wrong(struct smtp_session *s, const char *text)
{
	return s->command.verb == SMTP_BDAT ? end_in_turn(s, text) : refuse(s, text);
}

enum outcome
smtp_read_command(struct session *session)
{
	struct smtp_session *s = smtp_of(session);
	const struct limits *limits = &ends_settings(&s->ends)->limits;
	struct span line;
	const char *wrong;
	bool clean;
	int got;

	if (smtp_replies_ready(s))
		return smtp_await_replies(s, SMTP_STEP_READ_COMMAND);
	if (upstream_spoke_unasked(s))
		return hear_unasked(s);
	if (!may_read(s))
		return smtp_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.command);
	got = line_take(endpoint_input(s->ends.client), limits->command_line, &line, &s->command_octets, &clean);
	if (got == 0)
		return wait_for_command(s);
	if (got < 0 || s->line_overlong)
		return skip_overlong(s, got < 0);
	if (s->commands >= limits->commands)
		return end_in_turn(s, "421 4.7.0 too many commands");
	wrong = smtp_command_parse(line, &s->command);
	if (!clean)
		wrong = "500 5.5.2 a command ends in CRLF and holds no bare CR or LF";
	if (wrong != NULL)
		return refuse_wrong(s, wrong);
	/* The command is read again then: input does not keep its place. */
	if (smtp_verbs[s->command.verb].alone && s->pending_count > 0)
		return smtp_await_replies(s, SMTP_STEP_READ_COMMAND);
	return STEP_NEXT;
}

/* ---- relay_command ---- */

enum outcome
smtp_relay_command(struct session *session)
{
	struct smtp_session *s = smtp_of(session);
	const struct smtp_verb_entry *verb = &smtp_verbs[s->command.verb];
	const char *text;
	enum outcome outcome;

	text = verb->check != NULL ? verb->check(s, &s->command) : NULL;
	if (text == NULL && verb->policy != NULL)
		text = verb->policy(s, &s->command);
	if (text != NULL)
		return verb->refuse != NULL ? verb->refuse(s, text) : refuse(s, text);
	outcome = verb->proceed(s, &s->command);
	smtp_consume_command(s);
	return outcome;
}

/* ---- exchange_auth ---- */

/* The client's turn: its line goes on as it is, and is neither kept nor logged. */
static enum outcome
relay_auth_line(struct smtp_session *s)
{
	struct span line;
	size_t used;
	bool clean;
	int got = line_take(endpoint_input(s->ends.client), SMTP_AUTH_LINE_MAX, &line, &used, &clean);

	if (got == 0)
		return endpoint_eof(s->ends.client) ? smtp_goto(s, SMTP_STEP_CLOSE)
					       : smtp_wait(s, PARTY_CLIENT, ends_settings(&s->ends)->timeouts.client_command);
	if (got < 0 || !clean)
		return smtp_refuse_session(s, "AUTH", "421 4.5.2 that is no line of an authentication exchange");
	line = sasl_line(line);
	smtp_note_user(s, line);
	s->auth_waits_client = false;
	smtp_ask(s, line, ends_settings(&s->ends)->timeouts.command, smtp_auth_replied, SPAN_NONE);
	endpoint_consume(s->ends.client, used);
	ends_progress(&s->ends);
	return smtp_goto(s, SMTP_STEP_EXCHANGE_AUTH);
}

enum outcome
smtp_exchange_auth(struct session *session)
{
	struct smtp_session *s = smtp_of(session);

	if (s->pending_count > 0)
		return smtp_await_replies(s, SMTP_STEP_EXCHANGE_AUTH);
	if (s->auth_waits_client)
		return relay_auth_line(s);
	return smtp_goto(s, SMTP_STEP_READ_COMMAND);
}

/* ---- start_tls ---- */

/* All that was said before TLS is forgotten, also at the upstream (RFC 3207
 * 4.2): a session that has more than said EHLO gets a new one. */
static enum outcome
forget_plaintext(struct smtp_session *s)
{
	bool fresh = s->tx.open || s->authenticated;

	s->said_ehlo = s->authenticated = false;
	free(s->helo);
	s->helo = NULL;
	buf_clear(&s->user);
	smtp_transaction_reset(s);
	if (!fresh)
		return smtp_goto(s, SMTP_STEP_READ_COMMAND);
	endpoint_abort(&s->ends.server);
	s->offers = (struct smtp_offers){ 0 };
	return smtp_goto(s, SMTP_STEP_CONNECT_UPSTREAM);
}

enum outcome
smtp_start_tls(struct session *session)
{
	struct smtp_session *s = smtp_of(session);

	switch (ends_secure_client(&s->ends)) {
	case ENDS_READY:
		return forget_plaintext(s);
	case ENDS_WAIT:
		return smtp_wait(s, PARTY_CLIENT, ends_settings(&s->ends)->timeouts.tls_handshake);
	default:
		return smtp_goto(s, SMTP_STEP_CLOSE);
	}
}
