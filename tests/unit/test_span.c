/* Views of bytes. */
#include "config.h"

#include "base/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define S(text) SPAN_LITERAL(text)

static void
test_parts(void **state)
{
	const struct span s = S("abcdef");

	(void)state;
	assert_true(span_is(span_from(s, 0), "abcdef"));
	assert_true(span_is(span_from(s, 4), "ef"));
	assert_int_equal(span_from(s, 6).len, 0);
	assert_ptr_equal(span_from(s, 99).data, span_end(s));
	assert_true(span_is(span_first(s, 2), "ab"));
	assert_true(span_is(span_first(s, 99), "abcdef"));
	assert_int_equal(span_from(SPAN_NONE, 3).len, 0);
	assert_null(span_end(SPAN_NONE));
	assert_null(span_str(NULL).data);
}

static void
test_ends_and_kinds(void **state)
{
	(void)state;
	assert_true(span_is(span_trim_spaces(S("  a b\t ")), "a b\t"));
	assert_int_equal(span_trim_spaces(S("   ")).len, 0);
	assert_int_equal(span_trim_spaces(SPAN_NONE).len, 0);
	assert_true(span_is_printable(S(" azAZ09~")));
	assert_true(span_is_printable(SPAN_NONE));
	for (int c = 0; c < 256; c++) {
		char text[2] = { 'a', (char)c };

		assert_int_equal(span_is_printable(span_of(text, 2)), c >= ' ' && c <= '~');
	}
}

static void
test_equal(void **state)
{
	(void)state;
	assert_true(span_eq(S(""), SPAN_NONE));
	assert_true(span_eq(S("a\0b"), S("a\0b")));
	assert_false(span_eq(S("a\0b"), S("a\0c")));
	assert_false(span_eq(S("a"), S("ab")));
	assert_false(span_is(S("a\0"), "a"));
	assert_true(span_eq_nocase(S("Zz09[`"), S("zZ09[`")));
	assert_false(span_eq_nocase(S("["), S("{")));
	assert_false(span_eq_nocase(S("@"), S("`")));
	assert_false(span_eq_nocase(S("\xc9"), S("\xe9")));
	assert_true(span_is_nocase(S("MAIL"), "mail"));
}

static void
test_ends(void **state)
{
	(void)state;
	assert_true(span_starts(S("abc"), "ab"));
	assert_true(span_starts(S("abc"), ""));
	assert_true(span_starts(SPAN_NONE, ""));
	assert_false(span_starts(S("a"), "ab"));
	assert_false(span_starts(S("Abc"), "ab"));
	assert_true(span_starts_nocase(S("Abc"), "aB"));
	assert_true(span_ends_nocase(S("file.EXE"), ".exe"));
	assert_false(span_ends_nocase(S("exe"), ".exe"));
	assert_true(span_ends_nocase(S("x"), ""));
}

static size_t
find_slowly(struct span s, struct span needle, bool nocase)
{
	for (size_t i = 0; i + needle.len <= s.len; i++) {
		struct span at = span_of(s.data + i, needle.len);

		if (nocase ? span_eq_nocase(at, needle) : span_eq(at, needle))
			return i;
	}
	return SIZE_MAX;
}

/* Texts of few letters, so that much is nearly there; each in memory of its own,
 * so that a sanitizer sees what is read beside it. */
static void
test_find_in_long(void **state)
{
	static const char letters[] = "abA-B\x80\xc1@";
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		size_t len = (seed = seed * 1664525 + 1013904223) >> 24, needle_len = 1 + (seed >> 8) % 6;
		char *text = malloc(len + 1);
		struct span needle;

		for (size_t i = 0; i < len; i++)
			text[i] = letters[(seed = seed * 1664525 + 1013904223) >> 29];
		needle_len += round % 5 == 0 ? 30 : 0;
		text = realloc(text, len > 0 ? len : 1);
		needle = span_from(span_first(span_of(text, len), len / 2 + needle_len), len / 2);
		assert_true(span_find(span_of(text, len), needle) == find_slowly(span_of(text, len), needle, false));
		assert_true(span_find_nocase(span_of(text, len), needle) == find_slowly(span_of(text, len), needle, true));
		assert_true(span_find(span_of(text, len), S("ab-Ab")) == find_slowly(span_of(text, len), S("ab-Ab"), false));
		assert_true(span_find_nocase(span_of(text, len), S("ab-Ab")) ==
		    find_slowly(span_of(text, len), S("ab-Ab"), true));
		free(text);
	}
}

static void
test_find(void **state)
{
	(void)state;
	assert_int_equal(span_find_byte(S("a\0b"), '\0'), 1);
	assert_true(span_find_byte(S("abc"), 'd') == SIZE_MAX);
	assert_true(span_find_byte(SPAN_NONE, 'd') == SIZE_MAX);
	assert_int_equal(span_find(S("ababc"), S("abc")), 2);
	assert_int_equal(span_find(S("abc"), S("")), 0);
	assert_true(span_find(S("ab"), S("abc")) == SIZE_MAX);
	assert_int_equal(span_find(S("x\0\0y"), S("\0y")), 2);
	assert_int_equal(span_find_nocase(S("xABc"), S("abC")), 1);
	assert_int_equal(span_find_nocase(S(""), S("")), 0);
	assert_true(span_find_nocase(S("ab"), S("abc")) == SIZE_MAX);
}

static void
test_trim(void **state)
{
	(void)state;
	assert_true(span_is(span_trim(S(" \t\r\n a b \r\n")), "a b"));
	assert_true(span_is(span_trim(S("ab")), "ab"));
	assert_int_equal(span_trim(S(" \t ")).len, 0);
	assert_int_equal(span_trim(S("\v")).len, 1);
	assert_int_equal(span_trim(SPAN_NONE).len, 0);
}

/* Pieces, joined by "|". */
static void
assert_split(struct span rest, const char *expected)
{
	char joined[64];
	size_t len = 0;
	struct span piece;

	while (span_split(&rest, ',', &piece)) {
		assert_true(len + piece.len + 2 < sizeof(joined));
		memcpy(joined + len, piece.data, piece.len);
		len += piece.len;
		joined[len++] = '|';
	}
	joined[len] = '\0';
	assert_string_equal(joined, expected);
	assert_false(span_split(&rest, ',', &piece));
}

static void
test_split(void **state)
{
	(void)state;
	assert_split(S("a,b,c"), "a|b|c|");
	assert_split(S("a"), "a|");
	assert_split(S(",a,"), "|a||");
	assert_split(S(""), "|");
	assert_split(SPAN_NONE, "");
}

static void
test_numbers(void **state)
{
	static const char *const bad[] = { "", " 1", "1 ", "-1", "+1", "0x1", "1.0", "18446744073709551616", "99999999999999999999" };
	uint64_t value = 7;

	(void)state;
	assert_true(span_to_u64(S("0"), &value));
	assert_true(value == 0);
	assert_true(span_to_u64(S("18446744073709551615"), &value));
	assert_true(value == UINT64_MAX);
	assert_true(span_to_u64(S("000000000000000000000000042"), &value));
	assert_true(value == 42);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(span_to_u64(span_str(bad[i]), &value));
	assert_true(value == 42);
}

static void
test_ascii(void **state)
{
	int alnums = 0, digits = 0;

	(void)state;
	for (int c = 0; c < 256; c++) {
		alnums += ascii_is_alnum((char)c);
		digits += ascii_is_digit((char)c);
		if (c < 'A' || c > 'Z')
			assert_true(ascii_lower((char)c) == (char)c);
	}
	assert_int_equal(alnums, 62);
	assert_int_equal(digits, 10);
	assert_true(ascii_lower('A') == 'a' && ascii_lower('Z') == 'z');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_ends_and_kinds),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_find_in_long),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
