/* Edits: collected in any order, then sorted and freed of overlaps in one
 * pass, so that applying them is a single walk along the message. */
#include "config.h"

#include "rewrite/edit.h"

#include <stdlib.h>

void
edits_init(struct edits *e, struct arena *a)
{
	*e = (struct edits){ .arena = a };
}

void
edits_add(struct edits *e, uint64_t offset, uint64_t length, struct span replacement)
{
	e->items = arena_grow(e->arena, e->items, sizeof(*e->items), &e->cap, e->count + 1);
	e->items[e->count++] = (struct edit){ offset, length, replacement };
}

/* qsort() is not stable, so each edit carries its place. */
struct placed {
	struct edit edit;
	size_t place;
};

static int
compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* By offset; there inserts first, then the longest region. */
static int
compare(const void *left, const void *right)
{
	const struct placed *a = left, *b = right;
	int order = compare_numbers(a->edit.offset, b->edit.offset);

	if (order == 0)
		order = compare_numbers(a->edit.length > 0, b->edit.length > 0);
	if (order == 0)
		order = compare_numbers(b->edit.length, a->edit.length);
	return order != 0 ? order : compare_numbers(a->place, b->place);
}

static void
sort(struct edits *e)
{
	struct placed *placed = ARENA_ARRAY(e->arena, struct placed, e->count);

	for (size_t i = 0; i < e->count; i++)
		placed[i] = (struct placed){ e->items[i], i };
	qsort(placed, e->count, sizeof(*placed), compare);
	for (size_t i = 0; i < e->count; i++)
		e->items[i] = placed[i].edit;
}

void
edits_finish(struct edits *e)
{
	size_t kept = 0;

	if (e->count < 2)
		return;
	sort(e);
	for (size_t i = 1; i < e->count; i++) {
		struct edit *last = &e->items[kept];
		const struct edit *next = &e->items[i];
		uint64_t last_end = last->offset + last->length;

		if (next->offset >= last_end)
			e->items[++kept] = *next;
		else if (next->offset + next->length > last_end)
			last->length = next->offset + next->length - last->offset;
	}
	e->count = kept + 1;
}

uint64_t
edits_apply_size(const struct edits *e, uint64_t original)
{
	uint64_t size = original;

	for (size_t i = 0; i < e->count; i++)
		size = size - e->items[i].length + e->items[i].replacement.len;
	return size;
}

bool
edits_valid(const struct edit *items, size_t count, uint64_t original_size)
{
	uint64_t at = 0;

	for (size_t i = 0; i < count; i++) {
		if (items[i].offset < at || items[i].offset > original_size ||
		    items[i].length > original_size - items[i].offset)
			return false;
		at = items[i].offset + items[i].length;
	}
	return true;
}

bool
edits_stream(const struct edit *items, size_t count, uint64_t original_size,
    bool (*piece)(void *context, bool original, uint64_t offset, struct span bytes), void *context)
{
	uint64_t at = 0;

	if (!edits_valid(items, count, original_size))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct edit *e = &items[i];

		if (e->offset > at && !piece(context, true, at, span_of(NULL, e->offset - at)))
			return false;
		if (e->replacement.len > 0 && !piece(context, false, e->offset, e->replacement))
			return false;
		at = e->offset + e->length;
	}
	return at == original_size || piece(context, true, at, span_of(NULL, original_size - at));
}

const struct edit *
edits_copy(struct arena *a, const struct edit *items, size_t count)
{
	struct edit *copy = ARENA_ARRAY(a, struct edit, count);

	for (size_t i = 0; i < count; i++) {
		copy[i] = items[i];
		copy[i].replacement = arena_copy(a, items[i].replacement);
	}
	return copy;
}
