/* What is wrong with a rule file is told at its place, with the nearest word
 * that would have been right; all errors of all files at once. */
#include "config.h"

#include "rule_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static void
expect(const char *text, const char *errors)
{
	struct rule_fixture f;

	rule_fixture_init(&f);
	rule_fixture_add(&f, text);
	rule_fixture_compile(&f);
	assert_string_equal(rule_fixture_errors(&f), errors);
	rule_fixture_free(&f);
}

/* One rule whose `when` is on line 2, from column 13. */
static void
expect_when(const char *when, const char *errors)
{
	struct arena *a = arena_new(0);

	expect(arena_printf(a, "rules:\n  - { when: %s, name: A }\n", when), errors);
	arena_free(&a);
}

static void
test_keys(void **state)
{
	(void)state;
	expect("rules:\n  - name: A\n    whem: { size: '> 1' }\n",
	    "1.yaml:3:5: unknown key \"whem\", did you mean \"when\"?");
	expect("rulez: []\n", "1.yaml:1:1: unknown key \"rulez\", did you mean \"rules\"?");
	expect("rules: 5\n", "1.yaml:1:8: a rule file is a list of \"rules\"");
	expect("rules:\n  - name: A\n", "1.yaml:2:5: a rule needs a \"when\"");
	expect("rules:\n  - when: { size: '> 1' }\n", "1.yaml:2:5: a rule needs a \"name\"");
	expect("rules:\n  - { name: 'a b', when: { size: '> 1' } }\n",
	    "1.yaml:2:13: a rule's name is 1 to 100 of A-Z a-z 0-9 _ - .");
	expect("rules:\n  - { name: A, when: { size: '> 1' }, score: 100001 }\n",
	    "1.yaml:2:46: a score is between -100000 and 100000");
}

static void
test_conditions(void **state)
{
	(void)state;
	expect_when("{ hedder: {} }", "1.yaml:2:15: unknown condition \"hedder\", did you mean \"header\"?");
	expect_when("{ zzzzzzzz: {} }", "1.yaml:2:15: unknown condition \"zzzzzzzz\"");
	expect_when("{ header: { nam: Subject } }", "1.yaml:2:25: unknown key \"nam\", did you mean \"name\"?");
	expect_when("{ header: { exists: true } }", "1.yaml:2:23: a header needs a \"name\"");
	expect_when("{ header: { name: 'Subject:', exists: true } }",
	    "1.yaml:2:31: \"Subject:\" is no name of a field: it has no colon and no blanks");
	expect_when("{ header: { name: X Spam, exists: true } }",
	    "1.yaml:2:31: \"X Spam\" is no name of a field: it has no colon and no blanks");
	expect_when("{ header: { name: '', exists: true } }", "1.yaml:2:31: \"\" is no name of a field: it has no colon and no blanks");
	expect_when("{ header: { name: A } }",
	    "1.yaml:2:23: a header is tested by one of \"matches\", \"contains\" and \"exists\"");
	expect_when("{}", "1.yaml:2:13: expected a condition, such as { size: \"> 25MiB\" }");
	expect_when("{ all: [] }", "1.yaml:2:20: expected a list of conditions");
	expect_when("{ not: 5 }", "1.yaml:2:20: expected a condition, such as { size: \"> 25MiB\" }");
	expect_when("{ attachment: {} }", "1.yaml:2:27: an attachment is tested by at least one key");
	expect_when("{ attachment: { extension: [] } }", "1.yaml:2:40: an empty list matches nothing");
	expect_when("{ attachment: { extension: [exe, ''] } }", "1.yaml:2:46: an extension is expected, such as \"exe\"");
	expect_when("{ attachment: { extension: '*.exe' } }",
	    "1.yaml:2:40: \"*.exe\" is no extension, such as \"exe\"; \"name\" takes patterns");
	expect_when("{ signature: {} }",
	    "1.yaml:2:26: a signature needs one of text, hex, sha256, sha1, md5, database and yara");
	expect_when("{ client: { address: 10.0.0.0/99 } }",
	    "1.yaml:2:34: \"10.0.0.0/99\" is no network, such as 10.0.0.0/8 or 2001:db8::/32");
	expect_when("{ defect: [bare-cr, bare-lf-in-heder] }",
	    "1.yaml:2:33: unknown defect \"bare-lf-in-heder\", did you mean \"bare-lf-in-header\"?");
}

static bool
has_error_at(struct rule_fixture *f, size_t line, size_t column)
{
	return f->report.first != NULL && f->report.first->mark.line == line && f->report.first->mark.column == column;
}

/* Errors whose words are those of engine and conf. */
static void
test_places_of_others_errors(void **state)
{
	static const struct {
		const char *when;
		size_t column;
	} cases[] = {
		{ "{ body: '/abc(/' }", 13 + 8 + 1 + 5 },
		{ "{ body: /abc(/ }", 13 + 8 + 5 },
		{ "{ body: '/abc/q' }", 13 + 8 + 1 + 5 },
		{ "{ body: [ '/ok/', '/a)/' ] }", 13 + 18 + 1 + 2 },
		{ "{ attachment: { magic: [pe, zipp] } }", 13 + 28 },
		{ "{ protocol: smpt }", 13 + 12 },
		{ "{ signature: { sha256: [ 'abc' ] } }", 13 + 25 },
		{ "{ signature: { hex: '4q' } }", 13 + 20 },
		{ "{ size: '> 5 XiB' }", 13 + 8 + 1 + 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rule_fixture f;

		rule_fixture_init(&f);
		rule_fixture_add(&f, arena_printf(f.arena, "rules:\n  - { when: %s, name: A }\n", cases[i].when));
		assert_false(rule_fixture_compile(&f));
		if (!has_error_at(&f, 2, cases[i].column))
			fail_msg("%s: column %zu expected, but %s", cases[i].when, cases[i].column, rule_fixture_errors(&f));
		rule_fixture_free(&f);
	}
}

static void
test_expressions_and_numbers(void **state)
{
	static const char comparison[] =
	    "expected a comparison: \"> N\", \">= N\", \"< N\", \"<= N\", \"= N\" or \"N..M\"";
	struct arena *a = arena_new(0);

	(void)state;
	expect_when("{ body: abc }",
	    "1.yaml:2:21: an expression is written \"/…/\", with flags of i m s x u after it");
	expect_when("{ size: 25MiB }", arena_printf(a, "1.yaml:2:21: %s", comparison));
	expect_when("{ size: [1] }", arena_printf(a, "1.yaml:2:21: %s", comparison));
	expect_when("{ size: '9..5' }", "1.yaml:2:21: no number is in this range");
	expect_when("{ size: '< 0' }", "1.yaml:2:21: no number is in this range");
	arena_free(&a);
}

static void
test_replies(void **state)
{
	static const struct {
		const char *reply, *then, *wrong;
	} cases[] = {
		{ "450 4.7.1 later", "reject", "the reply of a reject is \"5xx x.y.z text\"" },
		{ "550 5.7.1 no", "defer", "the reply of a defer is \"4xx x.y.z text\", and not 421" },
		{ "421 4.7.1 go", "defer", "the reply of a defer is \"4xx x.y.z text\", and not 421" },
		{ "550 4.7.1 no", "reject", "the enhanced code must begin with the digit that the code begins with" },
		{ "550 5.7.1 ", "reject", "a reply says why in some words" },
		{ "550-5.7.1 no", "reject", "the reply of a reject is \"5xx x.y.z text\"" },
		{ "560 no", "reject", "the reply of a reject is \"5xx x.y.z text\"" },
		{ "550 a\\r\\nb", "reject", "a reply is one line of printable ASCII" },
		{ "550 no", "tag", "a reply is given only with \"then: reject\" or \"then: defer\"" },
	};
	struct arena *a = arena_new(0);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(arena_printf(a, "rules:\n  - { reply: \"%s\", then: %s, when: { size: '> 1' }, name: A }\n", cases[i].reply,
			   cases[i].then), arena_printf(a, "1.yaml:2:14: %s", cases[i].wrong));
	arena_free(&a);
}

static void
test_references(void **state)
{
	(void)state;
	expect("rules:\n  - { name: LOTTERY, when: { rule: LOTERY } }\n",
	    "1.yaml:2:36: no rule is named \"LOTERY\", did you mean \"LOTTERY\"?");
	expect("rules:\n  - { name: A, when: { rule: A } }\n",
	    "1.yaml:2:30: rule \"A\" refers to itself, by way of \"A\"");
	expect("rules:\n"
	       "  - { name: A, when: { any: [ { size: '> 1' }, { rule: B } ] } }\n"
	       "  - { name: B, when: { not: { rule: C } } }\n"
	       "  - { name: C, when: { rule: A } }\n"
	       "  - { name: D, when: { rule: A } }\n",
	    "1.yaml:4:30: rule \"A\" refers to itself, by way of \"B\"");
}

static void
test_several_files(void **state)
{
	struct rule_fixture f;

	(void)state;
	rule_fixture_init(&f);
	rule_fixture_add(&f, "rules:\n  - { name: A, when: { size: '> 1' } }\n");
	rule_fixture_add(&f, "rules:\n  - { name: B, when: { rule: A } }\n\n  - { name: A, when: { size: '> 1' } }\n");
	assert_false(rule_fixture_compile(&f));
	assert_string_equal(rule_fixture_errors(&f), arena_printf(f.arena,
	    "2.yaml:4:13: a rule is named \"A\" already, at %s:2", f.files[0]));
	rule_fixture_free(&f);
}

static void
test_all_errors_at_once(void **state)
{
	(void)state;
	expect("rules:\n"
	       "  - { name: A, wehn: 1 }\n"
	       "  - { name: B, when: { bdy: /x/ } }\n"
	       "  - { name: C, when: { attachment: { extension: [exe, [x]] }, size: 1 }, then: tag }\n",
	    "1.yaml:2:16: unknown key \"wehn\", did you mean \"when\"?\n"
	    "1.yaml:3:24: unknown condition \"bdy\", did you mean \"body\"?\n"
	    "1.yaml:4:55: expected a text, not a list\n"
	    "1.yaml:4:69: expected a comparison: \"> N\", \">= N\", \"< N\", \"<= N\", \"= N\" or \"N..M\"");
}

static void
test_strip_needs_a_part(void **state)
{
	static const char wrong[] = "is to strip, but no \"attachment\" or \"signature\" tells which part";
	struct arena *a = arena_new(0);

	(void)state;
	expect("rules:\n  - { name: A, when: { body: /x/ }, then: strip }\n", arena_printf(a, "1.yaml:2:13: rule \"A\" %s", wrong));
	expect("rules:\n  - { name: A, when: { not: { attachment: { extension: exe } } }, then: strip }\n",
	    arena_printf(a, "1.yaml:2:13: rule \"A\" %s", wrong));
	expect("rules:\n  - { name: B, when: { rule: A }, then: strip }\n"
	       "  - { name: A, when: { attachment: { extension: exe } } }\n",
	    "");
	arena_free(&a);
}

/* A disabled rule is read, but is not in force. */
static void
test_disabled(void **state)
{
	struct rule_fixture f;

	(void)state;
	expect("rules:\n  - { name: A, enabled: false, when: { size: 1 } }\n",
	    "1.yaml:2:46: expected a comparison: \"> N\", \">= N\", \"< N\", \"<= N\", \"= N\" or \"N..M\"");
	rule_fixture_init(&f);
	rule_fixture_add(&f, "rules:\n"
	                     "  - { name: OFF, enabled: false, when: { header: { name: A, matches: /x/ } }, then: reject }\n"
	                     "  - { name: ON, about: why, when: { not: { rule: OFF } }, score: 2, then: tag }\n");
	assert_true(rule_fixture_compile(&f));
	assert_int_equal(ruleset_count(f.rules), 1);
	assert_string_equal(ruleset_about(f.rules, 0).name, "ON");
	assert_string_equal(ruleset_about(f.rules, 0).about, "why");
	assert_int_equal(ruleset_about(f.rules, 0).mark.line, 3);
	assert_true(ruleset_about(f.rules, 0).has_then);
	assert_int_equal(ruleset_about(f.rules, 0).then, VERDICT_TAG);
	rule_fixture_scan(&f, "A: x\n\nbody\n", false);
	assert_string_equal(rule_fixture_hits(&f), "ON");
	rule_fixture_free(&f);
}

static void
test_empty(void **state)
{
	struct threshold always = { 0, VERDICT_TAG };
	struct rule_fixture f;

	(void)state;
	rule_fixture_init(&f);
	assert_true(rule_fixture_compile(&f));
	assert_true(ruleset_is_empty(f.rules));
	rule_fixture_scan(&f, "A: x\n\nbody\n", false);
	assert_int_equal(f.outcome.verdict, VERDICT_ACCEPT);
	assert_true(f.outcome.complete);
	rule_fixture_free(&f);

	rule_fixture_init(&f);
	f.policy.thresholds = &always;
	f.policy.threshold_count = 1;
	rule_fixture_add(&f, "rules: []\n");
	assert_true(rule_fixture_compile(&f));
	assert_false(ruleset_is_empty(f.rules));
	rule_fixture_free(&f);
}

static void
test_missing_file(void **state)
{
	struct rule_fixture f;

	(void)state;
	rule_fixture_init(&f);
	rule_fixture_add_file(&f, "/nonexistent/rules.yaml");
	assert_false(rule_fixture_compile(&f));
	assert_int_equal(f.report.count, 1);
	rule_fixture_free(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_places_of_others_errors),
		cmocka_unit_test(test_expressions_and_numbers),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_several_files),
		cmocka_unit_test(test_all_errors_at_once),
		cmocka_unit_test(test_strip_needs_a_part),
		cmocka_unit_test(test_disabled),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_missing_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
