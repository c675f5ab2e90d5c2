/* A policy's rules, compiled. gatepost-rules(5) is the language. */
#ifndef RULE_RULESET_H
#define RULE_RULESET_H

#include "base/arena.h"
#include "conf/report.h"
#include "conf/settings.h"

struct ruleset;

/* Reads and compiles all rule files of the policy; NULL with errors in the
 * report. Lives in the arena; shared copy-on-write by forked scanners. A
 * policy without rules and without thresholds gives an empty ruleset. */
struct ruleset *ruleset_compile(struct arena *a, const struct settings *settings, size_t policy, struct report *report);

/* True when every message is accepted unseen: no rule, nothing to scan. */
bool ruleset_is_empty(const struct ruleset *rs);
size_t ruleset_count(const struct ruleset *rs);

struct rule_about {
	const char *name, *about; /* about may be NULL */
	struct mark mark;
	double score;
	bool has_then;
	enum verdict then;
};
struct rule_about ruleset_about(const struct ruleset *rs, size_t index);

#endif
