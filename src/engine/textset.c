/* A set of expressions over one text. One pass looks for the required
 * literals of all; then PCRE2 runs those whose literal was found and those
 * that have none. When the pass fails, all of them run. */
#include "config.h"

#include "engine/textset.h"

#include "engine/literals.h"
#include "engine/regex_run.h"

#include <stdlib.h>

struct textset {
	struct regex **items;
	bool *has_literal;
	size_t count, literal_count;
	struct literals *literals; /* their ids are indexes of items */
};

struct textset_scratch {
	struct regex_memory memory;
	struct literals_scratch *literals;
	size_t missing; /* literals not yet found in this text */
	bool found[];   /* of item i */
};

struct textset *
textset_compile(struct arena *a, struct regex *const *items, size_t count)
{
	struct textset *t = ARENA_NEW(a, struct textset);
	struct literal *literals = ARENA_ARRAY(a, struct literal, count);

	t->count = count;
	t->items = ARENA_ARRAY(a, struct regex *, count);
	t->has_literal = ARENA_ARRAY(a, bool, count);
	for (size_t i = 0; i < count; i++) {
		struct literal *l = &literals[t->literal_count];

		t->items[i] = items[i];
		t->has_literal[i] = regex_required_literal(items[i], &l->bytes, &l->nocase);
		l->id = (uint32_t)i;
		t->literal_count += t->has_literal[i];
	}
	t->literals = literals_compile(a, literals, t->literal_count);
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
	s->missing = t->literal_count;
	searched = literals_scan(t->literals, s->literals, text, literal_found, s);
	for (size_t i = 0; i < t->count; i++)
		if (results[i] != REGEX_MATCH && (!searched || !t->has_literal[i] || s->found[i]))
			raise_to(&results[i], regex_run(t->items[i], &s->memory, text));
}
