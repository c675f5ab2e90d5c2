/* Without libhs no expression is searched for together with others: PCRE2 alone
 * takes them one by one. */
#include "config.h"

#include "engine/wider_set.h"

struct wider_set *
wider_set_compile(struct arena *a, const struct wider *items, size_t count, bool *taken)
{
	(void)a;
	(void)items;
	for (size_t i = 0; i < count; i++)
		taken[i] = false;
	return NULL;
}

struct wider_scratch *
wider_scratch_new(const struct wider_set *set)
{
	(void)set;
	return NULL;
}

void
wider_scratch_free(struct wider_scratch **s)
{
	*s = NULL;
}

bool
wider_set_scan(const struct wider_set *set, struct wider_scratch *s, struct span text,
    void (*found)(void *context, size_t index), void *context)
{
	(void)set;
	(void)s;
	(void)text;
	(void)found;
	(void)context;
	return false;
}
