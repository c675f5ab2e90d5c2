/* References between rules: to whom each one goes, and an order in which a
 * rule comes after all that it refers to, so that rules are decided in one
 * pass without recursion. The order is Kahn's: rules without undecided
 * references are taken first; what can never be taken lies on a cycle or leads
 * to one. Linear in rules and references, but for the sorting of names. */
#include "config.h"

#include "conf/yaml.h"
#include "rule/compile.h"

#include <stdlib.h>

struct names {
	const struct rule **sorted;
	size_t count;
};

static int
by_name(const void *a, const void *b)
{
	const struct rule *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	/* Equal names in the order of the files, so the later one is reported. */
	return order != 0 ? order : (*x > *y) - (*x < *y);
}

static int
name_to_rule(const void *name, const void *element)
{
	const struct rule *const *rule = element;

	return strcmp(name, (*rule)->name);
}

static bool
names_are_unique(struct compiler *c, const struct names *names)
{
	bool good = true;

	for (size_t i = 1; i < names->count; i++) {
		const struct rule *one = names->sorted[i - 1], *two = names->sorted[i];

		if (strcmp(one->name, two->name) != 0)
			continue;
		good = false;
		report_add(c->report, two->mark, "a rule is named \"%s\" already, at %s:%zu", two->name, one->mark.file,
		    one->mark.line);
	}
	return good;
}

static struct names
names_of(struct compiler *c, const struct ruleset *rs)
{
	struct names names = { ARENA_ARRAY(c->arena, const struct rule *, rs->total), rs->total };

	for (size_t i = 0; i < rs->total; i++)
		names.sorted[i] = &rs->rules[i];
	if (names.count > 0)
		qsort(names.sorted, names.count, sizeof(*names.sorted), by_name);
	return names;
}

static void
report_missing(struct compiler *c, const struct names *names, const struct reference *r)
{
	const char **all = ARENA_ARRAY(c->arena, const char *, names->count + 1);
	const char *near;

	for (size_t i = 0; i < names->count; i++)
		all[i] = names->sorted[i]->name;
	near = nearest_word(r->name, all);
	if (near != NULL)
		report_add(c->report, r->mark, "no rule is named \"" YAML_SHOWN "\", did you mean \"%s\"?", r->name, near);
	else
		report_add(c->report, r->mark, "no rule is named \"" YAML_SHOWN "\"", r->name);
}

static bool
references_resolve(struct compiler *c, struct ruleset *rs, const struct names *names)
{
	bool good = true;

	for (size_t i = 0; i < rs->total; i++) {
		for (struct reference *r = rs->rules[i].references; r != NULL; r = r->next) {
			const struct rule **at = bsearch(r->name, names->sorted, names->count,
			    sizeof(*names->sorted), name_to_rule);

			if (at != NULL) {
				r->index = (size_t)(*at - rs->rules);
				continue;
			}
			good = false;
			report_missing(c, names, r);
		}
	}
	return good;
}

/* Who refers to a rule, as lists over one array. */
struct graph {
	size_t *first;   /* of each rule, into users; one more than rules */
	size_t *users;
	size_t *waiting; /* references of each rule that are not yet ordered */
};

static struct graph
graph_of(struct compiler *c, const struct ruleset *rs)
{
	struct graph g = { ARENA_ARRAY(c->arena, size_t, rs->total + 2), NULL,
		ARENA_ARRAY(c->arena, size_t, rs->total + 1) };

	for (size_t i = 0; i < rs->total; i++)
		for (const struct reference *r = rs->rules[i].references; r != NULL; r = r->next) {
			g.waiting[i]++;
			g.first[r->index + 2]++;
		}
	for (size_t i = 2; i < rs->total + 2; i++)
		g.first[i] += g.first[i - 1];
	g.users = ARENA_ARRAY(c->arena, size_t, g.first[rs->total + 1] + 1);
	for (size_t i = 0; i < rs->total; i++)
		for (const struct reference *r = rs->rules[i].references; r != NULL; r = r->next)
			g.users[g.first[r->index + 1]++] = i;
	return g;
}

static size_t
order_rules(struct ruleset *rs, struct graph *g)
{
	size_t ordered = 0;

	for (size_t i = 0; i < rs->total; i++)
		if (g->waiting[i] == 0)
			rs->order[ordered++] = i;
	for (size_t done = 0; done < ordered; done++) {
		size_t rule = rs->order[done];

		for (size_t u = g->first[rule]; u < g->first[rule + 1]; u++)
			if (--g->waiting[g->users[u]] == 0)
				rs->order[ordered++] = g->users[u];
	}
	return ordered;
}

static const struct reference *
waiting_reference(const struct ruleset *rs, const struct graph *g, size_t rule)
{
	const struct reference *r = rs->rules[rule].references;

	while (r != NULL && g->waiting[r->index] == 0)
		r = r->next;
	return r;
}

/* From any rule that waits, references to waiting rules lead round a cycle. */
static void
report_cycle(struct compiler *c, const struct ruleset *rs, const struct graph *g)
{
	bool *seen = ARENA_ARRAY(c->arena, bool, rs->total);
	const struct reference *r = NULL;
	size_t rule = 0;

	while (g->waiting[rule] == 0)
		rule++;
	while (!seen[rule]) {
		seen[rule] = true;
		r = waiting_reference(rs, g, rule);
		rule = r->index;
	}
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): what waits has a reference that waits */
	report_add(c->report, r->mark, "rule \"%s\" refers to itself, by way of \"%s\"", r->name,
	    waiting_reference(rs, g, rule)->name);
}

static bool
rule_locates(const struct ruleset *rs, const struct rule *rule)
{
	for (const struct reference *r = rule->references; r != NULL; r = r->next)
		if (!r->negated && rs->rules[r->index].locates)
			return true;
	return rule->locates;
}

/* A part can be removed only where a condition tells which. */
static bool
strips_can_strip(struct compiler *c, struct ruleset *rs)
{
	bool good = true;

	for (size_t i = 0; i < rs->total; i++) {
		struct rule *rule = &rs->rules[rs->order[i]];

		rule->locates = rule_locates(rs, rule);
		if (!rule->has_then || rule->then != VERDICT_STRIP || rule->locates)
			continue;
		good = false;
		report_add(c->report, rule->mark,
		    "rule \"%s\" is to strip, but no \"attachment\" or \"signature\" tells which part", rule->name);
	}
	return good;
}

bool
rules_link(struct compiler *c, struct ruleset *rs)
{
	struct names names = names_of(c, rs);
	struct graph graph;

	if (!names_are_unique(c, &names) || !references_resolve(c, rs, &names))
		return false;
	graph = graph_of(c, rs);
	rs->order = ARENA_ARRAY(c->arena, size_t, rs->total);
	if (order_rules(rs, &graph) < rs->total) {
		report_cycle(c, rs, &graph);
		return false;
	}
	return strips_can_strip(c, rs);
}
