/* gatepost test: rules held against messages, with what should come of it.
 * The output is TAP, so that it fits into any harness. */
#include "config.h"

#include "cli/commands.h"
#include "cli/load.h"
#include "cli/options.h"
#include "cli/rule_tests.h"
#include "scan/scan.h"

#include <math.h>
#include <string.h>

static const char help[] =
    "Usage: gatepost test FILE…\n"
    "\n"
    "Runs tests of rules. A FILE is YAML: the rules (or a configuration), and\n"
    "messages with what is expected of them:\n"
    "\n"
    "  rules: [../rules/spam.yaml]      # or: config: gatepost.yaml, policy: inbound\n"
    "  tests:\n"
    "    - name: a lottery is tagged\n"
    "      envelope: { from: a@example.org, to: [b@example.net], client: 192.0.2.1 }\n"
    "      message: |                   # or: file: lottery.eml\n"
    "        Subject: You have won\n"
    "\n"
    "        …\n"
    "      verdict: tag\n"
    "      rules: [LOTTERY]             # all of these hold\n"
    "      not_rules: [URGENT]          # none of these\n"
    "      score: 5.5\n"
    "\n"
    "At least one of verdict, rules, not_rules and score is needed. Paths are\n"
    "relative to FILE.\n"
    "\n"
    "Exits with 0 when all tests pass, with 1 otherwise.\n"
    "\n"
    "Examples:\n"
    "  gatepost test rules.test.yaml\n"
    "  gatepost test tests/*.test.yaml && systemctl reload gatepost\n";

struct results {
	size_t passed, failed;
};

static void
tell(struct results *r, const char *name, bool passed)
{
	if (passed)
		r->passed++;
	else
		r->failed++;
	/* The line's end would end the result too. */
	printf("%s %zu - %.*s\n", passed ? "ok" : "not ok", r->passed + r->failed, (int)strcspn(name, "\n"), name);
}

/* What is wrong, a line each; printed after the test's own line. */
struct complaints {
	struct arena *arena;
	const struct rule_test *test;
	const struct ruleset *rules;
	struct buf text;
};

static void
wrong(struct complaints *c, const char *what, const char *got, const char *expected)
{
	buf_printf(&c->text, "# %s:%zu: %s %s, expected %s\n", c->test->mark.file, c->test->mark.line, what, got,
	    expected);
}

static bool
is_hit(const struct scan_answer *answer, const char *rule)
{
	for (size_t i = 0; i < answer->hit_count; i++)
		if (span_is(answer->hits[i].rule, rule))
			return true;
	return false;
}

static bool
is_in_force(const struct ruleset *rules, const char *name)
{
	for (size_t i = 0; i < ruleset_count(rules); i++)
		if (strcmp(ruleset_about(rules, i).name, name) == 0)
			return true;
	return false;
}

/* A misspelt name never holds, which not_rules must not take for success. */
static void
check_rule(struct complaints *c, const struct scan_answer *answer, const char *name, bool expected)
{
	if (!is_in_force(c->rules, name))
		wrong(c, name, "is no rule in force", expected ? "that it holds" : "that it is one and does not hold");
	else if (is_hit(answer, name) != expected)
		wrong(c, name, expected ? "does not hold" : "holds", expected ? "that it holds" : "that it does not");
}

static void
check_rules(struct complaints *c, const struct scan_answer *answer)
{
	const struct rule_test *t = c->test;

	for (size_t i = 0; i < t->rules.count; i++)
		check_rule(c, answer, t->rules.items[i], true);
	for (size_t i = 0; i < t->not_rules.count; i++)
		check_rule(c, answer, t->not_rules.items[i], false);
}

static const char *
decimal(struct arena *a, double value)
{
	return arena_printf(a, "%.10g", value);
}

static void
check_answer(struct complaints *c, const struct scan_answer *answer)
{
	const struct rule_test *t = c->test;

	if (t->has_verdict && answer->verdict != t->verdict)
		wrong(c, "verdict", verdict_name(answer->verdict), verdict_name(t->verdict));
	if (t->has_score && fabs(answer->score - t->score) > 1e-6)
		wrong(c, "score", decimal(c->arena, answer->score), decimal(c->arena, t->score));
	check_rules(c, answer);
	if (!answer->complete)
		wrong(c, "scan", "incomplete", arena_printf(c->arena, "a whole one (%.*s)", SPAN_ARG(answer->reason)));
}

static void
run_test(struct results *r, struct scanner *scanner, const struct loaded *l, size_t policy, const struct rule_test *t)
{
	struct complaints c = { .arena = l->arena, .test = t, .rules = l->rules[policy] };
	struct scan_request request = {
		.policy = policy,
		.message = t->message,
		.sender = t->sender,
		.recipients = t->recipients,
		.recipient_count = t->recipient_count,
		.clamd = t->clamd.len > 0 ? CLAMD_FOUND : CLAMD_CLEAN,
		.clamd_text = t->clamd,
	};

	memcpy(request.client, t->client, sizeof(t->client));
	check_answer(&c, scanner_run(scanner, &request, -1));
	tell(r, t->name, c.text.len == 0);
	fputs(buf_str(&c.text), stdout);
	buf_free(&c.text);
}

static bool
run_tests(struct results *r, const struct rule_tests *tests, const struct loaded *l)
{
	size_t policy = loaded_policy(l, tests->policy);
	struct scanner *scanner = policy != SIZE_MAX ? scanner_new(l->settings, l->rules) : NULL;

	for (size_t i = 0; scanner != NULL && i < tests->count; i++)
		run_test(r, scanner, l, policy, &tests->tests[i]);
	scanner_free(&scanner);
	return policy != SIZE_MAX;
}

static bool
run_loaded(struct results *r, const struct rule_tests *tests)
{
	struct loaded l;
	bool ok = tests->config != NULL ? load_config(&l, tests->config) : load_rules(&l, tests->rules, tests->rule_count);

	ok = ok && run_tests(r, tests, &l);
	loaded_free(&l);
	return ok;
}

/* A file that cannot be run is one failed test. */
static void
run_file(struct results *r, const char *file)
{
	struct arena *a = arena_new(0);
	struct report report;
	struct rule_tests tests;

	report_init(&report, a);
	if (!rule_tests_read(&tests, file, &report)) {
		report_print(&report, stderr);
		tell(r, file, false);
	} else if (!run_loaded(r, &tests)) {
		tell(r, file, false);
	}
	arena_free(&a);
}

int
cmd_test(int argc, char **argv)
{
	static const struct option options[] = { { "help", no_argument, NULL, 'h' }, { 0 } };
	struct results results = { 0 };
	int option;

	while ((option = option_next(argc, argv, ":h", options)) != -1) {
		if (option == '?')
			return STATUS_ERROR;
		fputs(help, stdout);
		return STATUS_OK;
	}
	if (optind == argc)
		return complain("test: no FILE; see \"gatepost test --help\"");
	for (; optind < argc; optind++)
		run_file(&results, argv[optind]);
	printf("1..%zu\n%zu passed, %zu failed\n", results.passed + results.failed, results.passed, results.failed);
	return results.failed > 0 ? STATUS_NEGATIVE : STATUS_OK;
}
