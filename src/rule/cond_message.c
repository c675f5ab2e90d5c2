/* `size` and `defect`: of the message as such. */
#include "config.h"

#include "rule/comparison.h"
#include "rule/facts.h"

bool
size_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	struct comparison *size = ARENA_NEW(c->arena, struct comparison);

	node->operand = size;
	return comparison_read(c->arena, value, yaml_size, size, c->report);
}

enum truth
size_evaluate(const struct evaluation *e, const struct node *node)
{
	const struct comparison *size = node->operand;

	return truth_of(comparison_holds(*size, e->facts->message->raw.len));
}

static bool
is_defect_name(const char *text)
{
	for (const struct mime_defect_kind *k = mime_defect_kinds; k->name != NULL; k++)
		if (strcmp(text, k->name) == 0)
			return true;
	return false;
}

static void
report_unknown_defect(struct compiler *c, const struct yaml *n)
{
	const char **names;
	size_t count = 0;

	while (mime_defect_kinds[count].name != NULL)
		count++;
	names = ARENA_ARRAY(c->arena, const char *, count + 1);
	for (size_t i = 0; i < count; i++)
		names[i] = mime_defect_kinds[i].name;
	report_unknown(c, n, "defect", names);
}

bool
defect_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	struct strings *names = ARENA_NEW(c->arena, struct strings);
	struct yaml *const *items;
	bool good;

	names->count = values_of(c, &value, &items);
	good = names->count > 0;
	names->items = ARENA_ARRAY(c->arena, const char *, names->count);
	for (size_t i = 0; i < names->count; i++) {
		if (!yaml_string(items[i], &names->items[i], c->report)) {
			good = false;
		} else if (!is_defect_name(names->items[i])) {
			report_unknown_defect(c, items[i]);
			good = false;
		}
	}
	/* Some are found by decoding only, or in archives. */
	c->search->bodies = c->search->archives = true;
	node->operand = names;
	return good;
}

enum truth
defect_evaluate(const struct evaluation *e, const struct node *node)
{
	const struct strings *names = node->operand;

	for (const struct mime_defect *d = e->facts->message->defects; d != NULL; d = d->next)
		for (size_t i = 0; i < names->count; i++)
			if (strcmp(names->items[i], d->name) == 0)
				return TRUTH_YES;
	return truth_not_found(e->facts->unread_parts);
}
