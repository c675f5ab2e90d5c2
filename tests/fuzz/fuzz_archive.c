/* Archives, and archives inside: whatever is read stays within the limits. */
#include "config.h"

#include "engine/archive.h"

#include <stdlib.h>

struct walk {
	struct arena *arena;
	struct archive_budget budget;
	size_t sum;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
member(void *context, const struct archive_member *m)
{
	struct walk *w = context;

	if (w->budget.entries > w->budget.limits.entries || w->budget.depth > w->budget.limits.depth + 1 ||
	    (m->encrypted && m->content.len > 0) || m->content.len > w->budget.output)
		abort();
	for (size_t i = 0; i < m->name.len; i++)
		w->sum += (unsigned char)m->name.data[i];
	for (size_t i = 0; i < m->content.len; i++)
		w->sum += (unsigned char)m->content.data[i];
	archive_read(w->arena, m->content, &w->budget, member, w);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct walk w = { .arena = arena_new(0),
		.budget = { .limits = { .entries = 50, .depth = 2, .output = 4 * 1024 * 1024, .ratio = 100 } } };

	archive_read(w.arena, span_of((const char *)data, size), &w.budget, member, &w);
	if (w.budget.depth != 0)
		abort();
	arena_free(&w.arena);
	return 0;
}
