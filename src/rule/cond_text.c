/* `body`, `raw_body` and `hidden_text`: the texts that facts_text.c takes from
 * a message. */
#include "config.h"

#include "rule/comparison.h"
#include "rule/facts.h"

const char *const body_keys[] = { "matches", "view", NULL };
const char *const text_view_names[] = { "text", "visible", "hidden", "folded", NULL };

struct body_test {
	enum text_view view;
	struct regex_run matches;
};

static enum truth
run_truth(const enum regex_result *results, struct regex_run run, const char *unread)
{
	enum truth found = truth_of_run(results, run);

	return found != TRUTH_NO ? found : truth_not_found(unread);
}

static bool
view_parse(struct compiler *c, struct yaml *value, enum text_view *view)
{
	struct yaml *name = yaml_get(value, "view");
	int index;

	if (name == NULL)
		return true;
	if (!yaml_choice(name, text_view_names, &index, c->report))
		return false;
	*view = (enum text_view)index;
	return true;
}

bool
body_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	struct body_test *t = ARENA_NEW(c->arena, struct body_test);

	node->operand = t;
	if (value->kind == YAML_MAPPING) {
		if (!yaml_check_keys(value, body_keys, c->report) || !view_parse(c, value, &t->view))
			return false;
		if (yaml_get(value, "matches") == NULL) {
			report_add(c->report, value->mark, "a body needs \"matches\"");
			return false;
		}
		value = yaml_get(value, "matches");
	}
	return regexes_read(c, value, &c->search->views[t->view], &t->matches);
}

enum truth
body_evaluate(const struct evaluation *e, const struct node *node)
{
	const struct body_test *t = node->operand;

	return run_truth(e->facts->views[t->view], t->matches, e->facts->unread_parts);
}

bool
raw_body_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	struct regex_run *run = ARENA_NEW(c->arena, struct regex_run);

	node->operand = run;
	return regexes_read(c, value, &c->search->raw_body, run);
}

enum truth
raw_body_evaluate(const struct evaluation *e, const struct node *node)
{
	return run_truth(e->facts->raw_body, *(const struct regex_run *)node->operand, NULL);
}

bool
hidden_text_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	struct comparison *characters = ARENA_NEW(c->arena, struct comparison);

	node->operand = characters;
	c->search->hidden_text = true;
	return comparison_read(c->arena, value, yaml_number, characters, c->report);
}

enum truth
hidden_text_evaluate(const struct evaluation *e, const struct node *node)
{
	const struct comparison *characters = node->operand;

	if (comparison_holds(*characters, e->facts->hidden_text))
		return TRUTH_YES;
	return truth_not_found(e->facts->unread_parts);
}
