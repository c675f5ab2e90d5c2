/* What the reader of a message that nobody could scan is shown. This runs where
 * sessions run, outside of the cage, so it reads no more than lines: a line is
 * kept when it surely is a field that says nothing of the content, or goes on
 * with one; whatever a program could take for something else is removed. */
#include "config.h"

#include "scan/request.h"

#include "rewrite/compose.h"
#include "rewrite/flow.h"
#include "rewrite/notice.h"

/* Going through the lines of a header. */
struct walk {
	struct span head;
	size_t at;         /* where the next line begins */
	size_t removed;    /* where the lines begin that are being removed, up to `at` */
	bool removing;     /* the field that folded lines would belong to is removed */
	struct edits edits;
};

static bool
is_blank(struct span line)
{
	return span_is(line, "\r\n") || span_is(line, "\n");
}

/* No line end to anybody but at its end. */
static bool
is_one_line(struct span line)
{
	struct span text = span_first(line, line.len - 1);

	if (text.len > 0 && text.data[text.len - 1] == '\r')
		text.len--;
	return span_find_byte(text, '\r') == SIZE_MAX && span_find_byte(text, '\0') == SIZE_MAX;
}

/* RFC 5322 2.2: printable ASCII. */
static bool
is_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] <= ' ' || name.data[i] > '~')
			return false;
	return name.len > 0;
}

/* Content- also in a longer name: some programs look for no more. */
static bool
is_kept_field(struct span line)
{
	struct span name = span_first(line, span_find_byte(line, ':'));

	return name.len < line.len && is_name(name) && is_one_line(line) &&
	    span_find_nocase(name, SPAN_LITERAL("Content-")) == SIZE_MAX && !span_is_nocase(name, "MIME-Version");
}

static bool
is_kept(struct walk *w, struct span line)
{
	if (line.data[0] != ' ' && line.data[0] != '\t')
		w->removing = !is_kept_field(line);
	else if (!is_one_line(line) || span_trim(line).len == 0)
		return false;
	return !w->removing;
}

/* Ends what is being removed at `at`. */
static void
remove_until(struct walk *w, size_t at)
{
	if (at > w->removed)
		edits_add(&w->edits, w->removed, at - w->removed, SPAN_NONE);
}

/* To the blank line; false when there is none. */
static bool
walk_header(struct walk *w)
{
	struct span line;
	size_t end;

	w->removing = true; /* before the first field nothing is folded */
	while ((end = span_find_byte(span_from(w->head, w->at), '\n')) != SIZE_MAX) {
		line = span_first(span_from(w->head, w->at), end + 1);
		if (is_blank(line)) {
			remove_until(w, w->at);
			return true;
		}
		if (is_kept(w, line)) {
			remove_until(w, w->at);
			w->removed = w->at + line.len;
		}
		w->at += line.len;
	}
	return false;
}

/* `first`: fields before the new ones. */
static struct span
new_content(struct arena *a, struct span first, const char *why, struct span eol)
{
	struct notice_entity entity = notice_entity(a, notice_withheld(a, span_str(why)), eol);
	struct text t = { .arena = a };

	text_add_lines(&t, first, eol);
	text_add_lines(&t, SPAN_LITERAL("X-Gatepost-Incomplete: not scanned\r\nMIME-Version: 1.0\r\n"), eol);
	text_add(&t, entity.fields);
	text_add(&t, eol);
	text_add(&t, entity.body);
	text_add(&t, eol);
	return text_span(&t);
}

void
scan_answer_withhold(struct arena *a, struct scan_answer *r, struct span message_head, uint64_t message_size,
    const char *why)
{
	struct walk w = { .head = span_first(message_head, WITHHOLD_HEAD_MAX) };
	struct span eol = line_end_of(message_head), first = SPAN_NONE;

	*r = (struct scan_answer){ .verdict = VERDICT_QUARANTINE, .reason = span_str(why), .keep_original = true };
	if (message_size < w.head.len)
		w.head.len = message_size;
	edits_init(&w.edits, a);
	if (!walk_header(&w)) {
		edits_init(&w.edits, a);
		w.at = 0;
		first = SPAN_LITERAL("Subject: message withheld\r\n");
	}
	edits_add(&w.edits, w.at, message_size - w.at, new_content(a, first, why, eol));
	r->edits = w.edits.items;
	r->edit_count = w.edits.count;
}

/* Where the header ends with its blank line, or the head. */
static size_t
header_end(struct span head)
{
	size_t at = 0, end;

	while ((end = span_find_byte(span_from(head, at), '\n')) != SIZE_MAX) {
		struct span line = span_first(span_from(head, at), end + 1);

		at += line.len;
		if (is_blank(line))
			return at;
	}
	return head.len;
}

void
scan_answer_withhold_in_place(struct arena *a, struct scan_answer *r, struct span message_head,
    uint64_t message_size, const char *why)
{
	const struct span texts[] = { notice_withheld(a, span_str(why)), SPAN_LITERAL("[withheld]") };
	struct span head = span_first(message_head, message_size < WITHHOLD_HEAD_MAX ? message_size : WITHHOLD_HEAD_MAX);
	size_t at = header_end(head);
	struct edit *edit = ARENA_NEW(a, struct edit);

	*r = (struct scan_answer){ .verdict = VERDICT_QUARANTINE, .reason = span_str(why), .keep_original = true,
		.in_place = true, .sections_doubtful = true };
	edit->offset = at;
	edit->length = message_size - at;
	edit->replacement = flow_text(a, span_from(head, at), texts, 2);
	edit->fill = FILL_BLANK;
	r->edits = edit;
	r->edit_count = edit->length > 0 ? 1 : 0;
}
