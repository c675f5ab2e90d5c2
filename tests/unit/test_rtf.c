/* Rich text: objects in every disguise, fields and templates. */
#include "config.h"

#include "engine/rtf.h"
#include "tests/lib/container_walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static const struct archive_limits generous = { .entries = 1000, .depth = 5, .output = 1 << 24, .ratio = 1000 };

#define PROGRAM "trait embedded-object\nmember a.exe: MZ......................................\n"

static void
files_tell_what_they_hold(void **state)
{
	static const struct {
		const char *file, *told;
	} files[] = {
		{ "object.rtf", PROGRAM },
		{ "odd.rtf", PROGRAM },
		{ "binary.rtf", PROGRAM },
		{ "template.rtf", "trait external-template\nuri http://host.invalid/a.dotm\n" },
		{ "local.rtf", "" },
		{ "dde.rtf", "trait dde\n" },
		{ "link.rtf", "uri http://link.invalid/\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct buf told = { 0 };
		char path[128];

		snprintf(path, sizeof(path), "tests/fuzz/corpus/rtf/%s", files[i].file);
		walk_file(&told, rtf_read, path);
		assert_string_equal(buf_str(&told), files[i].told);
		buf_free(&told);
	}
}

static void
tells(const char *text, const char *expected)
{
	struct buf told = { 0 };

	walk_read(&told, rtf_read, span_str(text), &generous);
	assert_string_equal(buf_str(&told), expected);
	buf_free(&told);
}

/* Neither is an object with a header, so both are told as they are. */
static void
digits_that_only_some_programs_count_make_two_objects(void **state)
{
	(void)state;
	tells("{\\rtf1{\\*\\objdata 4142{\\*\\other 43}44}}", "trait embedded-object\nmember object.bin: ABD\n"
	      "trait embedded-object\nmember object.bin: ABCD\n");
	tells("{\\rtf1{\\*\\objdata 41424\\'20344}}", "trait embedded-object\nmember object.bin: AB4\n"
	      "trait embedded-object\nmember object.bin: ABCD\n");
}

static void
control_words_among_digits_are_passed_over_with_their_numbers(void **state)
{
	(void)state;
	tells("{\\rtf1{\\*\\objdata 41\\par42\\b 43\n{\\i 44}}}", "trait embedded-object\nmember object.bin: ACD\n");
}

static void
an_object_that_is_not_closed_is_told(void **state)
{
	(void)state;
	tells("{\\rtf1{\\object{\\*\\objdata 4142", "trait embedded-object\nmember object.bin: AB\n");
}

static void
groups_deeper_than_the_limit_do_not_hide_an_object(void **state)
{
	struct buf text = { 0 }, told = { 0 };

	(void)state;
	buf_add_str(&text, "{\\rtf1");
	for (int i = 0; i < 1000; i++)
		buf_add_byte(&text, '{');
	buf_add_str(&text, "\\objdata 4142");
	for (int i = 0; i < 1001; i++)
		buf_add_byte(&text, '}');
	walk_read(&told, rtf_read, buf_span(&text), &generous);
	assert_string_equal(buf_str(&told), "trait embedded-object\nmember object.bin: AB\n");
	buf_free(&told);
	buf_free(&text);
}

static void
fields_that_fetch_are_told_and_pictures_are_links(void **state)
{
	(void)state;
	tells("{\\rtf1{\\field{\\*\\fldinst INCLUDETEXT \"http://a.invalid/x\" \\\\d}}}",
	      "trait external-template\nuri http://a.invalid/x\n");
	tells("{\\rtf1{\\field{\\*\\fldinst INCLUDEPICTURE \"C:\\\\\\\\x.png\"}}}", "");
	tells("{\\rtf1{\\field{\\*\\fldinst INCLUDEPICTURE \"http://a.invalid/x.png\"}}}", "uri http://a.invalid/x.png\n");
	tells("{\\rtf1{\\field{\\*\\fldinst \\u68 D\\u68 D\\u69 EAUTO x}}}", "trait dde\n");
}

static void
what_does_not_begin_so_is_none(void **state)
{
	(void)state;
	tells("{ \\rtf1}", "none\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_tell_what_they_hold),
		cmocka_unit_test(digits_that_only_some_programs_count_make_two_objects),
		cmocka_unit_test(control_words_among_digits_are_passed_over_with_their_numbers),
		cmocka_unit_test(an_object_that_is_not_closed_is_told),
		cmocka_unit_test(groups_deeper_than_the_limit_do_not_hide_an_object),
		cmocka_unit_test(fields_that_fetch_are_told_and_pictures_are_links),
		cmocka_unit_test(what_does_not_begin_so_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
