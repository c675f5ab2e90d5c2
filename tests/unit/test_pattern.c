/* Patterns of * and ?: what fits, and what it costs. */
#include "config.h"

#include "base/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static void
test_what_fits(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool fits;
	} cases[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "*", "", true },
		{ "**", "abc", true },
		{ "?", "", false },
		{ "?", "a", true },
		{ "a?c", "abc", true },
		{ "a?c", "ac", false },
		{ "Anna@Example.ORG", "aNNA@eXAMPLE.org", true },
		{ "*@example.org", "anna@example.org", true },
		{ "*@example.org", "anna@mail.example.org", false },
		{ "*@example.org", "anna@example.org.evil", false },
		{ "a*b*c", "aXbXbXc", true },
		{ "a*b*c", "aXbXbX", false },
		{ "*a*", "b", false },
		{ "abc", "ab", false },
		{ "ab", "abc", false },
		{ "ab*", "ab", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(pattern_matches(span_str(cases[i].pattern), span_str(cases[i].text)), cases[i].fits);
}

/* Any octet is one, NUL too; nothing is read behind either end. */
static void
test_octets(void **state)
{
	(void)state;
	assert_true(pattern_matches(SPAN_LITERAL("a?b"), span_of("a\0b", 3)));
	assert_true(pattern_matches(span_of("a\0b", 3), span_of("a\0b", 3)));
	assert_false(pattern_matches(span_of("a*", 1), SPAN_LITERAL("ab")));
	assert_true(pattern_matches(SPAN_NONE, SPAN_NONE));
}

/* With exponential work this would not end. */
static void
test_many_stars(void **state)
{
	char text[5000], pattern[] = "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b";

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_false(pattern_matches(span_str(pattern), span_of(text, sizeof(text))));
	text[sizeof(text) - 1] = 'b';
	assert_true(pattern_matches(span_str(pattern), span_of(text, sizeof(text))));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_fits),
		cmocka_unit_test(test_octets),
		cmocka_unit_test(test_many_stars),
	};

	return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
