/* BODYSTRUCTURE: a tree ends where the list does, and keeps its bounds; any value
 * cut at a literal is as long as the whole one. */
#include "config.h"

#include "wire/imap_line.h"
#include "wire/imap_structure.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

static size_t
count_parts(const struct imap_part *part, unsigned depth)
{
	size_t count = 0;

	demand(depth <= IMAP_STRUCTURE_DEPTH_MAX);
	for (; part != NULL; part = part->next) {
		demand(part->type.data != NULL && part->subtype.data != NULL);
		demand(part->parameter_count <= IMAP_STRUCTURE_PARAMETERS_MAX);
		demand(part->octets <= INT64_MAX && part->lines <= INT64_MAX);
		count += 1 + count_parts(part->children, depth + 1);
	}
	return count;
}

static void
check_structure(struct span in)
{
	struct arena *a = arena_new(0);
	struct imap_cursor c = imap_cursor(in), value = c;
	struct imap_part *part = imap_take_structure(&c, a);

	demand((part != NULL) != c.failed);
	if (part != NULL) {
		demand(count_parts(part, 1) <= IMAP_STRUCTURE_PARTS_MAX);
		demand(!imap_skip_value(&value, NULL) || value.rest.len == c.rest.len);
	}
	arena_free(&a);
}

/* The length of a value in `in`, read text by text as a session does; SIZE_MAX where there is none. */
static size_t
cut_value(struct span in)
{
	struct span rest = in;
	unsigned depth = 0;
	struct imap_line line;
	const char *why;
	size_t used;

	for (;;) {
		struct imap_cursor c;
		int result;

		if (imap_line_take(rest, SIZE_MAX, &line, &used, &why) != 1)
			return SIZE_MAX;
		c = imap_cursor(line.text);
		result = imap_skip_some(&c, &depth);
		if (result == 1)
			return (size_t)(c.rest.data - in.data);
		rest = span_from(rest, used);
		if (result < 0 || !line.has_literal || line.literal.octets > rest.len)
			return SIZE_MAX;
		rest = span_from(rest, (size_t)line.literal.octets);
		if (depth == 0)
			return in.len - rest.len;
	}
}

static void
check_value(struct span in)
{
	struct imap_cursor c = imap_cursor(in);
	size_t cut = cut_value(in);

	if (cut != SIZE_MAX && cut > 0)
		demand(imap_skip_value(&c, NULL) && in.len - c.rest.len == cut);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of((const char *)data, size);

	check_structure(in);
	check_value(in);
	return 0;
}
