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

/* The same of every policy, in their order; databases that several of them name
 * are loaded once. With errors in the report some are NULL. */
struct ruleset **rulesets_compile(struct arena *a, const struct settings *settings, struct report *report);

/* What a postmaster should know, though it is no error: what was loaded from
 * databases and what of them cannot be used. NULL behind the last. */
const char *ruleset_note(const struct ruleset *rs, size_t index);

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
