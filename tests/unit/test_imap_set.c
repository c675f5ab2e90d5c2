/* IMAP's sets of numbers: read, gone over and printed. */
#include "config.h"

#include "wire/imap_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
test_validity(void **state)
{
	static const char *const valid[] = { "1", "*", "1:3", "3:1", "*:4", "*:*", "1,2,3", "1:*,4294967295",
		"007" };
	static const char *const invalid[] = { "", "0", "1,", ",1", "1,,2", ":", "1:", ":1", "1:2:3",
		"4294967296", "$", "1:0", "**", "1*", "-1", "1 2", "a" };

	(void)state;
	for (size_t i = 0; i < COUNT(valid); i++)
		if (!imap_set_is_valid(span_str(valid[i])))
			fail_msg("'%s' is a set", valid[i]);
	for (size_t i = 0; i < COUNT(invalid); i++)
		if (imap_set_is_valid(span_str(invalid[i])))
			fail_msg("'%s' is no set", invalid[i]);
	assert_true(imap_set_is_open(span_str("1:*")));
	assert_false(imap_set_is_open(span_str("1:3")));
}

static void
check_ranges(const char *set, uint32_t most, const char *expected)
{
	struct span rest = span_str(set);
	struct imap_range range;
	struct buf out;

	buf_init(&out, 0);
	while (imap_set_next(&rest, most, &range))
		buf_printf(&out, "%lu-%lu ", (unsigned long)range.low, (unsigned long)range.high);
	assert_string_equal(buf_str(&out), expected);
	buf_free(&out);
}

static void
test_ranges(void **state)
{
	(void)state;
	check_ranges("1", 9, "1-1 ");
	check_ranges("5:2,*", 9, "2-5 9-9 ");
	check_ranges("7:*,*:3,*:*", 3, "3-7 3-3 3-3 ");
	check_ranges("1:*,*,*:4", 0, "1-1 0-0 4-4 ");
	check_ranges("", 9, "");
	assert_true(imap_set_contains(span_str("1:3,7"), 9, 2));
	assert_false(imap_set_contains(span_str("1:3,7"), 9, 4));
	assert_true(imap_set_contains(span_str("12:*"), 9, 10));
	assert_true(imap_set_contains(span_str("1:4294967295"), 9, 4294967295));
	assert_false(imap_set_contains(span_str("*"), 0, 1));
	assert_true(imap_set_count(span_str("1:3,7,7"), 9) == 5);
	assert_true(imap_set_count(span_str("1:4294967295"), 9) == 4294967295);
	assert_true(imap_set_count(span_str("*"), 0) == 0);
}

static void
test_printing(void **state)
{
	static const uint32_t numbers[] = { 1, 2, 3, 7, 9, 10, 8, 8, UINT32_MAX - 1, UINT32_MAX, 1 };
	struct buf out;
	struct imap_set_printer p = { .out = &out };

	(void)state;
	buf_init(&out, 0);
	imap_set_finish(&p);
	assert_string_equal(buf_str(&out), "");
	for (size_t i = 0; i < COUNT(numbers); i++)
		imap_set_add(&p, numbers[i]);
	imap_set_add_range(&p, 2, 5);
	imap_set_add_range(&p, 8, 8);
	imap_set_finish(&p);
	assert_string_equal(buf_str(&out), "1:3,7,9:10,8,8,4294967294:4294967295,1:5,8");
	assert_true(imap_set_is_valid(buf_span(&out)));
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_validity),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_printing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
