/* A name or address as a rule tells it: "/expression/flags", or a glob of
 * `*` and `?` that must fit the whole, ASCII case ignored. */
#ifndef RULE_PATTERN_H
#define RULE_PATTERN_H

#include "rule/compile.h"

struct pattern {
	struct regex *regex; /* or NULL: */
	struct span glob;
};

struct patterns {
	struct pattern *items;
	size_t count;
};

/* One or a list; false when something was reported. */
bool patterns_read(struct compiler *c, struct yaml *value, struct patterns *out);
/* YES when one fits, UNKNOWN when none does but one could not be decided. */
enum truth patterns_match(const struct patterns *p, struct span text);

#endif
