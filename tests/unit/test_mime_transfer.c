/* Base64, quoted-printable and uuencode: each decoder alone. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/codec.h"
#include "mime/decode.h"
#include "mime/base64.h"
#include "mime/embedded.h"

enum { ROOM = 4096 };

/* Decodes text that lies in a block of just its size, so that a sanitizer sees
 * a byte too far, on both sides. */
static void
check_decoder(size_t (*decode)(struct span, char *, bool *), const char *in, const char *expected, size_t expected_len,
    bool expected_strict)
{
	size_t len = strlen(in);
	char *copy = malloc(len + 1), *out = malloc(len + 1);
	bool strict;

	assert_non_null(copy);
	assert_non_null(out);
	memcpy(copy + 1, in, len);
	assert_int_equal(decode(span_of(copy + 1, len), out + 1, &strict), expected_len);
	assert_memory_equal(out + 1, expected, expected_len);
	assert_int_equal(strict, expected_strict);
	free(copy);
	free(out);
}

#define CHECK_BASE64(in, expected, strict) check_decoder(base64_decode, in, expected, sizeof(expected) - 1, strict)
#define CHECK_QP(in, expected, strict) check_decoder(quoted_printable_decode, in, expected, sizeof(expected) - 1, strict)

static void
test_base64_clean(void **state)
{
	(void)state;
	CHECK_BASE64("", "", true);
	CHECK_BASE64("QQ==", "A", true);
	CHECK_BASE64("QUI=", "AB", true);
	CHECK_BASE64("QUJD", "ABC", true);
	CHECK_BASE64("QUJD\r\nREVG\r\n", "ABCDEF", true);
	CHECK_BASE64("QUJDREVGR0hJSktM", "ABCDEFGHIJKL", true);
	CHECK_BASE64("Q\r\nU \tJ\nDRA==\r\n", "ABCD", true);
	CHECK_BASE64("/+8A", "\xff\xef\x00", true);
}

static void
test_base64_lenient(void **state)
{
	(void)state;
	CHECK_BASE64("QUJ", "AB", false);
	CHECK_BASE64("QU", "A", false);
	CHECK_BASE64("Q", "", false);
	CHECK_BASE64("QU*J-D", "ABC", false);
	CHECK_BASE64("QQ==QkM=", "ABC", false);
	CHECK_BASE64("QUJD=REVG", "ABCDEF", false);
	CHECK_BASE64("====", "", false);
	CHECK_BASE64("\xff\xfeQUJD", "ABC", false);
}

static void
test_base64_any_bytes(void **state)
{
	char bytes[300];

	(void)state;
	srand(1);
	for (size_t len = 0; len < sizeof(bytes); len++) {
		struct buf text = { 0 };
		char out[ROOM];
		bool strict;

		for (size_t i = 0; i < len; i++)
			bytes[i] = (char)rand();
		base64_encode(&text, span_of(bytes, len), 76);
		assert_int_equal(base64_decode(buf_span(&text), out, &strict), len);
		assert_memory_equal(out, bytes, len);
		assert_true(strict);
		buf_free(&text);
	}
}

/* The code for one kind of CPU and the code for all stop at the same character
 * and give the same bytes, wherever a stranger stands. */
static void
test_base64_groups_agree(void **state)
{
	unsigned char text[100];

	(void)state;
	if (!base64_has_avx2())
		skip();
	for (size_t at = 0; at < sizeof(text); at++)
		for (unsigned stranger = 0; stranger < 256; stranger++) {
			char one[sizeof(text)], two[sizeof(text)], *one_end = one, *two_end = two;

			for (size_t i = 0; i < sizeof(text); i++)
				text[i] = (unsigned char)"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[(i * 7 + at) % 64];
			text[at] = (unsigned char)stranger;
			assert_ptr_equal(base64_groups(text, text + sizeof(text), &one_end),
			    base64_groups_avx2(text, text + sizeof(text), &two_end));
			assert_int_equal(one_end - one, two_end - two);
			assert_memory_equal(one, two, (size_t)(one_end - one));
		}
}

static void
test_quoted_printable_clean(void **state)
{
	(void)state;
	CHECK_QP("", "", true);
	CHECK_QP("plain\r\n", "plain\r\n", true);
	CHECK_QP("a=3Db=20\n", "a=b \n", true);
	CHECK_QP("soft=\r\n break=\nend", "soft breakend", true);
	CHECK_QP("soft= \t\r\nend", "softend", true);
	CHECK_QP("trailing \t\r\nblanks \t", "trailing\r\nblanks", true);
	CHECK_QP("=00=FF", "\x00\xff", true);
	CHECK_QP("\r\n\n", "\r\n\n", true);
}

static void
test_quoted_printable_lenient(void **state)
{
	(void)state;
	CHECK_QP("=3d", "=", false);
	CHECK_QP("=zz=4", "=zz=4", false);
	CHECK_QP("==41", "=A", false);
	CHECK_QP("=", "", true);
}

static void
test_q_word(void **state)
{
	char out[32];

	(void)state;
	assert_int_equal(q_word_decode(SPAN_LITERAL("a_b=5Fc=e4=4"), out), 8);
	assert_memory_equal(out, "a b_c\xe4=4", 8);
}

static void
check_uu(const char *in, const char *expected, const char *expected_name, const char *expected_rest, bool expected_strict)
{
	char out[ROOM];
	struct span name, rest;
	bool strict;

	assert_int_equal(uudecode(span_str(in), out, &name, &rest, &strict), strlen(expected));
	assert_memory_equal(out, expected, strlen(expected));
	assert_true(span_is(name, expected_name));
	assert_true(span_is(rest, expected_rest));
	assert_int_equal(strict, expected_strict);
}

static void
test_uudecode(void **state)
{
	(void)state;
	check_uu("begin 644 cat.txt\n#0V%T\n`\nend\nafter", "Cat", "cat.txt", "after", true);
	check_uu("before\r\nbegin 0755 a b.exe\r\n#0V%T\r\n \r\nend\r\n", "Cat", "a b.exe", "", true);
	check_uu("begin 644 cat\n#0V%T\n", "Cat", "cat", "", false);
	check_uu("begin 644 cat\n#0V%T\n\x7f junk\n#0V%T\nend\n", "CatCat", "cat", "", false);
	check_uu("begin 644 empty\nend\n", "", "empty", "", true);
	check_uu("begin 644 modulo\n#p\x96%T\n`\nend\n", "Cat", "modulo", "", true);
	check_uu("BEGIN 644 loud\n#0V%T\n`\nend\n", "Cat", "loud", "", true);
	check_uu("begin 644 long lines\n#0V%T and more\nend\n", "Cat", "long lines", "", true);
}

static void
test_uudecode_finds_none(void **state)
{
	static const char *const texts[] = { "", "begin", "begin 644", "begin 644 ", "begin 64 x\n#0V%\nend\n",
		"begin abc x\nA\nend\n", " begin 644 x\n#0V%T\nend\n", "begin with\n#0V%T and more\nend\n",
		"begin 644 prose\nin lower case letters\nends\n", "beginning 644 x\n#0V%T\nend\n" };
	char out[ROOM];
	struct span name, rest;
	bool strict;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_true(uudecode(span_str(texts[i]), out, &name, &rest, &strict) == SIZE_MAX);
}

/* The first line is out of shape, but the next is data beyond doubt. */
static void
test_uudecode_odd_begin(void **state)
{
	static const struct {
		const char *begin, *name;
	} odd[] = { { "begin 6 a.exe", "a.exe" }, { "begin  644  a.exe", "a.exe" }, { "begin\t644\ta.exe", "a.exe" },
		{ "begin 888 a.exe", "a.exe" }, { "begin a.exe", "a.exe" }, { "begin 644", "" },
		{ "begin 7777777 a.exe", "a.exe" }, { "begin 644 a.exe\n\n", "a.exe" } };

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct buf text = { 0 };
		char out[ROOM];
		struct span name, rest;
		bool strict;

		buf_printf(&text, "%s\n#0V%%T\n`\nend\n", odd[i].begin);
		assert_int_equal(uudecode(buf_span(&text), out, &name, &rest, &strict), 3);
		assert_memory_equal(out, "Cat", 3);
		assert_true(span_is(name, odd[i].name));
		buf_free(&text);
	}
}

/* A line may claim more bytes than it has characters: zeros, within the room. */
static void
test_uudecode_short_lines(void **state)
{
	static const char text[] = "begin 644 x\nM\nM\nM\nend\n";
	char out[sizeof(text)];
	struct span name, rest;
	bool strict;
	size_t len;

	(void)state;
	len = uudecode(SPAN_LITERAL("begin 644 x\nM\nM\nM\nend\n"), out, &name, &rest, &strict);
	assert_in_range(len, 1, sizeof(text) - 1);
	assert_false(strict);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(out[i], 0);
}

static void
test_uu_spans(void **state)
{
	struct span text = SPAN_LITERAL("one\nbegin 644 x\n#0V%T\n`\nend\ntwo\n");
	struct embedded_file file;

	(void)state;
	assert_true(embedded_find_uu(text, &file));
	assert_true(span_is(file.whole, "begin 644 x\n#0V%T\n`\nend\n"));
	assert_true(span_is(file.lines, "#0V%T\n`\n"));
	assert_true(file.finished);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64_clean),
		cmocka_unit_test(test_base64_lenient),
		cmocka_unit_test(test_base64_any_bytes),
		cmocka_unit_test(test_base64_groups_agree),
		cmocka_unit_test(test_quoted_printable_clean),
		cmocka_unit_test(test_quoted_printable_lenient),
		cmocka_unit_test(test_q_word),
		cmocka_unit_test(test_uudecode),
		cmocka_unit_test(test_uudecode_finds_none),
		cmocka_unit_test(test_uudecode_odd_begin),
		cmocka_unit_test(test_uudecode_short_lines),
		cmocka_unit_test(test_uu_spans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
