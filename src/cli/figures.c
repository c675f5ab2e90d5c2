/* Reading figures. There are some hundreds: looking at all of them for each
 * question is fast enough for who reads them. */
#include "config.h"

#include "cli/figures.h"

#include <math.h>
#include <stdlib.h>

/* ---- reading ---- */

/* Where the labels end: a brace in a value is none. */
static size_t
end_of_labels(struct span s)
{
	bool quoted = false;

	for (size_t i = 0; i < s.len; i++) {
		if (quoted && s.data[i] == '\\')
			i++;
		else if (s.data[i] == '"')
			quoted = !quoted;
		else if (s.data[i] == '}' && !quoted)
			return i;
	}
	return SIZE_MAX;
}

static bool
parse_line(struct arena *a, struct span line, struct figure *out)
{
	size_t brace = span_find_byte(line, '{'), space = span_find_byte(line, ' '), end;
	char *number, *rest;

	*out = (struct figure){ .name = span_first(line, brace < space ? brace : space) };
	if (line.len == 0 || line.data[0] == '#' || space == SIZE_MAX)
		return false;
	line = span_from(line, out->name.len);
	if (brace < space) {
		line = span_from(line, 1);
		end = end_of_labels(line);
		if (end == SIZE_MAX)
			return false;
		out->labels = span_first(line, end);
		line = span_from(line, end + 1);
	}
	number = arena_strndup(a, span_trim(line));
	out->value = strtod(number, &rest);
	return rest != number && *rest == '\0';
}

void
figures_parse(struct arena *a, struct span text, struct figures *out)
{
	struct span rest = arena_copy(a, text), line;
	size_t cap = 0;

	*out = (struct figures){ .arena = a };
	while (span_split(&rest, '\n', &line)) {
		out->items = arena_grow(a, out->items, sizeof(*out->items), &cap, out->count + 1);
		if (parse_line(a, line, &out->items[out->count]))
			out->count++;
	}
}

void
figures_since(struct arena *a, const struct figures *now, const struct figures *before, struct figures *out)
{
	size_t at = 0;

	*out = (struct figures){ a, ARENA_ARRAY(a, struct figure, now->count), now->count };
	for (size_t i = 0; i < now->count; i++) {
		struct figure *f = &out->items[i];

		*f = now->items[i];
		/* What is in both comes in the same order. */
		for (size_t j = at; j < before->count; j++) {
			const struct figure *b = &before->items[j];

			if (!span_eq(b->name, f->name) || !span_eq(b->labels, f->labels))
				continue;
			f->value -= b->value;
			at = j + 1;
			break;
		}
	}
}

/* ---- asking ---- */

struct span
figure_label(const struct figure *f, const char *label)
{
	size_t len = strlen(label);
	struct span rest = f->labels;

	while (rest.len > 0) {
		size_t equals = span_find_byte(rest, '=');
		struct span name = span_first(rest, equals);
		size_t end = 0;

		rest = span_from(rest, name.len + 2);
		while (end < rest.len && rest.data[end] != '"')
			end += rest.data[end] == '\\' ? 2 : 1;
		if (name.len == len && memcmp(name.data, label, len) == 0)
			return span_first(rest, end);
		rest = span_from(rest, end + 2);
	}
	return SPAN_NONE;
}

double
figures_sum_of(const struct figures *f, const char *name, const char *label, struct span value, const char *label2,
    struct span value2)
{
	double sum = 0;

	for (size_t i = 0; i < f->count; i++) {
		const struct figure *x = &f->items[i];

		if (span_is(x->name, name) && (label == NULL || span_eq(figure_label(x, label), value)) &&
		    (label2 == NULL || span_eq(figure_label(x, label2), value2)))
			sum += x->value;
	}
	return sum;
}

double
figures_sum(const struct figures *f, const char *name)
{
	return figures_sum_of(f, name, NULL, SPAN_NONE, NULL, SPAN_NONE);
}

struct figures_group *
figures_groups(const struct figures *f, const char *name, const char *label, size_t *count)
{
	struct figures_group *all = ARENA_ARRAY(f->arena, struct figures_group, f->count);
	size_t n = 0, j;

	for (size_t i = 0; i < f->count; i++) {
		struct span value;

		if (!span_is(f->items[i].name, name))
			continue;
		value = figure_label(&f->items[i], label);
		for (j = 0; j < n && !span_eq(all[j].value, value); j++)
			continue;
		if (j == n)
			all[n++] = (struct figures_group){ value, 0 };
		all[j].sum += f->items[i].value;
	}
	*count = n;
	return all;
}

double
figures_quantile(const struct figures *f, const char *name, double q)
{
	const char *bucket = arena_printf(f->arena, "%s_bucket", name);
	double wanted = q * figures_sum(f, arena_printf(f->arena, "%s_count", name)), below = 0, bound_below = 0;

	if (wanted <= 0)
		return -1;
	for (size_t i = 0; i < f->count; i++) {
		const struct figure *x = &f->items[i];
		double bound;

		if (!span_is(x->name, bucket))
			continue;
		bound = strtod(arena_strndup(f->arena, figure_label(x, "le")), NULL);
		if (isinf(bound))
			return bound_below;
		if (x->value >= wanted)
			return bound_below + (bound - bound_below) * (wanted - below) / (x->value - below);
		below = x->value;
		bound_below = bound;
	}
	return -1;
}
