/* For tests of rules: compiles text as rule files and holds messages against
 * them. Everything is freed by rule_fixture_free(). */
#ifndef TESTS_RULE_FIXTURE_H
#define TESTS_RULE_FIXTURE_H

#include "rule/evaluate.h"

enum { FIXTURE_FILES = 4 };

struct rule_fixture {
	struct arena *arena;       /* of the ruleset */
	struct arena *message;     /* of the message */
	struct settings settings;  /* limits and policy may be changed before the compile */
	struct policy_settings policy;
	struct report report;
	struct ruleset *rules;
	struct rule_scratch *scratch;
	struct scratch *decode;
	struct rule_envelope envelope;
	struct rule_outcome outcome;
	struct mime_message *parsed;
	char folder[64];
	const char *files[FIXTURE_FILES];
};

void rule_fixture_init(struct rule_fixture *f);
void rule_fixture_free(struct rule_fixture *f);
/* Adds a rule file, named "1.yaml", "2.yaml", … */
void rule_fixture_add(struct rule_fixture *f, const char *text);
void rule_fixture_add_file(struct rule_fixture *f, const char *path);
/* Returns whether it compiled. */
bool rule_fixture_compile(struct rule_fixture *f);
/* The errors, one a line, without the folder. */
const char *rule_fixture_errors(struct rule_fixture *f);
/* Line ends of `text` become CRLF. */
void rule_fixture_scan(struct rule_fixture *f, const char *text, bool want_parts);
/* The same with the bytes as they stand. */
void rule_fixture_scan_bytes(struct rule_fixture *f, struct span bytes, bool want_parts);
/* "A B C": the rules that hold, in their order. */
const char *rule_fixture_hits(struct rule_fixture *f);

#endif
