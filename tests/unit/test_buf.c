/* The growable buffer, and numbers between processes. */
#include "config.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void
test_add(void **state)
{
	struct buf b = { .len = 0 };

	(void)state;
	assert_int_equal(buf_span(&b).len, 0);
	assert_string_equal(buf_str(&b), "");
	buf_add(&b, "ab", 2);
	buf_add_str(&b, "cd");
	buf_add_byte(&b, 'e');
	buf_add_span(&b, SPAN_LITERAL("f\0"));
	buf_add_span(&b, SPAN_NONE);
	buf_printf(&b, "%d%s", 12, "x");
	assert_true(span_eq(buf_span(&b), SPAN_LITERAL("abcdef\00012x")));
	buf_free(&b);
	assert_null(b.data);
}

static void
test_consume(void **state)
{
	struct buf b = { .len = 0 };

	(void)state;
	buf_add_str(&b, "abcdef");
	buf_consume(&b, 2);
	assert_string_equal(buf_str(&b), "cdef");
	buf_add_str(&b, "gh");
	assert_string_equal(buf_str(&b), "cdefgh");
	buf_consume(&b, 99);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.start, 0);
	buf_free(&b);
}

/* A queue that is fed and drained for ever does not grow. */
static void
test_reclaims(void **state)
{
	struct buf b = { .len = 0 };
	char in = 0, out = 0;
	size_t cap;

	(void)state;
	for (int i = 0; i < 300; i++)
		buf_add_byte(&b, in++);
	cap = b.cap;
	for (int i = 0; i < 5000; i++) {
		assert_true(buf_span(&b).data[0] == out++);
		buf_consume(&b, 1);
		buf_add_byte(&b, in++);
	}
	assert_int_equal(b.len, 300);
	assert_int_equal(b.cap, cap);
	buf_free(&b);
}

static void
test_grows(void **state)
{
	struct buf b = { .len = 0 };

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_add_byte(&b, (char)i);
	for (int i = 0; i < 100000; i++)
		assert_true(buf_span(&b).data[i] == (char)i);
	assert_false(b.failed);
	buf_free(&b);
}

static void
test_limit(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5);
	buf_add_str(&b, "abc");
	buf_printf(&b, "%s", "de");
	assert_false(b.failed);
	assert_string_equal(buf_str(&b), "abcde");
	assert_false(b.failed);
	buf_consume(&b, 1);
	buf_add_byte(&b, 'f');
	assert_false(b.failed);
	assert_string_equal(buf_str(&b), "bcdef");
	buf_free(&b);
}

/* Failure stays until the buffer is cleared, and changes nothing. */
static void
test_failure_sticks(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5);
	buf_add_str(&b, "abc");
	buf_add_str(&b, "def");
	assert_true(b.failed);
	buf_add_byte(&b, 'd');
	buf_printf(&b, "e");
	assert_null(buf_reserve(&b, 0));
	assert_true(span_is(buf_span(&b), "abc"));
	assert_string_equal(buf_str(&b), "");
	buf_consume(&b, 3);
	buf_add_byte(&b, 'd');
	assert_int_equal(b.len, 0);
	buf_clear(&b);
	buf_add_str(&b, "d");
	assert_false(b.failed);
	assert_string_equal(buf_str(&b), "d");
	buf_free(&b);
	assert_int_equal(b.limit, 5);
}

static void
test_absurd_length(void **state)
{
	struct buf b = { .len = 0 };

	(void)state;
	buf_add_byte(&b, 'a');
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_true(b.failed);
	buf_clear(&b);
	assert_null(buf_reserve(&b, SIZE_MAX / 2));
	assert_true(b.failed);
	buf_free(&b);
}

static void
test_reserve(void **state)
{
	struct buf b = { .len = 0 };
	char *room = buf_reserve(&b, 1000);

	(void)state;
	assert_non_null(room);
	assert_int_equal(b.len, 0);
	memcpy(room, "xyz", 3);
	buf_commit(&b, 3);
	assert_string_equal(buf_str(&b), "xyz");
	buf_consume(&b, 1);
	buf_shrink(&b);
	assert_int_equal(b.cap, 2);
	assert_string_equal(buf_str(&b), "yz");
	buf_consume(&b, 2);
	buf_shrink(&b);
	assert_null(b.data);
	assert_int_equal(b.cap, 0);
}

static void
test_numbers(void **state)
{
	struct buf b = { .len = 0 };
	struct span in, s;
	uint64_t wide;
	uint32_t narrow;

	(void)state;
	buf_put_u32(&b, 0x80000001);
	buf_put_u64(&b, UINT64_C(0xfedcba9876543210));
	buf_put_span(&b, SPAN_LITERAL("a\0b"));
	buf_put_span(&b, SPAN_NONE);
	assert_true(span_eq(span_first(buf_span(&b), 4), SPAN_LITERAL("\x01\0\0\x80")));

	in = buf_span(&b);
	assert_true(take_u32(&in, &narrow));
	assert_true(narrow == 0x80000001);
	assert_true(take_u64(&in, &wide));
	assert_true(wide == UINT64_C(0xfedcba9876543210));
	assert_true(take_span(&in, &s));
	assert_true(span_eq(s, SPAN_LITERAL("a\0b")));
	assert_true(take_span(&in, &s));
	assert_int_equal(s.len, 0);
	assert_int_equal(in.len, 0);
	assert_false(take_u32(&in, &narrow));
	assert_int_equal(narrow, 0);
	buf_free(&b);
}

/* Every message cut short is noticed, and stays noticed. */
static void
test_short(void **state)
{
	struct buf b = { .len = 0 };

	(void)state;
	buf_put_u32(&b, 1);
	buf_put_span(&b, SPAN_LITERAL("abc"));
	buf_put_u64(&b, 2);
	for (size_t len = 0; len < b.len; len++) {
		struct span in = span_first(buf_span(&b), len), s;
		uint64_t wide;
		uint32_t narrow;

		take_u32(&in, &narrow);
		take_span(&in, &s);
		assert_false(take_u64(&in, &wide));
		assert_int_equal(in.len, 0);
	}
	buf_free(&b);
}

static void
test_lying_length(void **state)
{
	struct buf b = { .len = 0 };
	struct span in, s;

	(void)state;
	buf_put_u64(&b, UINT64_MAX);
	buf_add_str(&b, "abc");
	in = buf_span(&b);
	assert_false(take_span(&in, &s));
	assert_int_equal(s.len, 0);
	assert_int_equal(in.len, 0);
	buf_free(&b);
}

/* Cleared, moved and freed: the memory that was left holds nothing. What was
 * freed may not be looked at, so this is of what is still owned. */
static void
test_secret(void **state)
{
	static const char nothing[9];
	struct buf b;

	(void)state;
	buf_init_secret(&b, 0);
	buf_add_str(&b, "swordfish");
	buf_clear(&b);
	assert_memory_equal(b.data, nothing, sizeof(nothing));
	buf_add_str(&b, "swordfish");
	for (int i = 0; i < 10000; i++)
		buf_add_byte(&b, 'x');
	assert_memory_equal(buf_str(&b), "swordfishx", 10);
	assert_int_equal(b.len, 10009);
	buf_consume(&b, 10000);
	buf_shrink(&b);
	assert_string_equal(buf_str(&b), "xxxxxxxxx");
	buf_free(&b);
	assert_true(b.secret);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_consume),
		cmocka_unit_test(test_reclaims),
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_failure_sticks),
		cmocka_unit_test(test_absurd_length),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_lying_length),
		cmocka_unit_test(test_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
