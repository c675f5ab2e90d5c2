/* Sections: their numbers, their bytes, the way between processes, and fields
 * of a header. */
#include "config.h"

#include "mime/imap_section.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define NESTED "Subject: out\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" \
	"preamble\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" INNER "\r\n--b--\r\nepilogue\r\n"
#define INNER "Subject: in\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n" INNER_TEXT
#define INNER_TEXT "--c\r\n\r\ntwo\r\n--c\r\nContent-Type: message/rfc822\r\n\r\nTo: a\r\n\r\nthree\r\n--c--"

static const struct mime_limits limits = { .parts = 20, .depth = 9, .headers = 100 };

/* By its bytes, or "-". */
static const char *
section(struct arena *a, struct span message, const struct imap_section *all, const char *path,
    enum imap_section_kind kind)
{
	struct imap_range range;

	if (!imap_section_find(all, span_str(path), kind, &range))
		return "-";
	assert_true(range.at <= message.len && range.len <= message.len - range.at);
	return arena_strndup(a, span_first(span_from(message, range.at), range.len));
}

static const char *
paths(struct arena *a, const struct imap_section *all)
{
	const char *told = "";

	for (const struct imap_section *s = all; s != NULL; s = s->next)
		told = arena_printf(a, "%s[%.*s]%s", told, SPAN_ARG(s->path), s->message ? "m" : "");
	return told;
}

/* As they arrive in another process. */
static struct imap_section *
sections_of(struct arena *a, struct span message)
{
	struct buf encoded = { 0 };
	struct imap_section *decoded;

	imap_sections_encode(&encoded, imap_sections(mime_parse(a, message, &limits)));
	assert_true(imap_sections_decode(a, arena_copy(a, buf_span(&encoded)), message.len, &decoded));
	buf_free(&encoded);
	return decoded;
}

static void
test_numbers(void **state)
{
	static const struct {
		const char *message, *paths;
	} cases[] = {
		{ "", "[]m[1]" },
		{ "\r\ntext", "[]m[1]" },
		{ NESTED, "[]m[1][2]m[2.1][2.2]m[2.2.1]" },
		{ "Content-Type: message/rfc822\r\n\r\n" INNER, "[]m[1]m[1.1][1.2]m[1.2.1]" },
		{ "Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\n\r\n", "[]m[1]m[1.1]m[1.1.1]" },
		{ "Content-Type: multipart/mixed\r\n\r\n", "[]m[1]" },
		{ "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"
		    "--c\r\n\r\n--b--\r\n", "[]m[1][1.1]" },
		{ "Content-Type: message/global\r\n\r\n" INNER, "[]m[1]" },
	};
	struct arena *a = arena_new(0);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(paths(a, sections_of(a, span_str(cases[i].message))), cases[i].paths);
	arena_free(&a);
}

static void
test_bytes(void **state)
{
	static const struct {
		const char *path, *whole, *mime, *header, *text;
	} cases[] = {
		{ "", NESTED, "-", "Subject: out\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
		    NESTED + sizeof("Subject: out\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n") - 1 },
		{ "1", "one", "\r\n", "-", "-" },
		{ "2", INNER, "Content-Type: message/rfc822\r\n\r\n",
		    "Subject: in\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n", INNER_TEXT },
		{ "2.1", "two", "\r\n", "-", "-" },
		{ "2.2", "To: a\r\n\r\nthree", "Content-Type: message/rfc822\r\n\r\n", "To: a\r\n\r\n", "three" },
		{ "2.2.1", "three", "To: a\r\n\r\n", "-", "-" },
		{ "3", "-", "-", "-", "-" },
		{ "2.", "-", "-", "-", "-" },
		{ "02", "-", "-", "-", "-" },
	};
	struct arena *a = arena_new(0);
	const struct span message = SPAN_LITERAL(NESTED);
	const struct imap_section *all = sections_of(a, message);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(section(a, message, all, cases[i].path, IMAP_SECTION_WHOLE), cases[i].whole);
		assert_string_equal(section(a, message, all, cases[i].path, IMAP_SECTION_MIME), cases[i].mime);
		assert_string_equal(section(a, message, all, cases[i].path, IMAP_SECTION_HEADER), cases[i].header);
		assert_string_equal(section(a, message, all, cases[i].path, IMAP_SECTION_TEXT), cases[i].text);
	}
	arena_free(&a);
}

/* What stands for a part that is none has the bytes that the structure tells. */
static void
test_stand_ins(void **state)
{
	static const struct span encoded = SPAN_LITERAL("Content-Type: message/rfc822\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\nVG86IGFAeAoK\r\n"), empty =
	    SPAN_LITERAL("Content-Type: multipart/mixed\r\n\r\ntext");
	struct arena *a = arena_new(0);
	const struct imap_section *all = sections_of(a, encoded);

	(void)state;
	assert_string_equal(section(a, encoded, all, "1", IMAP_SECTION_HEADER), "");
	assert_string_equal(section(a, encoded, all, "1", IMAP_SECTION_TEXT), "VG86IGFAeAoK\r\n");
	assert_string_equal(section(a, encoded, all, "1.1", IMAP_SECTION_WHOLE), "VG86IGFAeAoK\r\n");
	assert_string_equal(section(a, encoded, all, "1.1", IMAP_SECTION_MIME), "");
	all = sections_of(a, empty);
	assert_string_equal(section(a, empty, all, "1", IMAP_SECTION_WHOLE), "");
	assert_string_equal(section(a, empty, all, "1", IMAP_SECTION_MIME), "");
	assert_string_equal(section(a, empty, all, "", IMAP_SECTION_TEXT), "text");
	arena_free(&a);
}

static void
test_malformed_encoding(void **state)
{
	struct arena *a = arena_new(0);
	struct buf encoded = { 0 };
	struct imap_section *decoded;
	struct span message = SPAN_LITERAL(NESTED), all;

	(void)state;
	imap_sections_encode(&encoded, imap_sections(mime_parse(a, message, &limits)));
	all = buf_span(&encoded);
	assert_false(imap_sections_decode(a, all, message.len - 1, &decoded));
	assert_false(imap_sections_decode(a, span_first(all, all.len - 1), message.len, &decoded));
	assert_false(imap_sections_decode(a, span_from(all, 1), message.len, &decoded));
	assert_true(imap_sections_decode(a, SPAN_NONE, 0, &decoded));
	assert_null(decoded);
	buf_free(&encoded);
	arena_free(&a);
}

static const char *
fields(struct arena *a, const char *head, bool others)
{
	static const struct span names[] = { SPAN_LITERAL("subject"), SPAN_LITERAL("To"), SPAN_LITERAL("X-\xe9") };
	struct text out = { .arena = a };

	imap_header_fields(&out, span_str(head), names, sizeof(names) / sizeof(names[0]), others);
	return arena_strndup(a, text_span(&out));
}

static void
test_fields(void **state)
{
	static const struct {
		const char *head, *fields, *others;
	} cases[] = {
		{ "", "\r\n", "\r\n" },
		{ "\r\n", "\r\n", "\r\n" },
		{ "From: a\r\nSUBJECT: b\r\n c\r\nTo : d\r\nSubjects: e\r\nTo: f\r\n\r\n",
		    "SUBJECT: b\r\n c\r\nTo : d\r\nTo: f\r\n\r\n", "From: a\r\nSubjects: e\r\n\r\n" },
		{ "To: a\nFrom: b\n c\n\n", "To: a\n\n", "From: b\n c\n\n" },
		{ "junk\r\nTo\r\nX-\xe9: a\r\n:b\r\n\r\n", "To\r\nX-\xe9: a\r\n\r\n", "junk\r\n:b\r\n\r\n" },
		{ " a\r\nTo: b\r\n\r\n", "To: b\r\n\r\n", " a\r\n\r\n" },
		/* A header that has no end gets one. */
		{ "To: a\r\n", "To: a\r\n\r\n", "\r\n" },
		{ "From: b\r\nTo: a", "To: a\r\n\r\n", "From: b\r\n\r\n" },
	};
	struct arena *a = arena_new(0);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(fields(a, cases[i].head, false), cases[i].fields);
		assert_string_equal(fields(a, cases[i].head, true), cases[i].others);
	}
	arena_free(&a);
}

static void
test_no_names(void **state)
{
	struct arena *a = arena_new(0);
	struct text some = { .arena = a }, others = { .arena = a };

	(void)state;
	imap_header_fields(&some, SPAN_LITERAL("To: a\r\n\r\n"), NULL, 0, false);
	imap_header_fields(&others, SPAN_LITERAL("To: a\r\n\r\n"), NULL, 0, true);
	assert_string_equal(arena_strndup(a, text_span(&some)), "\r\n");
	assert_string_equal(arena_strndup(a, text_span(&others)), "To: a\r\n\r\n");
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_stand_ins),
		cmocka_unit_test(test_malformed_encoding),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_no_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
