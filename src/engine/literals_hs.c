/* Literals by libhs (Hyperscan, or Vectorscan under the same name): the whole
 * set is one database, read in one pass with SIMD.
 *
 * Literals go in through hs_compile_lit_multi(), so no byte of them is read
 * as an expression. libhs is given the index of each literal; the caller's ids
 * stay here. The database and the ids are never written after they are made,
 * so forked processes share them; the scratch is what each process writes.
 *
 * Limits: a text of 4 GiB or more is refused (libhs counts in unsigned int),
 * and so is a processor that libhs was not made for (no SSSE3). */
#include "config.h"

#include "engine/literals.h"

#include <hs.h>
#include <limits.h>
#include <stdlib.h>

struct literals {
	hs_database_t *database; /* NULL when the set is empty */
	uint32_t *ids;
};

struct literals_scratch {
	hs_scratch_t *memory;
};

struct search {
	const struct literals *set;
	bool (*found)(void *context, uint32_t id, size_t end);
	void *context;
};

static void
free_database(void *database)
{
	hs_free_database(database);
}

/* libhs takes the literals as parallel arrays, which are needed only now.
 * Returns NULL or why not (in a). */
static const char *
compile(struct arena *a, struct arena *work, struct literals *set, const struct literal *items, unsigned count)
{
	const char **bytes = ARENA_ARRAY(work, const char *, count);
	size_t *lengths = ARENA_ARRAY(work, size_t, count);
	unsigned *flags = ARENA_ARRAY(work, unsigned, count);
	unsigned *indexes = ARENA_ARRAY(work, unsigned, count);
	hs_compile_error_t *error;
	const char *why;

	for (unsigned i = 0; i < count; i++) {
		bytes[i] = items[i].bytes.data;
		lengths[i] = items[i].bytes.len;
		flags[i] = items[i].nocase ? HS_FLAG_CASELESS : 0;
		indexes[i] = i;
		set->ids[i] = items[i].id;
	}
	if (hs_compile_lit_multi(bytes, flags, indexes, lengths, count, HS_MODE_BLOCK, NULL, &set->database, &error) ==
	    HS_SUCCESS)
		return NULL;
	why = arena_printf(a, "libhs: %s", error->message);
	hs_free_compile_error(error);
	return why;
}

struct literals *
literals_compile(struct arena *a, const struct literal *items, size_t count)
{
	struct literals *set = ARENA_NEW(a, struct literals);
	struct arena *work;
	const char *error;

	if (count == 0)
		return set;
	if (count > UINT_MAX)
		arena_give_up(a, "too many literals");
	set->ids = ARENA_ARRAY(a, uint32_t, count);
	work = arena_new_within(a);
	error = compile(a, work, set, items, (unsigned)count);
	arena_free(&work);
	if (error != NULL)
		arena_give_up(a, error);
	arena_defer(a, free_database, set->database);
	return set;
}

struct literals_scratch *
literals_scratch_new(const struct literals *set)
{
	struct literals_scratch *s;

	if (set->database == NULL || (s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	if (hs_alloc_scratch(set->database, &s->memory) != HS_SUCCESS) {
		free(s);
		return NULL;
	}
	return s;
}

void
literals_scratch_free(struct literals_scratch **s)
{
	if (*s == NULL)
		return;
	hs_free_scratch((*s)->memory);
	free(*s);
	*s = NULL;
}

static int
on_match(unsigned index, unsigned long long start, unsigned long long end, unsigned flags, void *context)
{
	const struct search *search = context;

	(void)start;
	(void)flags;
	return search->found(search->context, search->set->ids[index], (size_t)end) ? 0 : 1;
}

bool
literals_scan(const struct literals *set, struct literals_scratch *s, struct span text,
    bool (*found)(void *context, uint32_t id, size_t end), void *context)
{
	struct search search = { set, found, context };
	hs_error_t result;

	if (set->database == NULL || text.len == 0)
		return true;
	if (s == NULL || text.len > UINT_MAX)
		return false;
	result = hs_scan(set->database, text.data, (unsigned)text.len, 0, s->memory, on_match, &search);
	return result == HS_SUCCESS || result == HS_SCAN_TERMINATED;
}
