/* One rule of a file: its keys, checked; the condition is read by
 * condition.c. */
#include "config.h"

#include "rule/compile.h"

const char *const rule_keys[] = { "name", "about", "when", "score", "then", "reply", "enabled", NULL };

enum {
	RULE_NAME_MAX = 100,     /* names stand in X-Spam-Status and in log lines */
	RULE_SCORE_MAX = 100000, /* so that a sum of millions of scores stays exact to 0.000001 */
};

/* Names travel in headers and logs, so they hold nothing that needs quoting. */
static bool
is_rule_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!ascii_is_alnum(name.data[i]) && memchr("_-.", name.data[i], 3) == NULL)
			return false;
	return name.len > 0 && name.len <= RULE_NAME_MAX;
}

static bool
name_read(struct compiler *c, struct yaml *mapping, struct rule *rule)
{
	struct yaml *n = yaml_get(mapping, "name");

	rule->mark = mapping->mark;
	if (n == NULL) {
		report_add(c->report, mapping->mark, "a rule needs a \"name\"");
		return false;
	}
	rule->mark = n->mark;
	if (!yaml_string(n, &rule->name, c->report))
		return false;
	if (is_rule_name(n->text))
		return true;
	report_add(c->report, n->mark, "a rule's name is 1 to %d of A-Z a-z 0-9 _ - .", RULE_NAME_MAX);
	return false;
}

static bool
score_read(struct compiler *c, struct yaml *n, struct rule *rule)
{
	if (n == NULL)
		return true;
	if (!yaml_decimal(n, &rule->score, c->report))
		return false;
	if (rule->score >= -RULE_SCORE_MAX && rule->score <= RULE_SCORE_MAX)
		return true;
	report_add(c->report, n->mark, "a score is between -%d and %d", RULE_SCORE_MAX, RULE_SCORE_MAX);
	return false;
}

static bool
then_read(struct compiler *c, struct yaml *n, struct rule *rule)
{
	const char *names[VERDICT_REJECT + 2] = { NULL };
	int index;

	if (n == NULL)
		return true;
	for (int v = VERDICT_ACCEPT; v <= VERDICT_REJECT; v++)
		names[v] = verdict_name((enum verdict)v);
	if (!yaml_choice(n, names, &index, c->report))
		return false;
	rule->then = (enum verdict)index;
	rule->has_then = true;
	return true;
}

static bool
reply_read(struct compiler *c, struct yaml *n, struct rule *rule)
{
	if (n == NULL)
		return true;
	if (!rule->has_then || (rule->then != VERDICT_REJECT && rule->then != VERDICT_DEFER)) {
		report_add(c->report, n->mark, "a reply is given only with \"then: reject\" or \"then: defer\"");
		return false;
	}
	rule->reply = rule_reply_read(c, n, rule->then);
	return rule->reply != NULL;
}

static bool
when_read(struct compiler *c, struct yaml *mapping, struct rule *rule)
{
	struct yaml *n = yaml_get(mapping, "when");

	if (n != NULL)
		return condition_parse(c, n, &rule->when);
	report_add(c->report, mapping->mark, "a rule needs a \"when\"");
	return false;
}

/* A disabled rule is read as any other, but what it looks for goes nowhere. */
static bool
enabled_read(struct compiler *c, struct yaml *n, struct rule *rule)
{
	rule->enabled = true;
	if (n == NULL)
		return true;
	if (!yaml_bool(n, &rule->enabled, c->report))
		return false;
	if (!rule->enabled) {
		c->search = ARENA_NEW(c->arena, struct search);
		c->search->builder = signature_builder_new(c->arena);
	}
	return true;
}

struct rule *
rule_read(struct compiler *c, struct yaml *mapping)
{
	struct rule *rule = ARENA_NEW(c->arena, struct rule);
	struct search *search = c->search;
	struct yaml *about;
	bool good;

	if (!yaml_check_keys(mapping, rule_keys, c->report))
		return NULL;
	c->rule = rule;
	good = name_read(c, mapping, rule);
	about = yaml_get(mapping, "about");
	if (about != NULL)
		good &= yaml_string(about, &rule->about, c->report);
	good &= score_read(c, yaml_get(mapping, "score"), rule);
	/* The reply is held against what then says. */
	good = then_read(c, yaml_get(mapping, "then"), rule) && good;
	good = reply_read(c, yaml_get(mapping, "reply"), rule) && good;
	good = enabled_read(c, yaml_get(mapping, "enabled"), rule) && good;
	good = when_read(c, mapping, rule) && good;
	c->search = search;
	return good ? rule : NULL;
}
