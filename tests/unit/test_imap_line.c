/* IMAP's framing: where a line ends, and which of them announce a literal. */
#include "config.h"

#include "wire/imap_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define BYTES(text) { "" text, sizeof(text) - 1 }

enum { LIMIT = 60 };

static void
assert_text(struct span got, const char *expected)
{
	if (!span_is(got, expected))
		fail_msg("got '%.*s', expected '%s'", SPAN_ARG(got), expected);
}

struct line_case {
	const char *input, *text;
	bool has_literal, waits, binary;
	uint64_t octets;
};

static const struct line_case line_cases[] = {
	{ "a NOOP\r\n", "a NOOP", false, false, false, 0 },
	{ "\r\n", "", false, false, false, 0 },
	{ "a LOGIN {3}\r\nbob", "a LOGIN ", true, true, false, 3 },
	{ "a LOGIN {3+}\r\nbob", "a LOGIN ", true, false, false, 3 },
	{ "a APPEND x ~{7}\r\n", "a APPEND x ", true, true, true, 7 },
	{ "a APPEND x ~{7+}\r\n", "a APPEND x ", true, false, true, 7 },
	{ "{0}\r\n", "", true, true, false, 0 },
	{ "~{0}\r\n", "", true, true, true, 0 },
	{ " {0000000000000000000000012}\r\n", " ", true, true, false, 12 },
	{ "* 1 FETCH (BODY[] {9223372036854775807}\r\n", "* 1 FETCH (BODY[] ", true, true, false, INT64_MAX },
	{ "a (~{3}\r\n", "a (", true, true, true, 3 },
	{ "a x~{3}\r\n", "a x~", true, true, false, 3 },
	{ "a ~~{3}\r\n", "a ~~", true, true, false, 3 },
	{ "a X \"{3}\r\n", "a X \"{3}", false, false, false, 0 },
	{ "a X \"a\\\"{3}\r\n", "a X \"a\\\"{3}", false, false, false, 0 },
	{ "a X \"a\" {3}\r\n", "a X \"a\" ", true, true, false, 3 },
	{ "a X \"a\\\\\" {3}\r\n", "a X \"a\\\\\" ", true, true, false, 3 },
	{ "a X \"{3}\"\r\n", "a X \"{3}\"", false, false, false, 0 },
	{ "a X {3} \r\n", "a X {3} ", false, false, false, 0 },
	{ "a X {}\r\n", "a X {}", false, false, false, 0 },
	{ "a X {+}\r\n", "a X {+}", false, false, false, 0 },
	{ "a X {3-}\r\n", "a X {3-}", false, false, false, 0 },
	{ "a X {3++}\r\n", "a X {3++}", false, false, false, 0 },
	{ "a X {+3}\r\n", "a X {+3}", false, false, false, 0 },
	{ "a X {3+1}\r\n", "a X {3+1}", false, false, false, 0 },
	{ "a X {-3}\r\n", "a X {-3}", false, false, false, 0 },
	{ "a X {0x3}\r\n", "a X {0x3}", false, false, false, 0 },
	{ "a X { 3}\r\n", "a X { 3}", false, false, false, 0 },
	{ "a X 3}\r\n", "a X 3}", false, false, false, 0 },
	{ "}\r\n", "}", false, false, false, 0 },
	{ "a {1}{2}\r\n", "a {1}", true, true, false, 2 },
	{ "caf\xc3\xa9 {1}\r\n", "caf\xc3\xa9 ", true, true, false, 1 },
};

static void
check_line(const struct line_case *expected, struct span input, size_t whole)
{
	struct imap_line line;
	const char *why = NULL;
	size_t used;

	assert_int_equal(imap_line_take(input, LIMIT, &line, &used, &why), 1);
	assert_null(why);
	assert_int_equal(used, whole);
	assert_int_equal(line.whole.len + 2, whole);
	assert_text(line.text, expected->text);
	assert_int_equal(line.has_literal, expected->has_literal);
	if (!expected->has_literal)
		return;
	assert_true(line.literal.octets == expected->octets);
	assert_int_equal(line.literal.synchronising, expected->waits);
	assert_int_equal(line.literal.binary, expected->binary);
}

/* Byte by byte: nothing before the line's end, the same from there on. */
static void
test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(line_cases) / sizeof(line_cases[0]); i++) {
		struct span input = span_str(line_cases[i].input);
		size_t whole = span_find_byte(input, '\n') + 1, used;

		for (size_t len = 0; len < whole; len++) {
			struct imap_line line;
			const char *why;

			assert_int_equal(imap_line_take(span_first(input, len), LIMIT, &line, &used, &why), 0);
			assert_int_equal(used, 0);
		}
		for (size_t len = whole; len <= input.len; len++)
			check_line(&line_cases[i], span_first(input, len), whole);
	}
}

static void
test_no_lines(void **state)
{
	static const struct {
		struct span input;
		const char *why;
	} cases[] = {
		{ BYTES("a NOOP\n"), "a line holds a bare CR or ends in bare LF" },
		{ BYTES("a NO\rOP\r\n"), "a line holds a bare CR or ends in bare LF" },
		{ BYTES("a NOOP\r\r\n"), "a line holds a bare CR or ends in bare LF" },
		{ BYTES("a LOGIN {3}\n"), "a line holds a bare CR or ends in bare LF" },
		{ BYTES("a NO\0OP\r\n"), "a line holds NUL" },
		{ BYTES("a X {9223372036854775808}\r\n"), "a literal is too long" },
		{ BYTES("a X {18446744073709551616}\r\n"), "a literal is too long" },
		{ BYTES("a X {18446744073709551617+}\r\n"), "a literal is too long" },
		{ BYTES("a X ~{99999999999999999999999999999999}\r\n"), "a literal is too long" },
		{ BYTES("123456789012345678901234567890123456789012345678901234567890"), "a line is too long" },
		{ BYTES("12345678901234567890123456789012345678901234567890123456789\r\n"), "a line is too long" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct imap_line line;
		const char *why = "";
		size_t used;

		assert_int_equal(imap_line_take(cases[i].input, LIMIT, &line, &used, &why), -1);
		assert_int_equal(used, 0);
		assert_string_equal(why, cases[i].why);
	}
}

/* The limit counts CRLF. */
static void
test_limit(void **state)
{
	struct span input = SPAN_LITERAL("1234567890123456789012345678901234567890123456789012345678\r\n");
	struct imap_line line;
	const char *why;
	size_t used;

	(void)state;
	assert_int_equal(input.len, LIMIT);
	assert_int_equal(imap_line_take(input, LIMIT, &line, &used, &why), 1);
	assert_int_equal(imap_line_take(input, LIMIT - 1, &line, &used, &why), -1);
	assert_int_equal(imap_line_take(span_first(input, LIMIT - 1), LIMIT, &line, &used, &why), 0);
}

static void
test_announcement(void **state)
{
	struct imap_literal l;

	(void)state;
	assert_int_equal(imap_literal_parse(span_str("{12}\r\nabc"), &l), 4);
	assert_true(l.octets == 12 && l.synchronising && !l.binary);
	assert_int_equal(imap_literal_parse(span_str("~{5+}x"), &l), 5);
	assert_true(l.octets == 5 && !l.synchronising && l.binary);
	assert_int_equal(imap_literal_parse(span_str(""), &l), 0);
	assert_int_equal(imap_literal_parse(span_str("~"), &l), 0);
	assert_int_equal(imap_literal_parse(span_str("~5}"), &l), 0);
	assert_int_equal(imap_literal_parse(span_str("{5"), &l), 0);
	assert_int_equal(imap_literal_parse(span_str("{5+"), &l), 0);
	assert_int_equal(imap_literal_parse(span_str(" {5}"), &l), 0);
	assert_int_equal(imap_literal_parse(span_str("{9223372036854775808}"), &l), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_no_lines),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_announcement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
