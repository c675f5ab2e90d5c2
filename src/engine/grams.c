/* A sampled search for many byte strings at once.
 *
 * Of each string a window of 11 bytes is known (or fewer, where it has no 11
 * fixed bytes). The window has four grams of 8 bytes, beginning at its first to
 * its fourth byte. Wherever it lies in a text, one of the four begins at a
 * multiple of four. So all four are put into a table, and of the text only
 * every fourth place is looked at: 8 bytes are loaded, multiplied, and two bits
 * of one word of a filter are tested, which is small enough for the second
 * cache. At nearly all places that is all.
 *
 * Where both bits are set, a hash table tells which windows have this gram; the
 * caller compares. A window is told once for a place, since only one of its
 * grams begins there at a multiple of four.
 *
 * The case of letters is not looked at: the bit that tells it is set in every
 * byte, of the windows as of the text. So caseless strings need no search of
 * their own. Strings with short windows have tables of their own (see
 * gram_shapes) and cost a pass each only where there are any.
 *
 * The time is linear in the text, plus one call for each window that has a gram
 * in common with the text at one of the places looked at. */
#include "config.h"

#include "engine/grams.h"

enum {
	FILTER_BITS_PER_GRAM = 16,
	FILTER_WORDS_LOG_MIN = 6,
	FILTER_WORDS_LOG_MAX = 16, /* 512 KiB: half of a second cache */
	TAG_SHIFT = 16,            /* a part of the hash that neither bucket nor filter uses */
	BUCKETS_LOG_MIN = 4,
	BUCKETS_LOG_MAX = 24,
	QUEUE = 512, /* places between two looks at what passed */
};

const struct gram_shape gram_shapes[GRAM_KINDS] = {
	[GRAM_LONG] = { 8, 4, 11 },
	[GRAM_MIDDLE] = { 4, 4, 7 },
	[GRAM_SHORT] = { 4, 1, 4 },
	[GRAM_PAIR] = { 2, 1, 2 },
};

struct entry {
	uint32_t item;
	uint16_t tag;
	uint16_t phase; /* offset of the gram in the window */
};

struct table {
	size_t count;          /* of entries; 0: nothing below is there */
	uint64_t *filter;
	unsigned filter_shift; /* hash >> shift is a word of the filter */
	unsigned bucket_shift;
	uint32_t *first;       /* of bucket b: first[b] to first[b + 1] - 1 */
	struct entry *entries;
};

struct grams {
	struct table tables[GRAM_KINDS];
};

/* --- Grams, and what is made of their hash --- */

static inline uint64_t
key_at(const unsigned char *bytes, unsigned gram)
{
	uint64_t eight;
	uint32_t four;
	uint16_t two;

	switch (gram) {
	case 8:
		memcpy(&eight, bytes, sizeof(eight));
		return eight | 0x2020202020202020u;
	case 4:
		memcpy(&four, bytes, sizeof(four));
		return four | 0x20202020u;
	default:
		memcpy(&two, bytes, sizeof(two));
		return two | 0x2020u;
	}
}

uint64_t
gram_key(const unsigned char *bytes, unsigned gram)
{
	return key_at(bytes, gram);
}

/* Two bits of a word, told by 12 bits of the hash. */
static inline uint64_t
filter_mask(uint64_t hash)
{
	return (uint64_t)1 << (hash >> 36 & 63) | (uint64_t)1 << (hash >> 42 & 63);
}

static inline bool
filter_passes(const struct table *t, uint64_t hash)
{
	uint64_t word = t->filter[hash >> t->filter_shift];

	return (word >> (hash >> 36 & 63) & word >> (hash >> 42 & 63) & 1) != 0;
}

/* --- Building --- */

static unsigned
log_of(size_t wanted, unsigned least, unsigned most)
{
	unsigned log = least;

	while (log < most && ((size_t)1 << log) < wanted)
		log++;
	return log;
}

static void
reserve(struct arena *a, struct table *t)
{
	unsigned words = log_of(t->count * FILTER_BITS_PER_GRAM / 64, FILTER_WORDS_LOG_MIN, FILTER_WORDS_LOG_MAX);
	unsigned buckets = log_of(t->count, BUCKETS_LOG_MIN, BUCKETS_LOG_MAX);

	t->filter_shift = 64 - words;
	t->bucket_shift = 64 - buckets;
	t->filter = ARENA_ARRAY(a, uint64_t, (size_t)1 << words);
	t->first = ARENA_ARRAY(a, uint32_t, ((size_t)1 << buckets) + 1);
	t->entries = ARENA_ARRAY(a, struct entry, t->count);
}

static void
count_grams(struct table *t, const struct gram_item *item)
{
	const struct gram_shape *shape = &gram_shapes[item->kind];

	for (unsigned phase = 0; phase < shape->stride; phase++) {
		uint64_t hash = gram_hash(gram_key(item->window + phase, shape->gram));

		t->first[(hash >> t->bucket_shift) + 1]++;
		t->filter[hash >> t->filter_shift] |= filter_mask(hash);
	}
}

static void
put_grams(struct table *t, uint32_t *next, const struct gram_item *item, uint32_t index)
{
	const struct gram_shape *shape = &gram_shapes[item->kind];

	for (unsigned phase = 0; phase < shape->stride; phase++) {
		uint64_t hash = gram_hash(gram_key(item->window + phase, shape->gram));

		t->entries[next[hash >> t->bucket_shift]++] =
		    (struct entry){ index, (uint16_t)(hash >> TAG_SHIFT), (uint16_t)phase };
	}
}

static void
table_fill(struct arena *a, struct table *t, enum gram_kind kind, const struct gram_item *items, size_t count)
{
	struct arena *work = arena_new_within(a);
	size_t buckets;
	uint32_t *next;

	reserve(a, t);
	buckets = (size_t)1 << (64 - t->bucket_shift);
	for (size_t i = 0; i < count; i++)
		if (items[i].kind == kind)
			count_grams(t, &items[i]);
	for (size_t b = 0; b < buckets; b++)
		t->first[b + 1] += t->first[b];
	next = ARENA_ARRAY(work, uint32_t, buckets);
	memcpy(next, t->first, buckets * sizeof(*next));
	for (size_t i = 0; i < count; i++)
		if (items[i].kind == kind)
			put_grams(t, next, &items[i], (uint32_t)i);
	arena_free(&work);
}

struct grams *
grams_compile(struct arena *a, const struct gram_item *items, size_t count)
{
	struct grams *g = ARENA_NEW(a, struct grams);

	if (count > UINT32_MAX / GRAM_STRIDE_MAX)
		arena_give_up(a, "too many signatures");
	for (size_t i = 0; i < count; i++)
		g->tables[items[i].kind].count += gram_shapes[items[i].kind].stride;
	for (int kind = 0; kind < GRAM_KINDS; kind++)
		if (g->tables[kind].count > 0)
			table_fill(a, &g->tables[kind], (enum gram_kind)kind, items, count);
	return g;
}

/* --- Searching --- */

struct search {
	const struct table *table;
	struct span text;
	unsigned window;
	bool (*candidate)(void *context, uint32_t index, size_t at);
	void *context;
};

/* Where the filter let a gram pass. */
struct place {
	uint64_t hash;
	size_t at;
};

static bool
look_up(const struct search *s, uint64_t hash, size_t at)
{
	const struct table *t = s->table;
	size_t bucket = hash >> t->bucket_shift;

	for (uint32_t i = t->first[bucket]; i < t->first[bucket + 1]; i++) {
		const struct entry *e = &t->entries[i];

		if (e->tag == (uint16_t)(hash >> TAG_SHIFT) && at >= e->phase &&
		    s->window <= s->text.len - (at - e->phase) && !s->candidate(s->context, e->item, at - e->phase))
			return false;
	}
	return true;
}

/* With gram and stride known, the compiler makes a loop of its own for each
 * kind. What passes is queued without a branch, and the queue is worked off when
 * the loop is out of the way: so neither a wrong guess of the processor nor a
 * wait for memory stops the loop. */
static inline __attribute__((always_inline)) bool
scan_kind(const struct search *s, const unsigned gram, const unsigned stride)
{
	const unsigned char *text = (const unsigned char *)s->text.data;
	const struct table table = *s->table;
	struct place queue[QUEUE];
	size_t at = 0;

	while (at + gram <= s->text.len) {
		size_t places = (s->text.len - gram - at) / stride + 1, queued = 0;
		size_t end = at + (places < QUEUE ? places : QUEUE) * stride;

		for (; at < end; at += stride) {
			uint64_t hash = gram_hash(key_at(text + at, gram));

			queue[queued] = (struct place){ hash, at };
			queued += filter_passes(&table, hash);
		}
		for (size_t i = 0; i < queued; i++)
			__builtin_prefetch(&table.first[queue[i].hash >> table.bucket_shift]);
		for (size_t i = 0; i < queued; i++)
			if (!look_up(s, queue[i].hash, queue[i].at))
				return false;
	}
	return true;
}

bool
grams_scan(const struct grams *g, struct span text, bool (*candidate)(void *context, uint32_t index, size_t at),
    void *context)
{
	for (int kind = 0; kind < GRAM_KINDS; kind++) {
		struct search s = { &g->tables[kind], text, gram_shapes[kind].window, candidate, context };
		bool good = true;

		if (s.table->count == 0)
			continue;
		switch ((enum gram_kind)kind) {
		case GRAM_LONG:
			good = scan_kind(&s, 8, 4);
			break;
		case GRAM_MIDDLE:
			good = scan_kind(&s, 4, 4);
			break;
		case GRAM_SHORT:
			good = scan_kind(&s, 4, 1);
			break;
		default:
			good = scan_kind(&s, 2, 1);
			break;
		}
		if (!good)
			return false;
	}
	return true;
}
