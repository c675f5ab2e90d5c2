/* A policy's rule files, read and compiled. Errors of all files are collected
 * before it gives up. */
#include "config.h"

#include "rule/ruleset.h"

#include "rule/compile.h"

const char *const rule_file_keys[] = { "rules", NULL };

/* Rules in the order read: those in force, and the others. */
struct reading {
	struct rule *first, **last;
	struct rule *first_disabled, **last_disabled;
	size_t enabled, disabled;
	bool good;
};

static void
rule_append(struct reading *reading, struct rule *rule)
{
	struct rule ***last = rule->enabled ? &reading->last : &reading->last_disabled;

	**last = rule;
	*last = &rule->next;
	if (rule->enabled)
		reading->enabled++;
	else
		reading->disabled++;
}

static void
read_file(struct compiler *c, const char *file, const struct mark *named, struct reading *reading)
{
	struct yaml *root = yaml_read_file(c->arena, file, named, c->report), *list;

	reading->good &= root != NULL;
	if (root == NULL)
		return;
	if (!yaml_check_keys(root, rule_file_keys, c->report)) {
		reading->good = false;
		return;
	}
	list = yaml_get(root, "rules");
	if (list == NULL || list->kind != YAML_SEQUENCE) {
		report_add(c->report, list != NULL ? list->mark : root->mark, "a rule file is a list of \"rules\"");
		reading->good = false;
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		struct rule *rule = rule_read(c, list->items[i]);

		if (rule != NULL)
			rule_append(reading, rule);
		else
			reading->good = false;
	}
}

static void
rules_collect(struct arena *a, const struct reading *reading, struct ruleset *rs)
{
	size_t at = 0;

	rs->count = reading->enabled;
	rs->total = reading->enabled + reading->disabled;
	rs->rules = ARENA_ARRAY(a, struct rule, rs->total);
	for (const struct rule *r = reading->first; r != NULL; r = r->next)
		rs->rules[at++] = *r;
	for (const struct rule *r = reading->first_disabled; r != NULL; r = r->next)
		rs->rules[at++] = *r;
}

static void
group_compile(struct arena *a, struct regex_group *g)
{
	if (g->count > 0)
		g->set = textset_compile(a, g->items, g->count);
}

static void
search_compile(struct arena *a, struct search *s)
{
	for (size_t i = 0; i < VIEWS; i++)
		group_compile(a, &s->views[i]);
	group_compile(a, &s->raw_body);
	group_compile(a, &s->uri);
	for (struct header_group *h = s->headers; h != NULL; h = h->next)
		group_compile(a, &h->regexes);
	if (s->signature_slots > 0)
		s->signatures = signatures_compile(s->builder);
}

void
note_add(struct compiler *c, const char *file, size_t line, const char *message)
{
	struct note *n = ARENA_NEW(c->arena, struct note);

	n->text = file == NULL ? message
	    : line == 0        ? arena_printf(c->arena, "%s: %s", file, message)
	                       : arena_printf(c->arena, "%s:%zu: %s", file, line, message);
	*c->last_note = n;
	c->last_note = &n->next;
}

static void
take_settings(struct ruleset *rs, struct compiler *c, const struct settings *settings, size_t policy)
{
	const struct policy_settings *p = &settings->policies[policy];
	const struct limits *l = &settings->limits;

	rs->thresholds = p->thresholds;
	rs->threshold_count = p->threshold_count;
	rs->on_failure = p->on_failure;
	rs->ambiguous = p->ambiguous;
	rs->archive_limits = (struct archive_limits){ .entries = l->archive_entries, .depth = l->archive_depth,
		.output = l->archive_output, .ratio = l->archive_ratio };
	c->regex_limits = (struct regex_limits){ .matches = (uint32_t)l->regex_matches, .depth = (uint32_t)l->regex_depth };
}

static struct ruleset *
compile(struct arena *a, const struct settings *settings, size_t policy, struct database **databases,
    struct report *report)
{
	const struct policy_settings *p = &settings->policies[policy];
	struct ruleset *rs = ARENA_NEW(a, struct ruleset);
	struct compiler c = { .arena = a, .report = report, .search = &rs->search,
		.has_clamd = p->clamd.upstream < settings->upstream_count };
	struct reading reading = { .last = &reading.first, .last_disabled = &reading.first_disabled, .good = true };

	c.databases = databases;
	c.last_note = &rs->notes;
	take_settings(rs, &c, settings, policy);
	rs->search.builder = signature_builder_new(a);
	for (size_t i = 0; i < p->rules.count; i++)
		read_file(&c, p->rules.items[i], p->rules_mark.file != NULL ? &p->rules_mark : NULL, &reading);
	rules_collect(a, &reading, rs);
	if (!reading.good || !rules_link(&c, rs))
		return NULL;
	search_compile(a, &rs->search);
	return rs;
}

struct ruleset *
ruleset_compile(struct arena *a, const struct settings *settings, size_t policy, struct report *report)
{
	struct database *databases = NULL;

	return compile(a, settings, policy, &databases, report);
}

struct ruleset **
rulesets_compile(struct arena *a, const struct settings *settings, struct report *report)
{
	struct ruleset **rules = ARENA_ARRAY(a, struct ruleset *, settings->policy_count);
	struct database *databases = NULL;

	for (size_t i = 0; i < settings->policy_count; i++)
		rules[i] = compile(a, settings, i, &databases, report);
	return rules;
}

const char *
ruleset_note(const struct ruleset *rs, size_t index)
{
	const struct note *n = rs->notes;

	while (n != NULL && index-- > 0)
		n = n->next;
	return n != NULL ? n->text : NULL;
}

bool
ruleset_is_empty(const struct ruleset *rs)
{
	return rs->count == 0 && (rs->threshold_count == 0 || rs->thresholds[0].score > 0);
}

size_t
ruleset_count(const struct ruleset *rs)
{
	return rs->count;
}

struct rule_about
ruleset_about(const struct ruleset *rs, size_t index)
{
	const struct rule *r = &rs->rules[index];

	return (struct rule_about){ .name = r->name, .about = r->about, .mark = r->mark, .score = r->score,
		.has_then = r->has_then, .then = r->then };
}
