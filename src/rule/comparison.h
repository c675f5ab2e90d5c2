/* "> 25MiB": what a number is held against. */
#ifndef RULE_COMPARISON_H
#define RULE_COMPARISON_H

#include "conf/yaml.h"

/* Both ends belong to it. */
struct comparison {
	uint64_t least, most;
};

/* "> N", ">= N", "< N", "<= N", "= N" or "N..M"; `number` reads N: yaml_size
 * or yaml_number. False when something was reported. */
bool comparison_read(struct arena *a, const struct yaml *n,
    bool (*number)(const struct yaml *n, uint64_t *out, struct report *r), struct comparison *out, struct report *r);

static inline bool
comparison_holds(struct comparison c, uint64_t value)
{
	return value >= c.least && value <= c.most;
}

#endif
