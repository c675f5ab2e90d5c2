/* Which bytes of a pattern are looked for first.
 *
 * Any window of fixed bytes would do; the best is the one that ordinary content
 * has least often and that few other patterns have. The first is guessed from
 * the bytes themselves: zeros, repeated bytes and letters are common. The second
 * is counted: all grams of all patterns go into a table of counters, hashed (a
 * collision makes a window look more common than it is, no more).
 *
 * A long window is looked for faster than a short one, so a short one must be
 * much rarer to be chosen. */
#include "config.h"

#include "engine/signature_pattern.h"

enum {
	COUNTERS_LOG = 22,
	COUNTER_MAX = UINT8_MAX,
	/* Of one run; a longer one has no rarer grams. */
	GRAMS_LOOKED_AT = 512,
	/* What one more pattern with the same gram is worth, in what bytes_cost() counts. */
	CROWD_COST = 24,
};

/* What it costs to use a table of this kind, in the same measure. */
static const unsigned kind_cost[GRAM_KINDS] = {
	[GRAM_LONG] = 0, [GRAM_MIDDLE] = 60, [GRAM_SHORT] = 100, [GRAM_PAIR] = 300,
};

struct counters {
	uint8_t *of; /* by hash */
};

static size_t
counter_of(const unsigned char *bytes, unsigned gram)
{
	return gram_hash(gram_key(bytes, gram) + gram) >> (64 - COUNTERS_LOG);
}

/* How common a byte is in programs and texts, roughly. */
static unsigned
byte_cost(unsigned char c)
{
	if (c == 0x00)
		return 15;
	if (c == 0xff || c == ' ')
		return 10;
	if (ascii_is_alnum((char)c))
		return c >= 'a' && c <= 'z' ? 7 : 5;
	return c >= 0x20 && c < 0x7f ? 4 : 2;
}

static unsigned
bytes_cost(const unsigned char *bytes, unsigned gram)
{
	unsigned cost = byte_cost(bytes[0]);

	for (unsigned i = 1; i < gram; i++)
		cost += byte_cost(bytes[i]) + (bytes[i] == bytes[i - 1] ? 6 : 0);
	return cost;
}

static bool
is_fixed(const struct segment *s, uint32_t i)
{
	return s->mask == NULL || (s->mask[i] | PATTERN_CASE_BIT) == 0xff;
}

/* Length of the run of fixed bytes that begins at offset. */
static uint32_t
run_at(const struct segment *s, uint32_t offset)
{
	uint32_t end = offset;

	while (end < s->len && is_fixed(s, end))
		end++;
	return end - offset;
}

/* What a run of this length is looked for by; GRAM_KINDS: too short. */
static enum gram_kind
kind_of_run(uint32_t len)
{
	int kind = 0;

	while (kind < GRAM_KINDS && len < gram_shapes[kind].window)
		kind++;
	return (enum gram_kind)kind;
}

struct run {
	const unsigned char *bytes;
	uint32_t segment, offset, len;
	enum gram_kind kind;
	unsigned gram;
	uint32_t grams; /* that are looked at */
};

/* Finds the first run from r->segment and r->offset on that is long enough. */
static bool
find_run(const struct pattern *p, struct run *r)
{
	for (; r->segment < p->count; r->segment++, r->offset = 0) {
		const struct segment *s = &p->segments[r->segment];

		for (; r->offset < s->len; r->offset += r->len > 0 ? r->len : 1) {
			r->len = run_at(s, r->offset);
			r->kind = kind_of_run(r->len);
			if (r->kind == GRAM_KINDS)
				continue;
			r->bytes = s->value + r->offset;
			r->gram = gram_shapes[r->kind].gram;
			r->grams = r->len - r->gram + 1;
			if (r->grams > GRAMS_LOOKED_AT)
				r->grams = GRAMS_LOOKED_AT;
			return true;
		}
	}
	return false;
}

static void
count_pattern(const struct counters *c, const struct pattern *p)
{
	for (struct run r = { 0 }; find_run(p, &r); r.offset += r.len)
		for (uint32_t i = 0; i < r.grams; i++) {
			uint8_t *counter = &c->of[counter_of(r.bytes + i, r.gram)];

			if (*counter < COUNTER_MAX)
				++*counter;
		}
}

static void
choose_in_run(const struct counters *c, struct pattern *p, const struct run *r, unsigned *best)
{
	unsigned costs[GRAMS_LOOKED_AT], stride = gram_shapes[r->kind].stride;

	for (uint32_t i = 0; i < r->grams; i++)
		costs[i] = bytes_cost(r->bytes + i, r->gram) + CROWD_COST * c->of[counter_of(r->bytes + i, r->gram)];
	for (uint32_t i = 0; i + stride <= r->grams; i++) {
		unsigned cost = 0;

		for (unsigned phase = 0; phase < stride; phase++)
			cost += costs[i + phase]; /* cppcheck-suppress uninitvar // i + stride <= grams */
		/* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): of each shape it is at least 1 */
		cost = cost / stride + kind_cost[r->kind];
		if (cost >= *best)
			continue;
		*best = cost;
		p->anchor_segment = r->segment;
		p->anchor_offset = r->offset + i;
		p->anchor_kind = r->kind;
	}
}

bool
pattern_has_anchor(const struct pattern *p)
{
	struct run r = { 0 };

	return find_run(p, &r);
}

void
pattern_choose_anchors(struct arena *a, struct pattern *const *patterns, size_t count)
{
	struct arena *work = arena_new_within(a);
	struct counters c = { ARENA_ARRAY(work, uint8_t, (size_t)1 << COUNTERS_LOG) };

	for (size_t i = 0; i < count; i++)
		count_pattern(&c, patterns[i]);
	for (size_t i = 0; i < count; i++) {
		unsigned best = UINT32_MAX;

		for (struct run r = { 0 }; find_run(patterns[i], &r); r.offset += r.len)
			choose_in_run(&c, patterns[i], &r, &best);
	}
	arena_free(&work);
}
