/* The client's side of a POP3 session: its first bytes, its commands, TLS.
 *
 * Each verb stands once, in the table of pop3_verbs.c. What is not in the table
 * never reaches the upstream. */
#include "config.h"

#include "proxy/pop3_maildrop.h"
#include "proxy/pop3_verbs.h"
#include "wire/line.h"
#include "wire/sasl.h"

/* ---- accept_client, greet ---- */

enum outcome
pop3_accept_client(struct session *session)
{
	struct pop3_session *s = pop3_of(session);

	switch (ends_accept_client(&s->ends)) {
	case ENDS_READY:
		return s->routed ? pop3_goto(s, POP3_STEP_GREET) : STEP_NEXT;
	case ENDS_WAIT:
		return pop3_wait(s, PARTY_CLIENT, ends_settings(&s->ends)->timeouts.tls_handshake);
	default:
		return pop3_goto(s, POP3_STEP_CLOSE);
	}
}

/* A routed session has greeted before it knew of an upstream; that one's
 * greeting is only looked at. */
static enum outcome
greet_again(struct pop3_session *s)
{
	if (s->greeting_status == POP3_OK)
		return pop3_goto(s, s->after_replies);
	return pop3_lost(s, "[SYS/TEMP] the mail server takes no more sessions, try again later",
	    "the greeting was a refusal");
}

enum outcome
pop3_greet(struct session *session)
{
	struct pop3_session *s = pop3_of(session);

	ends_progress(&s->ends);
	if (s->ends.greeted)
		return greet_again(s);
	if (endpoint_input(s->ends.client).len > 0)
		return pop3_give_up(s, "you spoke before the greeting");
	if (s->routed)
		pop3_say(s, "+OK %s POP3 ready", ends_settings(&s->ends)->hostname);
	else
		endpoint_write_buf(s->ends.client, &s->greeting);
	buf_free(&s->greeting);
	s->ends.greeted = true;
	return s->greeting_status == POP3_OK ? STEP_NEXT : pop3_goto(s, POP3_STEP_CLOSE);
}

/* ---- read_command ---- */

static bool
upstream_spoke_unasked(const struct pop3_session *s)
{
	return s->ends.server != NULL && s->pending_count == 0 && !pop3_fetch_is_running(s) &&
	    (endpoint_input(s->ends.server).len > 0 || endpoint_eof(s->ends.server) || endpoint_broken(s->ends.server));
}

/* Servers say -ERR when they end an idle session; anything else is no
 * protocol. */
static enum outcome
hear_unasked(struct pop3_session *s)
{
	struct pop3_reply reply;
	enum outcome outcome;
	size_t used;
	int got;

	if (endpoint_input(s->ends.server).len == 0)
		return pop3_lost(s, NULL, "the mail server closed the connection");
	got = pop3_take_reply(s, &reply, &used, &outcome);
	if (got < 0)
		return outcome;
	if (got == 0)
		return pop3_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.command);
	if (reply.status != POP3_ERR)
		return pop3_lost(s, "[SYS/TEMP] the mail server spoke out of turn", "a reply to nothing");
	pop3_relay_reply(s, NULL, &reply);
	return pop3_goto(s, POP3_STEP_CLOSE);
}

/* The service restarts. Who has marked messages is let finish, for they are deleted
 * at QUIT; so is who goes on giving commands. */
static enum outcome
wait_for_last_command(struct pop3_session *s)
{
	bool waited = s->hurried && s->ends.armed == s->ends.progress;

	if (!s->authenticated || (waited && endpoint_expired(s->ends.client)))
		return pop3_give_up(s, "[SYS/TEMP] the service is restarting, try again");
	if (!s->hurried)
		ends_progress(&s->ends);
	s->hurried = true;
	return pop3_wait(s, PARTY_CLIENT, POP3_LAST_COMMAND_MS);
}

/* RFC 1939 3: at least ten minutes. */
static enum outcome
wait_for_command(struct pop3_session *s)
{
	const struct timeouts *t = &ends_settings(&s->ends)->timeouts;

	if (s->pending_count > 0)
		return pop3_wait(s, PARTY_SERVER, t->command);
	if (endpoint_eof(s->ends.client))
		return pop3_goto(s, POP3_STEP_CLOSE);
	if (s->ends.session.draining && !s->marked)
		return wait_for_last_command(s);
	return pop3_wait(s, PARTY_CLIENT, t->reader_command);
}

static bool
may_read(const struct pop3_session *s)
{
	size_t most = s->pipelining ? POP3_PIPELINE_MAX - 2 : 1;

	return s->pending_count < most && endpoint_pending(s->ends.client) < POP3_OUTPUT_MAX &&
	    (s->ends.server == NULL || endpoint_pending(s->ends.server) < POP3_OUTPUT_MAX);
}

void
pop3_consume_command(struct pop3_session *s)
{
	endpoint_consume(s->ends.client, s->command_octets);
	s->commands++;
	ends_progress(&s->ends);
}

/* The last word, behind the replies that are owed. */
static enum outcome
end_in_turn(struct pop3_session *s, const char *text)
{
	pop3_refuse_in_turn(s, text);
	return pop3_goto(s, POP3_STEP_AWAIT_QUIT);
}

static enum outcome
refuse(struct pop3_session *s, const char *text)
{
	bool last = ++s->errors > ends_settings(&s->ends)->limits.errors;

	/* A login before TLS: who wants to read his mail asks why he cannot. */
	if (last || !s->authenticated)
		ends_log_refusal(&s->ends, pop3_verb_name(s->command.verb), last ? "too many errors" : text);
	pop3_consume_command(s);
	if (last)
		return end_in_turn(s, "too many errors");
	pop3_refuse_in_turn(s, text);
	return pop3_goto(s, POP3_STEP_READ_COMMAND);
}

/* A line over the limit is refused once, when its end has come. */
static enum outcome
skip_overlong(struct pop3_session *s, bool more)
{
	s->line_overlong = more;
	s->command.verb = POP3_UNKNOWN;
	if (!more)
		return refuse(s, "line too long");
	endpoint_consume(s->ends.client, s->command_octets);
	return pop3_goto(s, POP3_STEP_READ_COMMAND);
}

/* A message that is still being fetched ahead is not waited for. */
static bool
fetch_in_background(struct pop3_session *s, enum outcome *outcome)
{
	if (!pop3_fetch_is_running(s) || pop3_fetch_finish(s, POP3_NO_INDEX))
		return true;
	*outcome = pop3_give_up(s, NULL);
	return false;
}

enum outcome
pop3_read_command(struct session *session)
{
	struct pop3_session *s = pop3_of(session);
	const struct limits *limits = &ends_settings(&s->ends)->limits;
	enum outcome outcome;
	struct span line;
	const char *wrong;
	bool clean;
	int got;

	if (s->hopeless)
		return pop3_goto(s, POP3_STEP_CLOSE);
	if (pop3_replies_ready(s))
		return pop3_await_replies(s, POP3_STEP_READ_COMMAND);
	if (!fetch_in_background(s, &outcome))
		return outcome;
	if (upstream_spoke_unasked(s))
		return hear_unasked(s);
	if (!may_read(s))
		return pop3_wait(s, s->pending_count > 0 ? PARTY_SERVER : PARTY_CLIENT,
		    ends_settings(&s->ends)->timeouts.command);
	got = line_take(endpoint_input(s->ends.client), limits->command_line, &line, &s->command_octets, &clean);
	if (got == 0)
		return wait_for_command(s);
	if (got < 0 || s->line_overlong)
		return skip_overlong(s, got < 0);
	if (!s->authenticated && s->commands >= limits->commands)
		return end_in_turn(s, "too many commands");
	wrong = pop3_command_parse(line, &s->command);
	if (!clean)
		return refuse(s, "a command ends in CRLF and holds no bare CR or LF");
	if (wrong != NULL)
		return refuse(s, wrong);
	/* The command is read again then: input does not keep its place. */
	if (s->pending_count > 0 && (pop3_verbs[s->command.verb].alone || s->maildrop != NULL))
		return pop3_await_replies(s, POP3_STEP_READ_COMMAND);
	if (pop3_fetch_is_running(s) && !pop3_verbs[s->command.verb].beside_fetch) {
		ends_progress(&s->ends); /* how long it may take is its own affair */
		return pop3_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.command);
	}
	return STEP_NEXT;
}

/* ---- relay_command ---- */

/* The user's upstream did not want to hear the password. */
static enum outcome
turn_away(struct pop3_session *s)
{
	s->turned_away = false;
	pop3_forget_user(s);
	return refuse(s, "[AUTH] the mail server does not let this user in");
}

static enum outcome
proceed(struct pop3_session *s, const struct pop3_verb_entry *verb)
{
	bool filtered = s->maildrop != NULL && verb->filtered != NULL;
	enum outcome outcome;

	if (filtered && !pop3_maildrop_is_open(s->maildrop))
		return pop3_goto(s, POP3_STEP_LIST_MAILDROP);
	if (verb->names_user != NULL && s->turned_away)
		return turn_away(s);
	if (verb->names_user != NULL && pop3_must_be_introduced(s) && verb->names_user(s, &s->command))
		return pop3_introduce(s, POP3_STEP_READ_COMMAND);
	if (s->command.verb == POP3_DELE || s->command.verb == POP3_RSET)
		s->marked = s->command.verb == POP3_DELE;
	outcome = (filtered ? verb->filtered : verb->proceed)(s, &s->command);
	pop3_consume_command(s);
	return outcome;
}

enum outcome
pop3_relay_command(struct session *session)
{
	struct pop3_session *s = pop3_of(session);
	const struct pop3_verb_entry *verb = &pop3_verbs[s->command.verb];
	const char *text = verb->check != NULL ? verb->check(s, &s->command) : NULL;

	if (text == NULL && verb->transaction && !s->authenticated)
		text = "log in first";
	return text != NULL ? refuse(s, text) : proceed(s, verb);
}

/* ---- exchange_auth ---- */

/* Routed: the first response tells the user, and is read again once the
 * upstream was reached. */
static enum outcome
introduce_by_line(struct pop3_session *s, struct span line, size_t used)
{
	const char *text = span_is(line, "*") ? "cancelled" : "[AUTH] that does not tell the user";

	if (s->user.len == 0 && sasl_is_response(line))
		pop3_note_user(s, line);
	if (s->user.len > 0 && !s->turned_away)
		return pop3_introduce(s, POP3_STEP_EXCHANGE_AUTH);
	s->turned_away = s->auth_waits_client = false;
	pop3_forget_user(s);
	endpoint_consume(s->ends.client, used);
	pop3_refuse(s, text);
	return pop3_goto(s, POP3_STEP_READ_COMMAND);
}

/* The client's turn: its line goes on as it is, and is neither kept nor logged. */
static enum outcome
relay_auth_line(struct pop3_session *s)
{
	struct span line;
	size_t used;
	bool clean;
	int got = line_take(endpoint_input(s->ends.client), POP3_AUTH_LINE_MAX, &line, &used, &clean);

	if (got == 0)
		return endpoint_eof(s->ends.client) ? pop3_goto(s, POP3_STEP_CLOSE)
						    : pop3_wait(s, PARTY_CLIENT, ends_settings(&s->ends)->timeouts.client_command);
	if (got < 0 || !clean)
		return pop3_give_up(s, "that is no line of an authentication exchange");
	if (pop3_must_be_introduced(s))
		return introduce_by_line(s, line, used);
	line = sasl_line(line);
	if (!s->routed)
		pop3_note_user(s, line);
	s->auth_waits_client = false;
	pop3_ask_turn(s, line, pop3_auth_replied);
	endpoint_consume(s->ends.client, used);
	ends_progress(&s->ends);
	return pop3_goto(s, POP3_STEP_EXCHANGE_AUTH);
}

enum outcome
pop3_exchange_auth(struct session *session)
{
	struct pop3_session *s = pop3_of(session);

	if (s->pending_count > 0)
		return pop3_await_replies(s, POP3_STEP_EXCHANGE_AUTH);
	if (s->auth_waits_client)
		return relay_auth_line(s);
	return pop3_goto(s, POP3_STEP_READ_COMMAND);
}

/* ---- start_tls ---- */

/* Before TLS nothing was said that the upstream or this session could
 * remember: no login is taken where STLS is offered. */
enum outcome
pop3_start_tls(struct session *session)
{
	struct pop3_session *s = pop3_of(session);

	switch (ends_secure_client(&s->ends)) {
	case ENDS_READY:
		return pop3_goto(s, POP3_STEP_READ_COMMAND);
	case ENDS_WAIT:
		return pop3_wait(s, PARTY_CLIENT, ends_settings(&s->ends)->timeouts.tls_handshake);
	default:
		return pop3_goto(s, POP3_STEP_CLOSE);
	}
}
