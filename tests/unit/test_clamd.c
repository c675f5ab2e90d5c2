/* What is said to clamd and what it answers. */
#include "config.h"

#include "wire/clamd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define BYTES(text) { "" text, sizeof(text) - 1 }

static void
test_command(void **state)
{
	struct buf b = { 0 };

	(void)state;
	clamd_print_command(&b);
	clamd_print_size(&b, 0x01020304);
	clamd_print_size(&b, 0);
	assert_int_equal(b.len, 10 + 2 * CLAMD_SIZE_OCTETS);
	assert_memory_equal(b.data, "zINSTREAM\0\1\2\3\4\0\0\0\0", b.len);
	buf_free(&b);
}

static const struct {
	struct span input;
	int got;
	enum clamd_result result;
	const char *text;
} cases[] = {
	{ BYTES("stream: OK\0"), 1, CLAMD_CLEAN, "OK" },
	{ BYTES("stream: Win.Test.EICAR_HDB-1 FOUND\0"), 1, CLAMD_FOUND, "Win.Test.EICAR_HDB-1" },
	{ BYTES("stream: Two words FOUND\0rest"), 1, CLAMD_FOUND, "Two words" },
	{ BYTES("INSTREAM size limit exceeded. ERROR\0"), 1, CLAMD_FAILED, "INSTREAM size limit exceeded." },
	{ BYTES("ERROR\0"), 1, CLAMD_FAILED, "" },
	{ BYTES("stream: OK"), 0, CLAMD_UNASKED, NULL },
	{ BYTES(""), 0, CLAMD_UNASKED, NULL },
	{ BYTES("\0"), -1, CLAMD_UNASKED, NULL },
	{ BYTES("stream:  FOUND\0"), -1, CLAMD_UNASKED, NULL },
	{ BYTES("stream: OKAY\0"), -1, CLAMD_UNASKED, NULL },
	{ BYTES("stream: A\r\nB FOUND\0"), -1, CLAMD_UNASKED, NULL },
};

static void
test_replies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum clamd_result result = CLAMD_UNASKED;
		struct span text;
		int got = clamd_parse_reply(cases[i].input, &result, &text);

		if (got != cases[i].got || result != cases[i].result)
			fail_msg("%.*s: %d, %d", SPAN_ARG(cases[i].input), got, (int)result);
		if (cases[i].text != NULL)
			assert_true(span_is(text, cases[i].text));
	}
}

static void
test_too_long(void **state)
{
	char long_text[CLAMD_REPLY_MAX + 1];
	enum clamd_result result;
	struct span text;

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	assert_int_equal(clamd_parse_reply(span_of(long_text, CLAMD_REPLY_MAX - 1), &result, &text), 0);
	assert_int_equal(clamd_parse_reply(span_of(long_text, CLAMD_REPLY_MAX), &result, &text), -1);
	long_text[CLAMD_REPLY_MAX] = '\0';
	assert_int_equal(clamd_parse_reply(span_of(long_text, sizeof(long_text)), &result, &text), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
