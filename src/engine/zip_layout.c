/* A zip is described twice (APPNOTE.TXT 4.3). Some programs believe the
 * entries' own headers, some the directory; some find the directory from the
 * last end record, some from the first, by its offset or by its size. An
 * archive made to pass a filter has them differ. So every end record that
 * leads to a directory is followed in each way, each entry listed is held
 * against its own header, and headers that nobody lists are searched for.
 *
 * The content of a listed entry is not searched: a zip in it, whose headers
 * may well stand there as they are, is read by itself once it is unpacked. Who
 * unpacks it has to look at what the content leaves over.
 *
 * Honest archives have their looser forms, which are no inconsistency: a
 * program or other bytes in front, sizes after the content, ZIP64 where it was
 * not needed, a name in another charset beside that of the Unicode field. */
#include "config.h"

#include "engine/zip_layout.h"

#include <stdlib.h>

enum {
	ENDS_MAX = 8,             /* end records that are followed; honest archives have one */
	WALKS_MAX = 4 * ENDS_MAX, /* each by offset and by size, itself and its ZIP64 record */
};

struct extent {
	uint64_t from, to;
};

struct survey {
	struct arena *arena;
	struct span data;
	struct zip_layout *out;
	size_t most, cap;
	struct extent *headers; /* of listed entries, sorted by offset; header and content */
	struct extent *contents; /* of those that are unpacked, sorted */
	size_t header_count, content_count;
	struct extent walked[WALKS_MAX]; /* directories: where they begin, and their shift */
	size_t walk_count;
};

static void
add(struct survey *s, const struct zip_entry *e)
{
	struct zip_layout *out = s->out;

	if (out->count >= s->most) {
		out->over_limit = true;
		return;
	}
	out->entries = arena_grow(s->arena, out->entries, sizeof(*e), &s->cap, out->count + 1);
	out->entries[out->count++] = *e;
}

/* --- An entry that the directory lists --- */

/* The last suffix, which decides what a file is opened with. */
static struct span
suffix(struct span name)
{
	const char *dot = name.len > 0 ? memrchr(name.data, '.', name.len) : NULL;

	return dot != NULL ? span_of(dot, (size_t)(span_end(name) - dot)) : SPAN_NONE;
}

/* Sizes that follow the content are zero in front of it, or right. */
static bool
value_agrees(const struct zip_entry *own, uint64_t own_value, uint64_t listed)
{
	return own_value == listed || (own_value == 0 && (own->flags & ZIP_SIZES_FOLLOW) != 0);
}

static bool
content_agrees(const struct survey *s, const struct zip_entry *own, const struct zip_entry *listed)
{
	if (own->method != listed->method || ((own->flags ^ listed->flags) & ZIP_ENCRYPTED) != 0 ||
	    !value_agrees(own, own->packed, listed->packed) || !value_agrees(own, own->size, listed->size) ||
	    !value_agrees(own, own->crc, listed->crc))
		return false;
	return !own->open_end || (listed->packed == 0 && listed->size == 0) || zip_descriptor_agrees(s->data, listed);
}

static bool
stored_sizes_differ(const struct zip_entry *e)
{
	return e->method == ZIP_STORED && (e->flags & ZIP_ENCRYPTED) == 0 && e->packed != e->size;
}

static void
add_listed(struct survey *s, struct zip_entry *e)
{
	struct zip_layout *out = s->out;
	struct zip_entry own;
	bool same;

	if (!zip_local_at(s->data, e->header, &own)) {
		out->damaged = out->inconsistent = true;
		e->header = UINT64_MAX;
		add(s, e);
		return;
	}
	e->content = own.content;
	same = content_agrees(s, &own, e);
	if (!same || e->doubtful || own.doubtful || !span_eq(own.name, e->name) || stored_sizes_differ(e) ||
	    (e->other_name.len > 0 && !span_eq_nocase(suffix(e->other_name), suffix(e->name))) ||
	    (own.other_name.len > 0 && !span_eq_nocase(suffix(own.other_name), suffix(own.name))))
		out->inconsistent = true;
	add(s, e);
	if (!same || own.doubtful || !span_eq(own.name, e->name) || (own.other_name.len > 0 && !span_eq(own.other_name, e->other_name))) {
		if (same && !own.doubtful) { /* but for the name */
			own.packed = e->packed;
			own.size = e->size;
			own.open_end = false;
		}
		add(s, &own);
	}
}

/* --- Directories --- */

static bool
is_central(struct span data, uint64_t offset)
{
	struct zip_entry e;

	return zip_central_at(data, offset, &e);
}

static bool
is_walked(const struct survey *s, uint64_t from, uint64_t shift)
{
	for (size_t i = 0; i < s->walk_count; i++)
		if (s->walked[i].from == from && s->walked[i].to == shift)
			return true;
	return s->walk_count == WALKS_MAX;
}

/* Lists what stands from `from` on; offsets in it are short by `shift`. */
static void
walk_directory(struct survey *s, const struct zip_end *end, uint64_t from, uint64_t shift)
{
	struct zip_entry e;
	uint64_t at = from, entries = 0;

	if (is_walked(s, from, shift))
		return;
	s->walked[s->walk_count++] = (struct extent){ from, shift };
	while (!s->out->over_limit && zip_central_at(s->data, at, &e)) {
		at += e.record;
		entries++;
		e.header += shift;
		add_listed(s, &e);
	}
	if (entries != end->entries || at - from > end->size)
		s->out->inconsistent = true;
	if (entries < end->entries)
		s->out->damaged = true;
}

/* Follows an end record by the offset and by the size that it tells. False
 * when neither leads to a directory. */
static bool
follow(struct survey *s, const struct zip_end *end)
{
	uint64_t before = end->size <= end->at ? end->at - end->size : UINT64_MAX;
	bool by_offset = is_central(s->data, end->offset), by_size = before != UINT64_MAX && is_central(s->data, before);

	if (end->split)
		s->out->split = true;
	if (!by_offset && !by_size)
		return end->entries == 0 && end->size == 0;
	if (by_size)
		walk_directory(s, end, before, before > end->offset ? before - end->offset : 0);
	if (by_offset && end->offset != before)
		walk_directory(s, end, end->offset, 0);
	if (by_offset && (!by_size || end->offset != before))
		s->out->inconsistent = s->out->inconsistent || by_size || end->offset + end->size > end->at;
	return true;
}

static bool
same_end(const struct zip_end *a, const struct zip_end *b)
{
	return a->at == b->at && a->size == b->size && a->offset == b->offset;
}

/* Both kinds of end at the offset. */
static bool
follow_end_at(struct survey *s, uint64_t offset)
{
	struct zip_end end, zip64;
	bool doubtful, followed;

	if (!zip_end_at(s->data, offset, &end, &zip64, &doubtful))
		return false;
	followed = follow(s, &zip64);
	if (doubtful && !same_end(&end, &zip64))
		followed = follow(s, &end) || followed;
	if (followed && doubtful)
		s->out->inconsistent = true;
	return followed;
}

/* --- Extents --- */

static int
by_offset(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

static uint64_t
content_end(const struct survey *s, const struct zip_entry *e)
{
	return e->packed <= s->data.len - e->content ? e->content + e->packed : s->data.len;
}

/* Also finds entries that share octets, which none do that a program wrote. */
static void
settle_headers(struct survey *s)
{
	struct zip_layout *out = s->out;

	out->listed = out->count;
	s->header_count = 0;
	s->headers = ARENA_ARRAY(s->arena, struct extent, out->listed + 1);
	for (size_t i = 0; i < out->listed; i++)
		if (out->entries[i].content != 0)
			s->headers[s->header_count++] = (struct extent){ out->entries[i].header, content_end(s, &out->entries[i]) };
	qsort(s->headers, s->header_count, sizeof(struct extent), by_offset);
	for (size_t i = 1; i < s->header_count; i++)
		if (s->headers[i].from < s->headers[i - 1].to)
			out->inconsistent = true;
}

static void
settle_contents(struct survey *s)
{
	struct zip_layout *out = s->out;

	s->contents = ARENA_ARRAY(s->arena, struct extent, out->count + 1);
	for (size_t i = 0; i < out->count; i++) {
		const struct zip_entry *e = &out->entries[i];

		if (e->content != 0 && (e->flags & ZIP_ENCRYPTED) == 0 && !e->open_end && e->packed > 0)
			s->contents[s->content_count++] = (struct extent){ e->content, content_end(s, e) };
	}
	qsort(s->contents, s->content_count, sizeof(struct extent), by_offset);
}

/* The last extent that begins at or before the offset; NULL for none. */
static const struct extent *
extent_at(const struct extent *extents, size_t count, uint64_t offset)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (extents[middle].from <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? &extents[low - 1] : NULL;
}

static bool
is_in_content(const struct survey *s, uint64_t offset)
{
	const struct extent *e = extent_at(s->contents, s->content_count, offset);

	return e != NULL && offset < e->to;
}

/* --- What nobody lists --- */

static size_t
find_from(struct span data, size_t from, const char *mark)
{
	size_t at = span_find(span_from(data, from), span_of(mark, 4));

	return at == SIZE_MAX ? SIZE_MAX : from + at;
}

static void
search_headers(struct survey *s)
{
	struct zip_entry e;

	for (size_t at = 0; (at = find_from(s->data, at, "PK\x03\x04")) != SIZE_MAX && !s->out->over_limit; at++) {
		const struct extent *known = extent_at(s->headers, s->header_count, at);

		if ((known != NULL && known->from == at) || is_in_content(s, at) || !zip_local_at(s->data, at, &e))
			continue;
		add(s, &e);
		if (s->out->directory)
			s->out->inconsistent = true;
	}
}

/* The end record to begin with: the last that reaches the end of the file, else the last. */
static size_t
main_end(struct span data)
{
	struct zip_end end, zip64;
	size_t best = SIZE_MAX;
	bool doubtful, exact = false;

	for (size_t at = 0; (at = find_from(data, at, "PK\x05\x06")) != SIZE_MAX; at++)
		if (zip_end_at(data, at, &end, &zip64, &doubtful) && (end.exact || !exact)) {
			exact = end.exact;
			best = at;
		}
	return best;
}

bool
zip_ends_exactly(struct span data)
{
	struct zip_end end, zip64;
	size_t at = main_end(data);
	bool doubtful;

	return at != SIZE_MAX && zip_end_at(data, at, &end, &zip64, &doubtful) && end.exact;
}

static void
search_ends(struct survey *s, size_t main)
{
	unsigned count = 0;

	for (size_t at = 0; (at = find_from(s->data, at, "PK\x05\x06")) != SIZE_MAX; at++) {
		if (at == main || is_in_content(s, at) || !follow_end_at(s, at))
			continue;
		s->out->directory = s->out->inconsistent = true;
		if (++count == ENDS_MAX) {
			s->out->damaged = true;
			return;
		}
	}
}

/* --- Names --- */

/* How a system that ignores case, and takes both slashes, sees the name. */
static struct span
plain_name(struct arena *a, struct span name)
{
	char *out = arena_alloc_raw(a, name.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i] == '\\' ? '/' : ascii_lower(name.data[i]);

		if (c == '/' && (len == 0 || out[len - 1] == '/'))
			continue;
		out[len++] = c;
	}
	while (len > 0 && (out[len - 1] == '.' || out[len - 1] == ' '))
		len--;
	return span_of(out, len);
}

static int
by_name(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	int order = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);

	return order != 0 ? order : x->len < y->len ? -1 : x->len > y->len;
}

/* Of two files with one name a program keeps the first, another the last. */
static void
compare_names(struct survey *s)
{
	size_t count = 0, listed = s->out->listed;
	struct span *names = ARENA_ARRAY(s->arena, struct span, listed + 1);

	for (size_t i = 0; i < listed; i++) {
		struct span name = plain_name(s->arena, s->out->entries[i].name);

		if (name.len > 0 && name.data[name.len - 1] != '/')
			names[count++] = name;
	}
	qsort(names, count, sizeof(names[0]), by_name);
	for (size_t i = 1; i < count; i++)
		if (span_eq(names[i - 1], names[i]))
			s->out->inconsistent = true;
}

void
zip_layout_read(struct arena *a, struct span data, size_t most, struct zip_layout *out)
{
	struct survey s = { .arena = a, .data = data, .out = out, .most = most };
	size_t end = main_end(data);

	*out = (struct zip_layout){ .entries = NULL };
	if (end != SIZE_MAX) {
		out->directory = true;
		if (!follow_end_at(&s, end))
			out->damaged = true;
	}
	settle_contents(&s);
	settle_headers(&s);
	compare_names(&s);
	search_ends(&s, end);
	settle_headers(&s);
	search_headers(&s);
	/* 8.5.4, 8.5.5: the mark of an archive that is split stands before its first header */
	if (!out->directory && span_starts(data, "PK\x07\x08"))
		out->split = true;
}
