/* The table of conditions, and the reading of a `when`. */
#include "config.h"

#include "rule/condition.h"

#include "rule/compile.h"

const struct condition conditions[] = {
	{ "all", all_parse, all_evaluate, all_locate, NULL },
	{ "any", any_parse, any_evaluate, any_locate, NULL },
	{ "not", not_parse, not_evaluate, NULL, NULL },
	{ "rule", reference_parse, reference_evaluate, reference_locate, NULL },
	{ "header", header_parse, header_evaluate, NULL, header_keys },
	{ "body", body_parse, body_evaluate, NULL, body_keys },
	{ "hidden_text", hidden_text_parse, hidden_text_evaluate, NULL, NULL },
	{ "raw_body", raw_body_parse, raw_body_evaluate, NULL, NULL },
	{ "uri", uri_parse, uri_evaluate, NULL, uri_keys },
	{ "attachment", attachment_parse, attachment_evaluate, attachment_locate, attachment_keys },
	{ "signature", signature_parse, signature_evaluate, signature_locate, signature_keys },
	{ "clamd", clamd_parse, clamd_evaluate, NULL, NULL },
	{ "size", size_parse, size_evaluate, NULL, NULL },
	{ "envelope", envelope_parse, envelope_evaluate, NULL, envelope_keys },
	{ "client", client_parse, client_evaluate, NULL, client_keys },
	{ "protocol", protocol_parse, protocol_evaluate, NULL, NULL },
	{ "user", user_parse, user_evaluate, NULL, NULL },
	{ "defect", defect_parse, defect_evaluate, NULL, NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

enum { CONDITION_COUNT = sizeof(conditions) / sizeof(conditions[0]) };

static const struct condition *
condition_find(struct span key)
{
	for (const struct condition *c = conditions; c->key != NULL; c++)
		if (span_is(key, c->key))
			return c;
	return NULL;
}

static void
report_unknown_condition(struct compiler *c, const struct yaml *key)
{
	const char *names[CONDITION_COUNT];

	for (size_t i = 0; i < CONDITION_COUNT; i++)
		names[i] = conditions[i].key;
	report_unknown(c, key, "condition", names);
}

static bool
pair_parse(struct compiler *c, const struct yaml_pair *pair, struct node *node)
{
	node->condition = condition_find(pair->key->text);
	if (node->condition == NULL) {
		report_unknown_condition(c, pair->key);
		return false;
	}
	return node->condition->parse(c, pair->value, node);
}

bool
condition_parse(struct compiler *c, struct yaml *mapping, struct node *node)
{
	if (mapping->kind != YAML_MAPPING || mapping->count == 0) {
		report_add(c->report, mapping->mark, "expected a condition, such as { size: \"> 25MiB\" }");
		return false;
	}
	if (mapping->count == 1)
		return pair_parse(c, &mapping->pairs[0], node);
	node->condition = condition_find(SPAN_LITERAL("all"));
	return node->condition->parse(c, mapping, node);
}
