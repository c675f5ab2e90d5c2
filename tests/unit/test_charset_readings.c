/* T47: the ways in which programs read a text. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "mime/charset.h"
#include "mime/decode.h"

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

static struct charset_readings
read_as(const char *charset, struct span text, bool html)
{
	struct charset_readings r;

	charset_read(arena, text, &charset, charset != NULL, html, &r);
	assert_in_range(r.count, 1, CHARSET_READINGS_MAX);
	for (size_t i = 0; i < r.count; i++)
		for (size_t j = 0; j < i; j++)
			assert_false(span_eq(r.items[i], r.items[j]));
	return r;
}

/* One reading, the text itself. */
static void
check_one(const char *charset, struct span text)
{
	struct charset_readings r = read_as(charset, text, true);

	assert_int_equal(r.count, 1);
	assert_ptr_equal(r.items[0].data, text.data);
}

/* The word is in one of the readings. */
static void
check_found(const char *charset, struct span text, const char *word)
{
	struct charset_readings r = read_as(charset, text, true);

	for (size_t i = 0; i < r.count; i++)
		if (span_find(r.items[i], span_str(word)) != SIZE_MAX)
			return;
	fail_msg("%s: no reading has %s", charset != NULL ? charset : "none", word);
}

static void
test_clear_text_has_one(void **state)
{
	(void)state;
	check_one(NULL, SPAN_LITERAL("plain ~ text + A + B-C"));
	check_one("us-ascii", SPAN_LITERAL("plain"));
	check_one("utf-8", SPAN_LITERAL("gr\xc3\xbcn"));
	check_one("iso-8859-1", SPAN_LITERAL("<meta charset=utf-8> ascii"));
	check_one("utf-8", SPAN_LITERAL("data:image/png;base64,iVBOR+AGh/AAAAA+ACC=="));
	check_one(NULL, SPAN_LITERAL(""));
	assert_int_equal(read_as("iso-8859-1", SPAN_LITERAL("gr\xfcn"), false).count, 1);
	assert_int_equal(read_as("iso-8859-1", SPAN_LITERAL("<meta charset=windows-1252>gr\xfcn"), true).count, 1);
}

static void
test_utf7(void **state)
{
	(void)state;
	check_found("utf-7", SPAN_LITERAL("+AHYAaQBhAGcAcgBh-"), "viagra");
	check_found("utf-7", SPAN_LITERAL("+AHYAaQBhAGcAcgBh-"), "+AHY");
	check_found(NULL, SPAN_LITERAL("x +ADw-script+AD4-"), "<script>");
	check_found("us-ascii", SPAN_LITERAL("<meta charset=utf-7>+AHYAaQBhAGcAcgBh-"), "viagra");
	check_found("utf-8", SPAN_LITERAL("+/v8-+AHYAaQBhAGcAcgBh-"), "viagra");
}

static void
test_wide(void **state)
{
	static const char *const charsets[] = { "utf-16", "utf-16le", "utf-16be", "us-ascii", "utf-8", NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(charsets) / sizeof(charsets[0]); i++) {
		check_found(charsets[i], SPAN_LITERAL("v\0i\0a\0g\0r\0a\0"), "viagra");
		check_found(charsets[i], SPAN_LITERAL("\0v\0i\0a\0g\0r\0a"), "viagra");
		check_found(charsets[i], SPAN_LITERAL("\xff\xfev\0i\0a\0g\0r\0a\0"), "viagra");
		check_found(charsets[i], SPAN_LITERAL("\xfe\xff\0v\0i\0a\0g\0r\0a"), "viagra");
		check_found(charsets[i], SPAN_LITERAL("v\0\0\0i\0\0\0a\0\0\0g\0\0\0r\0\0\0a\0\0\0"), "viagra");
		check_found(charsets[i], SPAN_LITERAL("\0\0\0v\0\0\0i\0\0\0a\0\0\0g\0\0\0r\0\0\0a"), "viagra");
	}
	check_found("utf-32", SPAN_LITERAL("\0\0\xfe\xff\0\0\0v\0\0\0i\0\0\0a"), "via");
	check_found("utf-16", SPAN_LITERAL("plain ascii"), "plain ascii");
}

static void
test_marks(void **state)
{
	(void)state;
	check_found("iso-8859-1", SPAN_LITERAL("\xef\xbb\xbfgr\xc3\xbcn"), "gr\xc3\xbcn");
	check_found("utf-16le", SPAN_LITERAL("\xef\xbb\xbfviagra"), "viagra");
}

static void
test_escapes(void **state)
{
	(void)state;
	check_found("us-ascii", SPAN_LITERAL("\x1b$B%F%9%H\x1b(B"), "テスト");
	check_found("utf-8", SPAN_LITERAL("vi\x1b(Bag\x1b(Jra"), "viagra");
	check_found("us-ascii", SPAN_LITERAL("~{<:Ky2;S{#,NpJ)l6HK!#~}"), "己所不欲");
	check_found("hz-gb-2312", SPAN_LITERAL("~{VPND~} a~~b~\nc"), "中文 a~bc");
	check_found("us-ascii", SPAN_LITERAL("\x1b$)C\x0e>H\x0f"), "안");
}

static void
test_declared_twice(void **state)
{
	const char *given[] = { "us-ascii", "utf-7" };
	struct charset_readings r;

	(void)state;
	check_found("iso-8859-1", SPAN_LITERAL("<meta http-equiv=x content='text/html; charset=koi8-r'>\xf0\xd2\xc9"),
	    "При");
	check_found("utf-8", SPAN_LITERAL("<?xml version='1.0' encoding=\"windows-1251\"?>\xcf\xf0\xe8"), "При");
	check_found("koi8-r", SPAN_LITERAL("При"), "При");
	charset_read(arena, SPAN_LITERAL("+AGE-bc"), given, 2, false, &r);
	assert_int_equal(r.count, 2);
	assert_true(span_is(r.items[1], "abc"));
}

static void
test_malformed(void **state)
{
	(void)state;
	/* Overlong: two, three and four bytes for "v". */
	check_found("utf-8", SPAN_LITERAL("\xc1\xb6iagra"), "viagra");
	check_found("utf-8", SPAN_LITERAL("\xe0\x81\xb6iagra"), "viagra");
	check_found("us-ascii", SPAN_LITERAL("\xf0\x80\x81\xb6iagra"), "viagra");
	check_found("utf-8", SPAN_LITERAL("gr\xfcn"), "gr\xc3\xbcn");
}

static void
test_unknown(void **state)
{
	struct charset_readings r = read_as("x-unheard-of", SPAN_LITERAL("gr\xc3\xbcn"), false);

	(void)state;
	assert_false(r.known);
	assert_int_equal(r.count, 2);
	assert_true(span_is(r.items[1], "gr\xc3\xbcn"));
	assert_true(read_as("utf-8", SPAN_LITERAL("<meta charset=x-unheard-of>"), true).known);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clear_text_has_one),
		cmocka_unit_test(test_utf7),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_declared_twice),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
