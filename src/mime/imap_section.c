/* Sections are numbered from the structure: the nth part of a multipart has the
 * number of that behind its own, and a message that is no multipart has one
 * part, number 1, which is its body. A message inside is numbered as if its
 * number were part of its parts'. */
#include "config.h"

#include "mime/imap_section.h"
#include "mime/imap_structure.h"

#include <stdlib.h>

struct listing {
	const struct mime_message *m;
	struct imap_section *first, **last;
};

static struct imap_range
range_of(const struct listing *l, struct span s)
{
	if (s.len == 0 && (s.data < l->m->raw.data || s.data > span_end(l->m->raw)))
		return (struct imap_range){ 0 };
	return (struct imap_range){ .at = (uint64_t)(s.data - l->m->raw.data), .len = s.len };
}

static struct imap_section *
add_section(struct listing *l, const char *path)
{
	struct imap_section *section = ARENA_NEW(l->m->arena, struct imap_section);

	section->path = span_str(path);
	*l->last = section;
	l->last = &section->next;
	return section;
}

static const char *
number(const struct listing *l, const char *path, size_t n)
{
	return arena_printf(l->m->arena, "%s%s%zu", path, path[0] != '\0' ? "." : "", n);
}

static void list_part(struct listing *l, const char *path, const struct mime_part *part);

static void
list_parts(struct listing *l, const char *path, const struct mime_part *multipart)
{
	size_t n = 0;

	for (const struct mime_part *child = imap_children(multipart); child != NULL; child = imap_next(child))
		list_part(l, number(l, path, ++n), child);
	if (n == 0) /* the empty text that the structure has there */
		add_section(l, number(l, path, 1));
}

/* Of a message: its parts, or its body as the one that it has. */
static void
list_content(struct listing *l, const char *path, const struct mime_part *root)
{
	if (imap_kind(root) == IMAP_MULTIPART)
		list_parts(l, path, root);
	else
		list_part(l, number(l, path, 1), root);
}

static void
list_message(struct listing *l, const char *path, const struct mime_part *part, struct imap_section *section)
{
	const struct mime_part *root = imap_children(part);

	section->message = true;
	if (root != NULL) {
		section->header = range_of(l, root->head);
		section->text = range_of(l, root->body);
		list_content(l, path, root);
	} else {
		section->text = range_of(l, part->body);
		add_section(l, number(l, path, 1))->whole = section->text;
	}
}

static void
list_part(struct listing *l, const char *path, const struct mime_part *part)
{
	struct imap_section *section = add_section(l, path);

	section->whole = range_of(l, part->body);
	section->mime = range_of(l, part->head);
	if (imap_kind(part) == IMAP_MESSAGE)
		list_message(l, path, part, section);
	else if (imap_kind(part) == IMAP_MULTIPART)
		list_parts(l, path, part);
}

struct imap_section *
imap_sections(const struct mime_message *m)
{
	struct listing l = { .m = m };
	struct imap_section *whole;

	l.last = &l.first;
	whole = add_section(&l, "");
	whole->message = true;
	whole->whole.len = m->raw.len;
	whole->header = range_of(&l, m->root->head);
	whole->text = range_of(&l, m->root->body);
	list_content(&l, "", m->root);
	return l.first;
}

bool
imap_section_find(const struct imap_section *sections, struct span path, enum imap_section_kind kind,
    struct imap_range *out)
{
	const struct imap_section *s = sections;

	while (s != NULL && !span_eq(s->path, path))
		s = s->next;
	if (s == NULL)
		return false;
	switch (kind) {
	case IMAP_SECTION_WHOLE:
		*out = s->whole;
		return true;
	case IMAP_SECTION_MIME:
		*out = s->mime;
		return s->path.len > 0;
	case IMAP_SECTION_HEADER:
		*out = s->header;
		return s->message;
	default:
		*out = s->text;
		return s->message;
	}
}

static void
put_range(struct buf *out, const struct imap_range *range)
{
	buf_put_u64(out, range->at);
	buf_put_u64(out, range->len);
}

void
imap_sections_encode(struct buf *out, const struct imap_section *sections)
{
	for (const struct imap_section *s = sections; s != NULL; s = s->next) {
		buf_put_span(out, s->path);
		buf_put_u32(out, s->message);
		put_range(out, &s->whole);
		put_range(out, &s->mime);
		if (!s->message)
			continue;
		put_range(out, &s->header);
		put_range(out, &s->text);
	}
}

static bool
take_range(struct span *in, uint64_t octets, struct imap_range *range)
{
	return take_u64(in, &range->at) && take_u64(in, &range->len) && range->at <= octets &&
	    range->len <= octets - range->at;
}

static bool
take_section(struct span *in, uint64_t octets, struct imap_section *s)
{
	uint32_t message;

	if (!take_span(in, &s->path) || !take_u32(in, &message) || message > 1)
		return false;
	s->message = message;
	if (!take_range(in, octets, &s->whole) || !take_range(in, octets, &s->mime))
		return false;
	return !s->message || (take_range(in, octets, &s->header) && take_range(in, octets, &s->text));
}

bool
imap_sections_decode(struct arena *a, struct span in, uint64_t octets, struct imap_section **out)
{
	*out = NULL;
	while (in.len > 0) {
		*out = ARENA_NEW(a, struct imap_section);
		if (!take_section(&in, octets, *out))
			return false;
		out = &(*out)->next;
	}
	return true;
}

static int
compare_names(const void *left, const void *right)
{
	const struct span *a = left, *b = right;

	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	for (size_t i = 0; i < a->len; i++) {
		int difference = (unsigned char)ascii_lower(a->data[i]) - (unsigned char)ascii_lower(b->data[i]);

		if (difference != 0)
			return difference;
	}
	return 0;
}

/* The line at the front, with its end. */
static struct span
line_of(struct span text)
{
	size_t newline = span_find_byte(text, '\n');

	return span_first(text, newline == SIZE_MAX ? text.len : newline + 1);
}

static bool
is_empty(struct span line)
{
	return span_is(line, "\n") || span_is(line, "\r\n");
}

static struct span
name_of(struct span line)
{
	struct span name = span_first(line, span_find_byte(line, ':'));

	while (name.len > 0 && (unsigned char)name.data[name.len - 1] <= ' ')
		name.len--;
	return name;
}

void
imap_header_fields(struct text *out, struct span head, const struct span *names, size_t count,
    bool others)
{
	struct span *sorted = ARENA_ARRAY(out->arena, struct span, count + 1);
	bool taken = others, ended = false;
	size_t begin = out->len;

	if (count > 0)
		memcpy(sorted, names, count * sizeof(*names));
	qsort(sorted, count, sizeof(*sorted), compare_names);
	while (head.len > 0) {
		struct span line = line_of(head);

		if (is_empty(line)) {
			taken = ended = true;
		} else if (line.data[0] != ' ' && line.data[0] != '\t') {
			struct span name = name_of(line);

			taken = (bsearch(&name, sorted, count, sizeof(*sorted), compare_names) != NULL) != others;
		}
		if (taken)
			text_add(out, line);
		head = span_from(head, line.len);
	}
	if (ended)
		return;
	if (out->len > begin && out->data[out->len - 1] != '\n')
		text_add(out, SPAN_LITERAL("\r\n"));
	text_add(out, SPAN_LITERAL("\r\n"));
}
