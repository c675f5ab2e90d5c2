/* Delimiter lines. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "mime/boundary.h"

/* What the line is a delimiter of: 'i'nner or 'o'uter, or 0. */
static char
match(struct boundary *inner, const char *line, struct delimiter *d)
{
	if (!delimiter_at(inner, line, line + strlen(line), d))
		return '\0';
	return d->of == inner ? 'i' : 'o';
}

static void
test_lines(void **state)
{
	struct boundary outer = { .value = SPAN_LITERAL("abc") };
	struct boundary inner = { .outer = &outer, .value = SPAN_LITERAL("abcd") };
	struct delimiter d;

	(void)state;
	assert_int_equal(match(&inner, "--abc\r\nrest", &d), 'o');
	assert_false(d.final || d.junk);
	assert_string_equal(d.next, "rest");
	assert_int_equal(match(&inner, "--abcd \t\n", &d), 'i');
	assert_false(d.final || d.junk);
	assert_int_equal(match(&inner, "--abcd--", &d), 'i');
	assert_true(d.final && !d.junk);
	assert_int_equal(match(&inner, "--abcde", &d), 'i');
	assert_true(!d.final && d.junk);
	assert_int_equal(match(&inner, "--abc--x", &d), 'o');
	assert_true(d.final && d.junk);
	assert_int_equal(match(&inner, "--ab", &d), 0);
	assert_int_equal(match(&inner, "-abc", &d), 0);
	assert_int_equal(match(&inner, " --abc", &d), 0);
	assert_int_equal(match(&inner, "--", &d), 0);
	assert_int_equal(match(NULL, "--abc", &d), 0);
}

static void
test_closed_matches_last(void **state)
{
	struct boundary outer = { .value = SPAN_LITERAL("same") };
	struct boundary inner = { .outer = &outer, .value = SPAN_LITERAL("same") };
	struct delimiter d;

	(void)state;
	assert_int_equal(match(&inner, "--same\n", &d), 'i');
	inner.closed = true;
	assert_int_equal(match(&inner, "--same\n", &d), 'o');
	outer.value = SPAN_LITERAL("other");
	assert_int_equal(match(&inner, "--same\n", &d), 'i');
	assert_int_equal(match(&inner, "--same and more\n", &d), 0);
}

static bool
sees_fields(const char *text)
{
	struct delimiter d;

	delimiter_find(NULL, text, text + strlen(text), &d);
	return d.fields;
}

static void
test_fields(void **state)
{
	(void)state;
	assert_true(sees_fields("Content-Type: a/b\n"));
	assert_true(sees_fields("text\ncontent-disposition: x\n"));
	assert_true(sees_fields("--x\nContent-Transfer-Encoding : x\n"));
	assert_false(sees_fields("text Content-Type: a/b\n"));
	assert_true(sees_fields("Content-Types: a/b\n"));
	assert_false(sees_fields("Content-Length: 1\nContent-Typ: 2\nContent - Type: 3\n"));
	assert_false(sees_fields("Content-"));
	assert_false(sees_fields("-"));
}

static size_t
find(const struct boundary *open, const char *text)
{
	struct delimiter d;
	bool found = delimiter_find(open, text, text + strlen(text), &d);

	assert_int_equal(found, d.of != NULL);
	return (size_t)(d.line - text);
}

static void
test_find(void **state)
{
	struct boundary b = { .value = SPAN_LITERAL("b") };

	(void)state;
	assert_int_equal(find(&b, ""), 0);
	assert_int_equal(find(&b, "--b"), 0);
	assert_int_equal(find(&b, "text\n--b\n"), 5);
	assert_int_equal(find(&b, "a--b\n-b\n -\n--c\n--b\n"), 15);
	assert_int_equal(find(&b, "--\n--\n-\n"), 8);
	assert_int_equal(find(&b, "no-"), 3);
	assert_int_equal(find(&b, "\n-"), 2);
	assert_int_equal(find(NULL, "--b"), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_closed_matches_last),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
