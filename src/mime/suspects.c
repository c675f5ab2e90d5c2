/* Lines that could be delimiters. Where nothing is declared that a line could be
 * of, it is one when fields stand behind it, one of them Content-; then the text
 * is gone over once more, for those of its kind without fields. */
#include "config.h"

#include "mime/loose.h"
#include "mime/suspects.h"

enum { SNIFF_LINES = 8 }; /* fields among which Content- is looked for */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next "--" that begins a line, but for blanks, behind any kind of line end; *line is
 * where that begins. NULL: none. */
static const char *
find_dashes(struct span text, const char *at, const char **line)
{
	const char *end = span_end(text);

	while (at < end && (at = memchr(at, '-', (size_t)(end - at))) != NULL && end - at >= 2) {
		const char *begin = at;

		while (begin > text.data && is_blank(begin[-1]))
			begin--;
		if (at[1] == '-' && (begin == text.data || loose_breaks_line(begin[-1]))) {
			*line = begin;
			return at;
		}
		while (at < end && *at == '-')
			at++;
	}
	return NULL;
}

static const char *
line_end(const char *at, const char *end)
{
	while (at < end && *at != '\r' && *at != '\n')
		at++;
	return at;
}

static const char *
after_line_end(const char *at, const char *end)
{
	if (at < end && *at == '\r')
		at++;
	if (at < end && *at == '\n')
		at++;
	return at;
}

bool
suspects_content_follows(const char *at, const char *end)
{
	for (int i = 0; i < SNIFF_LINES && at < end; i++) {
		const char *stop = line_end(at, end);
		struct span line = span_of(at, (size_t)(stop - at));
		enum content_field kind;

		while (line.len > 0 && (unsigned char)line.data[0] <= ' ')
			line = span_from(line, 1);
		if (span_starts(line, "--"))
			return false;
		if (loose_field_name(line, &kind) > 0)
			return true;
		if (line.len > 0 && line.data == at && !loose_is_field(line))
			return false;
		at = after_line_end(stop, end);
	}
	return false;
}

bool
suspects_header_follows(const char *at, const char *end)
{
	while (at < end && (unsigned char)*at <= ' ')
		at++;
	return loose_is_field(span_of(at, (size_t)(line_end(at, end) - at)));
}

/* Compares what stands behind the dashes with each boundary. */
static bool
match(const struct guesses *g, struct span rest, struct suspect *e)
{
	size_t longest = 0;

	e->id = SUSPECT_NONE;
	e->exact = e->final = false;
	for (size_t i = 0; i < g->count; i++) {
		struct span value = g->value[i], more;
		bool exact;

		if (rest.len < value.len || memcmp(rest.data, value.data, value.len) != 0)
			continue;
		more = span_from(rest, value.len);
		exact = more.len == 0 || span_is(more, "--");
		if (e->id != SUSPECT_NONE && (exact < e->exact || (exact == e->exact && value.len <= longest)))
			continue;
		longest = value.len;
		e->id = i;
		e->exact = exact;
		e->final = span_starts(more, "--");
	}
	if (e->id == SUSPECT_NONE && g->empty && (span_trim(rest).len == 0 || span_is(span_trim(rest), "--"))) {
		e->id = SUSPECT_EMPTY;
		e->exact = true;
	}
	return e->id != SUSPECT_NONE;
}

/* The same with blanks behind the dashes. */
static bool
match_blank(const struct guesses *g, struct span rest, struct suspect *e)
{
	struct span trimmed = span_trim(rest);

	if (trimmed.data == rest.data || trimmed.len == 0 || !match(g, trimmed, e))
		return false;
	e->exact = false;
	return true;
}

/* False when there are too many. */
static bool
add(struct suspects *s, struct arena *a, struct suspect e, size_t most)
{
	if (s->count >= most)
		return false;
	s->list = arena_grow(a, s->list, sizeof(*s->list), &s->cap, s->count + 1);
	s->list[s->count++] = e;
	return true;
}

static void
link_all(struct suspects *s)
{
	size_t next_same[SUSPECT_IDS], next_exact = s->count;

	for (size_t i = 0; i < SUSPECT_IDS; i++)
		next_same[i] = s->count;
	for (size_t i = s->count; i-- > 0;) {
		struct suspect *e = &s->list[i];

		e->next_same = next_same[e->id];
		e->next_exact = next_exact;
		if (!e->exact)
			continue;
		next_same[e->id] = i;
		next_exact = i;
	}
}

static bool
find_all(struct suspects *s, struct guesses *g, size_t most)
{
	const char *end = span_end(s->text), *at = s->text.data;
	struct suspect e = { 0 };

	s->count = 0;
	while ((at = find_dashes(s->text, at, &e.line)) != NULL) {
		const char *stop = line_end(at, end);
		struct span rest = span_of(at + 2, (size_t)(stop - at) - 2);
		bool found;

		e.next = at = after_line_end(stop, end);
		found = match(g, rest, &e) || match_blank(g, rest, &e);
		if (!found && rest.len > 0 && suspects_content_follows(e.next, end)) {
			guesses_add(g, rest);
			found = match(g, rest, &e);
		}
		if (found && !add(s, g->arena, e, most))
			return false;
	}
	return true;
}

bool
suspects_find(struct suspects *s, struct guesses *g, struct span text, size_t most)
{
	size_t declared = g->count;

	*s = (struct suspects){ .text = text };
	if (!find_all(s, g, most) || (g->count > declared && !find_all(s, g, most)))
		return false;
	link_all(s);
	return true;
}

const char *
suspect_line(const struct suspects *s, size_t i)
{
	return i < s->count ? s->list[i].line : span_end(s->text);
}

const char *
suspects_next_fields(struct span text, const char *from)
{
	const char *end = span_end(text), *at = from;

	for (; (at = memchr(at, '-', (size_t)(end - at))) != NULL; at++) {
		enum content_field kind;
		const char *line = loose_field_around(text.data, at, end, &kind);

		if (line != NULL && line >= from)
			return line;
	}
	return end;
}
