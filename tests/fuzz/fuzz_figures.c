/* Metrics as a text that came over the control socket: what is told of them is in
 * the text, and sums are those of their groups. */
#include "config.h"

#include "cli/figures.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

static void
check_groups(const struct figures *f, const char *name)
{
	size_t count, labelled = 0;
	struct figures_group *groups = figures_groups(f, name, "policy", &count);

	for (size_t i = 0; i < f->count; i++)
		labelled += span_is(f->items[i].name, name);
	demand(count <= labelled);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < i; k++)
			demand(!span_eq(groups[i].value, groups[k].value));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of((const char *)data, size);
	struct arena *a = arena_new(0);
	struct figures all, part, grown;

	figures_parse(a, text, &all);
	figures_parse(a, span_first(text, size / 2), &part);
	demand(all.count <= size && part.count <= all.count + 1);
	for (size_t i = 0; i < all.count; i++)
		demand(figure_label(&all.items[i], "policy").len <= all.items[i].labels.len);
	check_groups(&all, "x");
	figures_quantile(&all, "x", 0.5);
	figures_since(a, &all, &all, &grown);
	demand(grown.count == all.count);
	arena_free(&a);
	return 0;
}
