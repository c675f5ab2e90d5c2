/* The upstream's side of an IMAP session: its responses, which pass as they
 * come. Looked at are capabilities, the answers to commands, what tells of the
 * selected mailbox, and, under a policy that filters, FETCH. */
#include "config.h"

#include "proxy/imap_mailbox.h"
#include "proxy/imap_message.h"

/* The end of a line that announces a literal is at most that long. */
enum { ANNOUNCEMENT_MAX = sizeof("~{9223372036854775807}\r\n") - 1 };

enum outcome
imap_rest(struct session *session)
{
	struct imap_session *s = imap_of(session);

	return s->listening && !s->hopeless ? STEP_NEXT : STEP_WAIT;
}

static enum outcome
wait_upstream(struct imap_session *s)
{
	if (!endpoint_eof(s->ends.server) && !endpoint_broken(s->ends.server))
		return imap_back_wait(s);
	if (s->leaving)
		return imap_give_up(s, NULL);
	return imap_lost(s, "the mail server closed the connection", "connection lost");
}

bool
imap_client_is_full(struct imap_session *s)
{
	if (endpoint_pending(s->ends.client) < IMAP_OUTPUT_MAX)
		return false;
	endpoint_flush(s->ends.client);
	return endpoint_pending(s->ends.client) >= IMAP_OUTPUT_MAX;
}

/* ---- lines that pass ---- */

static void
relay_span(struct imap_session *s, struct span octets)
{
	if (!s->in.swallowed && !s->in.dropped)
		imap_pass(s, octets);
}

/* The whole line is out: its literal follows, or the response has ended. */
static enum outcome
line_ended(struct imap_session *s, bool has_literal, uint64_t octets)
{
	ends_progress(&s->ends);
	if (has_literal && !s->in.status) {
		s->in.relaying = true;
		s->in.literal_left = octets;
		return imap_back_goto(s, IMAP_BACK_RELAY_LITERAL);
	}
	s->in.relaying = false;
	session_wake(s);
	return imap_back_goto(s, IMAP_BACK_READ_RESPONSE);
}

static enum outcome
pass_line(struct imap_session *s, const struct imap_line *line, size_t used)
{
	relay_span(s, span_first(endpoint_input(s->ends.server), used));
	endpoint_consume(s->ends.server, used);
	return line_ended(s, line->has_literal, line->literal.octets);
}

enum outcome
imap_relay_literal(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct span in;

	if (s->hopeless)
		return imap_back_goto(s, IMAP_BACK_REST);
	while (s->in.literal_left > 0) {
		if (imap_client_is_full(s))
			return imap_back_wait(s);
		in = endpoint_input(s->ends.server);
		if (in.len == 0)
			return wait_upstream(s);
		in = in.len > s->in.literal_left ? span_first(in, (size_t)s->in.literal_left) : in;
		relay_span(s, in);
		s->in.literal_left -= in.len;
		endpoint_consume(s->ends.server, in.len);
		ends_progress(&s->ends);
	}
	return imap_back_goto(s, IMAP_BACK_RELAY_MORE);
}

enum outcome
imap_relay_more(struct session *session)
{
	struct imap_session *s = imap_of(session);

	if (s->hopeless)
		return imap_back_goto(s, IMAP_BACK_REST);
	return imap_back_goto(s, s->in.in_fetch ? IMAP_BACK_READ_FETCH : IMAP_BACK_RELAY_LINE);
}

/* A number that is none of a literal: what comes behind it could be anything. */
static bool
announces_too_much(struct span tail)
{
	size_t at = tail.len - 2;

	if (at == 0 || tail.data[--at] != '}')
		return false;
	while (at > 0 && ascii_is_digit(tail.data[at - 1]))
		at--;
	return at + 3 < tail.len && (at == 0 || tail.data[at - 1] == '{');
}

/* A line of any length, in pieces; only its end is looked at. */
enum outcome
imap_relay_line(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct span in = endpoint_input(s->ends.server);
	size_t lf = span_find_byte(in, '\n');
	struct imap_line line = { .has_literal = false };
	struct span tail;

	if (s->hopeless)
		return imap_back_goto(s, IMAP_BACK_REST);
	if (imap_client_is_full(s))
		return imap_back_wait(s);
	if (lf == SIZE_MAX) { /* what may announce a literal stays */
		size_t most = in.len > ANNOUNCEMENT_MAX ? in.len - ANNOUNCEMENT_MAX : 0;

		relay_span(s, span_first(in, most));
		endpoint_consume(s->ends.server, most);
		s->in.relaying = true;
		return wait_upstream(s);
	}
	tail = span_first(in, lf + 1);
	if (tail.len > ANNOUNCEMENT_MAX)
		tail = span_from(tail, tail.len - ANNOUNCEMENT_MAX);
	for (size_t i = 0; i < tail.len && !line.has_literal; i++) {
		struct span one = span_from(tail, i);

		line.has_literal = imap_literal_parse(one, &line.literal) == one.len - 2 && one.len > 2;
	}
	if (!line.has_literal && tail.len > 2 && announces_too_much(tail))
		return imap_lost(s, "the mail server's answer makes no sense", "a literal is too long");
	return pass_line(s, &line, lf + 1);
}

/* ---- what is learned ---- */

static void
relay_status(struct imap_session *s, const struct imap_line *line, const struct imap_response *r)
{
	struct buf out = { 0 };

	if (r->code != IMAP_CODE_CAPABILITY) {
		imap_pass(s, line->whole);
		imap_pass(s, SPAN_LITERAL("\r\n"));
		return;
	}
	imap_note_offers(s, r->code_arguments);
	buf_add_span(&out, span_first(line->whole, (size_t)(r->code_arguments.data - line->whole.data)));
	imap_print_offers(s, r->code_arguments, &out);
	buf_add_str(&out, "] ");
	buf_add_span(&out, r->rest);
	buf_add_str(&out, "\r\n");
	imap_pass_buf(s, &out);
	buf_free(&out);
}

/* A mark of ours may be a keyword that is new to the mailbox, of which the server
 * tells. Between a command and its FETCH response some programs expect nothing
 * else, so they hear it at the end. True: held back. */
static bool
hold_back(struct imap_session *s, const struct imap_line *line)
{
	const struct imap_mailbox *m = s->mailbox;

	if (m == NULL || m->fetching.marking == IMAP_MARK_NONE || s->asked_done || line->has_literal ||
	    s->held_back.len + line->whole.len > IMAP_HELD_BACK_MAX)
		return false;
	buf_add_span(&s->held_back, line->whole);
	buf_add_str(&s->held_back, "\r\n");
	return true;
}

void
imap_tell_held_back(struct imap_session *s)
{
	if (s->held_back.len > 0)
		imap_pass_buf(s, &s->held_back);
	buf_free(&s->held_back);
}

static enum outcome
hear_tagged(struct imap_session *s, const struct imap_line *line, const struct imap_response *r, size_t used)
{
	struct imap_pending *p = imap_pending_find(s, r->tag);
	struct imap_pending copy;

	if (p == NULL)
		return imap_lost(s, "the mail server answers what nobody asked", "a tag that is not known");
	if (p->mailbox != NULL)
		imap_note_copies(s, p, r);
	copy = *p;
	endpoint_consume(s->ends.server, used); /* the line stays where it is until this turn ends */
	if (!p->own) {
		imap_tell_held_back(s);
		s->hold.tagged_at = s->hold.octets.len;
		relay_status(s, line, r);
		s->hold.tagged_len = s->hold.octets.len - s->hold.tagged_at;
	}
	imap_pending_drop(s, p);
	if (p == s->going_out) {
		s->refused = true;
		s->going_out = NULL;
	}
	if (copy.handle != NULL)
		copy.handle(s, &copy, r);
	ends_progress(&s->ends);
	session_wake(s);
	return imap_back_goto(s, s->listening ? IMAP_BACK_READ_RESPONSE : IMAP_BACK_REST);
}

static enum outcome
hear_condition(struct imap_session *s, const struct imap_line *line, const struct imap_response *r, size_t used)
{
	const struct imap_pending *moves = imap_pending_of(s, IMAP_MOVE); /* it tells them so (RFC 6851 4.3) */

	if (s->selecting != NULL)
		imap_mailbox_note(s->selecting, r);
	s->leaving = s->leaving || r->status == IMAP_BYE;
	s->hold.holding = s->hold.holding && r->status != IMAP_BYE; /* of no use any more */
	endpoint_consume(s->ends.server, used);
	if (r->code == IMAP_CODE_COPYUID && moves != NULL && moves->mailbox != NULL)
		imap_note_copies(s, moves, r);
	if (s->asking == IMAP_ASKING_MOVE && r->code == IMAP_CODE_COPYUID)
		imap_junk_moved(s, r);
	else if (r->code != IMAP_CODE_PERMANENTFLAGS || !hold_back(s, line))
		relay_status(s, line, r);
	ends_progress(&s->ends);
	return imap_back_goto(s, IMAP_BACK_READ_RESPONSE);
}

static enum outcome
hear_continuation(struct imap_session *s, const struct imap_line *line, size_t used)
{
	if (s->awaits == IMAP_CONTINUE_NONE && imap_pending_of(s, IMAP_IDLE) == NULL)
		return imap_lost(s, "the mail server asks for what nobody sends", "a continuation out of turn");
	endpoint_consume(s->ends.server, used);
	if (s->awaits == IMAP_CONTINUE_LITERAL) {
		s->may_send = true;
	} else if (s->awaits == IMAP_CONTINUE_IDLE && s->watch.told) {
		s->awaits = IMAP_CONTINUE_NONE;
	} else if (s->awaits != IMAP_CONTINUE_NONE) { /* some servers say a second one in IDLE */
		endpoint_write(s->ends.client, line->whole);
		endpoint_write(s->ends.client, SPAN_LITERAL("\r\n"));
		s->auth_waits_client = s->awaits == IMAP_CONTINUE_AUTH;
		s->watch.told = s->watch.running;
		if (s->awaits == IMAP_CONTINUE_IDLE)
			s->awaits = IMAP_CONTINUE_NONE;
	}
	ends_progress(&s->ends);
	session_wake(s);
	return imap_back_goto(s, IMAP_BACK_READ_RESPONSE);
}

static enum outcome
hear_capability(struct imap_session *s, const struct imap_response *r, size_t used)
{
	struct buf out = { 0 };

	imap_note_offers(s, r->rest);
	buf_add_str(&out, "* CAPABILITY ");
	imap_print_offers(s, r->rest, &out);
	buf_add_str(&out, "\r\n");
	imap_pass_buf(s, &out);
	buf_free(&out);
	endpoint_consume(s->ends.server, used);
	ends_progress(&s->ends);
	return imap_back_goto(s, IMAP_BACK_READ_RESPONSE);
}

/* Flags of a message and what goes with them, all on one line. */
static bool
tells_flags_only(const struct imap_line *line, const struct imap_response *r)
{
	struct imap_fetch_reader reader = { 0 };
	struct imap_fetch_piece piece;
	enum imap_fetch_event event;
	struct span rest = r->rest;

	if (line->has_literal)
		return false;
	while ((event = imap_fetch_read(&reader, &rest, false, &piece)) == IMAP_FETCH_ITEM)
		if (piece.attribute.item != IMAP_ITEM_FLAGS && piece.attribute.item != IMAP_ITEM_UID &&
		    piece.attribute.item != IMAP_ITEM_MODSEQ)
			return false;
	return event == IMAP_FETCH_END;
}

/* Under a policy that filters: what no command can have asked for, and nobody could
 * judge. Before a mailbox is selected, and while one is (RFC 7162 3.2.5.1), a server
 * tells flags of messages at most. A response that is not known answers a command
 * that no client gets through. line == NULL: it is too long to be looked at. */
static bool
is_nobodys(const struct imap_session *s, const struct imap_line *line, const struct imap_response *r)
{
	if (!s->filtered || r->word == IMAP_WORD_OTHER)
		return s->filtered;
	return r->word == IMAP_WORD_FETCH && (line == NULL || !tells_flags_only(line, r));
}

void
imap_log_dropped(struct imap_session *s)
{
	if (!s->told_of_dropped)
		ends_log(&s->ends, LOG_LEVEL_WARNING, STATS_ERROR_UPSTREAM, "the mail server tells what nobody can have asked for: dropped");
	s->told_of_dropped = true;
}

static void
drop_response(struct imap_session *s)
{
	imap_log_dropped(s);
	s->in.swallowed = true;
}

/* True: it was told otherwise. */
static bool
tell_status(struct imap_session *s, const struct imap_line *line, const struct imap_response *r)
{
	struct buf out = { 0 };
	bool told = !line->has_literal && imap_news_put_status(s->mailbox, r->rest, &out);

	if (told)
		imap_pass_buf(s, &out);
	buf_free(&out);
	return told;
}

static enum outcome
hear_data(struct imap_session *s, const struct imap_line *line, const struct imap_response *r, size_t used)
{
	struct imap_mailbox *m = s->selecting != NULL ? s->selecting : s->mailbox;

	if (s->state == IMAP_STATE_NEW && r->word != IMAP_WORD_CAPABILITY && r->word != IMAP_WORD_ID)
		return imap_lost(s, "the mail server speaks of mail before the login", "data before the login");
	if (r->word == IMAP_WORD_CAPABILITY && line->has_literal)
		return imap_lost(s, "the mail server's answer makes no sense", "a capability that is a literal");
	if (r->word == IMAP_WORD_CAPABILITY)
		return hear_capability(s, r, used);
	if (r->word == IMAP_WORD_FETCH && s->mailbox != NULL && s->selecting == NULL)
		return imap_begin_fetch(s, line, r, used);
	if (is_nobodys(s, line, r))
		drop_response(s);
	if (r->word == IMAP_WORD_STATUS && s->mailbox != NULL && tell_status(s, line, r))
		s->in.swallowed = true;
	if (r->word == IMAP_WORD_LIST && s->asking == IMAP_ASKING_MAILBOX) {
		imap_junk_listed(s, r->rest, !line->has_literal);
		s->in.swallowed = true;
	}
	if (m != NULL && imap_news_hear(s, m, r))
		s->in.swallowed = true;
	if (r->word == IMAP_WORD_FLAGS && hold_back(s, line)) {
		endpoint_consume(s->ends.server, used);
		return line_ended(s, false, 0);
	}
	return pass_line(s, line, used);
}

/* ---- read_response ---- */

/* A status, which may tell of very many copies; FETCH, and VANISHED but of what the
 * client asks about earlier days. */
static bool
is_joined(const struct imap_session *s, const struct imap_response *r)
{
	if (r->kind == IMAP_TAGGED || r->kind == IMAP_CONDITION)
		return s->state != IMAP_STATE_NEW;
	if (r->kind == IMAP_NUMBERED)
		return r->word == IMAP_WORD_FETCH && s->mailbox != NULL && s->selecting == NULL;
	return r->word == IMAP_WORD_VANISHED && (s->mailbox != NULL || s->selecting != NULL) && !span_starts(r->rest, "(");
}

enum outcome
imap_hear_joined(struct imap_session *s, const struct imap_line *line, const struct imap_response *r)
{
	struct imap_mailbox *m = s->selecting != NULL ? s->selecting : s->mailbox;

	if (r->kind == IMAP_TAGGED)
		return hear_tagged(s, line, r, 0);
	if (r->kind == IMAP_CONDITION)
		return hear_condition(s, line, r, 0);
	if (!imap_news_hear(s, m, r)) {
		imap_pass(s, line->whole);
		imap_pass(s, SPAN_LITERAL("\r\n"));
	}
	return line_ended(s, false, 0);
}

/* A line that is longer than the input holds passes in pieces, unless it has to
 * be read whole. */
static enum outcome
long_line(struct imap_session *s)
{
	struct span in = endpoint_input(s->ends.server);
	struct imap_response r;
	bool known = imap_response_parse(span_first(in, 2 * IMAP_TAG_MAX), &r);

	if (in.len < ENDPOINT_INPUT_MAX / 2)
		return wait_upstream(s);
	if (known && is_joined(s, &r))
		return imap_join_response(s);
	if (!known || (r.kind != IMAP_DATA && r.kind != IMAP_NUMBERED) || r.word == IMAP_WORD_CAPABILITY ||
	    (r.kind == IMAP_NUMBERED && r.word != IMAP_WORD_FETCH) || s->state == IMAP_STATE_NEW)
		return imap_lost(s, "the mail server's answer is too long", "a line over the limit");
	s->in.status = s->in.swallowed = s->in.dropped = false;
	if (is_nobodys(s, NULL, &r))
		drop_response(s);
	return imap_back_goto(s, IMAP_BACK_RELAY_LINE);
}

enum outcome
imap_read_response(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct imap_line line;
	struct imap_response r;
	const char *why = "";
	size_t used;
	int got;

	if (s->hopeless || !s->listening)
		return imap_back_goto(s, IMAP_BACK_REST);
	if (imap_client_is_full(s) || (s->mailbox != NULL && imap_ahead_is_full(s)))
		return imap_back_wait(s);
	if (s->in.line.len > 0)
		return imap_join_response(s);
	got = imap_response_take(endpoint_input(s->ends.server), ENDPOINT_INPUT_MAX / 2, &line, &r, &used, &why);
	if (got < 0)
		return endpoint_input(s->ends.server).len >= ENDPOINT_INPUT_MAX / 2 ? long_line(s) :
		    imap_lost(s, "the mail server's answer makes no sense", why);
	if (got == 0)
		return wait_upstream(s);
	s->in.status = r.kind == IMAP_TAGGED || r.kind == IMAP_CONDITION;
	s->in.swallowed = s->in.dropped = false;
	switch (r.kind) {
	case IMAP_TAGGED:
		return hear_tagged(s, &line, &r, used);
	case IMAP_CONDITION:
		return hear_condition(s, &line, &r, used);
	case IMAP_CONTINUE:
		return hear_continuation(s, &line, used);
	default:
		return hear_data(s, &line, &r, used);
	}
}
