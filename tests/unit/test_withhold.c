/* The notice for what could not be scanned: what of a header is kept, and that
 * nothing of the content is. */
#include "config.h"

#include "scan/request.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define FIELDS(eol) \
	"X-Gatepost-Incomplete: not scanned" eol "MIME-Version: 1.0" eol "Content-Type: text/plain; charset=utf-8" eol \
	"Content-Disposition: inline" eol "Content-Transfer-Encoding: 7bit" eol
#define NOTICE(eol) \
	eol "The content of this message was withheld." eol eol "Reason: the scanner died" eol eol \
	"The original message is kept in quarantine by the postmaster." eol

struct source {
	struct buf out;
	struct span message;
};

static bool
add_piece(void *context, bool original, uint64_t offset, struct span bytes)
{
	struct source *s = context;

	buf_add(&s->out, original ? s->message.data + offset : bytes.data, bytes.len);
	return true;
}

/* Of the message only the first octets are at hand. */
static const char *
withheld_of(struct arena *a, struct span message, size_t head)
{
	struct source source = { .message = message };
	struct scan_answer r;
	const char *text;

	scan_answer_withhold(a, &r, span_first(message, head), message.len, "the scanner died");
	assert_int_equal(r.verdict, VERDICT_QUARANTINE);
	assert_true(r.keep_original);
	assert_false(r.complete);
	assert_true(span_is(r.reason, "the scanner died"));
	assert_true(edits_stream(r.edits, r.edit_count, message.len, add_piece, &source));
	text = arena_strndup(a, buf_span(&source.out));
	buf_free(&source.out);
	return text;
}

static void
test_headers(void **state)
{
	static const struct {
		const char *header, *kept;
	} cases[] = {
		{ "Subject: x\r\n", "Subject: x\r\n" },
		{ "", "" },
		{ "A: b\r\nContent-Type: multipart/mixed;\r\n boundary=b\r\n\tc\r\nMIME-Version: 1.0\r\nSubject: x\r\n y\r\n",
		    "A: b\r\nSubject: x\r\n y\r\n" },
		{ "content-type: a\r\nmime-version: 1\r\nCONTENT-ID: c\r\nX-Content-Type: d\r\nA: b\r\n", "A: b\r\n" },
		/* What a program could take for a field of the content, or for an end. */
		{ "Content-Type : a\r\nA: b\r\n", "A: b\r\n" },
		{ "A: b\rContent-Type: text/html\r\nC: d\r\n", "C: d\r\n" },
		{ "A: b\r\n c\rContent-Type: text/html\r\n d\r\n", "A: b\r\n d\r\n" },
		{ "no field\r\n folded\r\nA: b\r\n", "A: b\r\n" },
		{ " Content-Type: text/html\r\nA: b\r\n", "A: b\r\n" },
		{ "A: b\r\n \r\nC: d\r\n\t\r\n e\r\n", "A: b\r\nC: d\r\n e\r\n" },
		{ ": empty\r\nFrom a@b: c\r\n\xc3\xa4: x\r\nA: b\r\n", "A: b\r\n" },
		{ "A: b\r\n\r\r\nC: d\r\n", "A: b\r\nC: d\r\n" },
	};
	struct arena *a = arena_new(0);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *message = arena_printf(a, "%s\r\n<b>bad</b>\r\n", cases[i].header);
		const char *expected = arena_printf(a, "%s" FIELDS("\r\n") NOTICE("\r\n"), cases[i].kept);

		assert_string_equal(withheld_of(a, span_str(message), SIZE_MAX), expected);
		/* Where the header ends is enough to know. */
		assert_string_equal(withheld_of(a, span_str(message), strlen(cases[i].header) + 2), expected);
	}
	arena_free(&a);
}

static void
test_line_ends(void **state)
{
	struct arena *a = arena_new(0);

	(void)state;
	assert_string_equal(withheld_of(a, span_str("A: b\nContent-Type: c\n\nbad\n"), SIZE_MAX),
	    "A: b\n" FIELDS("\n") NOTICE("\n"));
	assert_string_equal(withheld_of(a, span_of("A: b\0\r\nC: d\r\n\r\nbad", 18), SIZE_MAX),
	    "C: d\r\n" FIELDS("\r\n") NOTICE("\r\n"));
	arena_free(&a);
}

/* Nothing of what has no header is shown. */
static void
test_no_end(void **state)
{
	static const char *const messages[] = { "", "A: b", "A: b\r\n", "A: b\r\nSubject: x\r", "bad\r\n \r\n" };
	const char *whole = "Subject: message withheld\r\n" FIELDS("\r\n") NOTICE("\r\n");
	struct arena *a = arena_new(0);
	char *large = arena_alloc_raw(a, WITHHOLD_HEAD_MAX + 100);

	(void)state;
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		assert_string_equal(withheld_of(a, span_str(messages[i]), SIZE_MAX), whole);
	assert_string_equal(withheld_of(a, span_str("A: b\r\nC: d\r\n\r\nbad"), 13), whole);
	/* The end lies beyond what is looked at. */
	memset(large, 'a', WITHHOLD_HEAD_MAX + 100);
	memcpy(large, "A: ", 3);
	memcpy(large + WITHHOLD_HEAD_MAX - 3, "\r\n\r\n", 4);
	assert_string_equal(withheld_of(a, span_of(large, WITHHOLD_HEAD_MAX + 100), SIZE_MAX), whole);
	memcpy(large + WITHHOLD_HEAD_MAX - 4, "\r\n\r\n", 4);
	assert_string_not_equal(withheld_of(a, span_of(large, WITHHOLD_HEAD_MAX + 100), SIZE_MAX), whole);
	arena_free(&a);
}

static const char *
withheld_in_place(struct arena *a, struct span message, size_t head)
{
	char *text = arena_strndup(a, message);
	struct scan_answer r;

	scan_answer_withhold_in_place(a, &r, span_first(message, head), message.len, "the scanner died");
	assert_int_equal(r.verdict, VERDICT_QUARANTINE);
	assert_true(r.keep_original && r.in_place && r.sections_doubtful && !r.complete);
	assert_true(edits_in_place(r.edits, r.edit_count, message.len));
	edits_overlay(r.edits, r.edit_count, 0, text, message.len);
	return text;
}

/* The header is as it was, hostile or not. */
static void
test_in_place(void **state)
{
	struct arena *a = arena_new(0);
	const char *message = "Content-Type: x\r\n\r\n<b>this was bad, and it is very bad indeed, so bad</b>\r\nbad\r\n"
	    "bad, bad, bad, bad, bad, bad, bad\r\n\r\nbad, bad, bad, bad, bad, bad, bad, bad, bad, bad, bad, bad, bad, bad\r\n";

	(void)state;
	assert_string_equal(withheld_in_place(a, span_str(message), SIZE_MAX),
	    arena_printf(a, "Content-Type: x\r\n\r\n%-54s\r\n   \r\n%-33s\r\n\r\n%-68s\r\n",
	    "The content of this message was withheld.", "Reason: the scanner died",
	    "The original message is kept in quarantine by the postmaster."));
	/* Of what is not at hand the lines are not known. */
	assert_string_equal(withheld_in_place(a, span_str(message), 40),
	    arena_printf(a, "Content-Type: x\r\n\r\n%-54s\r\n   \r\n%-33s\r\n\r\n%-68s\r\n", "[withheld]", "", ""));
	assert_string_equal(withheld_in_place(a, span_str("A: b\nC: d\n"), 5), "A: b\n    \n");
	assert_string_equal(withheld_in_place(a, span_str("A: b\n\n"), SIZE_MAX), "A: b\n\n");
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_no_end),
		cmocka_unit_test(test_in_place),
	};

	return cmocka_run_group_tests_name("withhold", tests, NULL, NULL);
}
