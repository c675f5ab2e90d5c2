/* Edits: collected in any order, then sorted and freed of overlaps in one
 * pass, so that applying them is a single walk along the message. Those in place
 * can be applied to any piece of it. */
#include "config.h"

#include "rewrite/edit.h"

#include <stdlib.h>

/* The fewest octets that an edit takes in its encoding. */
enum { EDIT_LEAST = 3 * 8 + 2 * 4 };

void
edits_init(struct edits *e, struct arena *a)
{
	*e = (struct edits){ .arena = a };
}

void
edits_add(struct edits *e, uint64_t offset, uint64_t length, struct span replacement)
{
	edits_add_filled(e, &(struct edit){ .offset = offset, .length = length, .replacement = replacement });
}

void
edits_add_filled(struct edits *e, const struct edit *edit)
{
	e->items = arena_grow(e->arena, e->items, sizeof(*e->items), &e->cap, e->count + 1);
	e->items[e->count++] = *edit;
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
		if (e->items[i].fill == FILL_NONE)
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
edits_filled(const struct edit *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (items[i].fill != FILL_NONE)
			return true;
	return false;
}

bool
edits_stream(const struct edit *items, size_t count, uint64_t original_size,
    bool (*piece)(void *context, bool original, uint64_t offset, struct span bytes), void *context)
{
	uint64_t at = 0;

	if (!edits_valid(items, count, original_size) || edits_filled(items, count))
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

static bool
is_in_place(const struct edit *e)
{
	if (e->fill == FILL_NONE)
		return e->replacement.len == e->length;
	return e->replacement.len <= e->length && (e->fill != FILL_BASE64_LINES || e->line > 0);
}

bool
edits_in_place(const struct edit *items, size_t count, uint64_t original_size)
{
	for (size_t i = 0; i < count; i++)
		if (!is_in_place(&items[i]))
			return false;
	return edits_valid(items, count, original_size);
}

static char
filled_base64(char c)
{
	if (c == '=' || c == ' ' || c == '\t')
		return c;
	if (ascii_is_alnum(c) || c == '+' || c == '/')
		return 'A';
	return c == '-' || c == '_' ? '_' : '*';
}

static char
filled_quoted(char c)
{
	if (c == '=' || c == ' ' || c == '\t')
		return c;
	return ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f') ? '3' : '.';
}

char
edit_filled_octet(enum edit_fill fill, char c)
{
	if (c == '\r' || c == '\n')
		return c;
	if (fill == FILL_BASE64)
		return filled_base64(c);
	return fill == FILL_QUOTED ? filled_quoted(c) : ' ';
}

/* What the octet c becomes, `at` octets behind the replacement. */
static char
filled(const struct edit *e, uint64_t at, char c)
{
	if (e->fill == FILL_BASE64_LINES && c != '\r' && c != '\n')
		return "ICAg"[at % e->line % 4];
	return edit_filled_octet(e->fill, c);
}

/* `bytes` begin `at` octets behind the beginning of the edit, and end in it. */
static void
overlay(const struct edit *e, uint64_t at, char *bytes, size_t len)
{
	struct span replacement = span_first(span_from(e->replacement, at), len);

	if (replacement.len > 0)
		memcpy(bytes, replacement.data, replacement.len);
	for (size_t i = replacement.len; i < len; i++)
		bytes[i] = filled(e, at + i - e->replacement.len, bytes[i]);
}

/* The first edit that ends behind that offset. */
static size_t
first_behind(const struct edit *items, size_t count, uint64_t offset)
{
	size_t from = 0;

	while (from < count) {
		size_t middle = from + (count - from) / 2;

		if (items[middle].offset + items[middle].length > offset)
			count = middle;
		else
			from = middle + 1;
	}
	return from;
}

void
edits_overlay(const struct edit *items, size_t count, uint64_t offset, char *bytes, size_t len)
{
	uint64_t end = offset + len;

	for (size_t i = first_behind(items, count, offset); i < count && items[i].offset < end; i++) {
		const struct edit *e = &items[i];
		uint64_t from = e->offset > offset ? e->offset : offset;
		uint64_t to = e->offset + e->length < end ? e->offset + e->length : end;

		overlay(e, from - e->offset, bytes + (from - offset), (size_t)(to - from));
	}
}

void
edits_put(struct buf *out, const struct edit *items, size_t count)
{
	buf_put_u64(out, count);
	for (size_t i = 0; i < count; i++) {
		buf_put_u64(out, items[i].offset);
		buf_put_u64(out, items[i].length);
		buf_put_span(out, items[i].replacement);
		buf_put_u32(out, items[i].fill);
		buf_put_u32(out, items[i].line);
	}
}

static bool
take_edit(struct span *in, struct edit *e)
{
	uint32_t fill;

	take_u64(in, &e->offset);
	take_u64(in, &e->length);
	take_span(in, &e->replacement);
	take_u32(in, &fill);
	e->fill = (enum edit_fill)fill;
	return take_u32(in, &e->line) && fill <= FILL_QUOTED && (fill == FILL_NONE || is_in_place(e));
}

const struct edit *
edits_take(struct arena *a, struct span *in, size_t *count)
{
	struct edit *edits;
	uint64_t claimed;

	*count = 0;
	if (!take_u64(in, &claimed) || claimed > in->len / EDIT_LEAST)
		return NULL;
	edits = ARENA_ARRAY(a, struct edit, claimed);
	for (size_t i = 0; i < claimed; i++)
		if (!take_edit(in, &edits[i]))
			return NULL;
	if (!edits_valid(edits, claimed, UINT64_MAX))
		return NULL;
	*count = (size_t)claimed;
	return edits;
}

/* False: none begins here, or one whose octets are to come. */
static bool
push_replacement(struct edit_push *p, void (*piece)(void *context, struct span bytes), void *context)
{
	const struct edit *e = p->at < p->count ? &p->items[p->at] : NULL;

	if (p->within || e == NULL || e->offset != p->taken)
		return false;
	if (e->replacement.len > 0)
		piece(context, e->replacement);
	p->within = e->length > 0;
	p->at += !p->within;
	return !p->within;
}

void
edits_push(struct edit_push *p, struct span octets, void (*piece)(void *context, struct span bytes), void *context)
{
	while (octets.len > 0) {
		const struct edit *e;
		uint64_t until = UINT64_MAX;
		size_t len;

		while (push_replacement(p, piece, context))
			;
		e = p->at < p->count ? &p->items[p->at] : NULL;
		if (e != NULL)
			until = p->within ? e->offset + e->length : e->offset;
		len = until - p->taken < octets.len ? (size_t)(until - p->taken) : octets.len;
		if (!p->within && len > 0)
			piece(context, span_first(octets, len));
		p->taken += len;
		octets = span_from(octets, len);
		if (p->within && p->taken == until) {
			p->within = false;
			p->at++;
		}
	}
}

void
edits_push_end(struct edit_push *p, void (*piece)(void *context, struct span bytes), void *context)
{
	while (push_replacement(p, piece, context))
		;
}
