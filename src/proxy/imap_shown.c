/* What is told of messages that are not shown as the server has them. */
#include "config.h"

#include "proxy/imap_show.h"

#include "mime/decode.h"
#include "mime/header_fields.h"
#include "proxy/imap_message.h"

enum {
	RUN_MAX = 16 * 1024,   /* octets told or overlaid at once */
	NAMES_MAX = 1000,      /* of HEADER.FIELDS: a command holds no more */
	/* Octets decoded before other sessions have their turn: a command may ask for a
	 * large part many times. */
	WORK_MAX = 4 * 1024 * 1024,
};

static const char no_room[] = "NO [UNAVAILABLE] a message cannot be had now, try again later";
static const char not_known[] = "NO [UNKNOWN-CTE] a part is in an encoding that is not known here";

/* ---- which items ---- */

static bool
is_whole(const struct imap_attribute *a)
{
	if (a->item != IMAP_ITEM_BODY_SECTION && a->item != IMAP_ITEM_BINARY)
		return a->item == IMAP_ITEM_RFC822;
	return a->section.path_count == 0 && a->section.kind == IMAP_WHOLE;
}

bool
imap_is_shown_item(const struct imap_view *v, const struct imap_attribute *a)
{
	if (a->item == IMAP_ITEM_BINARY || a->item == IMAP_ITEM_BINARY_SIZE)
		return true;
	return imap_item_is_message_data(a->item) && (v->shown->has_told || is_whole(a));
}

bool
imap_is_shown_message(const struct imap_session *s, const struct imap_view *v, const struct imap_attribute *a)
{
	const struct imap_showing *sh = s->mailbox->showing;

	return sh != NULL && v != NULL && v->shown != NULL && sh->uid != v->uid && imap_is_split_off(v, &sh->fetch) &&
	    a->item == IMAP_ITEM_BODY_SECTION && is_whole(a) && a->partial == (sh->head > 0) && a->offset == 0;
}

/* ---- the message ---- */

void
imap_show_begin(struct imap_session *s, const struct imap_view *v)
{
	struct imap_showing *sh = s->mailbox->showing;

	spool_reset(&sh->spool, false);
	sh->bytes = SPAN_NONE;
	sh->uid = s->in.uid;
	sh->push = (struct edit_push){ .items = v->shown->edits, .count = v->shown->edit_count };
	sh->item = 0;
	sh->refused = sh->any = false;
	sh->left = SPAN_NONE;
}

static void
add(void *context, struct span octets)
{
	struct imap_showing *sh = context;

	sh->refused = sh->refused || !spool_add(&sh->spool, octets);
}

static void
add_overlaid(struct imap_showing *sh, const struct scan_answer *shown, struct span octets)
{
	char run[RUN_MAX];

	while (octets.len > 0) {
		struct span some = span_first(octets, sizeof(run));

		memcpy(run, some.data, some.len);
		edits_overlay(shown->edits, shown->edit_count, sh->push.taken, run, some.len);
		add(sh, span_of(run, some.len));
		sh->push.taken += some.len;
		octets = span_from(octets, some.len);
	}
}

void
imap_show_octets(struct imap_session *s, const struct imap_view *v, struct span octets)
{
	struct imap_showing *sh = s->mailbox->showing;

	if (v->shown->has_told)
		edits_push(&sh->push, octets, add, sh);
	else
		add_overlaid(sh, v->shown, octets);
}

/* One that is not as long as it was when it was judged is another one. */
static bool
is_all(const struct imap_showing *sh, const struct imap_view *v)
{
	if (sh->head > 0 && sh->head < v->octets)
		return sh->push.taken == sh->head && sh->spool.size >= v->shown->sections[0].header.octets;
	return sh->push.taken == v->octets && sh->spool.size == (v->shown->has_told ? v->shown->told.octets : v->octets);
}

/* False: it cannot be had. Then its UID stands for the items, for the client would
 * keep what it is told of them. */
static bool
end_message(struct imap_session *s, const struct imap_view *v)
{
	struct imap_showing *sh = s->mailbox->showing;
	struct buf out = { 0 };

	if (v->shown->has_told)
		edits_push_end(&sh->push, add, sh);
	if (!sh->refused && is_all(sh, v))
		sh->bytes = spool_map(&sh->spool);
	if (sh->bytes.data != NULL)
		return true;
	sh->failure = no_room;
	buf_printf(&out, "UID %u", sh->uid);
	imap_pass_buf(s, &out);
	buf_free(&out);
	spool_reset(&sh->spool, false);
	return false;
}

/* ---- what is in it ---- */

static bool
find_range(const struct imap_view *v, const struct imap_attribute *a, struct scan_range *range)
{
	static const struct imap_section header = { .kind = IMAP_HEADER }, text = { .kind = IMAP_TEXT };
	const struct imap_section *wanted = a->item == IMAP_ITEM_RFC822_HEADER ? &header :
	    a->item == IMAP_ITEM_RFC822_TEXT ? &text : &a->section;
	const struct scan_section *section = imap_find_section(v->shown, wanted);

	if (section == NULL)
		return false;
	switch (wanted->kind) {
	case IMAP_WHOLE:
		*range = section->body;
		return true;
	case IMAP_MIME:
		*range = section->mime;
		return wanted->path_count > 0;
	case IMAP_TEXT:
		*range = section->text;
		return section->is_message;
	default:
		*range = section->header;
		return section->is_message;
	}
}

static struct span
pick_fields(struct arena *a, struct span header, const struct imap_section *section)
{
	struct text out = { .arena = a };
	struct span names[NAMES_MAX], rest = section->fields;
	size_t count = 0;

	while (count < NAMES_MAX && imap_fields_next(&rest, &names[count]))
		count++;
	header_fields(&out, header, names, count, section->kind == IMAP_HEADER_FIELDS_NOT);
	return text_span(&out);
}

/* data == NULL: nobody knows how. */
static struct span
decode(struct imap_showing *sh, const struct scan_section *section, struct span body)
{
	char *room;
	bool strict;

	switch (section->encoding) {
	case SCAN_ENCODING_NONE:
		return body;
	case SCAN_ENCODING_BASE64:
		room = arena_alloc_raw(sh->work, body.len + 1);
		return span_of(room, base64_decode(body, room, &strict));
	case SCAN_ENCODING_QUOTED:
		room = arena_alloc_raw(sh->work, body.len + 1);
		return span_of(room, quoted_printable_decode(body, room, &strict));
	default:
		return SPAN_NONE;
	}
}

/* Where other programs may divide the message otherwise, and it is edited in
 * place, nothing is told of its parts. */
static bool
hides_parts(const struct imap_view *v)
{
	return !v->shown->has_told && v->shown->sections_doubtful;
}

static struct span
binary_of(struct imap_showing *sh, const struct imap_view *v, const struct imap_attribute *a, struct span body)
{
	return hides_parts(v) ? SPAN_LITERAL("") : decode(sh, imap_find_section(v->shown, &a->section), body);
}

/* NIL is data == NULL. */
static struct span
octets_of(struct imap_showing *sh, const struct imap_view *v, const struct imap_attribute *a)
{
	struct span octets = sh->bytes;
	struct scan_range range;

	if (!is_whole(a)) {
		if (!find_range(v, a, &range))
			return SPAN_NONE;
		octets = span_first(span_from(sh->bytes, (size_t)range.offset), (size_t)range.octets);
		sh->worked += octets.len;
		if (a->section.kind == IMAP_HEADER_FIELDS || a->section.kind == IMAP_HEADER_FIELDS_NOT)
			octets = pick_fields(sh->work, octets, &a->section);
		else if (a->item == IMAP_ITEM_BINARY)
			octets = binary_of(sh, v, a, octets);
	}
	if (!a->partial || octets.data == NULL)
		return octets;
	octets = a->offset < octets.len ? span_from(octets, (size_t)a->offset) : SPAN_LITERAL("");
	return a->octets < octets.len ? span_first(octets, (size_t)a->octets) : octets;
}

/* ---- telling ---- */

static bool
is_unknown(const struct imap_view *v, const struct imap_attribute *a)
{
	const struct scan_section *section = imap_find_section(v->shown, &a->section);

	return (a->item == IMAP_ITEM_BINARY || a->item == IMAP_ITEM_BINARY_SIZE) && section != NULL &&
	    section->encoding == SCAN_ENCODING_OTHER && !hides_parts(v);
}

static uint64_t
binary_size(const struct imap_view *v, const struct imap_attribute *a)
{
	const struct scan_section *section = imap_find_section(v->shown, &a->section);

	if (a->section.path_count == 0)
		return v->shown->has_told ? v->shown->told.octets : v->octets;
	return section != NULL && !hides_parts(v) ? section->decoded_octets : 0;
}

/* A size, or what announces the octets: a literal8 only where there is a NUL (RFC
 * 3516 4.2). */
static void
put_value(struct buf *out, const struct imap_view *v, const struct imap_attribute *a, struct span octets)
{
	bool binary = a->item == IMAP_ITEM_BINARY && octets.len > 0 && memchr(octets.data, '\0', octets.len) != NULL;

	if (a->item == IMAP_ITEM_BINARY_SIZE)
		imap_put_told(v, a, out);
	else if (octets.data == NULL)
		buf_add_str(out, "NIL");
	else
		buf_printf(out, "%s{%zu}\r\n", binary ? "~" : "", octets.len);
}

/* The next item's name; false: all are told. */
static bool
begin_item(struct imap_session *s, const struct imap_view *v)
{
	struct imap_showing *sh = s->mailbox->showing;
	const struct imap_attribute *a;
	struct buf out = { 0 };

	while (sh->item < sh->fetch.count && !imap_is_shown_item(v, &sh->fetch.attributes[sh->item]))
		sh->item++;
	if (sh->item == sh->fetch.count)
		return false;
	a = &sh->fetch.attributes[sh->item++];
	if (is_unknown(v, a))
		sh->failure = not_known;
	arena_reset(sh->work);
	sh->left = a->item == IMAP_ITEM_BINARY_SIZE ? SPAN_NONE : octets_of(sh, v, a);
	if (sh->any)
		buf_add_str(&out, " ");
	sh->any = true;
	imap_attribute_print_response(&out, a);
	buf_add_str(&out, " ");
	put_value(&out, v, a, sh->left);
	imap_pass_buf(s, &out);
	buf_free(&out);
	return true;
}

/* Goes on when the others had their turn. */
static enum outcome
let_others(struct imap_session *s)
{
	s->mailbox->showing->worked = 0;
	endpoint_deadline(s->ends.server, loop_now(s->ends.session.proxy->loop));
	return imap_back_wait(s);
}

enum outcome
imap_show_items(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct imap_showing *sh = s->mailbox->showing;
	const struct imap_view *v = imap_view_find(s->mailbox, sh->uid);

	if (s->hopeless || v == NULL)
		return imap_back_goto(s, IMAP_BACK_REST);
	if (sh->bytes.data == NULL && sh->item == 0 && !end_message(s, v))
		return imap_back_goto(s, IMAP_BACK_READ_FETCH);
	while (sh->left.len > 0 || begin_item(s, v)) {
		struct span some = span_first(sh->left, RUN_MAX);

		if (imap_client_is_full(s))
			return imap_back_wait(s);
		if (sh->worked > WORK_MAX)
			return let_others(s);
		imap_pass(s, some);
		sh->left = span_from(sh->left, some.len);
		ends_progress(&s->ends);
	}
	spool_reset(&sh->spool, false);
	sh->bytes = SPAN_NONE;
	imap_arm(s, 0);
	return imap_back_goto(s, IMAP_BACK_READ_FETCH);
}

/* ---- in place of the server's word ---- */

bool
imap_put_told(const struct imap_view *v, const struct imap_attribute *a, struct buf *out)
{
	if (a->item == IMAP_ITEM_BINARY_SIZE) {
		buf_printf(out, "%llu", (unsigned long long)binary_size(v, a));
		return true;
	}
	if (!v->shown->has_told)
		return false;
	if (a->item == IMAP_ITEM_RFC822_SIZE)
		buf_printf(out, "%llu", (unsigned long long)v->shown->told.octets);
	else if (a->item == IMAP_ITEM_ENVELOPE)
		buf_add_span(out, v->shown->told.envelope);
	else if (a->item == IMAP_ITEM_BODY)
		buf_add_span(out, v->shown->told.body);
	else if (a->item == IMAP_ITEM_BODYSTRUCTURE)
		buf_add_span(out, v->shown->told.bodystructure);
	else if (imap_item_is_message_data(a->item))
		buf_add_str(out, "NIL");
	else
		return false;
	return true;
}
