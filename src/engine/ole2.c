/* Compound files. The file is cut into sectors; a table (the FAT) says of each
 * which one follows it, and a list at the head of the file (the DIFAT), which
 * may go on in sectors of its own, where that table lies. The directory is such
 * a chain of sectors: entries of 128 octets that form a tree. Short streams
 * share one stream, cut and chained in the same way.
 *
 * Chains may run in circles and share sectors; so the length of each is bounded
 * by its size, and what is gathered in all by WORK_FACTOR times the file.
 * Entries that the tree does not reach are given to the root, because some
 * programs find streams by a walk over the whole directory. */
#include "config.h"

#include "engine/ole2.h"

enum {
	HEADER = 512,
	HEADER_FATS = 109,      /* of the DIFAT in the header */
	ENTRY = 128,
	NAME_OCTETS = 64,
	WORK_FACTOR = 4,
	WORK_FREE = 1024 * 1024,
};

static const uint32_t last_sector = 0xfffffffa; /* what is above has a meaning of its own */

/* --- Chains --- */

static struct span
sector(const struct ole2 *o, uint32_t number)
{
	uint64_t at = ((uint64_t)number + 1) << o->sector_shift;

	return at < o->data.len ? span_sub(o->data, (size_t)at, (size_t)1 << o->sector_shift) : SPAN_NONE;
}

static uint32_t
next_in(const uint32_t *table, size_t count, uint32_t number)
{
	return number < count ? table[number] : UINT32_MAX;
}

static bool
spend(struct ole2 *o, size_t octets)
{
	if (octets > o->work) {
		document_over_limit(o->d);
		return false;
	}
	o->work -= octets;
	return true;
}

/* A chain of pieces of 1 << shift octets, the first at `base` of the whole. */
struct chain {
	struct span whole;
	size_t base;
	unsigned shift;
	const uint32_t *table;
	size_t count;
};

static struct span
piece(const struct chain *c, uint32_t number)
{
	uint64_t at = ((uint64_t)number << c->shift) + c->base;

	return at < c->whole.len ? span_sub(c->whole, (size_t)at, (size_t)1 << c->shift) : SPAN_NONE;
}

/* How many octets lie in a row from that piece on, at most `most`; *next is the
 * piece after them. */
static struct span
run_of(const struct chain *c, uint32_t number, size_t most, uint32_t *next)
{
	struct span run = piece(c, number);
	size_t step = (size_t)1 << c->shift;

	for (;;) {
		struct span more;

		*next = next_in(c->table, c->count, number);
		if (run.len >= most)
			return span_first(run, most);
		if (run.len % step != 0 || run.len == 0 || *next != number + 1)
			return run;
		more = piece(c, *next);
		run.len += more.len;
		number = *next;
	}
}

static struct span
gather(struct ole2 *o, const struct chain *c, uint32_t start, size_t size)
{
	uint32_t number = start, next;
	struct span run;
	struct buf *room;

	if (size == 0 || !spend(o, size))
		return SPAN_NONE;
	run = run_of(c, number, size, &next);
	if (run.len == size)
		return run;
	room = document_room(o->d);
	while (run.len > 0 && !room->failed) {
		buf_add_span(room, run);
		if (room->len >= size || next >= last_sector)
			break;
		run = run_of(c, next, size - room->len, &next);
	}
	document_settle(o->d, room);
	if (room->len < size)
		document_damaged(o->d);
	return buf_span(room);
}

static struct chain
sectors(const struct ole2 *o)
{
	return (struct chain){ o->data, (size_t)1 << o->sector_shift, o->sector_shift, o->fat, o->fat_count };
}

/* --- Tables --- */

static void
add_fat_sector(struct ole2 *o, uint32_t number, size_t most)
{
	struct span s = sector(o, number);

	if (s.len == 0)
		document_damaged(o->d);
	for (size_t at = 0; at + 4 <= s.len && o->fat_count < most; at += 4)
		o->fat[o->fat_count++] = le32(s, at);
}

/* Only as many entries as the file has sectors are of use. */
static void
read_fat(struct ole2 *o)
{
	size_t most = (o->data.len >> o->sector_shift) + 1;
	size_t per_sector = ((size_t)1 << o->sector_shift) / 4;
	uint32_t list = le32(o->data, 68);

	o->fat = ARENA_ARRAY(o->d->arena, uint32_t, most);
	for (size_t i = 0; i < HEADER_FATS && o->fat_count < most; i++) {
		uint32_t number = le32(o->data, 76 + 4 * i);

		if (number < last_sector)
			add_fat_sector(o, number, most);
	}
	for (size_t lists = 0; list < last_sector && o->fat_count < most && lists < most; lists++) {
		struct span s = sector(o, list);

		for (size_t i = 0; i + 1 < per_sector && 4 * i + 4 <= s.len && o->fat_count < most; i++)
			if (le32(s, 4 * i) < last_sector)
				add_fat_sector(o, le32(s, 4 * i), most);
		list = s.len > 0 ? le32(s, 4 * (per_sector - 1)) : UINT32_MAX;
	}
}

/* A chain whose length nothing tells. */
static struct span
read_whole_chain(struct ole2 *o, uint32_t start)
{
	struct chain c = sectors(o);
	size_t pieces = 0;
	uint32_t number = start;

	while (number < last_sector && pieces < o->fat_count && piece(&c, number).len > 0) {
		pieces++;
		number = next_in(o->fat, o->fat_count, number);
	}
	if (number < last_sector)
		document_damaged(o->d);
	return gather(o, &c, start, pieces << o->sector_shift);
}

static void
read_mini_fat(struct ole2 *o)
{
	uint32_t start = le32(o->data, 60);
	struct span s = start < last_sector ? read_whole_chain(o, start) : SPAN_NONE;

	o->mini_fat_count = s.len / 4;
	o->mini_fat = ARENA_ARRAY(o->d->arena, uint32_t, o->mini_fat_count + 1);
	for (size_t i = 0; i < o->mini_fat_count; i++)
		o->mini_fat[i] = le32(s, 4 * i);
}

/* --- The directory --- */

/* An installer package writes two letters of its names as one. */
static struct span
installer_name(struct arena *a, struct span utf16)
{
	static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._";
	char *out = arena_alloc(a, utf16.len + 1), *at = out;

	for (size_t i = 0; i + 2 <= utf16.len; i += 2) {
		unsigned c = le16(utf16, i);

		if (c >= 0x3800 && c < 0x4800) {
			*at++ = letters[(c - 0x3800) & 63];
			*at++ = letters[(c - 0x3800) >> 6];
		} else if (c >= 0x4800 && c < 0x4840) {
			*at++ = letters[c - 0x4800];
		} else if (c == 0) {
			break;
		} else {
			*at++ = c < 0x80 ? (char)c : '_';
		}
	}
	return span_of(out, (size_t)(at - out));
}

static bool
is_installer_name(struct span utf16)
{
	for (size_t i = 0; i + 2 <= utf16.len; i += 2)
		if (le16(utf16, i) < 0x3800 || le16(utf16, i) > 0x4840)
			return false;
	return utf16.len > 0;
}

static void
read_entry(struct ole2 *o, struct span raw, struct ole2_entry *e)
{
	size_t len = le16(raw, NAME_OCTETS);
	struct span name = span_first(raw, len >= 2 && len <= NAME_OCTETS ? len - 2 : NAME_OCTETS);
	unsigned kind = (unsigned char)raw.data[66];

	*e = (struct ole2_entry){
		.name = is_installer_name(name) ? installer_name(o->d->arena, name) : utf16_to_utf8(o->d->arena, name, false),
		.kind = kind == OLE2_STORAGE || kind == OLE2_STREAM || kind == OLE2_ROOT ? (enum ole2_kind)kind : OLE2_UNUSED,
		.parent = OLE2_NO_PARENT,
		.start = le32(raw, 116),
		.size = le32(raw, 120) | (o->sector_shift > 9 ? (uint64_t)le32(raw, 124) << 32 : 0),
		.clsid = raw.data + 80,
	};
}

/* Gives each entry its parent. Each is put on the stack once at most. */
static void
walk_tree(struct ole2 *o, struct span directory)
{
	uint32_t *stack = ARENA_ARRAY(o->d->arena, uint32_t, o->count + 1);
	size_t depth = 0;

	o->entries[0].parent = 0;
	stack[depth++] = 0;
	while (depth > 0) {
		uint32_t at = stack[--depth];
		struct span raw = span_sub(directory, (size_t)at * ENTRY, ENTRY);

		for (int link = 0; link < 3; link++) { /* left, right, child */
			uint32_t to = le32(raw, 68 + 4 * (size_t)link);

			if (to >= o->count || o->entries[to].parent != OLE2_NO_PARENT || (at == 0 && link < 2))
				continue;
			o->entries[to].parent = link == 2 ? at : o->entries[at].parent;
			stack[depth++] = to;
		}
	}
}

static void
list_children(struct ole2 *o)
{
	for (size_t i = o->count; i-- > 1;) {
		struct ole2_entry *e = &o->entries[i];

		if (e->parent == OLE2_NO_PARENT)
			e->parent = 0;
		e->next_sibling = o->entries[e->parent].first_child;
		o->entries[e->parent].first_child = (uint32_t)i;
	}
}

static bool
read_directory(struct ole2 *o)
{
	struct span directory = read_whole_chain(o, le32(o->data, 48));

	o->count = directory.len / ENTRY;
	if (o->count == 0)
		return false;
	o->entries = ARENA_ARRAY(o->d->arena, struct ole2_entry, o->count);
	for (size_t i = 0; i < o->count; i++)
		read_entry(o, span_sub(directory, i * ENTRY, ENTRY), &o->entries[i]);
	walk_tree(o, directory);
	list_children(o);
	return true;
}

static struct span
read_long_stream(struct ole2 *o, const struct ole2_entry *e, size_t most)
{
	struct chain c = sectors(o);
	size_t size = e->size < most ? (size_t)e->size : most;

	if (size > o->data.len) {
		document_damaged(o->d);
		size = o->data.len;
	}
	return gather(o, &c, e->start, size);
}

bool
ole2_open(struct ole2 *o, struct document *d, struct span data)
{
	*o = (struct ole2){ .d = d, .data = data };
	if (data.len < HEADER || !span_starts(data, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))
		return false;
	o->sector_shift = le16(data, 30);
	o->mini_shift = le16(data, 32);
	o->mini_cutoff = le32(data, 56);
	o->work = (uint64_t)data.len * WORK_FACTOR + WORK_FREE;
	if (o->sector_shift < 7 || o->sector_shift > 16 || o->mini_shift < 3 || o->mini_shift >= o->sector_shift) {
		document_damaged(d);
		o->sector_shift = 9;
		o->mini_shift = 6;
	}
	read_fat(o);
	if (!read_directory(o)) {
		document_damaged(d);
		return true;
	}
	read_mini_fat(o);
	o->mini = read_long_stream(o, &o->entries[0], SIZE_MAX);
	return true;
}

struct span
ole2_stream(struct ole2 *o, const struct ole2_entry *e, size_t most)
{
	struct chain c = { o->mini, 0, o->mini_shift, o->mini_fat, o->mini_fat_count };

	if (e->size >= o->mini_cutoff)
		return read_long_stream(o, e, most);
	return gather(o, &c, e->start, e->size < most ? (size_t)e->size : most);
}

const struct ole2_entry *
ole2_find(const struct ole2 *o, uint32_t parent, const char *name)
{
	for (uint32_t i = o->entries[parent].first_child; i != 0; i = o->entries[i].next_sibling)
		if (o->entries[i].kind == OLE2_STREAM && span_eq_nocase(o->entries[i].name, span_str(name)))
			return &o->entries[i];
	return NULL;
}
