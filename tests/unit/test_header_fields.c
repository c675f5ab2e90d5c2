/* Fields of a header by name. */
#include "config.h"

#include "mime/header_fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static const char *
fields(struct arena *a, const char *head, bool others)
{
	static const struct span names[] = { SPAN_LITERAL("subject"), SPAN_LITERAL("To"), SPAN_LITERAL("X-\xe9") };
	struct text out = { .arena = a };

	header_fields(&out, span_str(head), names, sizeof(names) / sizeof(names[0]), others);
	return arena_strndup(a, text_span(&out));
}

static void
test_fields(void **state)
{
	static const struct {
		const char *head, *fields, *others;
	} cases[] = {
		{ "", "\r\n", "\r\n" },
		{ "\r\n", "\r\n", "\r\n" },
		{ "From: a\r\nSUBJECT: b\r\n c\r\nTo : d\r\nSubjects: e\r\nTo: f\r\n\r\n",
		    "SUBJECT: b\r\n c\r\nTo : d\r\nTo: f\r\n\r\n", "From: a\r\nSubjects: e\r\n\r\n" },
		{ "To: a\nFrom: b\n c\n\n", "To: a\n\n", "From: b\n c\n\n" },
		{ "junk\r\nTo\r\nX-\xe9: a\r\n:b\r\n\r\n", "To\r\nX-\xe9: a\r\n\r\n", "junk\r\n:b\r\n\r\n" },
		{ " a\r\nTo: b\r\n\r\n", "To: b\r\n\r\n", " a\r\n\r\n" },
		/* A header that has no end gets one. */
		{ "To: a\r\n", "To: a\r\n\r\n", "\r\n" },
		{ "From: b\r\nTo: a", "To: a\r\n\r\n", "From: b\r\n\r\n" },
	};
	struct arena *a = arena_new(0);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(fields(a, cases[i].head, false), cases[i].fields);
		assert_string_equal(fields(a, cases[i].head, true), cases[i].others);
	}
	arena_free(&a);
}

static void
test_no_names(void **state)
{
	struct arena *a = arena_new(0);
	struct text some = { .arena = a }, others = { .arena = a };

	(void)state;
	header_fields(&some, SPAN_LITERAL("To: a\r\n\r\n"), NULL, 0, false);
	header_fields(&others, SPAN_LITERAL("To: a\r\n\r\n"), NULL, 0, true);
	assert_string_equal(arena_strndup(a, text_span(&some)), "\r\n");
	assert_string_equal(arena_strndup(a, text_span(&others)), "To: a\r\n\r\n");
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_no_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
