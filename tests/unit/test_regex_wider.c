/* Wider expressions: what they look like, what is given up, and that they match
 * wherever the first does, by PCRE2 for bytes. */
#include "config.h"

#include "engine/regex_run.h"
#include "engine/regex_wider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct regex_limits limits = { .matches = 100000, .depth = 10000 };

static void
check_as(bool unicode, const char *pattern, const char *expected)
{
	struct arena *a = arena_new(0);
	struct span wider;
	bool known = regex_widen(a, span_str(pattern), unicode, &wider);

	if (known != (expected != NULL) || (known && !span_is(wider, expected)))
		fail_msg("%s became %.*s", pattern, SPAN_ARG(wider));
	arena_free(&a);
}

static void
check(const char *pattern, const char *expected)
{
	check_as(false, pattern, expected);
}

static void
test_what_is_kept(void **state)
{
	(void)state;
	check("abc", "abc");
	check("a.b*c+?d{2,3}+e{4}f{5,}", "a.b*c+d{2,3}e{4}f{5,}");
	check("a b/", "a\\x20b\\x2f");
	check("\\.\\n\\x41\\d\\W", "\\x2e\\x0aA\\d\\W");
	check("(a|b)(?:c|)(?>d)", "(?:a|b)(?:c|)(?:d)");
	check("[^]a-z\\]\\d\\b[:alpha:][]", "[^\\x5da-z\\x5d\\d\\x08[:alpha:]\\x5b]");
	check("\\bword\\B", "\\bword\\B");
}

static void
test_places_are_left_out(void **state)
{
	(void)state;
	check("^a$", "a");
	check("\\Aa\\z|b\\Z", "a|b");
	check("(?:^|\\s)a", "(?:|\\s)a");
	check("(?<!x)a(?=b(c|[)]))(?!d)", "a");
}

static void
test_what_is_given_up(void **state)
{
	static const char *const unknown[] = { "(a)\\1", "(?i)a", "(?<n>a)", "(?P<n>a)", "(?#c)a", "(*ACCEPT)", "\\Qa\\E",
		"\\x4", "\\x{212a}", "\\pL", "\\h", "\\R", "\\X", "\\Ga", "\\Ka", "\xc5\xbf", "[^\xc3\xa4]", "[a-\xc3\xa4]",
		"[\xc3\xa4-\xc3\xbc]", "a{,3}", "a{x}", "^*a",
		"\\b+a", "(?=a)*b", "a{2}{3}", "[[.a.]]", "[\\h]", "(?(1)a|b)" };

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		check(unknown[i], NULL);
}

static void
test_beyond_ascii(void **state)
{
	(void)state;
	check("\xc3\xa4+\\x{e4}\\xe4[b\xc3\xa4]\\x{41}", "\\x80+\\x80\\x80[b\\x80]A");
	check_as(true, "\\ba\\w+[\\W_]\\B", "a[\\w\\x80]+[\\W\\x5f]");
	check_as(true, "[\\d.]\\.", "[\\d\\x80\\x2e][\\x2e]");
	check_as(true, "[^\\w]", NULL);
	check_as(true, "[^\\W]", NULL);
	check_as(true, "[[:alpha:]]", NULL);
}

static void
test_narrow_text(void **state)
{
	char out[32];

	(void)state;
	assert_int_equal(text_narrow(SPAN_LITERAL("a\xc3\xa4" "b\xe2\x82\xac\xff\xc3"), out), 6);
	assert_memory_equal(out, "a\x80" "b\x80\x80\x80", 6);
	assert_int_equal(text_narrow(SPAN_LITERAL("a\xc5\xbf"), out), SIZE_MAX);
	assert_int_equal(text_narrow(SPAN_LITERAL("\xe2\x84\xaa"), out), SIZE_MAX);
	assert_int_equal(text_narrow(SPAN_NONE, out), 0);
}

static bool
matches_bytes(const struct wider *w, struct span text)
{
	uint32_t options = (w->nocase ? PCRE2_CASELESS : 0) | (w->dot_all ? PCRE2_DOTALL : 0);
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	PCRE2_SIZE offset;
	int error, result;
	pcre2_code *code =
	    pcre2_compile((PCRE2_SPTR)w->expression.data, w->expression.len, options, &error, &offset, NULL);

	if (code == NULL)
		fail_msg("%.*s: wrong at %zu", SPAN_ARG(w->expression), offset);
	result = pcre2_match(code, (PCRE2_SPTR)text.data, text.len, 0, 0, data, NULL);
	pcre2_match_data_free(data);
	pcre2_code_free(code);
	return result >= 0;
}

static void
random_expression(char *out)
{
	static const char *const pieces[] = { "a", "b", "k", "S", ".", "\\W", "\\w", "\\s", "[^a]", "[a-k]", "[^\\x00-\\x7f]", "(?:a|b)",
		"(a|k.)", "(?>a+)", "\\b", "\\B", "^", "$", "(?=a)", "(?!b)", "(?<!a)", "|", "\\n", "[[:alpha:]]", "\\S",
		"\xc3\xa4", "\\x{20ac}", "[b\xc3\xa4]", "[\\w.]", "[^\\W]", "[^\\s]", "[a-\xc3\xa4]", "\\x{17f}" };
	static const char *const quantifiers[] = { "*", "+", "?", "{2}", "{1,2}", "*?", "++", "{2,}" };
	char *end = out;

	*end++ = '/';
	for (int i = 1 + rand() % 6; i > 0; i--) {
		size_t piece = (size_t)rand() % (sizeof(pieces) / sizeof(pieces[0]));

		end = stpcpy(end, pieces[piece]);
		if (piece < 14 && rand() % 3 == 0)
			end = stpcpy(end, quantifiers[rand() % 8]);
	}
	*end++ = '/';
	for (const char *flag = "imsu"; *flag != '\0'; flag++)
		if (rand() % 2 == 0)
			*end++ = *flag;
	*end = '\0';
}

static struct span
random_text(char *out)
{
	static const char *const pieces[] = { "a", "b", "k", "s", "A", " ", "\r\n", "\n", "\r", "\xc3\xa4", "\xe2\x82\xac", "\xff", "\xc3",
		"\x80", "." };
	char *end = out;

	for (int i = rand() % 10; i > 0; i--)
		end = stpcpy(end, pieces[(size_t)rand() % (sizeof(pieces) / sizeof(pieces[0]))]);
	return span_of(out, (size_t)(end - out));
}

static void
test_wider_at_random(void **state)
{
	size_t matched = 0, left = 0;

	(void)state;
	srand(6);
	for (int round = 0; round < 30000; round++) {
		struct arena *a = arena_new(0);
		char expression[200], text[100], narrowed[100];
		struct span subject = random_text(text);
		struct wider wider;
		struct regex *r;
		const char *error;
		size_t offset;

		random_expression(expression);
		r = regex_compile(a, span_str(expression), &limits, &error, &offset);
		if (r != NULL && regex_wider(a, r, &wider)) {
			bool wide = matches_bytes(&wider, span_of(narrowed, text_narrow(subject, narrowed)));
			bool match = regex_match(r, subject) == REGEX_MATCH;

			if (match && !wide)
				fail_msg("%s matches and %.*s does not", expression, SPAN_ARG(wider.expression));
			matched += match;
			left += !wide;
		}
		arena_free(&a);
	}
	assert_true(matched > 3000 && left > 3000); /* or it proves little */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_kept),
		cmocka_unit_test(test_places_are_left_out),
		cmocka_unit_test(test_what_is_given_up),
		cmocka_unit_test(test_beyond_ascii),
		cmocka_unit_test(test_narrow_text),
		cmocka_unit_test(test_wider_at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
