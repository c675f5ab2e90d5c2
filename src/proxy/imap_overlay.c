/* FETCH responses under a policy that filters. Most pass as they are. Of a
 * message from which something was removed the octets that pass are overlaid in
 * place: the section and the range tell where in the message they lie, and no
 * octet moves. Where programs may divide the message in several ways, nothing of
 * what the server takes for a section passes, its header included: it is overlaid
 * as if it were where we see it, and what no edit covers there becomes blank.
 *
 * Responses to commands of our own are taken here: UIDs, and a message that is to
 * be judged, which goes to the spool. */
#include "config.h"

#include "proxy/imap_mailbox.h"
#include "proxy/imap_message.h"
#include "proxy/imap_show.h"

/* ---- where the octets of an item lie ---- */

struct place {
	bool changed;       /* something of it may have to be overlaid */
	bool known;         /* offset is where it begins in the message */
	bool blank;         /* what no edit covers becomes blank */
	uint64_t offset;
};

static bool
is_section(const struct scan_section *one, const struct imap_section *wanted)
{
	struct span rest = one->section, word;
	size_t i = 0;

	for (; rest.len > 0 && span_split(&rest, '.', &word); i++) {
		uint64_t number;

		if (i == wanted->path_count || !span_to_u64(word, &number) || number != wanted->path[i])
			return false;
	}
	return i == wanted->path_count;
}

const struct scan_section *
imap_find_section(const struct scan_answer *a, const struct imap_section *wanted)
{
	for (size_t i = 0; i < a->section_count; i++)
		if (is_section(&a->sections[i], wanted))
			return &a->sections[i];
	return NULL;
}

/* Lines of the message's header, by name. */
static bool
is_fields(const struct imap_attribute *a)
{
	return a->section.kind == IMAP_HEADER_FIELDS || a->section.kind == IMAP_HEADER_FIELDS_NOT;
}

static bool
is_content(const struct imap_attribute *a)
{
	if (!imap_item_is_message_data(a->item) || a->item == IMAP_ITEM_RFC822_HEADER)
		return false;
	return a->section.path_count > 0 || a->section.kind == IMAP_WHOLE || a->section.kind == IMAP_TEXT;
}

/* The message from its first octet on: all of it, or what the server takes for
 * its header, in which some of what we take for its body may be. */
static bool
is_from_start(const struct imap_attribute *a)
{
	if (a->item == IMAP_ITEM_RFC822 || a->item == IMAP_ITEM_RFC822_HEADER)
		return true;
	return a->item == IMAP_ITEM_BODY_SECTION && a->section.path_count == 0 &&
	    (a->section.kind == IMAP_WHOLE || a->section.kind == IMAP_HEADER);
}

/* Where sections are not told, all behind the header is withheld. */
static bool
find_untold(const struct scan_answer *shown, const struct imap_section *wanted, uint64_t *offset)
{
	*offset = shown->edits[0].offset;
	if (wanted->path_count == 0)
		return wanted->kind == IMAP_TEXT;
	return wanted->kind == IMAP_WHOLE && wanted->path_count == 1 && wanted->path[0] == 1;
}

static bool
find_offset(const struct scan_answer *shown, const struct imap_section *wanted, uint64_t *offset)
{
	const struct scan_section *section = imap_find_section(shown, wanted);

	if (shown->section_count == 0)
		return find_untold(shown, wanted, offset);
	if (section == NULL || (!section->is_message && wanted->kind != IMAP_WHOLE && wanted->kind != IMAP_MIME))
		return false;
	if (wanted->kind == IMAP_WHOLE)
		*offset = section->body.offset;
	else if (wanted->kind == IMAP_MIME)
		*offset = section->mime.offset;
	else
		*offset = wanted->kind == IMAP_TEXT ? section->text.offset : section->header.offset;
	return true;
}

/* All fields but some, and longer than what stands before all that was removed: the
 * server's header goes on behind ours. */
static bool
reaches_content(const struct scan_answer *shown, const struct imap_attribute *a, uint64_t octets)
{
	return a->section.kind == IMAP_HEADER_FIELDS_NOT && octets + a->offset > shown->edits[0].offset;
}

/* Of so many octets. The text of the message reaches to its end, whatever the
 * server takes for the header. */
static struct place
place_of(const struct imap_view *v, const struct imap_attribute *a, uint64_t octets)
{
	static const struct imap_section text = { .kind = IMAP_TEXT };
	const struct imap_section *section = a->item == IMAP_ITEM_RFC822_TEXT ? &text : &a->section;
	struct place p = { .changed = v->shown != NULL && imap_item_is_message_data(a->item) };

	if (p.changed && is_fields(a)) {
		p.changed = section->path_count > 0 ? v->shown->sections_doubtful || imap_find_section(v->shown, section) == NULL :
		    reaches_content(v->shown, a, octets);
		p.blank = true;
	} else if (p.changed && is_from_start(a)) {
		p.known = true;
	} else if (p.changed && section->kind == IMAP_TEXT && section->path_count == 0 && !a->partial && octets <= v->octets) {
		p.known = true;
		p.offset = v->octets - octets;
	} else if (p.changed) {
		p.known = a->item != IMAP_ITEM_BINARY && find_offset(v->shown, section, &p.offset);
		p.blank = !p.known || v->shown->sections_doubtful;
	}
	p.offset += a->partial ? a->offset : 0;
	return p;
}

/* ---- one line of a response ---- */

/* What is shown of the message whose response comes; NULL: nobody judged it. */
static const struct imap_view *
view_of(struct imap_session *s)
{
	const struct imap_view *v = s->in.uid != IMAP_NO_UID ? imap_view_find(s->mailbox, s->in.uid) : NULL;

	return v != NULL && v->judged ? v : NULL;
}

/* A message that nobody judged has no content to show, whatever made the server
 * send it. */
static struct place
place_in_response(struct imap_session *s, const struct imap_attribute *a, uint64_t octets)
{
	const struct imap_view *v = view_of(s);

	return v != NULL ? place_of(v, a, octets) : (struct place){ .changed = is_content(a), .blank = true };
}

static void
overlay(struct imap_session *s, const struct place *p, uint64_t at, char *octets, size_t len)
{
	for (size_t i = 0; p->blank && i < len; i++)
		if (octets[i] != '\r' && octets[i] != '\n')
			octets[i] = ' ';
	if (p->known)
		edits_overlay(view_of(s)->shown->edits, view_of(s)->shown->edit_count, p->offset + at, octets, len);
}

static void
learn_uid(struct imap_session *s, const struct imap_fetch_piece *piece)
{
	uint64_t uid;

	if (piece->attribute.item != IMAP_ITEM_UID || !span_to_u64(piece->value, &uid) || uid > UINT32_MAX)
		return;
	s->in.uid = (uint32_t)uid;
	imap_mailbox_learn(s->mailbox, s->in.number, s->in.uid);
}

/* The message that we asked for, in quotes: as a small one may come. */
static void
take_quoted(struct imap_session *s, struct span value)
{
	struct imap_fetching *f = &s->mailbox->fetching;
	struct imap_cursor cursor = imap_cursor(value);
	struct arena *a = arena_new(0);
	struct span octets;

	if (imap_take_nstring(&cursor, a, &octets) && octets.data != NULL) {
		f->came = spool_add(&f->held.spool, octets);
		f->refused = !f->came;
		s->in.swallowed = true;
	}
	arena_free(&a);
}

/* Content of a message that came after the client's command was looked at, as Cyrus
 * tells it. The client would keep it blank; so it has no response, unless part of
 * one is out, and asks anew for what EXISTS has told it. */
static void
note_unjudged(struct imap_session *s, const struct imap_attribute *a)
{
	if (!s->in.relaying && is_content(a) && view_of(s) == NULL)
		s->in.swallowed = true;
}

/* Content in quotes, overlaid: a literal takes its place. */
static bool
put_quoted(struct imap_session *s, const struct imap_attribute *attribute, struct span value, struct buf *out)
{
	struct imap_cursor cursor = imap_cursor(value);
	struct span octets = SPAN_NONE;
	struct place p = { .changed = false };
	struct arena *a;
	char *copy;

	if (!imap_item_is_message_data(attribute->item))
		return false;
	a = arena_new(0);
	if (imap_take_nstring(&cursor, a, &octets) && octets.data != NULL)
		p = place_in_response(s, attribute, octets.len);
	if (octets.data != NULL)
		note_unjudged(s, attribute);
	if (!p.changed) {
		arena_free(&a);
		return false;
	}
	copy = arena_alloc_raw(a, octets.len + 1);
	memcpy(copy, octets.data, octets.len);
	overlay(s, &p, 0, copy, octets.len);
	buf_printf(out, "{%zu}\r\n", octets.len);
	buf_add(out, copy, octets.len);
	arena_free(&a);
	return true;
}

/* Once only: a second one is nobody's. */
static bool
is_wanted_message(const struct imap_session *s, const struct imap_attribute *a)
{
	const struct imap_fetching *f = &s->mailbox->fetching;

	return s->asking == IMAP_ASKING_MESSAGE && s->in.uid == f->uid && !f->came && !f->refused &&
	    a->item == IMAP_ITEM_BODY_SECTION && a->section.path_count == 0 && a->section.kind == IMAP_WHOLE && !a->partial;
}

static void
keep_flags(struct imap_session *s, const struct imap_fetch_piece *piece)
{
	enum imap_item item = piece->attribute.item;

	if (s->asking == IMAP_ASKING_MESSAGE && (item == IMAP_ITEM_FLAGS || item == IMAP_ITEM_MODSEQ) && !piece->goes_on &&
	    s->in.flags.len + piece->value.len <= IMAP_HELD_BACK_MAX)
		buf_printf(&s->in.flags, " %.*s %.*s", SPAN_ARG(piece->name), SPAN_ARG(piece->value));
}

/* New flags may come with the message that we asked for. */
static void
tell_flags(struct imap_session *s)
{
	struct buf out = { 0 };

	if (s->in.flags.failed)
		session_ran_short(&s->ends.session);
	if (s->in.swallowed && s->in.uid != IMAP_NO_UID && !imap_news_hides(s->mailbox, s->in.number) &&
	    span_find_nocase(buf_span(&s->in.flags), SPAN_LITERAL("FLAGS")) != SIZE_MAX) {
		buf_printf(&out, "* %u FETCH (UID %u%.*s)\r\n", s->in.number, s->in.uid, SPAN_ARG(buf_span(&s->in.flags)));
		imap_pass_buf(s, &out);
		buf_free(&out);
	}
	buf_free(&s->in.flags);
}

/* The message of which the client's items are to be told: what is left of the line
 * waits for that. A literal goes to the spool when it comes. */
static void
begin_showing(struct imap_session *s, const struct imap_fetch_piece *piece, struct span whole)
{
	struct imap_cursor cursor = imap_cursor(piece->value);
	const char *behind = span_end(piece->value);
	struct arena *a;
	struct span octets;

	s->in.shows = true;
	imap_show_begin(s, view_of(s));
	if (piece->is_literal)
		return;
	a = arena_new(0);
	if (imap_take_nstring(&cursor, a, &octets) && octets.data != NULL)
		imap_show_octets(s, view_of(s), octets);
	arena_free(&a);
	buf_add_span(&s->in.rest, span_of(behind, (size_t)(span_end(whole) - behind)));
	buf_add_str(&s->in.rest, "\r\n");
}

/* The value of an item, where the client gets another one, which is in *out then. */
static bool
put_other(struct imap_session *s, const struct imap_fetch_piece *piece, struct buf *out)
{
	const struct imap_view *v = view_of(s);

	if (piece->attribute.item == IMAP_ITEM_OTHER || piece->attribute.item == IMAP_ITEM_PREVIEW) {
		imap_log_dropped(s);
		buf_add_str(out, "NIL"); /* nobody can have asked for it, and it may be content */
		s->in.dropped = piece->is_literal || piece->goes_on;
		return true;
	}
	if (v != NULL && v->shown != NULL && imap_put_told(v, &piece->attribute, out)) {
		s->in.dropped = piece->is_literal || piece->goes_on;
		return true;
	}
	if (piece->is_literal) {
		s->in.attribute = piece->attribute;
		note_unjudged(s, &piece->attribute);
		return false;
	}
	if (is_wanted_message(s, &piece->attribute)) {
		take_quoted(s, piece->value);
		return false;
	}
	return !piece->goes_on && piece->value.len > 0 && put_quoted(s, &piece->attribute, piece->value, out);
}

/* An item; *from: up to where the line's octets are in *out already. False: what
 * follows has to wait. */
static bool
read_item(struct imap_session *s, const struct imap_fetch_piece *piece, struct span whole, const char **from, struct buf *out)
{
	size_t before = out->len;

	learn_uid(s, piece);
	keep_flags(s, piece);
	imap_object_told(s, piece);
	s->in.dropped = false;
	s->in.attribute = (struct imap_attribute){ .item = IMAP_ITEM_OTHER };
	if (!s->in.swallowed && imap_is_shown_message(s, view_of(s), &piece->attribute)) {
		buf_add_span(out, span_of(*from, (size_t)(piece->name.data - *from)));
		begin_showing(s, piece, whole);
		return false;
	}
	buf_add_span(out, span_of(*from, (size_t)(piece->value.data - *from)));
	if (put_other(s, piece, out))
		*from = span_end(piece->value);
	else
		out->len = before;
	return true;
}

/* Reads the items of a line, whose octets are `whole`; what goes to the client is
 * put in *out. The attribute of the literal that it announces, if one does, is
 * s->in.attribute. IMAP_FETCH_LITERAL, _END, _WRONG; or _JOIN: *text is the item
 * whose name goes on in the literal, and nothing of it is in *out; or _ITEM: a
 * message is to be shown, and what follows waits. */
static enum imap_fetch_event
read_items(struct imap_session *s, struct span whole, struct span *text, bool has_literal, struct buf *out)
{
	const char *from = whole.data;
	struct imap_fetch_piece piece;
	enum imap_fetch_event event;

	s->in.attribute = (struct imap_attribute){ .item = IMAP_ITEM_OTHER };
	s->in.shows = false;
	while ((event = imap_fetch_read(&s->in.reader, text, has_literal, &piece)) == IMAP_FETCH_ITEM ||
	    event == IMAP_FETCH_REST) {
		if (event == IMAP_FETCH_ITEM && !read_item(s, &piece, whole, &from, out))
			return piece.is_literal ? imap_fetch_read(&s->in.reader, text, has_literal, &piece) : IMAP_FETCH_ITEM;
		if (event == IMAP_FETCH_REST && s->in.dropped) {
			from = span_end(piece.value);
			s->in.dropped = piece.goes_on;
		}
	}
	if (event == IMAP_FETCH_JOIN) {
		buf_add_span(out, span_of(from, (size_t)(text->data - from)));
	} else if (!s->in.dropped || !has_literal) {
		buf_add_span(out, span_of(from, (size_t)(span_end(whole) - from)));
		buf_add_str(out, "\r\n");
	}
	return event;
}

/* Where a literal goes: to the spool, past the overlay, or as it is. */
static enum imap_back_step
way_of_literal(struct imap_session *s)
{
	const struct imap_attribute *a = &s->in.attribute;

	s->in.literal_at = 0;
	if (is_wanted_message(s, a))
		return IMAP_BACK_TAKE_MESSAGE;
	if (s->in.shows)
		return IMAP_BACK_TAKE_SHOWN;
	if (s->in.swallowed || s->in.dropped || !place_in_response(s, a, s->in.literal_left).changed)
		return IMAP_BACK_RELAY_LITERAL;
	return IMAP_BACK_OVERLAY_LITERAL;
}

enum outcome
imap_take_fetch_line(struct imap_session *s, struct span whole, struct span text, const struct imap_line *line)
{
	struct buf out = { 0 };
	enum imap_fetch_event event = read_items(s, whole, &text, line->has_literal, &out);
	bool good = event != IMAP_FETCH_WRONG && !out.failed;

	if (line->has_literal && is_wanted_message(s, &s->in.attribute))
		s->in.swallowed = true;
	if (good && !s->in.swallowed)
		imap_pass_buf(s, &out);
	buf_free(&out);
	if (!good)
		return imap_lost(s, "the mail server's answer makes no sense", "no FETCH response");
	ends_progress(&s->ends);
	if (event == IMAP_FETCH_JOIN)
		return imap_join_name(s, span_of(text.data, (size_t)(span_end(whole) - text.data)), line);
	s->in.relaying = !s->in.swallowed;
	if (event == IMAP_FETCH_ITEM)
		return imap_back_goto(s, IMAP_BACK_SHOW_ITEMS);
	if (line->has_literal) {
		s->in.literal_left = line->literal.octets;
		return imap_back_goto(s, way_of_literal(s));
	}
	tell_flags(s);
	imap_note_saved(s);
	imap_ahead_heard(s);
	s->in.relaying = s->in.in_fetch = false;
	session_wake(s);
	return imap_back_goto(s, IMAP_BACK_READ_RESPONSE);
}

/* ---- literals ---- */

enum outcome
imap_overlay_literal(struct session *session)
{
	struct imap_session *s = imap_of(session);
	char octets[16 * 1024];
	enum outcome outcome;
	struct span in;

	while (imap_has_literal(s, &in, IMAP_BACK_READ_FETCH, &outcome)) {
		struct place p = place_in_response(s, &s->in.attribute, s->in.literal_at + s->in.literal_left);

		endpoint_flush(s->ends.client);
		if (endpoint_pending(s->ends.client) >= IMAP_OUTPUT_MAX)
			return imap_back_wait(s);
		in = span_first(in, sizeof(octets));
		memcpy(octets, in.data, in.len);
		overlay(s, &p, s->in.literal_at, octets, in.len);
		imap_pass(s, span_of(octets, in.len));
		imap_consume_literal(s, in.len);
	}
	return outcome;
}

enum outcome
imap_take_message(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct imap_fetching *f = &s->mailbox->fetching;
	enum outcome outcome;
	struct span in;

	while (imap_has_literal(s, &in, IMAP_BACK_READ_FETCH, &outcome)) {
		f->refused = f->refused || !spool_add(&f->held.spool, in);
		imap_consume_literal(s, in.len);
		imap_message_goes_on(s);
	}
	f->came = !s->hopeless && s->in.literal_left == 0 && !f->refused;
	return outcome;
}

enum outcome
imap_take_shown(struct session *session)
{
	struct imap_session *s = imap_of(session);
	enum outcome outcome;
	struct span in;

	while (imap_has_literal(s, &in, IMAP_BACK_SHOW_ITEMS, &outcome)) {
		imap_show_octets(s, view_of(s), in);
		imap_consume_literal(s, in.len);
	}
	return outcome;
}
