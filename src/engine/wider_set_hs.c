/* Wider expressions by libhs: databases of some expressions each, read one after
 * the other. One database of all would be read a third faster, but takes several
 * times as long to make. libhs's prefilter mode lets it approximate what it cannot
 * represent, on the side of matching more.
 *
 * An expression that libhs does not read, that matches nothing at all, or
 * that makes a database too large, is not taken. */
#include "config.h"

#include "engine/wider_set.h"

#include <hs.h>
#include <limits.h>
#include <stdlib.h>

enum {
	GROUP = 32, /* expressions of one database */
	/* Times that the whole is compiled again without the expression that
	 * libhs named; then it is done without any of the group. */
	ATTEMPTS_MAX = 8,
};

struct wider_set {
	hs_database_t **databases;
	size_t count;
};

struct wider_scratch {
	hs_scratch_t *memory;
};

/* What libhs is given, as parallel arrays. */
struct input {
	const char **expressions;
	unsigned *flags, *indexes;
	unsigned count;
};

static void
free_database(void *database)
{
	hs_free_database(database);
}

static bool
is_readable(const char *expression, unsigned flags)
{
	hs_compile_error_t *error = NULL;
	hs_expr_info_t *info = NULL;
	bool good = hs_expression_info(expression, flags, &info, &error) == HS_SUCCESS && info->min_width > 0;

	free(info);
	if (error != NULL)
		hs_free_compile_error(error);
	return good;
}

static void
collect(struct arena *work, struct input *in, const struct wider *items, size_t count)
{
	in->expressions = ARENA_ARRAY(work, const char *, count);
	in->flags = ARENA_ARRAY(work, unsigned, count);
	in->indexes = ARENA_ARRAY(work, unsigned, count);
	for (size_t i = 0; i < count; i++) {
		const char *expression = arena_strndup(work, items[i].expression);
		unsigned flags = HS_FLAG_PREFILTER | HS_FLAG_SINGLEMATCH | (items[i].nocase ? HS_FLAG_CASELESS : 0) |
		                 (items[i].dot_all ? HS_FLAG_DOTALL : 0);

		if (!is_readable(expression, flags))
			continue;
		in->expressions[in->count] = expression;
		in->flags[in->count] = flags;
		in->indexes[in->count++] = (unsigned)i;
	}
}

static void
leave_out(struct input *in, unsigned which)
{
	in->count--;
	for (unsigned i = which; i < in->count; i++) {
		in->expressions[i] = in->expressions[i + 1];
		in->flags[i] = in->flags[i + 1];
		in->indexes[i] = in->indexes[i + 1];
	}
}

/* NULL when there is none; *in is what it holds. */
static hs_database_t *
compile_group(struct input *in)
{
	for (int attempt = 0; attempt < ATTEMPTS_MAX && in->count > 0; attempt++) {
		hs_database_t *database = NULL;
		hs_compile_error_t *error = NULL;
		int which = -1;

		if (hs_compile_multi(in->expressions, in->flags, in->indexes, in->count, HS_MODE_BLOCK, NULL, &database,
		        &error) == HS_SUCCESS)
			return database;
		if (error != NULL) {
			which = error->expression;
			hs_free_compile_error(error);
		}
		if (which < 0 || (unsigned)which >= in->count)
			return NULL;
		leave_out(in, (unsigned)which);
	}
	return NULL;
}

static void
compile(struct arena *a, struct wider_set *set, const struct input *all, bool *taken)
{
	set->databases = ARENA_ARRAY(a, hs_database_t *, all->count / GROUP + 1);
	for (unsigned from = 0; from < all->count; from += GROUP) {
		struct input group = { all->expressions + from, all->flags + from, all->indexes + from,
			all->count - from < GROUP ? all->count - from : GROUP };
		hs_database_t *database = compile_group(&group);

		if (database == NULL)
			continue;
		for (unsigned i = 0; i < group.count; i++)
			taken[group.indexes[i]] = true;
		set->databases[set->count++] = database;
		arena_defer(a, free_database, database);
	}
}

struct wider_set *
wider_set_compile(struct arena *a, const struct wider *items, size_t count, bool *taken)
{
	struct wider_set *set = ARENA_NEW(a, struct wider_set);
	struct arena *work = arena_new_within(a);
	struct input in = { .count = 0 };

	memset(taken, false, count * sizeof(*taken));
	if (count > 0 && count <= UINT_MAX) {
		collect(work, &in, items, count);
		compile(a, set, &in, taken);
	}
	arena_free(&work);
	return set->count > 0 ? set : NULL;
}

struct wider_scratch *
wider_scratch_new(const struct wider_set *set)
{
	struct wider_scratch *s = calloc(1, sizeof(*s));

	/* each call makes the scratch large enough for one more */
	for (size_t i = 0; s != NULL && i < set->count; i++)
		if (hs_alloc_scratch(set->databases[i], &s->memory) != HS_SUCCESS)
			wider_scratch_free(&s);
	return s;
}

void
wider_scratch_free(struct wider_scratch **s)
{
	if (*s == NULL)
		return;
	hs_free_scratch((*s)->memory);
	free(*s);
	*s = NULL;
}

struct search {
	void (*found)(void *context, size_t index);
	void *context;
};

static int
on_match(unsigned index, unsigned long long start, unsigned long long end, unsigned flags, void *context)
{
	const struct search *search = context;

	(void)start;
	(void)end;
	(void)flags;
	search->found(search->context, index);
	return 0;
}

bool
wider_set_scan(const struct wider_set *set, struct wider_scratch *s, struct span text,
    void (*found)(void *context, size_t index), void *context)
{
	struct search search = { found, context };

	if (s == NULL || text.len > UINT_MAX)
		return false;
	for (size_t i = 0; i < set->count && text.len > 0; i++)
		if (hs_scan(set->databases[i], text.data, (unsigned)text.len, 0, s->memory, on_match, &search) != HS_SUCCESS)
			return false;
	return true;
}
