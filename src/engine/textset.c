/* A set of expressions over one text. One pass looks for the required
 * literals of all; then PCRE2 runs those whose literal was found and those
 * that have none. When the pass fails, all of them run. */
#include "config.h"

#include "engine/textset.h"

#include "engine/literals.h"
#include "engine/regex_run.h"

#include <stdlib.h>

/* The cases beyond ASCII of s and k: where one is found, literals with these
 * letters need not be in the text. */
static const struct span folding[] = { { "\xc5\xbf", 2 }, { "\xe2\x84\xaa", 3 } };
enum { FOLDING = sizeof(folding) / sizeof(folding[0]) };

struct textset {
	struct regex **items;
	bool *has_literals, *folds;
	size_t count, wanted; /* expressions with literals */
	struct literals *literals; /* their ids are indexes of items; `count` = a folding character */
};

struct textset_scratch {
	struct regex_memory memory;
	struct literals_scratch *literals;
	size_t missing; /* expressions whose literals are not yet found in this text */
	size_t count;
	bool folding;
	bool found[];   /* of item i */
};

struct building {
	struct arena *arena;
	struct literal *items;
	size_t count, cap;
};

static void
add_literal(struct building *b, struct span bytes, bool nocase, size_t id)
{
	b->items = arena_grow(b->arena, b->items, sizeof(*b->items), &b->cap, b->count + 1);
	b->items[b->count++] = (struct literal){ bytes, nocase, (uint32_t)id };
}

static void
add_literals_of(struct textset *t, struct building *b, size_t item)
{
	const struct span *literals;
	bool nocase;
	size_t count = regex_required_literals(t->items[item], &literals, &nocase, &t->folds[item]);

	for (size_t i = 0; i < count; i++)
		add_literal(b, literals[i], nocase, item);
	t->has_literals[item] = count > 0;
	t->wanted += count > 0;
}

struct textset *
textset_compile(struct arena *a, struct regex *const *items, size_t count)
{
	struct textset *t = ARENA_NEW(a, struct textset);
	struct building b = { .arena = a };

	t->count = count;
	t->items = ARENA_ARRAY(a, struct regex *, count);
	t->has_literals = ARENA_ARRAY(a, bool, count);
	t->folds = ARENA_ARRAY(a, bool, count);
	for (size_t i = 0; i < count; i++) {
		t->items[i] = items[i];
		add_literals_of(t, &b, i);
	}
	for (size_t i = 0; i < FOLDING && t->wanted > 0; i++)
		add_literal(&b, folding[i], false, count);
	t->literals = literals_compile(a, b.items, b.count);
	return t;
}

size_t
textset_count(const struct textset *t)
{
	return t->count;
}

struct textset_scratch *
textset_scratch_new(const struct textset *t)
{
	struct textset_scratch *s = calloc(1, sizeof(*s) + t->count * sizeof(s->found[0]));

	if (s == NULL)
		return NULL;
	if (!regex_memory_open(&s->memory, true)) {
		free(s);
		return NULL;
	}
	s->literals = literals_scratch_new(t->literals);
	s->count = t->count;
	return s;
}

void
textset_scratch_free(struct textset_scratch **s)
{
	if (*s == NULL)
		return;
	regex_memory_close(&(*s)->memory);
	literals_scratch_free(&(*s)->literals);
	free(*s);
	*s = NULL;
}

static bool
literal_found(void *context, uint32_t id, size_t end)
{
	struct textset_scratch *s = context;

	(void)end;
	if (id == s->count) {
		s->folding = true;
		return true;
	}
	s->missing -= !s->found[id];
	s->found[id] = true;
	return s->missing > 0;
}

static void
raise_to(enum regex_result *result, enum regex_result to)
{
	if (*result != REGEX_MATCH && to != REGEX_NO_MATCH)
		*result = to;
}

void
textset_match(const struct textset *t, struct textset_scratch *s, struct span text, enum regex_result *results)
{
	bool searched;

	if (s == NULL) {
		for (size_t i = 0; i < t->count; i++)
			raise_to(&results[i], REGEX_LIMIT);
		return;
	}
	memset(s->found, 0, t->count * sizeof(s->found[0]));
	s->missing = t->wanted;
	s->folding = false;
	searched = literals_scan(t->literals, s->literals, text, literal_found, s);
	for (size_t i = 0; i < t->count; i++)
		if (results[i] != REGEX_MATCH &&
		    (!searched || !t->has_literals[i] || s->found[i] || (s->folding && t->folds[i])))
			raise_to(&results[i], regex_run(t->items[i], &s->memory, text));
}
