/* Literals without libhs: Aho and Corasick's automaton ("Efficient string
 * matching", CACM 18, 1975) behind a fast way to pass over text in which no
 * literal can begin.
 *
 * Exact and caseless literals have an automaton each; the second folds ASCII
 * as it reads. An automaton is built from the sorted literals breadth first:
 * a state is a range of literals that share their first `depth` bytes, so
 * the children of a state lie side by side and are told apart by one byte
 * each. That is 17 bytes a state, and a set of 100,000 literals stays small.
 *
 * In its root the automaton knows that nothing has begun. There it asks for the
 * next place where a literal may begin: with a few literals by comparing two
 * bytes of each against 16 places at once, with more by a table of the pairs
 * of bytes that literals begin with. It leaves the root for two bytes at the
 * least and goes back by one at the most, so the time is linear in the text,
 * whatever the text is. */
#include "config.h"

#include "engine/literals.h"

#include <stdlib.h>

enum {
	NO_ENTRY = -1,
	FEW = 4,      /* literals up to which vectors beat the table of pairs */
	BLOCK = 16,   /* places compared at once */
	SPREAD = 15,  /* most distance between the two bytes that are compared */
	PAIRS = 65536,
};

typedef unsigned char block __attribute__((vector_size(BLOCK)));
typedef uint64_t block_words __attribute__((vector_size(BLOCK)));

/* What ends in a state; literals of the same bytes follow one another. */
struct entry {
	uint32_t id;
	bool more;
};

/* Two bytes of a literal, repeated; a letter of a caseless one is compared
 * with `fold` set in the text. */
struct probe {
	block first, first_fold, second, second_fold;
};

struct automaton {
	uint32_t states;
	uint32_t deep;           /* the first state of two bytes */
	unsigned char fold[256]; /* text as the automaton reads it */
	uint32_t *children;      /* of state s: children[s] to children[s + 1] - 1 */
	unsigned char *byte;     /* that leads into a state from its parent */
	uint32_t *fail;          /* the longest proper suffix that is a state */
	uint32_t *ending;        /* the state itself or the next along `fail` where literals end; 0 = none */
	int32_t *entry;          /* the first literal that ends in the state */
	struct entry *entries;
	uint32_t root[256];
	struct probe *probes;    /* NULL when there are pairs */
	size_t probe_count, distance;
	bool *pairs;             /* [first << 8 | second] */
};

struct literals {
	struct automaton *exact, *folded; /* NULL without such literals */
};

/* --- Building --- */

static int
compare(const struct literal *x, const struct literal *y, bool fold)
{
	size_t len = x->bytes.len < y->bytes.len ? x->bytes.len : y->bytes.len;

	for (size_t i = 0; i < len; i++) {
		unsigned char a = (unsigned char)(fold ? ascii_lower(x->bytes.data[i]) : x->bytes.data[i]);
		unsigned char b = (unsigned char)(fold ? ascii_lower(y->bytes.data[i]) : y->bytes.data[i]);

		if (a != b)
			return a < b ? -1 : 1;
	}
	return (x->bytes.len > y->bytes.len) - (x->bytes.len < y->bytes.len);
}

static int
compare_exact(const void *x, const void *y)
{
	return compare(x, y, false);
}

static int
compare_folded(const void *x, const void *y)
{
	return compare(x, y, true);
}

static unsigned char
byte_at(const struct automaton *m, const struct literal *item, size_t offset)
{
	return m->fold[(unsigned char)item->bytes.data[offset]];
}

/* A state while it waits for its children: literals low to high - 1 share
 * their first `depth` bytes. */
struct range {
	uint32_t low, high, depth;
};

static void
add_children(struct automaton *m, const struct literal *items, struct range *ranges, uint32_t state)
{
	struct range r = ranges[state];
	uint32_t i = r.low;

	m->entry[state] = NO_ENTRY;
	if (i < r.high && items[i].bytes.len == r.depth && r.depth > 0)
		m->entry[state] = (int32_t)i;
	while (i < r.high && items[i].bytes.len == r.depth)
		i++;
	m->children[state] = m->states;
	while (i < r.high) {
		uint32_t low = i;
		unsigned char c = byte_at(m, &items[i], r.depth);

		while (i < r.high && byte_at(m, &items[i], r.depth) == c)
			i++;
		m->byte[m->states] = c;
		ranges[m->states++] = (struct range){ low, i, r.depth + 1 };
	}
	m->children[state + 1] = m->states;
}

/* 0 when there is none: the root is nobody's child. */
static inline uint32_t
child(const struct automaton *m, uint32_t state, unsigned char c)
{
	uint32_t low = m->children[state], high = m->children[state + 1];

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (m->byte[middle] == c)
			return middle;
		if (m->byte[middle] < c)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

static inline uint32_t
step(const struct automaton *m, uint32_t state, unsigned char c)
{
	while (state != 0) {
		uint32_t next = child(m, state, c);

		if (next != 0)
			return next;
		state = m->fail[state];
	}
	return m->root[c];
}

/* Parents come before children, so a parent's `fail` is known. */
static void
link_states(struct automaton *m)
{
	for (uint32_t c = m->children[0]; c < m->children[1]; c++)
		m->root[m->byte[c]] = c;
	for (uint32_t s = 0; s < m->states; s++) {
		for (uint32_t c = m->children[s]; c < m->children[s + 1]; c++)
			m->fail[c] = s == 0 ? 0 : step(m, m->fail[s], m->byte[c]);
		m->ending[s] = m->entry[s] != NO_ENTRY ? s : m->ending[m->fail[s]];
	}
}

static block
repeat(unsigned char c)
{
	return (block){ 0 } + c;
}

static unsigned char
fold_bit(const struct automaton *m, unsigned char c)
{
	return c >= 'a' && c <= 'z' && m->fold['A'] == 'a' ? 'a' - 'A' : 0;
}

static void
make_probes(struct arena *a, struct automaton *m, const struct literal *items, size_t count)
{
	m->probes = ARENA_ARRAY(a, struct probe, count);
	m->probe_count = count;
	m->distance = SPREAD;
	for (size_t i = 0; i < count; i++)
		if (items[i].bytes.len - 1 < m->distance)
			m->distance = items[i].bytes.len - 1;
	for (size_t i = 0; i < count; i++) {
		unsigned char first = byte_at(m, &items[i], 0), second = byte_at(m, &items[i], m->distance);

		m->probes[i] = (struct probe){ repeat(first), repeat(fold_bit(m, first)), repeat(second),
			repeat(fold_bit(m, second)) };
	}
}

static void
make_pairs(struct arena *a, struct automaton *m)
{
	m->pairs = ARENA_ARRAY(a, bool, PAIRS);
	for (size_t pair = 0; pair < PAIRS; pair++) {
		uint32_t s = m->root[m->fold[pair >> 8]];

		m->pairs[pair] = s != 0 && (m->entry[s] != NO_ENTRY || child(m, s, m->fold[pair & 255]) != 0);
	}
}

static void
reserve_states(struct arena *a, struct automaton *m, size_t most)
{
	m->children = ARENA_ARRAY(a, uint32_t, most + 1);
	m->byte = ARENA_ARRAY(a, unsigned char, most);
	m->fail = ARENA_ARRAY(a, uint32_t, most);
	m->ending = ARENA_ARRAY(a, uint32_t, most);
	m->entry = ARENA_ARRAY(a, int32_t, most);
}

/* items: those of one kind, sorted. `work` is for what is needed only now. */
static struct automaton *
automaton_new(struct arena *a, struct arena *work, const struct literal *items, size_t count, bool fold)
{
	struct automaton *m = ARENA_NEW(a, struct automaton);
	struct range *ranges;
	size_t most = 1;

	for (size_t i = 0; i < count; i++)
		most += items[i].bytes.len;
	if (most > INT32_MAX)
		arena_give_up(a, "too many literals");
	reserve_states(a, m, most);
	m->entries = ARENA_ARRAY(a, struct entry, count);
	for (size_t c = 0; c < 256; c++)
		m->fold[c] = (unsigned char)(fold ? ascii_lower((char)c) : (char)c);
	for (size_t i = 0; i < count; i++)
		m->entries[i] = (struct entry){ items[i].id,
			i + 1 < count && compare(&items[i], &items[i + 1], fold) == 0 };
	ranges = ARENA_ARRAY(work, struct range, most);
	ranges[0] = (struct range){ 0, (uint32_t)count, 0 };
	m->states = 1;
	for (uint32_t s = 0; s < m->states; s++)
		add_children(m, items, ranges, s);
	m->deep = m->children[1];
	link_states(m);
	if (count <= FEW)
		make_probes(a, m, items, count);
	else
		make_pairs(a, m);
	return m;
}

static struct automaton *
compile_kind(struct arena *a, struct arena *work, const struct literal *items, size_t count, bool nocase)
{
	struct literal *chosen = ARENA_ARRAY(work, struct literal, count);
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (items[i].nocase == nocase)
			chosen[n++] = items[i];
	if (n == 0)
		return NULL;
	qsort(chosen, n, sizeof(*chosen), nocase ? compare_folded : compare_exact);
	return automaton_new(a, work, chosen, n, nocase);
}

struct literals *
literals_compile(struct arena *a, const struct literal *items, size_t count)
{
	struct literals *set = ARENA_NEW(a, struct literals);
	struct arena *work = arena_new_within(a);

	set->exact = compile_kind(a, work, items, count, false);
	set->folded = compile_kind(a, work, items, count, true);
	arena_free(&work);
	return set;
}

struct literals_scratch *
literals_scratch_new(const struct literals *set)
{
	(void)set;
	return NULL;
}

void
literals_scratch_free(struct literals_scratch **s)
{
	*s = NULL;
}

/* --- Searching --- */

static inline bool
probe_matches(const struct automaton *m, const unsigned char *at)
{
	for (size_t i = 0; i < m->probe_count; i++) {
		const struct probe *p = &m->probes[i];

		if ((at[0] | p->first_fold[0]) == p->first[0] && (at[m->distance] | p->second_fold[0]) == p->second[0])
			return true;
	}
	return false;
}

/* Whether any of the BLOCK places from `at` on may begin a literal. */
static inline bool
block_matches(const struct automaton *m, const unsigned char *at)
{
	block first, second, any = { 0 };
	block_words words;

	memcpy(&first, at, BLOCK);
	memcpy(&second, at + m->distance, BLOCK);
	for (size_t i = 0; i < m->probe_count; i++) {
		const struct probe *p = &m->probes[i];

		any |= (block)((first | p->first_fold) == p->first) & (block)((second | p->second_fold) == p->second);
	}
	words = (block_words)any;
	return (words[0] | words[1]) != 0;
}

static size_t
skip_by_probes(const struct automaton *m, const unsigned char *text, size_t at, size_t len)
{
	for (; at + BLOCK + m->distance <= len; at += BLOCK)
		if (block_matches(m, text + at))
			break;
	while (at + m->distance < len && !probe_matches(m, text + at))
		at++;
	return at + m->distance < len ? at : len;
}

static size_t
skip_by_pairs(const struct automaton *m, const unsigned char *text, size_t at, size_t len)
{
	const bool *pairs = m->pairs;

	for (; at + 4 < len; at += 4) {
		const unsigned char *t = text + at;

		if (pairs[t[0] << 8 | t[1]] | pairs[t[1] << 8 | t[2]] | pairs[t[2] << 8 | t[3]] | pairs[t[3] << 8 | t[4]])
			break;
	}
	while (at + 1 < len && !pairs[text[at] << 8 | text[at + 1]])
		at++;
	return at;
}

/* Tells all literals that end in the state; false to stop. */
static bool
tell(const struct automaton *m, uint32_t state, size_t end, bool (*found)(void *context, uint32_t id, size_t end),
    void *context)
{
	for (uint32_t s = m->ending[state]; s != 0; s = m->ending[m->fail[s]]) {
		const struct entry *e = &m->entries[m->entry[s]];

		do {
			if (!found(context, e->id, end))
				return false;
		} while (e++->more);
	}
	return true;
}

static size_t
skip(const struct automaton *m, const unsigned char *text, size_t at, size_t len)
{
	return m->probes != NULL ? skip_by_probes(m, text, at, len) : skip_by_pairs(m, text, at, len);
}

static bool
run(const struct automaton *m, struct span text, bool (*found)(void *context, uint32_t id, size_t end), void *context)
{
	const unsigned char *t = (const unsigned char *)text.data;
	size_t at = 0;

	while ((at = skip(m, t, at, text.len)) < text.len) {
		uint32_t state = 0;
		size_t begin = at;

		do {
			state = step(m, state, m->fold[t[at++]]);
			if (m->ending[state] != 0 && !tell(m, state, at, found, context))
				return false;
		} while (at < text.len && (state >= m->deep || at == begin + 1));
		/* In a state of one byte that byte may begin a literal: skip() knows better. */
		if (at < text.len && state != 0)
			at--;
	}
	return true;
}

bool
literals_scan(const struct literals *set, struct literals_scratch *s, struct span text,
    bool (*found)(void *context, uint32_t id, size_t end), void *context)
{
	(void)s;
	if (set->exact == NULL || run(set->exact, text, found, context))
		if (set->folded != NULL)
			run(set->folded, text, found, context);
	return true;
}
