/* The client's side of an IMAP session: its first bytes, its commands, TLS.
 *
 * Each verb stands once, in the table of imap_verbs.c. What is not in the table
 * never reaches the upstream. */
#include "config.h"

#include "proxy/imap_mailbox.h"
#include "proxy/imap_verbs.h"
#include "wire/line.h"
#include "wire/sasl.h"

#include <stdlib.h>

/* ---- accept_client, greet ---- */

enum outcome
imap_accept_client(struct session *session)
{
	struct imap_session *s = imap_of(session);

	switch (ends_accept_client(&s->ends)) {
	case ENDS_READY:
		return s->routed ? imap_goto(s, IMAP_FRONT_GREET) : STEP_NEXT;
	case ENDS_WAIT:
		return imap_wait(s, PARTY_CLIENT, ends_settings(&s->ends)->timeouts.tls_handshake);
	default:
		return imap_goto(s, IMAP_FRONT_CLOSE);
	}
}

static void
say_greeting(struct imap_session *s)
{
	struct buf offers = { 0 };

	if (!s->routed) {
		endpoint_write_buf(s->ends.client, &s->greeting);
		return;
	}
	imap_print_offers(s, span_str(imap_offers_of_any), &offers);
	imap_say(s, "* OK [CAPABILITY %.*s] %s ready", SPAN_ARG(buf_span(&offers)), ends_settings(&s->ends)->hostname);
	buf_free(&offers);
}

enum outcome
imap_greet(struct session *session)
{
	struct imap_session *s = imap_of(session);

	ends_progress(&s->ends);
	if (s->ends.greeted) { /* routed: this upstream's greeting is only looked at */
		s->listening = s->greeting_good;
		return s->greeting_good ? imap_goto(s, s->after) : imap_lost(s, "the mail server takes no more sessions", "no OK greeting");
	}
	if (endpoint_input(s->ends.client).len > 0)
		return imap_give_up(s, "you spoke before the greeting");
	say_greeting(s);
	buf_free(&s->greeting);
	s->ends.greeted = true;
	s->listening = s->ends.server != NULL && s->greeting_good;
	return s->routed || s->greeting_good ? STEP_NEXT : imap_goto(s, IMAP_FRONT_CLOSE);
}

/* ---- read_command ---- */

/* RFC 9051 5.4: at least thirty minutes. */
static enum outcome
wait_for_command(struct imap_session *s)
{
	const struct timeouts *t = &ends_settings(&s->ends)->timeouts;

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	if (s->pending_count > 0)
		return imap_wait(s, PARTY_SERVER, t->data_final);
	if (endpoint_eof(s->ends.client))
		return imap_goto(s, IMAP_FRONT_CLOSE);
	if (s->unit.len > 0)
		return imap_wait_for_rest(s);
	if (imap_must_leave(s) && endpoint_input(s->ends.client).len == 0)
		return imap_give_up(s, imap_restarting);
	buf_shrink(&s->unit);
	return imap_wait(s, PARTY_CLIENT, s->state == IMAP_STATE_NEW ? t->client_command : t->reader_idle);
}

/* What is taken at once is room that nobody calls about. */
static bool
has_room(struct endpoint *e)
{
	if (endpoint_pending(e) < IMAP_OUTPUT_MAX)
		return true;
	endpoint_flush(e);
	return endpoint_pending(e) < IMAP_OUTPUT_MAX;
}

static bool
may_read(const struct imap_session *s)
{
	return s->pending_count < IMAP_PIPELINE_MAX - 2 && imap_may_say(s) && has_room(s->ends.client) &&
	    (s->ends.server == NULL || has_room(s->ends.server));
}

void
imap_forget_unit(struct imap_session *s)
{
	buf_clear(&s->unit);
	s->literals = 0;
	ends_progress(&s->ends);
}

enum outcome
imap_refuse(struct imap_session *s, const char *status, const char *text)
{
	/* What cannot be had now is no fault of the client's. */
	bool fault = status[0] == 'B', last = fault && ++s->errors > ends_settings(&s->ends)->limits.errors;

	imap_answer(s, status, text);
	if (last)
		ends_log_refusal(&s->ends, imap_verb_name(s->command.verb), "too many errors");
	imap_forget_unit(s);
	return last ? imap_give_up(s, "too many errors") : imap_goto(s, IMAP_FRONT_READ_COMMAND);
}

enum outcome
imap_refuse_unit(struct imap_session *s, const char *status, const char *text)
{
	if (!s->announces || s->announced.synchronising)
		return imap_refuse(s, status, text);
	s->literal_left = s->announced.octets;
	return imap_goto(s, IMAP_FRONT_DROP_LITERAL);
}

/* A literal that is not wanted: one that waits for "+" never comes; the octets
 * of another have to be dropped, and the rest of its command with them. */
static enum outcome
refuse_literal(struct imap_session *s, const struct imap_literal *l)
{
	if (!l->synchronising) {
		s->literal_left = l->octets;
		return imap_goto(s, IMAP_FRONT_DROP_LITERAL);
	}
	return imap_refuse(s, "NO", "[TOOBIG] that is more than a command may hold");
}

enum outcome
imap_collect_literal(struct imap_session *s, const struct imap_literal *l)
{
	if (s->literals > IMAP_LITERALS_MAX || l->octets > IMAP_LITERALS_MAX - s->literals)
		return refuse_literal(s, l);
	s->literals += l->octets;
	s->literal_left = l->octets;
	if (l->synchronising)
		imap_say(s, "+ go on");
	return imap_goto(s, IMAP_FRONT_READ_LITERAL);
}

/* The first line, or the next one behind a literal. */
static enum outcome
take_line(struct imap_session *s, const struct imap_line *line)
{
	bool first = s->unit.len == 0;
	const char *wrong;

	buf_add_span(&s->unit, line->has_literal ? line->whole : line->text);
	if (s->unit.failed)
		return imap_give_up(s, "out of memory");
	s->announces = line->has_literal;
	s->announced = line->literal;
	s->announced_at = s->unit.len - (line->whole.len - line->text.len);
	if (!first) {
		s->literals += line->whole.len; /* of no octets there may be very many */
		imap_command_parse(buf_span(&s->unit), &s->command); /* the unit may have moved, and the tag with it */
	}
	if (first) {
		s->commands++;
		imap_begin_rest(s);
		wrong = imap_command_parse(span_first(buf_span(&s->unit), line->text.len), &s->command);
		if (wrong == NULL && (s->command.tag.len > IMAP_TAG_MAX || span_starts(s->command.tag, IMAP_OWN_TAG)))
			wrong = "that tag cannot be used";
		if (wrong != NULL && line->has_literal && !line->literal.synchronising) {
			s->literal_left = line->literal.octets;
			return imap_goto(s, IMAP_FRONT_DROP_LITERAL);
		}
		if (wrong != NULL)
			return imap_refuse(s, "BAD", wrong);
	}
	if (!line->has_literal || s->command.verb == IMAP_APPEND)
		return imap_goto(s, IMAP_FRONT_RELAY_COMMAND);
	buf_add_str(&s->unit, "\r\n");
	return imap_collect_literal(s, &line->literal);
}

enum outcome
imap_read_command(struct session *session)
{
	struct imap_session *s = imap_of(session);
	const struct limits *limits = &ends_settings(&s->ends)->limits;
	struct imap_line line;
	const char *why = "";
	enum outcome outcome;
	size_t used;
	int got;

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	if (!may_read(s))
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_final);
	got = imap_line_take(endpoint_input(s->ends.client), limits->command_line, &line, &used, &why);
	if (got == 0)
		return wait_for_command(s);
	if (got < 0)
		return imap_give_up(s, why);
	if (s->state == IMAP_STATE_NEW && s->commands >= limits->commands)
		return imap_give_up(s, "too many commands");
	outcome = take_line(s, &line);
	endpoint_consume(s->ends.client, used);
	ends_progress(&s->ends);
	return outcome;
}

/* ---- read_literal, drop_literal ---- */

/* What is there of a literal, at most what is left of it. */
static struct span
octets_of_literal(struct imap_session *s)
{
	struct span in = endpoint_input(s->ends.client);

	return in.len > s->literal_left ? span_first(in, (size_t)s->literal_left) : in;
}

static void
consume_literal(struct imap_session *s, size_t len)
{
	s->literal_left -= len;
	endpoint_consume(s->ends.client, len);
	if (len > 0)
		ends_progress(&s->ends);
}

enum outcome
imap_read_literal(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct span in = octets_of_literal(s);

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	buf_add_span(&s->unit, in);
	if (s->unit.failed)
		return imap_give_up(s, "out of memory");
	consume_literal(s, in.len);
	return s->literal_left > 0 ? imap_wait_for_rest(s) : imap_goto(s, IMAP_FRONT_READ_COMMAND);
}

/* To the end of the refused command: another literal may follow. */
enum outcome
imap_drop_literal(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct imap_line line;
	const char *why = "";
	struct span in;
	size_t used;
	int got;

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	while (s->literal_left > 0 && (in = octets_of_literal(s)).len > 0)
		consume_literal(s, in.len);
	if (s->literal_left > 0)
		return imap_wait_for_rest(s);
	got = imap_line_take(endpoint_input(s->ends.client), ends_settings(&s->ends)->limits.command_line, &line, &used, &why);
	if (got == 0)
		return imap_wait_for_rest(s);
	if (got < 0)
		return imap_give_up(s, why);
	if (!imap_may_say(s))
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_final);
	endpoint_consume(s->ends.client, used);
	if (line.has_literal && !line.literal.synchronising) {
		s->literal_left = line.literal.octets;
		return imap_goto(s, IMAP_FRONT_DROP_LITERAL);
	}
	return imap_refuse(s, "BAD", "that command cannot be understood, or is too large");
}

/* ---- relay_command ---- */

/* What comes behind one of these is meant for the state, and the mailbox, that it
 * brings; a login that fails may leave no upstream. */
static bool
state_is_due(const struct imap_session *s)
{
	static const enum imap_verb verbs[] = { IMAP_LOGIN, IMAP_SELECT, IMAP_EXAMINE, IMAP_CLOSE, IMAP_UNSELECT };
	bool due = false;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		due = due || imap_pending_of(s, verbs[i]) != NULL;
	return due;
}

enum outcome
imap_relay_command(struct session *session)
{
	struct imap_session *s = imap_of(session);
	const struct imap_verb_entry *verb = &imap_verbs[s->command.verb];
	enum outcome outcome;
	const char *wrong, *text;

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	/* The unit may have moved while its literals came; and one may stand where none can. */
	wrong = imap_command_parse(buf_span(&s->unit), &s->command);
	if ((verb->alone && s->pending_count > 0) || state_is_due(s) || !imap_may_say(s))
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_final);
	if (wrong != NULL)
		return imap_refuse_unit(s, "BAD", wrong);
	text = imap_verb_refusal(s, verb);
	if (text != NULL)
		return imap_refuse_unit(s, verb->states == 0 ? "BAD" : "NO", text);
	if (imap_news_first(s, &outcome))
		return outcome;
	if (s->mailbox != NULL && s->mailbox->news.before && imap_bound_command(s, &outcome))
		return outcome;
	return verb->proceed(s, &s->command);
}

/* ---- send_command ---- */

/* The next literal's announcement in what is still to be sent, or SIZE_MAX; its
 * end in *end. It stands behind the last "{" before a CRLF that is no literal's. */
static size_t
next_announcement(struct span unit, size_t from, size_t *end, struct imap_literal *l)
{
	size_t crlf = span_find(span_from(unit, from), SPAN_LITERAL("\r\n"));
	struct imap_line line;
	const char *why;
	size_t used;

	if (crlf == SIZE_MAX || imap_line_take(span_first(span_from(unit, from), crlf + 2), crlf + 2, &line, &used, &why) != 1 ||
	    !line.has_literal)
		return SIZE_MAX;
	*l = line.literal;
	*end = from + crlf + 2;
	return from + line.text.len;
}

static bool
upstream_needs_no_wait(const struct imap_session *s, uint64_t octets)
{
	return (s->offers & imap_capa_bit(IMAP_CAPA_LITERAL_PLUS)) != 0 ||
	    ((s->offers & imap_capa_bit(IMAP_CAPA_LITERAL_MINUS)) != 0 && octets <= 4096);
}

static void
send_announcement(struct imap_session *s, size_t at, const struct imap_literal *l, bool waits)
{
	struct span unit = buf_span(&s->unit);
	struct buf text = { 0 };

	endpoint_write(s->ends.server, span_first(span_from(unit, s->sent), at - s->sent));
	buf_printf(&text, "%s{%llu%s}\r\n", l->binary ? "~" : "", (unsigned long long)l->octets, waits ? "" : "+");
	endpoint_write_buf(s->ends.server, &text);
	buf_free(&text);
}

static void
send_literal(struct imap_session *s, uint64_t octets)
{
	endpoint_write(s->ends.server, span_first(span_from(buf_span(&s->unit), s->sent), (size_t)octets));
	s->sent += (size_t)octets;
	s->literal_due = 0;
}

/* From one literal to the next; where the upstream wants to be asked, its "+" is
 * waited for. */
enum outcome
imap_send_command(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct span unit = buf_span(&s->unit);
	struct imap_literal l;
	size_t at, end;

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	if (s->refused) { /* a tagged response came in place of the "+" */
		s->awaits = IMAP_CONTINUE_NONE;
		imap_forget_unit(s);
		return imap_goto(s, s->after);
	}
	if (s->awaits == IMAP_CONTINUE_LITERAL && !s->may_send)
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.command);
	s->awaits = IMAP_CONTINUE_NONE;
	send_literal(s, s->literal_due);
	while ((at = next_announcement(unit, s->sent, &end, &l)) != SIZE_MAX) {
		bool waits = !upstream_needs_no_wait(s, l.octets);

		send_announcement(s, at, &l, waits);
		s->sent = end;
		if (waits) {
			s->literal_due = l.octets;
			s->awaits = IMAP_CONTINUE_LITERAL;
			s->may_send = false;
			return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.command);
		}
		send_literal(s, l.octets);
	}
	endpoint_write(s->ends.server, span_from(unit, s->sent));
	endpoint_write(s->ends.server, SPAN_LITERAL("\r\n"));
	imap_forget_unit(s);
	return imap_goto(s, s->after);
}

/* ---- exchange_auth ---- */

/* The client's turn: its line goes on as it is, and is neither kept nor logged. */
static enum outcome
relay_auth_line(struct imap_session *s)
{
	struct span line;
	size_t used;
	bool clean;
	int got = line_take(endpoint_input(s->ends.client), IMAP_AUTH_LINE_MAX, &line, &used, &clean);

	if (got == 0)
		return endpoint_eof(s->ends.client) ? imap_goto(s, IMAP_FRONT_CLOSE)
						    : imap_wait(s, PARTY_CLIENT, ends_settings(&s->ends)->timeouts.client_command);
	if (got < 0 || !clean)
		return imap_give_up(s, "that is no line of an authentication exchange");
	line = sasl_line(line);
	imap_note_user(s, line);
	s->auth_waits_client = false;
	endpoint_write(s->ends.server, line);
	endpoint_write(s->ends.server, SPAN_LITERAL("\r\n"));
	endpoint_consume(s->ends.client, used);
	ends_progress(&s->ends);
	return imap_goto(s, IMAP_FRONT_EXCHANGE_AUTH);
}

enum outcome
imap_exchange_auth(struct session *session)
{
	struct imap_session *s = imap_of(session);

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	if (s->pending_count == 0) {
		s->awaits = IMAP_CONTINUE_NONE;
		return imap_goto(s, IMAP_FRONT_READ_COMMAND);
	}
	if (s->auth_waits_client)
		return relay_auth_line(s);
	return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.command);
}

/* ---- start_tls ---- */

/* Before TLS nothing was said that the upstream or this session could
 * remember: no login is taken where STARTTLS is offered. */
enum outcome
imap_start_tls(struct session *session)
{
	struct imap_session *s = imap_of(session);

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	switch (ends_secure_client(&s->ends)) {
	case ENDS_READY:
		return imap_goto(s, IMAP_FRONT_READ_COMMAND);
	case ENDS_WAIT:
		return imap_wait(s, PARTY_CLIENT, ends_settings(&s->ends)->timeouts.tls_handshake);
	default:
		return imap_goto(s, IMAP_FRONT_CLOSE);
	}
}
