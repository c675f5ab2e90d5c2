/* Splitting of an mbox: what begins a message and what does not. */
#include "config.h"

#include "cli/mbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define FROM "From a@example.org Mon Jan  1 00:00:00 2024\n"

/* The messages of the file, each in brackets. */
static char *
split(struct arena *a, const char *file)
{
	struct span rest = span_str(file), message;
	char *result = arena_strdup(a, "");

	while (mbox_next(&rest, &message))
		result = arena_printf(a, "%s[%.*s]", result, SPAN_ARG(message));
	return result;
}

static void
test_is(void **state)
{
	(void)state;
	assert_true(mbox_is(span_str(FROM)));
	assert_true(mbox_is(span_str("From MAILER-DAEMON Fri Jul  8 12:08:34 2011\r\nA: b\r\n")));
	assert_true(mbox_is(span_str("From Anna B. (away) Sat Feb 29 9:01 2020 +0100\n")));
	assert_false(mbox_is(span_str("From: a@example.org\n")));
	assert_false(mbox_is(span_str("From here on Monday Jan 1 is a holiday\n")));
	assert_false(mbox_is(span_str("From Mon Jan first\n")));
	assert_false(mbox_is(span_str(">" FROM)));
	assert_false(mbox_is(span_str("")));
}

static void
test_split(void **state)
{
	struct arena *a = arena_new(0);

	(void)state;
	assert_string_equal(split(a, ""), "");
	assert_string_equal(split(a, FROM), "[]");
	assert_string_equal(split(a, FROM "A: b\n\nc\n\n" FROM "D: e\n\nf\n\n"), "[A: b\n\nc\n][D: e\n\nf\n]");
	/* Only the blank line before the next message is not the message's. */
	assert_string_equal(split(a, FROM "A: b\n\nc\n\n\n" FROM "D: e"), "[A: b\n\nc\n\n][D: e]");
	/* Without a blank line before it, or without a date, it is text. */
	assert_string_equal(split(a, FROM "A: b\n\nc\n" FROM "d\n"), "[A: b\n\nc\n" FROM "d\n]");
	assert_string_equal(split(a, FROM "A: b\n\nFrom here on\n"), "[A: b\n\nFrom here on\n]");
	assert_string_equal(split(a, FROM FROM), "[" FROM "]");
	arena_free(&a);
}

static void
test_split_crlf(void **state)
{
	struct arena *a = arena_new(0);
	const char *from = "From a Mon Jan  1 00:00:00 2024\r\n";
	const char *file = arena_printf(a, "%sA: b\r\n\r\nc\r\n\r\n%sD: e\r\n", from, from);

	(void)state;
	assert_string_equal(split(a, file), "[A: b\r\n\r\nc\r\n][D: e\r\n]");
	arena_free(&a);
}

static void
test_unquote(void **state)
{
	struct arena *a = arena_new(0);
	struct span plain = SPAN_LITERAL("A: b\n\n>quoted\n> From here\n"), got;

	(void)state;
	got = mbox_unquote(a, plain);
	assert_true(span_eq(got, plain));
	got = mbox_unquote(a, SPAN_LITERAL("A: b\n\n>From x\n>>From y\n>> From z\n >From\n>From"));
	assert_true(span_is(got, "A: b\n\nFrom x\n>From y\n>> From z\n >From\n>From"));
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_split_crlf),
		cmocka_unit_test(test_unquote),
	};

	return cmocka_run_group_tests_name("mbox", tests, NULL, NULL);
}
