/* Hostile messages written anew. Of the result
 * - there is one reading, but of names, and no defect hides anything, but in
 *   pieces of messages, and of what an encoded text holds;
 * - lines end as those of the original, and are not too long;
 * - the leaves are those of the original's strict reading, with its contents.
 * What was not wholly read is not asked of: it is never written anew. */
#include "config.h"

#include "rewrite/compose.h"
#include "rewrite/renew.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINE_MAX_OCTETS = 998 };

static const struct mime_limits limits = { 64, 16, 256 };
/* Headers may have grown by a field or two, and what was no file in a text may be one. */
static const struct mime_limits limits_after = { 128, 32, 1024 };

static void
fail(const char *what, const char *about, struct span message)
{
	fprintf(stderr, "%s: %s\n%.*s\n", what, about, SPAN_ARG(message));
	abort();
}

/* Of such parts nobody sees the whole: the message is not delivered. */
static bool
is_piece(const struct mime_message *m)
{
	for (const struct mime_defect *d = m->defects; d != NULL; d = d->next)
		if (strcmp(d->name, "partial-message") == 0 || strcmp(d->name, "external-body") == 0)
			return true;
	return false;
}

static bool
is_in_text(const struct mime_part *p)
{
	return p->parent != NULL && p->parent->kind == PART_LEAF;
}

static void
check_readings(const struct mime_message *m)
{
	for (const struct mime_defect *d = m->defects; d != NULL; d = d->next)
		if (d->hides) /* the scan keeps it back */
			return;
	for (const struct mime_part *p = m->first_leaf; p != NULL; p = p->next_leaf)
		if (p->types->next != NULL || p->encodings->next != NULL)
			fail("several readings", p->section, m->raw);
}

static void
check_lines(struct span text, struct span eol)
{
	struct span rest = text;
	size_t at;

	while ((at = span_find_byte(rest, '\n')) != SIZE_MAX) {
		struct span line = span_first(rest, at + 1);

		if (!span_ends_nocase(line, eol.data) || span_find_byte(span_first(line, line.len - eol.len), '\r') != SIZE_MAX)
			fail("a line does not end as the others", "", text);
		if (line.len - eol.len > LINE_MAX_OCTETS)
			fail("a line is too long", "", text);
		rest = span_from(rest, at + 1);
	}
	if (rest.len > 0)
		fail("the last line does not end", "", text);
}

/* Files in a text are not by themselves. */
static const struct mime_part *
next_of(const struct mime_part *leaf)
{
	while (leaf != NULL && is_in_text(leaf))
		leaf = leaf->next_leaf;
	return leaf;
}

static struct span
content_of(struct mime_message *m, const struct mime_part *leaf, struct scratch *scratch)
{
	struct mime_bodies b;

	mime_bodies_begin(&b, m, leaf, scratch);
	return mime_bodies_next(&b) ? b.content : SPAN_NONE;
}

/* A line end may have been added at the end of the message. */
static bool
same(struct span before, struct span after)
{
	struct span rest = span_from(after, before.len);

	return before.len <= after.len && (before.len == 0 || memcmp(before.data, after.data, before.len) == 0) &&
	    (rest.len == 0 || span_is(rest, "\r\n") || span_is(rest, "\n"));
}

static void
check_leaves(struct mime_message *m, struct mime_message *anew, struct scratch *one, struct scratch *two)
{
	const struct mime_part *a = next_of(m->first_leaf), *b = next_of(anew->first_leaf);

	while (a != NULL && b != NULL) {
		struct span before = content_of(m, a, one), after = content_of(anew, b, two);

		if (!same(before, after))
			fail("other content", a->section, anew->raw);
		a = next_of(a->next_leaf);
		b = next_of(b->next_leaf);
	}
	if (a != NULL || b != NULL)
		fail("other leaves", "", anew->raw);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(0);
	struct mime_message *m = mime_parse(a, span_of((const char *)data, size), &limits), *anew;
	struct scratch *one = scratch_new(-1), *two = scratch_new(-1);

	if (!m->over_limit) {
		anew = mime_parse(a, renew_message(m, one), &limits_after);
		check_lines(anew->raw, line_end_of(m->raw));
		if (!is_piece(anew))
			check_readings(anew);
		check_leaves(m, anew, one, two);
	}
	scratch_free(&one);
	scratch_free(&two);
	arena_free(&a);
	return 0;
}
