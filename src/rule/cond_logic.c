/* `all`, `any`, `not` and `rule`. The depth of the tree is bounded by the
 * depth of the YAML; a rule that is referred to has been decided before
 * (rule_order.c), so that nothing here follows a chain of rules. */
#include "config.h"

#include "rule/facts.h"

struct group {
	struct node *items;
	size_t count;
};

/* A list of conditions; or, for a mapping of several, its pairs. */
static bool
group_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	struct group *g = ARENA_NEW(c->arena, struct group);
	bool good = true;

	if (value->kind == YAML_SCALAR || value->count == 0) {
		report_add(c->report, value->mark, "expected a list of conditions");
		return false;
	}
	g->count = value->count;
	g->items = ARENA_ARRAY(c->arena, struct node, g->count);
	for (size_t i = 0; i < g->count; i++) {
		struct yaml one = { .kind = YAML_MAPPING, .mark = value->mark, .count = 1 };

		if (value->kind == YAML_MAPPING)
			one.pairs = &value->pairs[i];
		good &= condition_parse(c, value->kind == YAML_MAPPING ? &one : value->items[i], &g->items[i]);
	}
	node->operand = g;
	return good;
}

bool
all_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	return group_parse(c, value, node);
}

enum truth
all_evaluate(const struct evaluation *e, const struct node *node)
{
	const struct group *g = node->operand;
	enum truth least = TRUTH_YES;

	for (size_t i = 0; i < g->count && least != TRUTH_NO; i++) {
		enum truth one = g->items[i].condition->evaluate(e, &g->items[i]);

		if (one < least)
			least = one;
	}
	return least;
}

bool
any_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	return group_parse(c, value, node);
}

enum truth
any_evaluate(const struct evaluation *e, const struct node *node)
{
	const struct group *g = node->operand;
	enum truth greatest = TRUTH_NO;

	for (size_t i = 0; i < g->count && greatest != TRUTH_YES; i++) {
		enum truth one = g->items[i].condition->evaluate(e, &g->items[i]);

		if (one > greatest)
			greatest = one;
	}
	return greatest;
}

/* Of the conditions that hold. */
void
all_locate(const struct evaluation *e, const struct node *node, struct places *found)
{
	const struct group *g = node->operand;

	for (size_t i = 0; i < g->count; i++) {
		const struct node *one = &g->items[i];

		if (one->condition->locate != NULL && one->condition->evaluate(e, one) == TRUTH_YES)
			one->condition->locate(e, one, found);
	}
}

void
any_locate(const struct evaluation *e, const struct node *node, struct places *found)
{
	all_locate(e, node, found);
}

bool
not_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	struct node *inner = ARENA_NEW(c->arena, struct node);

	bool good;

	node->operand = inner;
	c->negated++;
	good = condition_parse(c, value, inner);
	c->negated--;
	return good;
}

enum truth
not_evaluate(const struct evaluation *e, const struct node *node)
{
	const struct node *inner = node->operand;

	switch (inner->condition->evaluate(e, inner)) {
	case TRUTH_NO:
		return TRUTH_YES;
	case TRUTH_YES:
		return TRUTH_NO;
	case TRUTH_UNKNOWN:
		break;
	}
	return TRUTH_UNKNOWN;
}

bool
reference_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	struct reference *r = ARENA_NEW(c->arena, struct reference);

	if (!yaml_string(value, &r->name, c->report))
		return false;
	r->mark = value->mark;
	r->negated = c->negated > 0;
	r->next = c->rule->references;
	c->rule->references = r;
	node->operand = r;
	return true;
}

enum truth
reference_evaluate(const struct evaluation *e, const struct node *node)
{
	const struct reference *r = node->operand;

	return e->truths[r->index];
}

void
reference_locate(const struct evaluation *e, const struct node *node, struct places *found)
{
	const struct reference *r = node->operand;
	const struct places *there = &e->places[r->index];

	found->elsewhere |= there->elsewhere;
	for (size_t i = 0; there->items != NULL && i < e->facts->item_count; i++)
		found->items[i] |= there->items[i];
}
