/* T62: winmail.dat, and the compression of its rich text. */
#include "config.h"

#include "engine/lzfu.h"
#include "engine/tnef.h"
#include "tests/lib/container_walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define CORPUS "tests/fuzz/corpus/tnef/"
#define SHOWN_PROGRAM "MZ......................................"
#define BODIES "member body.rtf: {\\rtf1\\ansi text}\nmember body.html: <html>text</html>\n"
#define ATTACHMENT "member LONGNA~1.EXE: " SHOWN_PROGRAM "\nmember long n\xc3\xa4me.exe: " SHOWN_PROGRAM "\n" \
	"member shown name.txt: " SHOWN_PROGRAM "\n"

static const struct archive_limits generous = { .entries = 1000, .depth = 5, .output = 1 << 24, .ratio = 1000 };

static void
read_file(struct buf *told, const char *path)
{
	struct buf data = { 0 };

	walk_load(&data, path);
	walk_read(told, tnef_read, buf_span(&data), &generous);
	buf_free(&data);
}

static void
attachments_are_told_under_all_their_names_and_messages_as_packages(void **state)
{
	struct buf told = { 0 };

	(void)state;
	read_file(&told, CORPUS "winmail.dat");
	assert_non_null(strstr(buf_str(&told), BODIES ATTACHMENT "trait embedded-object\nmember message.tnef: x\x9f>\""));
	assert_null(strstr(buf_str(&told), "damaged"));
	buf_free(&told);
}

static void
a_message_inside_is_read_in_its_turn(void **state)
{
	struct buf told = { 0 };

	(void)state;
	walk_file(&told, tnef_read, CORPUS "winmail.dat");
	assert_non_null(strstr(buf_str(&told), "\nmember body.txt: text of the message inside.\n"));
	buf_free(&told);
}

static enum archive_result
read_any(struct arena *a, struct span data, struct archive_budget *budget, const struct container_sink *sink)
{
	return container_read(a, "tnef", data, budget, sink);
}

static void
a_package_that_holds_html_is_no_second_kind(void **state)
{
	struct buf told = { 0 };

	(void)state;
	walk_file(&told, read_any, CORPUS "winmail.dat");
	assert_non_null(strstr(buf_str(&told), BODIES));
	assert_null(strstr(buf_str(&told), "two-kinds"));
	buf_free(&told);
}

static void
a_wrong_sum_is_damage_but_its_attachment_is_told(void **state)
{
	struct buf told = { 0 };

	(void)state;
	read_file(&told, CORPUS "wrong-sum.dat");
	assert_non_null(strstr(buf_str(&told), ATTACHMENT));
	assert_true(span_ends_nocase(buf_span(&told), "\ndamaged\n"));
	buf_free(&told);
}

static void
every_beginning_is_read_without_harm(void **state)
{
	struct buf data = { 0 };

	(void)state;
	walk_load(&data, CORPUS "winmail.dat");
	for (size_t len = 0; len < data.len; len++) {
		struct buf told = { 0 };

		walk_read(&told, tnef_read, span_first(buf_span(&data), len), &generous);
		if (len < 6)
			assert_string_equal(buf_str(&told), "none\n");
		buf_free(&told);
	}
	buf_free(&data);
}

/* --- Compressed rich text (MS-OXRTFCP 4.1) --- */

static void
the_published_example_unpacks(void **state)
{
	static const char packed[] =
	    "\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\x0a\0rcpg125\x42\x32\x0a\xf3 hel\x09\0 bw\x05\xb0ld}\x0a\x80\x0f\xa0";
	struct buf out = { 0 };

	(void)state;
	assert_true(lzfu_decode(span_of(packed, sizeof(packed) - 1), &out));
	assert_string_equal(buf_str(&out), "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
	buf_free(&out);
}

static void
what_is_stored_is_as_it_stands(void **state)
{
	static const char stored[] = "\x13\0\0\0\x07\0\0\0MELA\0\0\0\0{\\rtf1}";
	struct buf out = { 0 };

	(void)state;
	assert_true(lzfu_decode(span_of(stored, sizeof(stored) - 1), &out));
	assert_string_equal(buf_str(&out), "{\\rtf1}");
	buf_clear(&out);
	assert_false(lzfu_decode(SPAN_LITERAL("\x13\0\0\0\x07\0\0\0OTHR\0\0\0\0{\\rtf1}"), &out));
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attachments_are_told_under_all_their_names_and_messages_as_packages),
		cmocka_unit_test(a_message_inside_is_read_in_its_turn),
		cmocka_unit_test(a_package_that_holds_html_is_no_second_kind),
		cmocka_unit_test(a_wrong_sum_is_damage_but_its_attachment_is_told),
		cmocka_unit_test(every_beginning_is_read_without_harm),
		cmocka_unit_test(the_published_example_unpacks),
		cmocka_unit_test(what_is_stored_is_as_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
