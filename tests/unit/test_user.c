/* What a user has of his own in place of the policy's: rules that do not apply,
 * thresholds, and authors that are allowed or denied. */
#include "config.h"

#include "rule_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static const char rules[] =
    "rules:\n"
    "  - { name: WORD, when: { body: /one/ }, score: 6 }\n"
    "  - { name: BOTH, when: { all: [ { rule: WORD }, { body: /two/ } ] }, score: 1 }\n"
    "  - { name: NEITHER, when: { not: { rule: WORD } }, score: -1 }\n"
    "  - { name: URL_A, when: { body: /three/ }, score: 2 }\n"
    "  - { name: URL_B, when: { body: /three/ }, score: 2 }\n"
    "  - { name: BANNED, when: { body: /four/ }, then: reject }\n"
    "  - { name: MARKED, when: { body: /five/ }, then: tag }\n"
    "  - { name: SLOW, when: { body: '/(a+a+)+\\1b/' }, score: 1 }\n";

static struct threshold policy_thresholds[] = { { 5, VERDICT_TAG }, { 15, VERDICT_REJECT } };

struct user {
	struct rule_fixture rules;
	struct scan_preferences own;
};

static int
set_up(void **state)
{
	struct user *u = calloc(1, sizeof(*u));

	rule_fixture_init(&u->rules);
	rule_fixture_add(&u->rules, rules);
	u->rules.policy.thresholds = policy_thresholds;
	u->rules.policy.threshold_count = 2;
	u->rules.envelope.own = &u->own;
	*state = u;
	return rule_fixture_compile(&u->rules) ? 0 : -1;
}

static int
tear_down(void **state)
{
	struct user *u = *state;

	rule_fixture_free(&u->rules);
	free(u);
	return 0;
}

static const struct rule_outcome *
scan(struct user *u, const char *message)
{
	rule_fixture_scan(&u->rules, message, false);
	return &u->rules.outcome;
}

static void
test_nothing(void **state)
{
	struct user *u = *state;

	assert_int_equal(scan(u, "From: a@x\n\none two\n")->verdict, VERDICT_TAG);
	assert_string_equal(rule_fixture_hits(&u->rules), "WORD BOTH");
	assert_false(u->rules.outcome.denied || u->rules.outcome.allowed);
	u->rules.envelope.own = NULL;
	assert_int_equal(scan(u, "From: a@x\n\none two\n")->verdict, VERDICT_TAG);
}

/* Also where others refer to them. */
static void
test_rules_off(void **state)
{
	struct user *u = *state;
	struct span off[] = { SPAN_LITERAL("word"), SPAN_LITERAL("URL_*") };

	u->own.rules_off = off;
	u->own.rules_off_count = 2;
	assert_int_equal(scan(u, "A: b\n\none two three\n")->verdict, VERDICT_ACCEPT);
	assert_string_equal(rule_fixture_hits(&u->rules), "NEITHER");
	u->own.rules_off_count = 1;
	scan(u, "A: b\n\none two three\n");
	assert_string_equal(rule_fixture_hits(&u->rules), "NEITHER URL_A URL_B");
}

/* What does not apply leaves nothing undecided. */
static void
test_rules_off_are_decided(void **state)
{
	struct user *u = *state;
	struct span off[] = { SPAN_LITERAL("SLOW") };
	const char *slow = "A: b\n\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac b\n";

	assert_false(scan(u, slow)->complete);
	u->own.rules_off = off;
	u->own.rules_off_count = 1;
	assert_true(scan(u, slow)->complete);
}

static void
test_thresholds(void **state)
{
	static struct threshold lower[] = { { 2, VERDICT_QUARANTINE }, { 6.5, VERDICT_TAG } };
	struct user *u = *state;

	u->own.has_thresholds = true;
	assert_int_equal(scan(u, "A: b\n\none two\n")->verdict, VERDICT_ACCEPT);
	u->own.thresholds = lower;
	u->own.threshold_count = 2;
	assert_int_equal(scan(u, "A: b\n\nthree\n")->verdict, VERDICT_QUARANTINE);
	assert_int_equal(scan(u, "A: b\n\none two\n")->verdict, VERDICT_TAG);
	assert_string_equal(arena_strndup(u->rules.message, u->rules.outcome.reason), "score 7.000 reaches 6.500");
}

static void
test_allow(void **state)
{
	struct user *u = *state;
	struct span allow[] = { SPAN_LITERAL("*@partner.example"), SPAN_LITERAL("friend@example.net") };
	const char *rejected = "From: Me <me@Partner.EXAMPLE>\n\none two three four\n";

	u->own.allow = allow;
	u->own.allow_count = 2;
	assert_int_equal(scan(u, "From: a@x, Friend <friend@example.net>\n\none\n")->verdict, VERDICT_ACCEPT);
	assert_true(u->rules.outcome.allowed);
	assert_false(u->rules.outcome.tag);
	assert_true(u->rules.outcome.score == 6);
	/* Nothing is reached that would not count. */
	assert_int_equal(scan(u, "From: friend@example.net\n\ntwo\n")->verdict, VERDICT_ACCEPT);
	assert_false(u->rules.outcome.allowed);
	/* A rule with a verdict of its own holds. */
	assert_int_equal(scan(u, rejected)->verdict, VERDICT_REJECT);
	assert_int_equal(scan(u, "From: friend@example.net\n\none five\n")->verdict, VERDICT_TAG);
	assert_string_equal(arena_strndup(u->rules.message, u->rules.outcome.reason), "rule MARKED");
	/* Names are no addresses. */
	assert_int_equal(scan(u, "From: \"friend@example.net\" <a@x>\n\none\n")->verdict, VERDICT_TAG);
	assert_int_equal(scan(u, "Reply-To: friend@example.net\n\none\n")->verdict, VERDICT_TAG);
}

/* A score that cannot count need not be known. */
static void
test_allow_is_decided(void **state)
{
	struct user *u = *state;
	struct span allow[] = { SPAN_LITERAL("a@x") };
	const char *slow = "From: a@x\n\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac b\n";

	assert_false(scan(u, slow)->complete);
	u->own.allow = allow;
	u->own.allow_count = 1;
	assert_true(scan(u, slow)->complete);
}

static void
test_deny(void **state)
{
	struct user *u = *state;
	struct span deny[] = { SPAN_LITERAL("*@casino.example") }, allow[] = { SPAN_LITERAL("*") };

	u->own.deny = deny;
	u->own.deny_count = 1;
	assert_int_equal(scan(u, "From: a@x\n\ntwo\n")->verdict, VERDICT_ACCEPT);
	assert_int_equal(scan(u, "From: a@x\nFrom: B <b@CASINO.example>\n\ntwo\n")->verdict, VERDICT_TAG);
	assert_true(u->rules.outcome.denied && u->rules.outcome.tag);
	assert_string_equal(arena_strndup(u->rules.message, u->rules.outcome.reason), "sender denied by the user");
	u->own.allow = allow;
	u->own.allow_count = 1;
	assert_int_equal(scan(u, "From: a@x, b@casino.example\n\none\n")->verdict, VERDICT_TAG);
	assert_false(u->rules.outcome.allowed);
	assert_int_equal(scan(u, "From: b@casino.example\n\nfour\n")->verdict, VERDICT_REJECT);
	assert_string_equal(arena_strndup(u->rules.message, u->rules.outcome.reason), "rule BANNED");
}

/* Only SMTP knows one. */
static void
test_sender_of_the_envelope(void **state)
{
	struct user *u = *state;
	struct span deny[] = { SPAN_LITERAL("bounce@casino.example") };

	u->own.deny = deny;
	u->own.deny_count = 1;
	u->rules.envelope.sender = SPAN_LITERAL("bounce@casino.example");
	u->rules.envelope.protocol = PROTOCOL_SMTP;
	assert_int_equal(scan(u, "From: a@x\n\ntwo\n")->verdict, VERDICT_TAG);
	u->rules.envelope.protocol = PROTOCOL_POP3;
	assert_int_equal(scan(u, "From: a@x\n\ntwo\n")->verdict, VERDICT_ACCEPT);
}

/* However many there are, those that can be addresses are looked at. */
static void
test_long_fields(void **state)
{
	struct user *u = *state;
	struct span deny[] = { SPAN_LITERAL("*@casino.example") };
	char junk[20000];

	u->own.deny = deny;
	u->own.deny_count = 1;
	memset(junk, 'a', sizeof(junk));
	memcpy(junk + sizeof(junk) - 5, "@b,\n", 5);
	scan(u, arena_printf(u->rules.arena, "From: %s b@casino.example\n\ntwo\n", junk));
	assert_int_equal(u->rules.outcome.verdict, VERDICT_TAG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rules_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rules_off_are_decided, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_thresholds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_allow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_allow_is_decided, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_deny, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sender_of_the_envelope, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_fields, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("user", tests, NULL, NULL);
}
