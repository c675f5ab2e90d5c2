/* Values of rule files: lists, and expressions. An error in an expression is
 * told at its own column, as far as the value stands on one line as it is
 * meant: an escaped character before it moves the column by one. */
#include "config.h"

#include "rule/compile.h"
#include "rule/facts.h"

size_t
values_of(struct compiler *c, struct yaml *const *value, struct yaml *const **items)
{
	size_t count = yaml_list(value, items);

	if (count == 0)
		report_add(c->report, (*value)->mark, "an empty list matches nothing");
	return count;
}

void
report_unknown(struct compiler *c, const struct yaml *n, const char *what, const char *const *known)
{
	const char *near = nearest_word(n->text.data, known);

	if (near != NULL)
		report_add(c->report, n->mark, "unknown %s \"" YAML_SHOWN "\", did you mean \"%s\"?", what, n->text.data,
		    near);
	else
		report_add(c->report, n->mark, "unknown %s \"" YAML_SHOWN "\"", what, n->text.data);
}

struct regex *
regex_read(struct compiler *c, struct yaml *value)
{
	const char *text, *error = NULL;
	struct regex *regex;
	struct mark mark;
	size_t offset = 0;

	if (!yaml_string(value, &text, c->report))
		return NULL;
	mark = value->mark;
	if (text[0] != '/') {
		report_add(c->report, mark, "an expression is written \"/…/\", with flags of i m s x u after it");
		return NULL;
	}
	regex = regex_compile(c->arena, value->text, &c->regex_limits, &error, &offset);
	if (regex == NULL) {
		mark.column += offset + (value->quoted ? 1 : 0);
		report_add(c->report, mark, "%s", error);
	}
	return regex;
}

bool
regexes_read(struct compiler *c, struct yaml *value, struct regex_group *group, struct regex_run *run)
{
	struct yaml *const *items;
	size_t count = values_of(c, &value, &items);
	bool good = count > 0;

	run->first = group->count;
	run->count = count;
	group->items = arena_grow(c->arena, group->items, sizeof(*group->items), &group->cap, group->count + count);
	for (size_t i = 0; i < count; i++) {
		struct regex *regex = regex_read(c, items[i]);

		group->items[group->count++] = regex;
		good &= regex != NULL;
	}
	return good;
}

enum truth
truth_of_run(const enum regex_result *results, struct regex_run run)
{
	enum truth found = TRUTH_NO;

	for (size_t i = run.first; i < run.first + run.count; i++) {
		if (results[i] == REGEX_MATCH)
			return TRUTH_YES;
		if (results[i] == REGEX_LIMIT)
			found = TRUTH_UNKNOWN;
	}
	return found;
}
