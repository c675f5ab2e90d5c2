/* A set of expressions over one text. Running each costs some microseconds, and
 * nearly none matches; so what is cheap for many at once goes first, and PCRE2
 * runs those that it leaves:
 *
 *   an expression with a long required literal waits for it. One pass looks for
 *   the literals of all;
 *   one without, or whose literal is short and so in most texts (or a word, where
 *   there are few expressions), waits for its wider form (regex_wider.h), all of
 *   which libhs searches for in a second pass;
 *   what cannot be made wider, or where libhs is not built in, has its literal;
 *   what has neither is run on every text.
 *
 * When a pass fails, all that wait for it run. So the results are PCRE2's with
 * and without libhs. (Only where PCRE2 would give up after its limit of matches
 * one may know that an expression does not match where the other has to say that
 * it could not be decided.) */
#include "config.h"

#include "engine/textset.h"

#include "engine/literals.h"
#include "engine/regex_run.h"
#include "engine/regex_wider.h"
#include "mime/utf8.h"

#include <stdlib.h>

enum {
	/* Octets from which a literal is rare in text: longer than most words of a
	 * letter; and one that is a word itself. */
	LITERAL_RARE = 6,
	WORD_RARE = 9,
	WIDER_FEW = 32, /* expressions that are searched for in one go */
};

/* The cases beyond ASCII of s and k: where one is found, literals with these
 * letters need not be in the text. */
static const struct span folding[] = { { "\xc5\xbf", 2 }, { "\xe2\x84\xaa", 3 } };
enum { FOLDING = sizeof(folding) / sizeof(folding[0]) };

/* What must be found before an expression is run. */
enum guard { GUARD_NONE, GUARD_LITERAL, GUARD_WIDER };

struct textset {
	struct regex **items;
	enum guard *guards;
	bool *folds, any_folds;    /* of those guarded by literals */
	size_t count, wanted;      /* expressions guarded by literals */
	struct literals *literals; /* their ids are indexes of items; `count` = a folding character */
	struct wider_set *wider;   /* NULL: none */
	size_t *wider_items;       /* which item each of them is */
};

struct textset_scratch {
	struct regex_memory memory;
	struct literals_scratch *literals;
	struct wider_scratch *wider;
	const struct textset *set;
	size_t missing; /* expressions whose literals are not yet found in this text */
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

static size_t
shortest_of(const struct span *literals, size_t count)
{
	size_t shortest = count > 0 ? SIZE_MAX : 0;

	for (size_t i = 0; i < count; i++)
		if (literals[i].len < shortest)
			shortest = literals[i].len;
	return shortest;
}

static void
guard_by_literals(struct textset *t, struct building *b, size_t item)
{
	const struct span *literals;
	bool nocase;
	size_t count = regex_required_literals(t->items[item], &literals, &nocase, &t->folds[item]);

	if (t->guards[item] != GUARD_NONE || count == 0)
		return;
	for (size_t i = 0; i < count; i++)
		add_literal(b, literals[i], nocase, item);
	t->guards[item] = GUARD_LITERAL;
	t->wanted++;
	t->any_folds |= t->folds[item];
}

/* A word of letters alone, that many a text may have. */
static bool
is_common_word(struct span literal)
{
	for (size_t i = 0; i < literal.len; i++)
		if (ascii_lower(literal.data[i]) < 'a' || ascii_lower(literal.data[i]) > 'z')
			return false;
	return literal.len < WORD_RARE;
}

/* How much literals leave to do. */
enum leaving { LEAVES_MUCH, LEAVES_SOME, LEAVES_LITTLE };

static enum leaving
leaving_of(const struct regex *r)
{
	const struct span *literals;
	bool nocase, folds;
	size_t count = regex_required_literals(r, &literals, &nocase, &folds);

	if (shortest_of(literals, count) < LITERAL_RARE)
		return LEAVES_MUCH;
	for (size_t i = 0; i < count; i++)
		if (is_common_word(literals[i]))
			return LEAVES_SOME;
	return LEAVES_LITTLE;
}

/* Those for which literals do little; and others, as many as cost nothing. */
static void
guard_by_wider(struct arena *a, struct textset *t)
{
	struct arena *work = arena_new_within(a);
	struct wider *wider = ARENA_ARRAY(work, struct wider, t->count);
	bool *taken = ARENA_ARRAY(work, bool, t->count);
	size_t count = 0;

	t->wider_items = ARENA_ARRAY(a, size_t, t->count);
	for (enum leaving l = LEAVES_MUCH; l < LEAVES_LITTLE; l++)
		for (size_t i = 0; i < t->count; i++)
			if (leaving_of(t->items[i]) == l && (l == LEAVES_MUCH || count < WIDER_FEW) &&
			    regex_wider(work, t->items[i], &wider[count]))
				t->wider_items[count++] = i;
	t->wider = wider_set_compile(a, wider, count, taken);
	for (size_t i = 0; i < count; i++)
		if (taken[i])
			t->guards[t->wider_items[i]] = GUARD_WIDER;
	arena_free(&work);
}

struct textset *
textset_compile(struct arena *a, struct regex *const *items, size_t count)
{
	struct textset *t = ARENA_NEW(a, struct textset);
	struct building b = { .arena = a };

	t->count = count;
	t->items = ARENA_ARRAY(a, struct regex *, count);
	t->guards = ARENA_ARRAY(a, enum guard, count);
	t->folds = ARENA_ARRAY(a, bool, count);
	for (size_t i = 0; i < count; i++)
		t->items[i] = items[i];
	guard_by_wider(a, t);
	for (size_t i = 0; i < count; i++)
		guard_by_literals(t, &b, i);
	for (size_t i = 0; i < FOLDING && t->any_folds; i++)
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
	s->set = t;
	s->literals = literals_scratch_new(t->literals);
	if (t->wider != NULL)
		s->wider = wider_scratch_new(t->wider);
	return s;
}

void
textset_scratch_free(struct textset_scratch **s)
{
	if (*s == NULL)
		return;
	regex_memory_close(&(*s)->memory);
	literals_scratch_free(&(*s)->literals);
	wider_scratch_free(&(*s)->wider);
	free(*s);
	*s = NULL;
}

static bool
literal_found(void *context, uint32_t id, size_t end)
{
	struct textset_scratch *s = context;

	(void)end;
	if (id == s->set->count) {
		s->folding = true;
		return true;
	}
	s->missing -= !s->found[id];
	s->found[id] = true;
	return s->missing > 0;
}

static void
wider_found(void *context, size_t index)
{
	struct textset_scratch *s = context;

	s->found[s->set->wider_items[index]] = true;
}

/* False when nothing is known. */
static bool
search_wider(const struct textset *t, struct textset_scratch *s, struct span text)
{
	char *narrowed;
	size_t len;
	bool good;

	if (utf8_ascii_prefix(text) == text.len)
		return wider_set_scan(t->wider, s->wider, text, wider_found, s);
	narrowed = malloc(text.len);
	len = narrowed != NULL ? text_narrow(text, narrowed) : SIZE_MAX;
	good = len != SIZE_MAX && wider_set_scan(t->wider, s->wider, span_of(narrowed, len), wider_found, s);
	free(narrowed);
	return good;
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
	bool known[] = { [GUARD_NONE] = false, [GUARD_LITERAL] = true, [GUARD_WIDER] = true };

	if (s == NULL) {
		for (size_t i = 0; i < t->count; i++)
			raise_to(&results[i], REGEX_LIMIT);
		return;
	}
	memset(s->found, 0, t->count * sizeof(s->found[0]));
	s->missing = t->wanted;
	s->folding = false;
	known[GUARD_LITERAL] = literals_scan(t->literals, s->literals, text, literal_found, s);
	if (t->wider != NULL)
		known[GUARD_WIDER] = search_wider(t, s, text);
	for (size_t i = 0; i < t->count; i++)
		if (results[i] != REGEX_MATCH &&
		    (!known[t->guards[i]] || s->found[i] || (s->folding && t->folds[i])))
			raise_to(&results[i], regex_run(t->items[i], &s->memory, text));
}
