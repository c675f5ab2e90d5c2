/* Whole messages: whatever the bytes, the tree must hold together, and every
 * header and body must be readable. */
#include "config.h"

#include "mime/decode.h"
#include "mime/utf8.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct mime_limits limits = { .parts = 50, .depth = 8, .headers = 100 };
static struct scratch *scratch;

static void
require(bool truth)
{
	if (!truth)
		abort();
}

static bool
lies_in(struct span inner, struct span outer)
{
	return inner.len == 0 || (inner.data >= outer.data && span_end(inner) <= span_end(outer));
}

static void
check_headers(struct arena *a, const struct mime_part *part)
{
	size_t count = 0;

	for (const struct mime_header *h = part->headers; h != NULL; h = h->next, count++) {
		require(lies_in(h->raw, part->head) && lies_in(h->name, h->raw) && lies_in(h->value, h->raw));
		require(h->name.len > 0);
		require(utf8_valid(mime_header_text(a, h)));
	}
	require(count == part->header_count);
}

static void
check_names(const struct mime_part *part)
{
	for (const struct mime_name *n = part->names; n != NULL; n = n->next)
		require(n->name.len > 0 && utf8_valid(n->name));
}

/* Returns how many parts there are. */
static size_t
check_part(struct mime_message *m, const struct mime_part *part)
{
	size_t count = 1;

	require(part->section != NULL && part->types != NULL && part->encodings != NULL);
	require(part->depth <= limits.depth + 1);
	require(part->detached || lies_in(part->whole, m->raw));
	require(lies_in(part->head, part->whole) && lies_in(part->body, part->whole));
	require(part->kind != PART_MESSAGE || (part->first_child != NULL && part->first_child->next == NULL));
	check_headers(m->arena, part);
	check_names(part);
	for (const struct mime_part *child = part->first_child; child != NULL; child = child->next) {
		require(child->parent == part && child->depth == part->depth + 1);
		require(child->detached != part->detached || child->detached || lies_in(child->whole, part->body));
		count += check_part(m, child);
	}
	return count;
}

static void
check_leaves(struct mime_message *m)
{
	size_t count = 0;

	for (const struct mime_part *part = m->first_leaf; part != NULL; part = part->next_leaf, count++) {
		require(part->kind == PART_LEAF);
		for (const struct mime_encodings *e = part->encodings; e != NULL; e = e->next)
			require(mime_decode_body(m, part, e->encoding, scratch).len <= part->body.len);
	}
	require(count <= m->part_count);
}

/* A shadow is a leaf that the tree does not know. */
static void
check_shadows(struct mime_message *m)
{
	size_t count = 0;

	for (const struct mime_part *part = m->first_shadow; part != NULL; part = part->next_leaf, count++) {
		struct mime_bodies bodies;

		require(part->shadow && part->kind == PART_LEAF && part->parent != NULL);
		require(part->types != NULL && part->encodings != NULL && part->section[0] != '\0');
		require(part->detached || lies_in(part->whole, m->raw));
		require(lies_in(part->body, part->whole) && lies_in(part->head, part->whole));
		check_names(part);
		mime_bodies_begin(&bodies, m, part, scratch);
		while (mime_bodies_next(&bodies))
			require(bodies.content.len == 0 || bodies.content.data != NULL);
	}
	require(count + m->part_count <= limits.parts + limits.depth);
}

static void
check_defects(const struct mime_message *m)
{
	size_t count = 0;

	for (const struct mime_defect *d = m->defects; d != NULL; d = d->next, count++)
		require(strcmp(d->section, d->part->section) == 0);
	require(count == m->defect_count);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(0);
	struct mime_message *m;

	if (scratch == NULL)
		scratch = scratch_new(-1);
	require(scratch != NULL);
	m = mime_parse(a, span_of((const char *)data, size), &limits);
	require(check_part(m, m->root) == m->part_count);
	check_leaves(m);
	check_shadows(m);
	check_defects(m);
	require(m->readings >= 1);
	arena_free(&a);
	return 0;
}
