/* Fields of a header by name, line by line. */
#include "config.h"

#include "mime/header_fields.h"

#include <stdlib.h>

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
header_fields(struct text *out, struct span head, const struct span *names, size_t count,
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
