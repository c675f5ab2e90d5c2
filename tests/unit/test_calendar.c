/* Files in invitations and business cards. */
#include "config.h"

#include "engine/calendar.h"
#include "tests/lib/container_walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct archive_limits generous = { .entries = 1000, .depth = 5, .output = 1 << 24, .ratio = 1000 };

static void
tells(const char *text, const char *expected)
{
	struct buf told = { 0 };

	walk_read(&told, calendar_read, span_str(text), &generous);
	assert_string_equal(buf_str(&told), expected);
	buf_free(&told);
}

static void
a_file_in_an_invitation_is_told(void **state)
{
	struct buf told = { 0 };

	(void)state;
	walk_file(&told, calendar_read, "tests/fuzz/corpus/calendar/invitation.ics");
	assert_string_equal(buf_str(&told), "trait embedded-object\nmember a;b:c.exe: MZ..\n");
	buf_free(&told);
}

static void
each_way_of_saying_base64_is_known(void **state)
{
	static const char *const lines[] = {
		"ATTACH;ENCODING=BASE64;VALUE=BINARY:TVo=",
		"attach;fmttype=\"a/b;c:d\";encoding=\"base64\":TVo=",
		"PHOTO;ENCODING=b;TYPE=PNG:TVo=",
		"item1.PHOTO;BASE64:TVo=",
		"PHOTO ; Encoding = B :T\n Vo\n\t=",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct buf text = { 0 };

		buf_add_str(&text, i % 2 == 0 ? "BEGIN:VCALENDAR\n" : "\xef\xbb\xbf" "begin:vcard\r\n");
		buf_add_str(&text, lines[i]);
		tells(buf_str(&text), "trait embedded-object\nmember attachment: MZ\n");
		buf_free(&text);
	}
}

static void
what_is_no_file_is_not_told(void **state)
{
	(void)state;
	tells("BEGIN:VCALENDAR\nATTACH:http://a.invalid/\nSUMMARY:x;ENCODING=BASE64:TVo=\nATTACH;ENCODING=BASE64:\nX\n", "");
	tells("On BEGIN:VCALENDAR\nATTACH;ENCODING=BASE64:TVo=", "none\n");
	tells("", "none\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_in_an_invitation_is_told),
		cmocka_unit_test(each_way_of_saying_base64_is_known),
		cmocka_unit_test(what_is_no_file_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
