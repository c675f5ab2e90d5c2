/* What IMAP tells of a rewritten message: its sections and their bytes, by which
 * numbers, and when it cannot be told. */
#include "config.h"

#include "mime/address.h"
#include "scan/told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define NESTED "Subject: out\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" \
	"preamble\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" INNER "\r\n--b--\r\nepilogue\r\n"
#define INNER "Subject: in\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n" INNER_TEXT
#define INNER_TEXT "--c\r\n\r\ntwo\r\n--c\r\nContent-Type: message/rfc822\r\n\r\nTo: a\r\n\r\nthree\r\n--c--"
#define NO_PARTS "--b\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed\r\n\r\ntext\r\n"
#define MARK "X: y\r\n"

static const struct mime_limits limits = { .parts = SCAN_SECTIONS_MAX * 2, .depth = 200, .headers = 10000 };

struct told {
	struct arena *arena;
	struct scratch *scratch;
	struct span shown;
	struct scan_answer answer;
	bool good;
};

/* Of the message with a mark in front of it. */
static struct told
tell(struct span message)
{
	static const struct edit mark[] = { { .replacement = { MARK, sizeof(MARK) - 1 } } };
	struct told t = { .arena = arena_new(0), .scratch = scratch_new(-1) };

	t.shown = span_str(arena_printf(t.arena, MARK "%.*s", SPAN_ARG(message)));
	t.answer.edits = mark;
	t.answer.edit_count = 1;
	t.good = scan_tell(&t.answer, mime_parse(t.arena, message, &limits), t.scratch);
	return t;
}

static void
forget(struct told *t)
{
	scratch_free(&t->scratch);
	arena_free(&t->arena);
}

static const char *
paths(struct told *t)
{
	const char *all = "";

	for (size_t i = 0; i < t->answer.section_count; i++) {
		const struct scan_section *s = &t->answer.sections[i];

		all = arena_printf(t->arena, "%s[%.*s]%s", all, SPAN_ARG(s->section), s->is_message ? "m" : "");
	}
	return all;
}

static void
test_numbers(void **state)
{
	static const struct {
		const char *message, *paths;
	} cases[] = {
		{ "\r\n", "[]m[1]" },
		{ "\r\ntext", "[]m[1]" },
		{ NESTED, "[]m[1][2]m[2.1][2.2]m[2.2.1]" },
		{ "Content-Type: message/rfc822\r\n\r\n" INNER, "[]m[1]m[1.1][1.2]m[1.2.1]" },
		{ "Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\n\r\n", "[]m[1]m[1.1]m[1.1.1]" },
		{ "Content-Type: multipart/mixed\r\n\r\n", "[]m[1]" },
		{ "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"
		    "--c\r\n\r\n--b--\r\n", "[]m[1][1.1]" },
		{ "Content-Type: message/global\r\n\r\n" INNER, "[]m[1]" },
		{ "Content-Type: multipart/mixed; boundary=b\r\n\r\n" NO_PARTS NO_PARTS NO_PARTS NO_PARTS "--b--\r\n",
		    "[]m[1]m[1.1][2]m[2.1][3]m[3.1][4]m[4.1]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct told t = tell(span_str(cases[i].message));

		assert_true(t.good);
		assert_string_equal(paths(&t), cases[i].paths);
		forget(&t);
	}
}

static const char *
bytes(struct told *t, struct scan_range range)
{
	assert_true(range.offset <= t->shown.len && range.octets <= t->shown.len - range.offset);
	return arena_strndup(t->arena, span_first(span_from(t->shown, (size_t)range.offset), (size_t)range.octets));
}

static void
test_bytes(void **state)
{
	static const struct {
		const char *whole, *mime, *header, *text;
	} cases[] = {
		{ MARK NESTED, "", MARK "Subject: out\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
		    &NESTED[sizeof("Subject: out\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n") - 1] },
		{ "one", "\r\n", "", "" },
		{ INNER, "Content-Type: message/rfc822\r\n\r\n",
		    "Subject: in\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n", INNER_TEXT },
		{ "two", "\r\n", "", "" },
		{ "To: a\r\n\r\nthree", "Content-Type: message/rfc822\r\n\r\n", "To: a\r\n\r\n", "three" },
		{ "three", "To: a\r\n\r\n", "", "" },
	};
	struct told t = tell(SPAN_LITERAL(NESTED));

	(void)state;
	assert_int_equal(t.answer.section_count, sizeof(cases) / sizeof(cases[0]));
	for (size_t i = 0; i < t.answer.section_count; i++) {
		const struct scan_section *s = &t.answer.sections[i];

		assert_string_equal(bytes(&t, s->body), cases[i].whole);
		assert_string_equal(bytes(&t, s->mime), cases[i].mime);
		assert_string_equal(bytes(&t, s->header), cases[i].header);
		assert_string_equal(bytes(&t, s->text), cases[i].text);
	}
	forget(&t);
}

/* What stands for a part that is none has the bytes that the structure tells. */
static void
test_stand_ins(void **state)
{
	struct told t = tell(SPAN_LITERAL("Content-Type: message/rfc822\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\nVG86IGFAeAoK\r\n"));

	(void)state;
	assert_string_equal(paths(&t), "[]m[1]m[1.1]");
	assert_string_equal(bytes(&t, t.answer.sections[1].header), "");
	assert_string_equal(bytes(&t, t.answer.sections[1].text), "VG86IGFAeAoK\r\n");
	assert_string_equal(bytes(&t, t.answer.sections[2].body), "VG86IGFAeAoK\r\n");
	assert_string_equal(bytes(&t, t.answer.sections[2].mime), "");
	forget(&t);
	t = tell(SPAN_LITERAL("Content-Type: multipart/mixed\r\n\r\ntext"));
	assert_string_equal(bytes(&t, t.answer.sections[1].body), "");
	assert_string_equal(bytes(&t, t.answer.sections[0].text), "text");
	forget(&t);
}

static void
test_texts(void **state)
{
	struct told t = tell(SPAN_LITERAL("Subject: a\r\nContent-Transfer-Encoding: base64\r\n\r\ndGV4dA==\r\n"));

	(void)state;
	assert_true(t.good && t.answer.has_told);
	assert_int_equal(t.answer.told.octets, t.shown.len);
	assert_true(span_is(t.answer.told.envelope, "(NIL \"a\" NIL NIL NIL NIL NIL NIL NIL NIL)"));
	assert_true(span_is(t.answer.told.body,
	    "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"base64\" 10 1)"));
	assert_true(t.answer.told.bodystructure.len > t.answer.told.body.len);
	assert_int_equal(t.answer.sections[1].encoding, SCAN_ENCODING_BASE64);
	assert_int_equal(t.answer.sections[1].decoded_octets, 4);
	forget(&t);
}

static void
assert_cannot_be_told(const char *begin, const char *often, size_t times, const char *end)
{
	struct buf message = { 0 };
	struct told t;

	buf_add_str(&message, begin);
	for (size_t i = 0; i < times; i++)
		buf_add_str(&message, often);
	buf_add_str(&message, end);
	t = tell(buf_span(&message));
	assert_false(t.good);
	forget(&t);
	buf_free(&message);
}

static void
test_what_is_too_much(void **state)
{
	static const char nested[] = "Content-Type: message/rfc822\r\n\r\n";

	(void)state;
	assert_cannot_be_told("Subject: ", "a", SCAN_TOLD_MAX, "\r\n\r\ntext");
	assert_cannot_be_told("Content-Description: ", "a", SCAN_TOLD_MAX / 2, "\r\n\r\ntext");
	assert_cannot_be_told("X-Long: ", "a", SCAN_HEADER_MAX, "\r\n\r\ntext");
	assert_cannot_be_told("Content-Type: multipart/mixed; boundary=b\r\n\r\n", "--b\r\n\r\n", SCAN_SECTIONS_MAX, "--b--\r\n");
	assert_cannot_be_told("To: ", "a@,", ADDRESSES_MAX, "\r\n\r\n"); /* more than are read make no envelope that is short */
	assert_cannot_be_told("", nested, 110, "\r\n");
}

static void
test_much_that_is_new(void **state)
{
	struct told t = tell(SPAN_LITERAL("\r\n"));
	struct edit edit = { .replacement = { arena_alloc(t.arena, SCAN_REPLACED_MAX + 1), SCAN_REPLACED_MAX + 1 } };
	struct scan_answer r = { .edits = &edit, .edit_count = 1 };

	(void)state;
	assert_false(scan_tell(&r, mime_parse(t.arena, SPAN_LITERAL("\r\n"), &limits), t.scratch));
	forget(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_stand_ins),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_what_is_too_much),
		cmocka_unit_test(test_much_that_is_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
