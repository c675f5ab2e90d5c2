/* Archives, and archives inside: whatever is read stays within the limits. */
#include "config.h"

#include "engine/container.h"
#include "engine/magic.h"

#include <stdlib.h>

struct walk {
	struct arena *arena;
	struct archive_budget budget;
	size_t sum;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static void look(struct walk *w, struct span data);

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
	look(w, m->content);
	return true;
}

static void
trait_told(void *context, enum trait trait)
{
	struct walk *w = context;

	w->sum += trait;
}

static void
uri_told(void *context, struct span uri)
{
	struct walk *w = context;

	w->sum += uri.len;
}

static void
look(struct walk *w, struct span data)
{
	const struct container_sink sink = { .context = w, .member = member, .trait = trait_told, .uri = uri_told };

	container_read(w->arena, magic_of(data), data, &w->budget, &sink);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct walk w = { .arena = arena_new(0),
		.budget = { .limits = { .entries = 50, .depth = 2, .output = 4 * 1024 * 1024, .ratio = 100 } } };

	look(&w, span_of((const char *)data, size));
	if (w.budget.depth != 0)
		abort();
	arena_free(&w.arena);
	return 0;
}
