/* Words are put into each line in turn as long as they fit, and a line of the
 * text begins a line, if there are enough of them; else its end is a space. A
 * word that is longer than the line is cut, unless that is very short. */
#include "config.h"

#include "rewrite/flow.h"

#include "mime/loose.h"

enum {
	TEXT_LINE_MAX = 998, /* RFC 5322 2.1.1 */
	CUT_LEAST = 16,      /* in a shorter line words are not cut */
};

struct flow {
	char *out;
	size_t len;
	size_t at, end;    /* the line that is being filled: from where on, and its end */
	size_t begin;      /* where it began */
	struct span text;  /* what is left */
	bool lines;        /* the text's lines are kept */
};

bool
line_is_special(struct span line)
{
	struct span text = span_trim(line);
	enum content_field kind;

	return span_starts(text, "--") || span_starts_nocase(line, "begin") || span_starts(line, "=y") ||
	    span_starts(line, "(This file") || span_starts(line, "From ") || line.len > TEXT_LINE_MAX ||
	    span_starts_nocase(text, "Content-") || loose_field_name(text, &kind) > 0;
}

static bool
is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

static bool
is_break(char c)
{
	return c == ' ' || is_line_end(c);
}

/* To the line that begins at or behind `at`; false when there is none. */
static bool
next_line(struct flow *f, size_t at)
{
	while (at < f->len && is_line_end(f->out[at]))
		at++;
	f->begin = f->at = f->end = at;
	while (f->end < f->len && !is_line_end(f->out[f->end]))
		f->end++;
	return at < f->len;
}

static struct span
next_word(const struct flow *f)
{
	size_t len = 0;

	while (len < f->text.len && !is_break(f->text.data[len]))
		len++;
	return span_first(f->text, len);
}

static void
put_word(struct flow *f, struct span word)
{
	memcpy(f->out + f->at, word.data, word.len);
	f->at += word.len;
	f->text = span_from(f->text, word.len);
}

/* Over what stands between words; true when a line ended there. */
static bool
skip_breaks(struct flow *f)
{
	bool ended = false;

	while (f->text.len > 0 && is_break(f->text.data[0])) {
		ended |= f->text.data[0] == '\n';
		f->text = span_from(f->text, 1);
	}
	return ended;
}

static void
fill_line(struct flow *f)
{
	while (f->text.len > 0) {
		struct span word = next_word(f);
		size_t taken = f->at - f->begin, width = f->end - f->begin;
		size_t gap = taken > 0 ? 1 : 0, room = (width < TEXT_LINE_MAX ? width : TEXT_LINE_MAX) - taken;

		if (word.len > room && taken == 0 && room >= CUT_LEAST)
			word.len = room;
		if (word.len + gap > room)
			return;
		f->at += gap;
		put_word(f, word);
		if (skip_breaks(f) && f->lines)
			return;
	}
}

static void
defuse_line(struct flow *f)
{
	if (line_is_special(span_of(f->out + f->begin, f->at - f->begin)))
		f->out[f->begin] = '?';
}

static void
blank(char *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_line_end(out[i]))
			out[i] = ' ';
}

static bool
flow(struct flow *f)
{
	bool more = next_line(f, 0);

	while (more && f->text.len > 0) {
		fill_line(f);
		defuse_line(f);
		more = next_line(f, f->end);
	}
	if (f->text.len > 0)
		blank(f->out, f->len);
	return f->text.len == 0;
}

struct span
flow_text(struct arena *a, struct span lines, const struct span *texts, size_t count)
{
	struct flow f = { .len = lines.len < FLOW_MAX ? lines.len : FLOW_MAX };

	f.out = arena_alloc_raw(a, f.len + 1);
	if (f.len > 0)
		memcpy(f.out, lines.data, f.len);
	blank(f.out, f.len);
	for (size_t i = 0; i < count; i++)
		for (int keep = 1; keep >= 0; keep--) {
			f.text = texts[i];
			f.lines = keep == 1;
			if (texts[i].len > 0 && flow(&f))
				return span_of(f.out, f.begin);
		}
	return SPAN_NONE;
}
