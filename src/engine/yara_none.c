/* What stands for libyara where it is not built in: nothing is compiled. */
#include "config.h"

#include "engine/yara.h"

const char *
yara_compile(struct arena *a, const char *const *files, size_t count, struct yara_set **out)
{
	(void)a;
	(void)files;
	(void)count;
	*out = NULL;
	return "this gatepost was built without libyara";
}

size_t
yara_count(const struct yara_set *set)
{
	(void)set;
	return 0;
}

struct yara_scratch *
yara_scratch_new(const struct yara_set *set)
{
	(void)set;
	return NULL;
}

void
yara_scratch_free(struct yara_scratch **s)
{
	*s = NULL;
}

bool
yara_scan(struct yara_scratch *s, struct span data, void (*found)(void *context, const char *rule), void *context)
{
	(void)s;
	(void)data;
	(void)found;
	(void)context;
	return false;
}
