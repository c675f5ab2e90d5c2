/* The lines of a FETCH response that is read item by item. One that does not fit
 * the input is put together first, and so is an item whose name holds literals:
 * BODY[HEADER.FIELDS ({7} CRLF "Subject")]. */
#include "config.h"

#include "proxy/imap_mailbox.h"
#include "proxy/imap_message.h"

/* ---- literals ---- */

static enum outcome
wait_literal(struct imap_session *s)
{
	if (endpoint_eof(s->ends.server) || endpoint_broken(s->ends.server))
		return imap_lost(s, NULL, "connection lost within a message");
	return imap_back_wait(s);
}

bool
imap_has_literal(struct imap_session *s, struct span *octets, enum imap_back_step then, enum outcome *outcome)
{
	struct span in = endpoint_input(s->ends.server);

	*octets = in.len > s->in.literal_left ? span_first(in, (size_t)s->in.literal_left) : in;
	if (s->hopeless)
		*outcome = imap_back_goto(s, IMAP_BACK_REST);
	else if (s->in.literal_left == 0)
		*outcome = imap_back_goto(s, then);
	else if (octets->len == 0)
		*outcome = wait_literal(s);
	else
		return true;
	return false;
}

void
imap_consume_literal(struct imap_session *s, size_t len)
{
	s->in.literal_left -= len;
	s->in.literal_at += len;
	endpoint_consume(s->ends.server, len);
	ends_progress(&s->ends);
}

/* ---- names that hold literals ---- */

/* Keeps octets of a line. False: it is too long. */
static bool
keep_line(struct imap_session *s, struct span octets)
{
	buf_add_span(&s->in.line, octets);
	return !s->in.line.failed && s->in.line.len <= IMAP_RESPONSE_LINE_MAX;
}

enum outcome
imap_join_name(struct imap_session *s, struct span item, const struct imap_line *line)
{
	if (++s->in.joined > IMAP_NAME_LITERALS_MAX)
		return imap_lost(s, "the mail server's answer makes no sense", "an item's name of too many literals");
	buf_add_span(&s->in.line, item);
	buf_add_str(&s->in.line, "\r\n");
	s->in.relaying = !s->in.swallowed;
	s->in.literal_left = line->literal.octets;
	return imap_back_goto(s, IMAP_BACK_JOIN_LITERAL);
}

enum outcome
imap_join_literal(struct session *session)
{
	struct imap_session *s = imap_of(session);
	enum outcome outcome;
	struct span in;

	while (imap_has_literal(s, &in, IMAP_BACK_READ_FETCH, &outcome)) {
		if (!keep_line(s, in))
			return imap_lost(s, "the mail server's answer is too long", "an item's name over the limit");
		imap_consume_literal(s, in.len);
	}
	s->in.kept_before = s->in.line.len;
	return outcome;
}

/* ---- lines ---- */

/* Something that the server tells unasked, as new flags, is the client's. What it
 * tells of a message as we mark it is not: the client has asked for content, and
 * many take the first response for that, even if it has none. It hears of the mark
 * when it asks for flags, or what has changed. */
static bool
is_for_us(const struct imap_session *s, struct span rest)
{
	if (s->asking == IMAP_ASKING_NOTHING)
		return false;
	if (s->asking == IMAP_ASKING_MARK)
		return imap_ahead_marks(s->mailbox, s->in.uid);
	return span_find_nocase(rest, SPAN_LITERAL("FLAGS")) == SIZE_MAX;
}

enum outcome
imap_begin_fetch(struct imap_session *s, const struct imap_line *line, const struct imap_response *r, size_t used)
{
	struct span whole = line->whole, rest = r->rest;

	s->in.number = r->number;
	s->in.uid = imap_mailbox_uid(s->mailbox, r->number);
	s->in.reader = (struct imap_fetch_reader){ 0 };
	s->in.joined = 0;
	s->in.swallowed = is_for_us(s, r->rest) || imap_news_hides(s->mailbox, r->number);
	s->in.dropped = false;
	s->in.in_fetch = true;
	endpoint_consume(s->ends.server, used); /* the octets stay until this turn ends */
	return imap_take_fetch_line(s, whole, rest, line);
}

/* Keeps what came of a line that does not fit the input at once: true when that is
 * all of it, else *outcome says how to go on. */
static bool
keep_to_end(struct imap_session *s, enum outcome *outcome)
{
	struct span in = endpoint_input(s->ends.server);
	size_t lf = span_find_byte(in, '\n');
	size_t len = lf != SIZE_MAX ? lf + 1 : in.len;
	bool fits = keep_line(s, span_first(in, len));

	endpoint_consume(s->ends.server, len);
	*outcome = !fits ? imap_lost(s, "the mail server's answer is too long", "a line over the limit")
	    : lf == SIZE_MAX ? wait_literal(s) : STEP_NEXT;
	return fits && lf != SIZE_MAX;
}

/* What was kept of a line: the next may be kept while this is read. */
static struct buf
take_kept(struct imap_session *s)
{
	struct buf kept = s->in.line;

	s->in.line = (struct buf){ 0 };
	return kept;
}

enum outcome
imap_join_response(struct imap_session *s)
{
	struct imap_line line;
	struct imap_response r;
	const char *why = "";
	enum outcome outcome;
	struct buf kept;
	size_t used;
	bool good;

	if (!keep_to_end(s, &outcome))
		return outcome;
	kept = take_kept(s);
	good = imap_response_take(buf_span(&kept), IMAP_RESPONSE_LINE_MAX, &line, &r, &used, &why) == 1;
	if (good && r.word == IMAP_WORD_FETCH)
		outcome = imap_begin_fetch(s, &line, &r, 0);
	else if (good && !line.has_literal)
		outcome = imap_hear_joined(s, &line, &r);
	else
		outcome = imap_lost(s, "the mail server's answer makes no sense", why);
	buf_free(&kept);
	return outcome;
}

/* The next line, behind a literal, together with what was kept before it. */
static enum outcome
join_more(struct imap_session *s)
{
	struct imap_line line;
	const char *why = "";
	enum outcome outcome;
	struct span unit;
	struct buf kept;
	size_t used, before;

	if (!keep_to_end(s, &outcome))
		return outcome;
	kept = take_kept(s);
	before = s->in.kept_before;
	s->in.kept_before = 0;
	unit = buf_span(&kept);
	if (imap_response_take_more(span_from(unit, before), IMAP_RESPONSE_LINE_MAX, &line, &used, &why) == 1)
		outcome = imap_take_fetch_line(s, span_first(unit, before + line.whole.len),
		    span_first(unit, before + line.text.len), &line);
	else
		outcome = imap_lost(s, "the mail server's answer makes no sense", why);
	buf_free(&kept);
	return outcome;
}

/* What waited behind a message that was shown. */
static enum outcome
read_rest(struct imap_session *s)
{
	struct buf rest = s->in.rest;
	struct imap_line line;
	const char *why = "";
	enum outcome outcome;
	size_t used;

	s->in.rest = (struct buf){ 0 };
	if (!rest.failed && imap_response_take_more(buf_span(&rest), IMAP_RESPONSE_LINE_MAX, &line, &used, &why) == 1)
		outcome = imap_take_fetch_line(s, line.whole, line.text, &line);
	else
		outcome = imap_lost(s, "the mail server's answer makes no sense", why);
	buf_free(&rest);
	return outcome;
}

/* The next line, behind a literal. */
enum outcome
imap_read_fetch(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct span in = endpoint_input(s->ends.server);
	struct imap_line line;
	const char *why = "";
	size_t used;
	int got;

	if (s->hopeless)
		return imap_back_goto(s, IMAP_BACK_REST);
	if (s->in.rest.len > 0)
		return read_rest(s);
	if (s->in.line.len > 0)
		return join_more(s);
	got = imap_response_take_more(in, ENDPOINT_INPUT_MAX / 2, &line, &used, &why);
	if (got < 0 && span_find_byte(span_first(in, ENDPOINT_INPUT_MAX / 2), '\n') == SIZE_MAX)
		return join_more(s);
	if (got < 0)
		return imap_lost(s, "the mail server's answer makes no sense", why);
	if (got == 0 && !endpoint_eof(s->ends.server) && !endpoint_broken(s->ends.server))
		return imap_back_wait(s);
	if (got == 0)
		return imap_lost(s, "the mail server closed the connection", "connection lost");
	endpoint_consume(s->ends.server, used);
	return imap_take_fetch_line(s, line.whole, line.text, &line);
}
