/* `body`, `raw_body` and `uri`: expressions over the three texts that
 * facts_text.c takes from a message. */
#include "config.h"

#include "rule/facts.h"

static bool
text_parse(struct compiler *c, struct yaml *value, struct regex_group *group, struct node *node)
{
	struct regex_run *run = ARENA_NEW(c->arena, struct regex_run);

	node->operand = run;
	return regexes_read(c, value, group, run);
}

static enum truth
text_evaluate(const struct node *node, const enum regex_result *results, const char *unread)
{
	const struct regex_run *run = node->operand;
	enum truth found = truth_of_run(results, *run);

	return found != TRUTH_NO ? found : truth_not_found(unread);
}

bool
body_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	return text_parse(c, value, &c->search->body, node);
}

enum truth
body_evaluate(const struct evaluation *e, const struct node *node)
{
	return text_evaluate(node, e->facts->body, e->facts->unread_parts);
}

bool
raw_body_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	return text_parse(c, value, &c->search->raw_body, node);
}

enum truth
raw_body_evaluate(const struct evaluation *e, const struct node *node)
{
	return text_evaluate(node, e->facts->raw_body, NULL);
}

bool
uri_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	return text_parse(c, value, &c->search->uri, node);
}

enum truth
uri_evaluate(const struct evaluation *e, const struct node *node)
{
	return text_evaluate(node, e->facts->uri, e->facts->unread_parts);
}
