/* Hexadecimal and base64, and the form of a time. */
#include "config.h"

#include "base/codec.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* RFC 4648 10, and bytes that use the whole alphabet's end. */
static const struct {
	struct span plain;
	const char *encoded;
} vectors[] = {
	{ { "", 0 }, "" },
	{ { "f", 1 }, "Zg==" },
	{ { "fo", 2 }, "Zm8=" },
	{ { "foo", 3 }, "Zm9v" },
	{ { "foob", 4 }, "Zm9vYg==" },
	{ { "fooba", 5 }, "Zm9vYmE=" },
	{ { "foobar", 6 }, "Zm9vYmFy" },
	{ { "\0\0\0", 3 }, "AAAA" },
	{ { "\xff\xef\xbe", 3 }, "/+++" },
};

static void
test_base64(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct buf out = { .len = 0 };

		base64_encode(&out, vectors[i].plain, 0);
		assert_string_equal(buf_str(&out), vectors[i].encoded);
		buf_clear(&out);
		assert_true(base64_decode_strict(&out, span_str(vectors[i].encoded)));
		assert_true(span_eq(buf_span(&out), vectors[i].plain));
		buf_free(&out);
	}
}

static void
test_base64_lines(void **state)
{
	struct buf out = { .len = 0 };

	(void)state;
	base64_encode(&out, SPAN_LITERAL("foobarfoobar"), 8);
	assert_string_equal(buf_str(&out), "Zm9vYmFy\r\nZm9vYmFy");
	buf_clear(&out);
	base64_encode(&out, SPAN_LITERAL("foobarf"), 4);
	assert_string_equal(buf_str(&out), "Zm9v\r\nYmFy\r\nZg==");
	buf_free(&out);
}

static void
test_base64_strict(void **state)
{
	static const char *const bad[] = {
		"Z", "Zg", "Zg=", "Zg===", "Zm9v\r\n", " Zm9v", "Zm 9v", "Zm9-", "Zm9_", "====", "Z===", "Zg==Zg==", "Zm9v*AAA",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buf out = { .len = 0 };

		if (base64_decode_strict(&out, span_str(bad[i])))
			fail_msg("'%s' was decoded", bad[i]);
		assert_false(base64_decode_strict(&out, SPAN_LITERAL("AA\0A")));
		buf_free(&out);
	}
}

static void
test_base64_limit(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 5);
	assert_false(base64_decode_strict(&out, SPAN_LITERAL("Zm9vYmFy")));
	assert_true(out.failed);
	buf_free(&out);
}

static void
test_hex(void **state)
{
	char out[9];
	int digits = 0;

	(void)state;
	hex_encode(SPAN_LITERAL("\x00\x1f\xa0\xff"), out);
	assert_string_equal(out, "001fa0ff");
	hex_encode(SPAN_NONE, out);
	assert_string_equal(out, "");
	for (int c = 0; c < 256; c++)
		digits += hex_digit((char)c) >= 0;
	assert_int_equal(digits, 22);
	assert_int_equal(hex_digit('0'), 0);
	assert_int_equal(hex_digit('9'), 9);
	assert_int_equal(hex_digit('a'), 10);
	assert_int_equal(hex_digit('F'), 15);
}

static void
test_clock(void **state)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ";
	char now[CLOCK_ISO_SIZE];
	uint64_t before = clock_micros();

	(void)state;
	clock_iso(now);
	assert_int_equal(strlen(now), strlen(form));
	for (size_t i = 0; form[i] != '\0'; i++)
		assert_true(form[i] == 'd' ? ascii_is_digit(now[i]) : now[i] == form[i]);
	assert_true(clock_micros() >= before);
	assert_true(clock_millis() >= before / 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_base64_lines),
		cmocka_unit_test(test_base64_strict),
		cmocka_unit_test(test_base64_limit),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
