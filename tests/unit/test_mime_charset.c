/* Charsets, UTF-8 and encoded words. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "mime/charset.h"
#include "mime/decode.h"
#include "mime/utf8.h"

static struct arena *arena;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(0);
	charset_open_all();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void
check(const char *charset, struct span in, const char *expected, bool expected_known)
{
	bool known;
	struct span out = charset_to_utf8(arena, in, charset, &known);

	if (!span_is(out, expected))
		fail_msg("%s: %.*s is not %s", charset != NULL ? charset : "(none)", SPAN_ARG(out), expected);
	assert_int_equal(known, expected_known);
}

static void
test_table_is_sorted(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHARSET_COUNT; i++) {
		assert_in_range(strlen(charset_table[i].key), 1, CHARSET_KEY_MAX);
		if (i > 0)
			assert_true(strcmp(charset_table[i - 1].key, charset_table[i].key) < 0);
		assert_ptr_equal(charset_find(charset_table[i].key), &charset_table[i]);
	}
	assert_null(charset_find("x-unheard-of"));
	assert_null(charset_find(""));
	assert_null(charset_find("a name that is much too long for any charset"));
	assert_ptr_equal(charset_find("KOI8_R"), charset_find("koi8-r"));
}

/* Those that say so must leave ASCII letters, digits and line ends alone. */
static void
test_ascii_is_kept(void **state)
{
	static const char text[] = "From: a@b.example (0123456789)\r\n\tX-Y=\"Z\"; <p>!";

	(void)state;
	for (size_t i = 0; i < CHARSET_COUNT; i++) {
		if (charset_table[i].kind == CHARSET_OTHER)
			continue;
		check(charset_table[i].key, span_str(text), text, true);
	}
}

static void
test_conversions(void **state)
{
	(void)state;
	check("utf-8", SPAN_LITERAL("gr\xc3\xbcn"), "grün", true);
	check("ISO-8859-1", SPAN_LITERAL("gr\xfcn \x93x\x94"), "grün “x”", true);
	check("iso-8859-15", SPAN_LITERAL("\xa4"), "€", true);
	check("windows-1251", SPAN_LITERAL("\xcf\xf0\xe8"), "При", true);
	check("koi8-r", SPAN_LITERAL("\xf0\xd2\xc9"), "При", true);
	check("gb2312", SPAN_LITERAL("\xc4\xe3\xba\xc3"), "你好", true);
	check("big5", SPAN_LITERAL("\xa7\x41\xa6\x6e"), "你好", true);
	check("Shift_JIS", SPAN_LITERAL("\x83\x65\x83\x58\x83\x67"), "テスト", true);
	check("euc-jp", SPAN_LITERAL("\xa5\xc6\xa5\xb9\xa5\xc8"), "テスト", true);
	check("iso-2022-jp", SPAN_LITERAL("\x1b$B%F%9%H\x1b(B"), "テスト", true);
	check("ks_c_5601-1987", SPAN_LITERAL("\xbe\xc8"), "안", true);
	check("utf-7", SPAN_LITERAL("+AOQ-"), "ä", true);
	check("utf-16le", SPAN_LITERAL("a\0\xe4\0"), "aä", true);
	check("utf-16", SPAN_LITERAL("\xfe\xff\0a"), "a", true);
	check("tis-620", SPAN_LITERAL("\xa1"), "ก", true);
}

static void
test_none_given(void **state)
{
	(void)state;
	check(NULL, SPAN_LITERAL("gr\xc3\xbcn"), "grün", true);
	check(NULL, SPAN_LITERAL("gr\xfcn"), "grün", true);
	check("us-ascii", SPAN_LITERAL("gr\xfcn"), "grün", true);
	check("x-unheard-of", SPAN_LITERAL("gr\xfcn"), "grün", false);
	check("x-unheard-of", SPAN_LITERAL(""), "", false);
}

static void
test_malformed(void **state)
{
	(void)state;
	check("utf-8", SPAN_LITERAL("a\xff\xc3z\xe2\x82"), "a\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd", true);
	check("euc-jp", SPAN_LITERAL("a\xa5"), "a\xef\xbf\xbd", true);
	check("utf-16le", SPAN_LITERAL("\x00\xdc" "a\0"), "\xef\xbf\xbd" "a", true);
	check("windows-1252", SPAN_LITERAL("\x81"), "\xef\xbf\xbd", true);
}

/* A converter that was left in the middle of something starts anew. */
static void
test_state_is_forgotten(void **state)
{
	(void)state;
	check("iso-2022-jp", SPAN_LITERAL("\x1b$B%F"), "テ", true);
	check("iso-2022-jp", SPAN_LITERAL("%F"), "%F", true);
	/* Some converters hold a letter back for an accent that may follow. */
	check("windows-1258", SPAN_LITERAL("a"), "a", true);
	check("windows-1258", SPAN_LITERAL("\xe9" "A"), "éA", true);
}

static void
test_long_text_grows(void **state)
{
	char text[20000];
	bool known;
	struct span out;

	(void)state;
	memset(text, 0xa1, sizeof(text));
	out = charset_to_utf8(arena, span_of(text, sizeof(text)), "tis-620", &known);
	assert_int_equal(out.len, 3 * sizeof(text));
	assert_true(utf8_valid(out));
}

static void
test_utf8(void **state)
{
	static const char *const bad[] = { "\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xf0\x9f\x98", "long enough for words of eight \xff" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(utf8_valid(span_str(bad[i])));
		assert_true(utf8_valid(utf8_repair(arena, span_str(bad[i]))));
	}
	assert_true(utf8_valid(SPAN_LITERAL("")));
	assert_true(utf8_valid(SPAN_LITERAL("A\xc2\x80\xe0\xa0\x80\xed\x9f\xbf\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf")));
	assert_int_equal(utf8_ascii_prefix(SPAN_LITERAL("0123456789\xff")), 10);
}

static void
check_words(const char *in, const char *expected)
{
	struct span out = encoded_words_decode(arena, span_str(in));

	if (!span_is(out, expected))
		fail_msg("%s: %.*s is not %s", in, SPAN_ARG(out), expected);
}

static void
test_words_decode(void **state)
{
	(void)state;
	check_words("", "");
	check_words("plain", "plain");
	check_words("=?utf-8?q?gr=C3=BCn?=", "grün");
	check_words("=?UTF-8?B?Z3LDvG4=?=", "grün");
	check_words("=?iso-8859-1*en?Q?gr=FCn?= und =?koi8-r?B?8NLJ?=", "grün und При");
	check_words("=?utf-8?Q?a?= =?utf-8?Q?b?=\t=?utf-8?Q?c?=", "abc");
	check_words("=?utf-8?Q?a?= x =?utf-8?Q?b?=", "a x b");
	check_words("=?utf-8?Q?a_b?=", "a b");
	check_words("=?utf-8?Q?two words?=", "two words");
	check_words("re:=?utf-8?Q?a?=b", "re:ab");
	check_words("=?utf-8?Q?\?=", "");
	/* A character cut in two by the sender. */
	check_words("=?utf-8?Q?gr=C3?= =?utf-8?Q?=BCn?=", "grün");
	check_words("=?x-unheard-of?Q?gr=FCn?=", "grün");
}

static void
test_words_left_alone(void **state)
{
	static const char *const same[] = { "=?", "=?\?=", "=?utf-8?", "=?utf-8?Q?", "=?utf-8?X?a?=", "=?utf-8?Q?open",
		"=? ?=", "a =?= b", "=?utf-8?QQ?a?=" };

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		check_words(same[i], same[i]);
	check_words("=?utf-8?Q?a?= =?", "a =?");
	check_words("gr\xfcn", "grün");
	check_words("gr\xfcn =?utf-8?Q?a?=", "grün a");
}

static void
check_encode(const char *in)
{
	struct span out = encoded_words_encode(arena, span_str(in));
	size_t column = 0;

	for (size_t i = 0; i < out.len; i++) {
		assert_in_range(out.data[i], 1, 0x7e);
		column = out.data[i] == '\n' ? 0 : column + 1;
		assert_in_range(column, 0, 76); /* the blank of the fold, and 75 */
	}
	assert_true(span_is(encoded_words_decode(arena, out), in));
}

static void
test_words_encode(void **state)
{
	(void)state;
	assert_true(span_is(encoded_words_encode(arena, SPAN_LITERAL("plain text")), "plain text"));
	assert_true(span_is(encoded_words_encode(arena, SPAN_LITERAL("grün")), "=?UTF-8?B?Z3LDvG4=?="));
	/* What would begin a header of its own is encoded. */
	assert_true(span_is(encoded_words_encode(arena, SPAN_LITERAL("a\r\nBcc: b")), "=?UTF-8?B?YQ0KQmNjOiBi?="));
	check_encode("ein Betreff, der länger ist als in ein einziges Wort paßt, und darum in mehrere geht");
	check_encode("💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌💌");
	check_encode("€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_is_sorted),
		cmocka_unit_test(test_ascii_is_kept),
		cmocka_unit_test(test_conversions),
		cmocka_unit_test(test_none_given),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_state_is_forgotten),
		cmocka_unit_test(test_long_text_grows),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_words_decode),
		cmocka_unit_test(test_words_left_alone),
		cmocka_unit_test(test_words_encode),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
