/* Databases of signatures in conditions: where they are found, what is told of
 * a find, and what a strip removes. */
#include "config.h"

#include "rule_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static const char database[] =
    "Test.Body:0:*:61617878\nTest.Head:4:*:582d4f64643a20796573\nTest.Other:0:*:62627979\nwrong\n";
static const char message[] =
    "From: a@example.org\nX-Odd: no\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nfirst part\n--b\n"
    "Content-Type: application/octet-stream; name=\"x.exe\"\n\n\001\002 aaxx bbyy\n--b--\n";

struct fixture {
	struct rule_fixture rules;
	const char *file;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	FILE *out;

	rule_fixture_init(&f->rules);
	f->file = arena_printf(f->rules.arena, "%s/a.ndb", f->rules.folder);
	out = fopen(f->file, "w");
	assert_non_null(out);
	fputs(database, out);
	fclose(out);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->file);
	rule_fixture_free(&f->rules);
	free(f);
	return 0;
}

static void
compile(struct fixture *f, const char *rules)
{
	rule_fixture_add(&f->rules, rules);
	if (!rule_fixture_compile(&f->rules))
		fail_msg("%s", rule_fixture_errors(&f->rules));
}

static void
expect_reason(const struct fixture *f, const char *reason)
{
	const struct span got = f->rules.outcome.reason;

	if (!span_is(got, reason))
		fail_msg("\"%.*s\" is not \"%s\"", SPAN_ARG(got), reason);
}

static void
a_find_has_its_name_and_part(void **state)
{
	struct fixture *f = *state;

	compile(f, "rules: [ { name: A, when: { signature: { database: a.ndb } }, then: reject } ]\n");
	rule_fixture_scan(&f->rules, message, false);
	expect_reason(f, "rule A Test.Body in part 2");
	assert_int_equal(f->rules.outcome.hit_count, 1);
	assert_true(span_is(f->rules.outcome.hits[0].detail, "Test.Body"));
}

static void
a_clean_message_is_clean(void **state)
{
	struct fixture *f = *state;

	compile(f, "rules: [ { name: A, when: { signature: { database: [ a.ndb ] } }, then: reject } ]\n");
	rule_fixture_scan(&f->rules, "From: a@example.org\n\naa bb\n", false);
	assert_int_equal(f->rules.outcome.verdict, VERDICT_ACCEPT);
	assert_true(f->rules.outcome.complete);
}

/* The same find in the message as a whole says nothing against removing the part. */
static void
a_part_is_removed(void **state)
{
	struct fixture *f = *state;

	compile(f, "rules: [ { name: A, when: { signature: { database: a.ndb } }, then: strip } ]\n");
	rule_fixture_scan(&f->rules, message, false);
	assert_int_equal(f->rules.outcome.verdict, VERDICT_STRIP);
	assert_int_equal(f->rules.outcome.strip_count, 1);
	assert_true(span_is(f->rules.outcome.strips[0].section, "2"));
}

static void
what_is_in_no_part_cannot_be_removed(void **state)
{
	struct fixture *f = *state;

	compile(f, "rules: [ { name: A, when: { signature: { database: a.ndb } }, then: strip } ]\n");
	rule_fixture_scan(&f->rules, "From: a@example.org\nX-Odd: yes\n\nbody\n", false);
	assert_int_equal(f->rules.outcome.verdict, VERDICT_QUARANTINE);
	expect_reason(f, "rule A Test.Head, which could not be removed");
}

static void
with_other_keys_any_value_is_enough(void **state)
{
	struct fixture *f = *state;

	compile(f, "rules: [ { name: A, when: { signature: { text: 'no such', database: a.ndb } }, score: 1 },\n"
	           "  { name: B, when: { signature: { text: 'first part', database: a.ndb } }, score: 1 },\n"
	           "  { name: C, when: { not: { signature: { database: a.ndb } } }, score: 1 } ]\n");
	rule_fixture_scan(&f->rules, message, false);
	assert_string_equal(rule_fixture_hits(&f->rules), "A B");
	rule_fixture_scan(&f->rules, "From: a@example.org\n\nfirst part\n", false);
	assert_string_equal(rule_fixture_hits(&f->rules), "B C");
}

static void
notes_tell_what_was_loaded(void **state)
{
	struct fixture *f = *state;

	compile(f, "rules: [ { name: A, when: { signature: { database: a.ndb } }, score: 1 } ]\n");
	assert_string_equal(ruleset_note(f->rules.rules, 0),
	    arena_printf(f->rules.arena, "%s/a.ndb:4: malformed: wrong", f->rules.folder));
	assert_string_equal(ruleset_note(f->rules.rules, 1),
	    arena_printf(f->rules.arena, "%s/1.yaml:1: 3 ClamAV signatures", f->rules.folder));
	assert_null(ruleset_note(f->rules.rules, 2));
}

static void
policies_share_a_database(void **state)
{
	struct fixture *f = *state;
	struct policy_settings policies[2];
	struct ruleset **rules;

	rule_fixture_add(&f->rules, "rules: [ { name: A, when: { signature: { database: a.ndb } }, score: 1 } ]\n");
	policies[0] = policies[1] = f->rules.policy;
	f->rules.settings.policies = policies;
	f->rules.settings.policy_count = 2;
	rules = rulesets_compile(f->rules.arena, &f->rules.settings, &f->rules.report);
	assert_int_equal(f->rules.report.count, 0);
	assert_non_null(ruleset_note(rules[0], 0));
	assert_null(ruleset_note(rules[1], 0)); /* told once, for it was loaded once */
}

static void
a_path_that_is_not_there_is_an_error(void **state)
{
	struct fixture *f = *state;

	rule_fixture_add(&f->rules, "rules: [ { name: A, when: { signature: { database: [ /nonexistent/x.ndb ] } }, score: 1 } ]\n");
	assert_false(rule_fixture_compile(&f->rules));
	assert_string_equal(rule_fixture_errors(&f->rules),
	    "1.yaml:1:52: /nonexistent/x.ndb: No such file or directory");
}

static void
yara_rules(void **state)
{
	struct fixture *f = *state;
	const char *file = arena_printf(f->rules.arena, "%s/y.yar", f->rules.folder);
	FILE *out = fopen(file, "w");
	bool compiled;

	assert_non_null(out);
	fputs("rule Found { strings: $a = \"aaxx\" condition: $a }\n", out);
	fclose(out);
	rule_fixture_add(&f->rules, "rules: [ { name: Y, when: { signature: { yara: y.yar } }, then: reject } ]\n");
	compiled = rule_fixture_compile(&f->rules);
	unlink(file);
	if (!compiled) {
		assert_string_equal(rule_fixture_errors(&f->rules), "1.yaml:1:50: this gatepost was built without libyara");
		return;
	}
	rule_fixture_scan(&f->rules, message, false);
	expect_reason(f, "rule Y Found in part 2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_find_has_its_name_and_part, setup, teardown),
		cmocka_unit_test_setup_teardown(a_clean_message_is_clean, setup, teardown),
		cmocka_unit_test_setup_teardown(a_part_is_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_in_no_part_cannot_be_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(with_other_keys_any_value_is_enough, setup, teardown),
		cmocka_unit_test_setup_teardown(notes_tell_what_was_loaded, setup, teardown),
		cmocka_unit_test_setup_teardown(policies_share_a_database, setup, teardown),
		cmocka_unit_test_setup_teardown(a_path_that_is_not_there_is_an_error, setup, teardown),
		cmocka_unit_test_setup_teardown(yara_rules, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
