/* The conditions of the rule language, as one table: each is a key, the
 * reading of its value and the deciding. Adding one is an entry in
 * condition.c and a file cond_X.c. */
#ifndef RULE_CONDITION_H
#define RULE_CONDITION_H

#include "conf/yaml.h"

/* What could not be decided is neither true nor false. In this order `all` is
 * the least of its parts, `any` the greatest. */
enum truth { TRUTH_NO, TRUTH_UNKNOWN, TRUTH_YES };

struct compiler;
struct evaluation;
struct places;
struct condition;

/* A compiled condition. */
struct node {
	const struct condition *condition;
	const void *operand; /* what the condition's parse() made of its value */
};

struct condition {
	const char *key;
	/* Reads the value, sets node->operand; false when it was reported. */
	bool (*parse)(struct compiler *c, struct yaml *value, struct node *node);
	enum truth (*evaluate)(const struct evaluation *e, const struct node *node);
	/* Adds the parts that the condition, which is true, is true of; NULL
	 * where a condition is not about parts. */
	void (*locate)(const struct evaluation *e, const struct node *node, struct places *found);
	/* The keys of its value, ends with NULL; NULL where it is no mapping. */
	const char *const *keys;
};
extern const struct condition conditions[]; /* ends with a NULL key */

/* A mapping of one condition, or of several that must all hold. */
bool condition_parse(struct compiler *c, struct yaml *mapping, struct node *node);

static inline enum truth
truth_of(bool holds)
{
	return holds ? TRUTH_YES : TRUTH_NO;
}

#define CONDITION(name) \
	bool name##_parse(struct compiler *c, struct yaml *value, struct node *node); \
	enum truth name##_evaluate(const struct evaluation *e, const struct node *node)
#define CONDITION_LOCATES(name) \
	CONDITION(name); \
	void name##_locate(const struct evaluation *e, const struct node *node, struct places *found)

extern const char *const header_keys[], *const body_keys[], *const uri_keys[], *const attachment_keys[],
    *const signature_keys[], *const envelope_keys[], *const client_keys[];

CONDITION_LOCATES(all);
CONDITION_LOCATES(any);
CONDITION(not);
CONDITION_LOCATES(reference);
CONDITION(header);
CONDITION(body);
CONDITION(hidden_text);
CONDITION(raw_body);
CONDITION(uri);
CONDITION_LOCATES(attachment);
CONDITION_LOCATES(signature);
CONDITION(size);
CONDITION(envelope);
CONDITION(client);
CONDITION(protocol);
CONDITION(user);
CONDITION(clamd);
CONDITION(defect);

#endif
