/* Tests of rules, as they are written in YAML. gatepost(1) tells the keys. */
#ifndef CLI_RULE_TESTS_H
#define CLI_RULE_TESTS_H

#include "conf/settings.h"

struct rule_test {
	const char *name;
	struct mark mark;
	struct span message;
	struct span sender;
	struct span *recipients;
	size_t recipient_count;
	unsigned char client[16]; /* all zero = not given */
	struct span clamd;        /* what clamd found in it; empty = nothing */
	/* What is expected, as far as it is said. */
	bool has_verdict, has_score;
	enum verdict verdict;
	double score;
	struct strings rules, not_rules;
};

struct rule_tests {
	const char *config, *policy;  /* NULL where not given */
	const char **rules;           /* without a configuration */
	size_t rule_count;
	struct rule_test *tests;
	size_t count;
};

/* False with errors in the report. All lives in the report's arena. */
bool rule_tests_read(struct rule_tests *t, const char *file, struct report *report);

#endif
