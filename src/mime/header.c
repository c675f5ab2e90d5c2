/* Headers: the fields in front of a body (RFC 5322 2.2), where they lie.
 *
 * A line that is no field is stepped over when a field follows it, or the end of
 * a header that has fields, and is otherwise the first line of the body: either
 * way other programs may differ, and it is a defect. White space before the colon
 * is RFC 5322's obsolete syntax; so is a continuation line of nothing but white
 * space, which ends the header only when no field can come after it. */
#include "config.h"

#include "mime/decode.h"
#include "mime/defects.h"
#include "mime/parser.h"
#include "mime/text.h"
#include "mime/utf8.h"

/* U+FEFF. A text editor may have put it in front. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* The line at `at` with its end. */
static struct span
line_at(const char *at, const char *end)
{
	const char *newline = memchr(at, '\n', (size_t)(end - at));

	return span_of(at, (size_t)((newline != NULL ? newline + 1 : end) - at));
}

static struct span
without_end(struct span line)
{
	if (line.len > 0 && line.data[line.len - 1] == '\n')
		line.len--;
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* The name of the field that the line begins; *colon is where the value's
 * colon stands. */
static bool
field_name(struct span line, struct span *name, size_t *colon)
{
	size_t len = 0;

	while (len < line.len && line.data[len] > ' ' && line.data[len] < 0x7f && line.data[len] != ':')
		len++;
	*name = span_first(line, len);
	while (len < line.len && (line.data[len] == ' ' || line.data[len] == '\t'))
		len++;
	*colon = len;
	return name->len > 0 && len < line.len && line.data[len] == ':';
}

static bool
is_continuation(const char *at, const char *end)
{
	return at < end && (*at == ' ' || *at == '\t');
}

static bool
is_blank(struct span line)
{
	return (line.len == 0 || line.data[0] <= ' ') && span_trim(line).len == 0;
}

/* May the line at `at`, after one of white space, still be of the header? */
static bool
header_goes_on(const char *at, const char *end)
{
	struct span line = line_at(at, end), name;
	size_t colon;

	return at < end && (without_end(line).len == 0 || is_continuation(at, end) || field_name(line, &name, &colon));
}

static bool
begins_content(struct span s)
{
	return s.len > 0 && ascii_lower(s.data[0]) == 'c' && span_starts_nocase(s, "content-");
}

/* A line that continues a field: some program may take it for one. */
static bool
hides_field(struct span line)
{
	size_t blanks = 0;

	while (blanks < line.len && (line.data[blanks] == ' ' || line.data[blanks] == '\t'))
		blanks++;
	return begins_content(span_from(line, blanks)) && loose_field_is_sane(line);
}

/* Is a Content- field's name not just that, or does its value begin oddly? */
static bool
is_mangled(struct span line, struct span name, size_t colon)
{
	enum content_field kind;
	struct span value;

	if (name.len < strlen("Content-Type") || span_find_nocase(name, SPAN_LITERAL("content-")) == SIZE_MAX)
		return false;
	if (content_field_of(name) == CONTENT_FIELDS)
		return loose_field_name(line, &kind) > 0;
	value = span_trim(span_from(line, colon + 1));
	return span_starts(value, ":") || begins_content(value);
}

/* Takes the field at p->in.at with its continuation lines. */
static struct mime_header *
read_field(struct parser *p, const struct mime_part *part, struct span line, struct span name, size_t colon)
{
	const char *begin = line.data, *end = span_end(p->in.text), *at = span_end(line);
	struct mime_header *h;
	struct span raw;

	while (is_continuation(at, end)) {
		line = line_at(at, end);
		if (is_blank(line)) {
			if (!header_goes_on(span_end(line), end))
				break;
			defect_add(p->m, part, DEFECT_BLANK_FOLD);
		} else if (hides_field(line)) {
			p->odd_head = true;
		}
		at = span_end(line);
	}
	p->in.at = at;
	p->odd_head |= is_mangled(span_of(begin, (size_t)(at - begin)), name, colon);
	if (colon > name.len)
		defect_add(p->m, part, DEFECT_SPACE_BEFORE_COLON);
	if (span_find(name, SPAN_LITERAL("=?")) != SIZE_MAX) /* some decode words before they look for names */
		defect_add(p->m, part, DEFECT_HIDDEN_FIELD);
	if (p->headers++ >= p->limits.headers) {
		defect_over_limit(p->m, part, DEFECT_LIMIT_HEADERS);
		return NULL;
	}
	raw = span_of(begin, (size_t)(at - begin));
	h = ARENA_NEW(p->m->arena, struct mime_header);
	*h = (struct mime_header){ .raw = raw, .name = name, .value = without_end(span_from(raw, colon + 1)) };
	return h;
}

static bool
begins_message(const struct mime_part *part, const char *line)
{
	return line == part->head.data && (part->parent == NULL || part->parent->kind == PART_MESSAGE);
}

/* A line that is no field: true when the header goes on after it. */
static bool
skip_strange_line(struct parser *p, const struct mime_part *part, struct span line)
{
	const char *end = span_end(p->in.text), *next = span_end(line);
	struct span following, name;
	size_t colon;

	if (begins_message(part, line.data) && (span_starts(line, "From ") || span_starts(line, ">From "))) {
		defect_add(p->m, part, DEFECT_MBOX_FROM_LINE);
		p->in.at = next;
		return true;
	}
	defect_add(p->m, part, DEFECT_HEADER_WITHOUT_COLON);
	if (next == end)
		return false;
	following = without_end(line_at(next, end));
	if (following.len == 0 ? part->headers == NULL : !field_name(following, &name, &colon))
		return false;
	p->in.at = next;
	return true;
}

/* Reads fields up to the empty line, a delimiter, the body or the end. */
static bool
read_fields(struct parser *p, struct mime_part *part)
{
	const char *end = span_end(p->in.text);
	struct mime_header **last = &part->headers;

	while (p->in.at < end) {
		struct span line = line_at(p->in.at, end), name;
		size_t colon;

		if (*p->in.at == '-' && delimiter_at(p->in.open, p->in.at, end, &p->in.ended_by))
			return false;
		if (is_blank(line)) {
			if (without_end(line).len > 0)
				defect_add(p->m, part, DEFECT_BLANK_FOLD);
			p->in.at = span_end(line);
			return true;
		}
		if (field_name(line, &name, &colon)) {
			*last = read_field(p, part, line, name, colon);
			if (*last == NULL)
				continue;
			last = &(*last)->next;
			part->header_count++;
		} else if (!skip_strange_line(p, part, line)) {
			return true;
		}
	}
	defect_add(p->m, part, DEFECT_HEADER_NOT_ENDED);
	return true;
}

static bool
has_bare(struct span s, char c, int side, char companion)
{
	for (const char *at = s.data, *end = span_end(s); at < end; at++) {
		at = memchr(at, c, (size_t)(end - at));
		if (at == NULL)
			return false;
		if (at + side < s.data || at + side >= end || at[side] != companion)
			return true;
	}
	return false;
}

static void
look_for_defects(struct parser *p, const struct mime_part *part)
{
	struct span head = part->head;

	if (span_find_byte(head, '\0') != SIZE_MAX)
		defect_add(p->m, part, DEFECT_NUL_IN_HEADER);
	p->odd_head |= span_find_byte(head, '\v') != SIZE_MAX || span_find_byte(head, '\f') != SIZE_MAX;
	if (has_bare(head, '\r', 1, '\n'))
		defect_add(p->m, part, DEFECT_BARE_CR_IN_HEADER);
	if (p->in.crlf && has_bare(head, '\n', -1, '\r'))
		defect_add(p->m, part, DEFECT_BARE_LF_IN_HEADER);
	p->odd_head |= part->found->first != NULL;
	if (!utf8_valid(head))
		defect_add(p->m, part, DEFECT_HEADER_NOT_UTF8);
}

bool
header_read(struct parser *p, struct mime_part *part)
{
	const char *begin = p->in.at;
	bool has_body;

	p->odd_head = false;
	part->head.data = begin;
	if (begins_message(part, begin) && span_starts(span_of(begin, (size_t)(span_end(p->in.text) - begin)),
	    BYTE_ORDER_MARK)) {
		defect_add(p->m, part, DEFECT_BYTE_ORDER_MARK);
		p->in.at += strlen(BYTE_ORDER_MARK);
	}
	has_body = read_fields(p, part);
	part->head.len = (size_t)(p->in.at - begin);
	look_for_defects(p, part);
	if (!has_body) {
		if (part->head.len > 0)
			defect_add(p->m, part, DEFECT_HEADER_NOT_ENDED);
		p->in.at = p->in.ended_by.next;
	}
	return has_body;
}

const struct mime_header *
mime_header_find(const struct mime_part *part, struct span name, const struct mime_header *after)
{
	const struct mime_header *h = after != NULL ? after->next : part->headers;

	while (h != NULL && !span_eq_nocase(h->name, name))
		h = h->next;
	return h;
}

struct span
mime_header_unfolded(struct arena *a, const struct mime_header *h)
{
	return text_unfolded(a, h->value);
}

struct span
mime_header_text(struct arena *a, const struct mime_header *h)
{
	return encoded_words_decode(a, mime_header_unfolded(a, h));
}
