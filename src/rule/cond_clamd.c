/* `clamd`: what clamd found in the whole message. It is asked by whoever can
 * reach it, and only when a verdict hangs on the answer: until then the
 * condition is undecided. */
#include "config.h"

#include "rule/facts.h"
#include "rule/pattern.h"

bool
clamd_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	struct patterns *names = ARENA_NEW(c->arena, struct patterns);

	node->operand = names;
	if (!c->has_clamd) {
		report_add(c->report, value->mark, "the policy does not say where \"clamd\" is");
		return false;
	}
	c->search->asks_clamd = true;
	return patterns_read(c, value, names);
}

enum truth
clamd_evaluate(const struct evaluation *e, const struct node *node)
{
	const struct rule_envelope *v = e->facts->envelope;

	switch (v->clamd) {
	case CLAMD_CLEAN:
		return TRUTH_NO;
	case CLAMD_FOUND:
		return patterns_match(node->operand, v->clamd_text);
	case CLAMD_UNASKED:
	case CLAMD_FAILED:
		break;
	}
	return TRUTH_UNKNOWN;
}
