/* Bodies that programs read in several ways: whatever one of them makes of a
 * body must be among its readings, and the readings are few. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/codec.h"
#include "mime/decode.h"

enum { PAYLOAD_LEN = 120 };

static const struct mime_limits limits = { .parts = 100, .depth = 10, .headers = 100 };

struct fixture {
	struct arena *arena;
	struct scratch *scratch;
	struct buf text, clean; /* a message; base64 of the payload */
	char payload[PAYLOAD_LEN];
	size_t readings; /* of the last body */
	struct mime_message *message;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->arena = arena_new(0);
	f->scratch = scratch_new(-1);
	for (size_t i = 0; i < PAYLOAD_LEN; i++)
		f->payload[i] = (char)(i * 37 + i / 7 + 1);
	memcpy(f->payload, "MZ\x90", 3);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	buf_free(&f->text);
	buf_free(&f->clean);
	scratch_free(&f->scratch);
	arena_free(&f->arena);
	free(f);
	return 0;
}

/* The payload's first len bytes, in base64. */
static struct span
clean(struct fixture *f, size_t len, size_t line_len)
{
	buf_clear(&f->clean);
	base64_encode(&f->clean, span_of(f->payload, len), line_len);
	return buf_span(&f->clean);
}

static struct mime_message *
parse(struct fixture *f, const char *fields, struct span body)
{
	arena_reset(f->arena);
	buf_clear(&f->text);
	buf_printf(&f->text, "MIME-Version: 1.0\r\n%s\r\n", fields);
	buf_add_span(&f->text, body);
	f->message = mime_parse(f->arena, buf_span(&f->text), &limits);
	return f->message;
}

#define ATTACHED "Content-Type: application/octet-stream; name=x\r\n"
#define BASE64 ATTACHED "Content-Transfer-Encoding: base64\r\n"
#define QUOTED ATTACHED "Content-Transfer-Encoding: quoted-printable\r\n"

static bool
has_reading(struct fixture *f, const struct mime_part *part, struct span expected)
{
	size_t total = 0;
	struct mime_bodies b;
	bool found = false;

	f->readings = 0;
	mime_bodies_begin(&b, f->message, part, f->scratch);
	while (mime_bodies_next(&b)) {
		assert_int_equal(b.first, f->readings == 0);
		f->readings++;
		total += b.content.len;
		found |= span_eq(b.content, expected);
	}
	assert_in_range(f->readings, 1, BODY_READINGS_MAX);
	assert_true(total <= f->readings * (part->body.len + 1));
	return found;
}

static void
check_reading(struct fixture *f, const char *fields, struct span body, struct span expected)
{
	parse(f, fields, body);
	if (!has_reading(f, f->message->first_leaf, expected))
		fail_msg("not read: %s%.*s", fields, SPAN_ARG(body));
}

/* The payload is read of this base64, and nothing was left out. */
static void
check_base64(struct fixture *f, struct span body, size_t len)
{
	check_reading(f, BASE64, body, span_of(f->payload, len));
	assert_false(f->message->over_limit);
}

static bool
has_defect(const struct fixture *f, const char *name)
{
	for (const struct mime_defect *d = f->message->defects; d != NULL; d = d->next)
		if (strcmp(d->name, name) == 0)
			return true;
	return false;
}

/* `junk` after each `every` characters of the text. */
static void
sprinkle(struct buf *out, struct span text, size_t every, const char *junk)
{
	for (size_t i = 0; i < text.len; i++) {
		if (i > 0 && i % every == 0)
			buf_add_str(out, junk);
		buf_add_byte(out, text.data[i]);
	}
}

static void
check_sprinkled(struct fixture *f, size_t len, size_t line_len, size_t every, const char *junk)
{
	struct buf body = { 0 };

	sprinkle(&body, clean(f, len, line_len), every, junk);
	check_base64(f, buf_span(&body), len);
	buf_free(&body);
}

static void
check_around(struct fixture *f, const char *before, size_t len, const char *after)
{
	struct buf body = { 0 };

	buf_add_str(&body, before);
	buf_add_span(&body, clean(f, len, 76));
	buf_add_str(&body, after);
	check_reading(f, BASE64, buf_span(&body), span_of(f->payload, len));
	buf_free(&body);
}

static void
test_well_formed_has_one(void **state)
{
	struct fixture *f = *state;

	for (size_t len = 0; len <= PAYLOAD_LEN; len++) {
		check_base64(f, clean(f, len, 76), len);
		assert_int_equal(f->readings, 1);
		assert_int_equal(f->message->defect_count, 0);
	}
	check_reading(f, QUOTED, SPAN_LITERAL("a=3D=\r\nb\r\n"), SPAN_LITERAL("a=b\r\n"));
	assert_int_equal(f->readings, 1);
	check_reading(f, ATTACHED, SPAN_LITERAL("as it is"), SPAN_LITERAL("as it is"));
	assert_int_equal(f->readings, 1);
}

static void
test_t33_junk(void **state)
{
	static const char *const junk[] = { ".", "-", "#", ":", "%", "_", " ", "\t", "\v", "\r", "\xff", "@@" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++)
		for (size_t len = 98; len <= 100; len++) {
			check_sprinkled(f, len, 0, 1, junk[i]);
			check_sprinkled(f, len, 0, 7, junk[i]);
			check_sprinkled(f, len, 76, 78, junk[i]);
			check_sprinkled(f, len, 76, 31, junk[i]);
		}
}

/* What stops at the first stranger has what stands before. */
static void
test_t33_stop_at_junk(void **state)
{
	static const char *const junk[] = { ".", "-", "#", ":", "%", "_", " ", "\v", "!?" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++) {
		struct buf after = { 0 };

		buf_printf(&after, "%sQUJDREVG", junk[i]);
		check_around(f, "", 99, buf_str(&after));
		buf_free(&after);
	}
}

static void
test_t33_lines_of_junk(void **state)
{
	struct fixture *f = *state;

	check_sprinkled(f, 120, 76, 78, "# this is not data\r\n");
	check_around(f, "> x\r\n", 99, "\r\n> y\r\n");
}

static void
test_t34_padding(void **state)
{
	struct fixture *f = *state;

	check_sprinkled(f, 99, 0, 20, "==");  /* each piece is whole */
	check_sprinkled(f, 99, 0, 22, "==");  /* pads are ignored */
	check_sprinkled(f, 99, 0, 21, "=");
	check_sprinkled(f, 100, 0, 4, "=");   /* one in each quad, after it */
	check_sprinkled(f, 99, 0, 3, "=");
	check_sprinkled(f, 99, 0, 1, "=");
	check_around(f, "=", 99, "");
	check_around(f, "====", 100, "");
	check_around(f, "==\r\n", 98, "");
	check_around(f, "", 99, "====QUJD");
	check_around(f, "", 98, "==");
}

static void
test_t34_missing_pads(void **state)
{
	struct fixture *f = *state;
	struct span text = clean(f, 100, 76);

	check_base64(f, span_first(text, text.len - 1), 100);
	check_base64(f, span_first(text, text.len - 2), 100);
	text = clean(f, 98, 76);
	check_base64(f, span_first(text, text.len - 1), 98);
}

/* "=" stands for "A" where its value is 0, or makes its group shorter. */
static void
test_t34_padding_as_digit(void **state)
{
	struct fixture *f = *state;

	check_reading(f, BASE64, SPAN_LITERAL("QUJDR=VG"), SPAN_LITERAL("ABCD\x05\x46"));
	check_reading(f, BASE64, SPAN_LITERAL("A=BCQUJD"), SPAN_LITERAL("\x00\x00""ABC"));
	check_reading(f, BASE64, SPAN_LITERAL("A=BCQUJD"), SPAN_LITERAL("\x00\x00\x42""ABC"));
	check_reading(f, BASE64, SPAN_LITERAL("QUJDRA=XQUJD"), SPAN_LITERAL("ABCD\x00""ABC"));
	check_reading(f, BASE64, SPAN_LITERAL("QU=JDRA==QUJD"), SPAN_LITERAL("ABCD"));
}

static void
test_t35_after_padding(void **state)
{
	static const char *const harmless[] = { "aGFybWxlc3M9PT0=", "aGFybWxlc3M9PQ==", "aGFybWxlc3M9PQ==\r\n\r\n" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		for (size_t len = 97; len <= 99; len++) {
			check_around(f, harmless[i], len, "");
			check_around(f, harmless[i], len, "\r\n");
		}
	check_around(f, "", 100, "aGFybWxlc3M9PT0=");
	check_around(f, "", 98, "\r\naGFybWxlc3M9PT0=");
	assert_true(has_defect(f, "base64-after-padding"));
	assert_false(has_defect(f, "limit-readings"));
}

static void
test_t35_footer(void **state)
{
	static const char footer[] = "\r\n_______________________\r\nlist mailing list\r\n"
				     "list@example.org, see http://example.org/?list=a-b\r\n";
	struct fixture *f = *state;

	check_around(f, "", 100, footer);
	assert_true(f->readings <= 12);
	assert_false(f->message->over_limit);
	assert_true(has_defect(f, "base64-after-padding"));
	check_around(f, "", 99, footer);
	assert_true(f->readings <= 12);
	assert_false(f->message->over_limit);
}

static void
test_t36_line_lengths(void **state)
{
	static const size_t lengths[] = { 1, 2, 3, 5, 6, 7, 75, 77 };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		check_sprinkled(f, 99, 0, lengths[i], "\r\n");
		check_sprinkled(f, 100, 0, lengths[i], "\n\n");
		check_sprinkled(f, 98, 0, lengths[i], "\r\n\r\n\r\n");
	}
	check_sprinkled(f, 100, 0, 40, "X\r\n");
	check_sprinkled(f, 100, 0, 40, "XX\r\n");
	check_sprinkled(f, 100, 0, 40, "XXX\r\n");
	check_sprinkled(f, 100, 0, 4, "X\n");
	check_sprinkled(f, 100, 0, 4, "XX\r\n\r\n");
	/* Each line's leftover gives bytes, and the next begins anew. */
	check_reading(f, BASE64, SPAN_LITERAL("QUJ\r\nREV\r\nQUJD\r\n"), SPAN_LITERAL("ABDEABC"));
}

static void
test_t37_junk_before(void **state)
{
	static const char *const before[] = { "X", "XX", "XXX", "X\r\n", "XX\r\n", "XXX\r\n", "X\r\n\r\n", "XX\r\n\r\n",
		"XXX\n\n", "a line of junk\r\n", "one\r\ntwo\r\nthree\r\n", "file.exe\r\n\r\n", "\r\n\r\nX\r\n\r\n",
		"begin-base64 644 x.exe\r\n", "begin-base64 644 a\r\n\r\n", "Content-Type: text/plain\r\n\r\n" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		for (size_t len = 98; len <= 100; len++)
			check_around(f, before[i], len, "");
	check_around(f, "begin-base64 644 x.exe\r\n", 99, "\r\n====\r\n");
}

static void
test_t38_cut(void **state)
{
	struct fixture *f = *state;
	struct span text = clean(f, 102, 76);

	for (size_t cut = 1; cut <= 3; cut++) {
		check_base64(f, span_first(text, text.len - cut), 99);
		check_base64(f, span_first(text, text.len - cut), cut == 3 ? 99 : 102 - cut);
	}
}

static void
test_t38_url_safe(void **state)
{
	struct fixture *f = *state;
	struct buf body = { 0 };

	memcpy(f->payload, "\xfb\xef\xbe\xff\xff\xff", 6);
	buf_add_span(&body, clean(f, 120, 76));
	for (size_t i = 0; i < body.len; i++)
		body.data[body.start + i] = body.data[body.start + i] == '+' ? '-' :
		    body.data[body.start + i] == '/' ? '_' : body.data[body.start + i];
	check_base64(f, buf_span(&body), 120);
	buf_free(&body);
}

/* Two things wrong at once. */
static void
test_base64_combined(void **state)
{
	struct fixture *f = *state;

	check_sprinkled(f, 100, 0, 5, "=#");
	check_sprinkled(f, 100, 0, 7, "#\r\n");
	check_sprinkled(f, 100, 0, 6, "=\r\n");
}

/* More ways than are tried: that is said. */
static void
test_base64_over_limit(void **state)
{
	struct fixture *f = *state;

	parse(f, BASE64, SPAN_LITERAL("QUJ#Q-U\r\n\r\nJDQ ==UJDQUJDx\r\ny=zQUJD"));
	has_reading(f, f->message->first_leaf, SPAN_NONE);
	assert_true(f->message->over_limit);
	assert_true(has_defect(f, "limit-readings"));
}

static void
test_not_base64_at_all(void **state)
{
	struct fixture *f = *state;
	struct span prose = SPAN_LITERAL("This is a text, and no base64 at all.\r\nMZ it might be.\r\n");

	check_reading(f, BASE64, prose, prose);
	check_reading(f, BASE64 "Content-Transfer-Encoding: 7bit\r\n", prose, prose);
	check_reading(f, "Content-Transfer-Encoding: 7bit\r\n" BASE64, clean(f, 99, 76), span_of(f->payload, 99));
}

static void
check_quoted(struct fixture *f, const char *body, const char *expected)
{
	check_reading(f, QUOTED, span_str(body), span_str(expected));
	assert_false(f->message->over_limit);
}

static void
test_t39_escapes(void **state)
{
	struct fixture *f = *state;

	check_quoted(f, "=4d=5A=4D=5a", "MZMZ");
	check_quoted(f, "=4d=5A", "=4dZ");
	check_quoted(f, "M=X=5A", "M=XZ");
	check_quoted(f, "M=X=5A", "MXZ");
	check_quoted(f, "M=XY=5A", "MZ");
	check_quoted(f, "M=XY=5A", "M");
	check_quoted(f, "M=0", "M=0");
	check_quoted(f, "==4D", "=M");
	check_quoted(f, "==4D", "M");
	check_quoted(f, "==4D", "=4D");
	check_quoted(f, "= =4D", "= M");
	check_quoted(f, "= =4D", " M");
	check_quoted(f, "=XX=4D", "=XXM");
	check_quoted(f, "=XX=4D", "M");
	check_quoted(f, "M=0=5A", "M=0=5A");
}

/* Of many texts some stay as they were decoded in parsing; it makes no difference. */
static void
test_texts_that_stay_decoded(void **state)
{
	enum { TEXTS = 40, FILLER = 5000 };
	struct fixture *f = *state;
	struct mime_message *m;
	struct buf body = { 0 };
	size_t n = 0, kept = 0;
	char filler[FILLER + 1], expected[FILLER + 16];

	memset(filler, 'x', FILLER);
	filler[FILLER] = '\0';
	for (size_t i = 0; i < TEXTS; i++)
		buf_printf(&body, "--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
				  "%s%zu=3D=\r\n=XY\r\n", filler, i);
	buf_add_str(&body, "--b--\r\n");
	m = parse(f, "Content-Type: multipart/mixed; boundary=b\r\n", buf_span(&body));
	for (const struct mime_part *part = m->first_leaf; part != NULL; part = part->next_leaf, n++) {
		snprintf(expected, sizeof(expected), "%s%zu==XY", filler, n);
		assert_true(has_reading(f, part, span_str(expected)));
		assert_true(f->readings > 1); /* of what is malformed */
		assert_true(has_reading(f, part, span_first(span_str(expected), strlen(expected) - 3)));
		kept += part->decoded != NULL;
	}
	assert_int_equal(n, TEXTS);
	assert_in_range(kept, 1, TEXTS - 1);
	assert_true(has_defect(f, "quoted-printable-malformed"));
	buf_free(&body);
}

/* What an octet over 127 is as a digit nobody knows. */
static void
test_t39_digits_by_chance(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = { "=\351DZ", "=4\xe9Z", "=\xe9\xe9Z" }, *const good[] = { "=\xe9Z", "=XY", "=4X", "=\xe9" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		check_quoted(f, bad[i], bad[i]);
		assert_true(has_defect(f, "quoted-printable-undefined"));
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		check_quoted(f, good[i], good[i]);
		assert_false(has_defect(f, "quoted-printable-undefined"));
	}
}

static void
test_t40_soft_breaks(void **state)
{
	struct fixture *f = *state;

	check_quoted(f, "M= \t\r\nZ\r\n", "MZ\r\n");
	check_quoted(f, "M= \t\r\nZ\r\n", "M= \t\r\nZ\r\n");
	check_quoted(f, "M=\rZ", "MZ");
	check_quoted(f, "M=\nZ\r\n", "MZ\r\n");
	check_quoted(f, "M=\nZ\r\n", "M=\nZ\r\n");
	check_quoted(f, "M=\r\r\nZ", "MZ");
	check_quoted(f, "M=\r and so on\r\nZ", "MZ");
	check_quoted(f, "M=\n\rZ\r\n", "MZ\r\n");
	check_reading(f, QUOTED, SPAN_LITERAL("M=\0\r\nZ"), SPAN_LITERAL("MZ"));
	check_quoted(f, "=4\r\nD=5\r\nA", "MZ");
	check_quoted(f, "=4=\r\nD=5A", "MZ");
	check_quoted(f, "=4= \t\r\nD=5A", "MZ");
	check_quoted(f, "=\r\n4D=5A", "4DZ");
	check_quoted(f, "=\r\n4D=5A", "4DZ");
	check_quoted(f, "M=", "M");
}

static void
test_t41_raw_bytes(void **state)
{
	struct fixture *f = *state;
	struct buf body = { 0 };

	check_quoted(f, "M\xffZ\x01\xc3\xa9", "M\xffZ\x01\xc3\xa9");
	check_quoted(f, "a \t\r\nb  ", "a\r\nb");
	check_quoted(f, "a \t\r\nb  ", "a \t\r\nb  ");
	for (size_t i = 0; i < 2000; i++)
		buf_add_str(&body, "=4D");
	parse(f, QUOTED, buf_span(&body));
	assert_false(has_reading(f, f->message->first_leaf, SPAN_NONE));
	assert_int_equal(f->readings, 1);
	buf_free(&body);
}

static void
test_t46_looks_encoded(void **state)
{
	struct fixture *f = *state;
	static const char uu[] = "M32+,>'ET<&YM:F9D8&!>7%I:6E9645!04%!04%!04%!04%!04%!04%!04%!0\n`\n";

	check_reading(f, ATTACHED, clean(f, 100, 76), span_of(f->payload, 100));
	check_reading(f, ATTACHED "Content-Transfer-Encoding: x-unheard-of\r\n", clean(f, 100, 76),
	    span_of(f->payload, 100));
	parse(f, ATTACHED, span_str(uu));
	has_reading(f, f->message->first_leaf, SPAN_NONE);
	assert_int_equal(f->readings, 2);
	parse(f, "Content-Type: text/plain\r\n", clean(f, 100, 76)); /* a text is what it says */
	has_reading(f, f->message->first_leaf, SPAN_NONE);
	assert_int_equal(f->readings, 1);
}

/* Lines that only some programs take for data. */
static void
test_t42_odd_lines(void **state)
{
	struct fixture *f = *state;
	const char *fields = ATTACHED "Content-Transfer-Encoding: x-uuencode\r\n";

	check_reading(f, fields, SPAN_LITERAL("begin 644 x\r\n#abcd\r\n#0V%T\r\n`\r\nend\r\n"), SPAN_LITERAL("Cat"));
	check_reading(f, fields, SPAN_LITERAL("begin 644 x\r\n&0V%T\r\n#0V%T\r\n`\r\nend\r\n"), SPAN_LITERAL("Cat"));
	check_reading(f, fields, SPAN_LITERAL("begin 644 x\r\n#0V%T12\r\n#0V%T\r\n`\r\nend\r\n"), SPAN_LITERAL("Cat"));
	check_reading(f, fields, SPAN_LITERAL("begin 644 x\r\n#0V%T\r\n`\r\nend\r\n"), SPAN_LITERAL("Cat"));
	assert_int_equal(f->readings, 1);
}

/* Whatever bytes there are, readings and what they come to are bounded. */
static void
test_bounded(void **state)
{
	static const char alphabet[] = "AAAAAAAAAAAAQUJD====--__ \t\r\n\r\n\v#.";
	static const char *const fields[] = { BASE64, QUOTED, BASE64 QUOTED, ATTACHED,
		ATTACHED "Content-Transfer-Encoding: x-uuencode\r\n" };
	struct fixture *f = *state;

	srand(2);
	for (size_t round = 0; round < 2000; round++) {
		char body[256];
		size_t len = (size_t)rand() % sizeof(body);

		for (size_t i = 0; i < len; i++)
			body[i] = alphabet[(size_t)rand() % (sizeof(alphabet) - 1)];
		parse(f, fields[round % 5], span_of(body, len));
		has_reading(f, f->message->first_leaf, SPAN_NONE);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_well_formed_has_one),
		TEST(test_t33_junk),
		TEST(test_t33_stop_at_junk),
		TEST(test_t33_lines_of_junk),
		TEST(test_t34_padding),
		TEST(test_t34_missing_pads),
		TEST(test_t34_padding_as_digit),
		TEST(test_t35_after_padding),
		TEST(test_t35_footer),
		TEST(test_t36_line_lengths),
		TEST(test_t37_junk_before),
		TEST(test_t38_cut),
		TEST(test_t38_url_safe),
		TEST(test_base64_combined),
		TEST(test_base64_over_limit),
		TEST(test_not_base64_at_all),
		TEST(test_t39_escapes),
		TEST(test_texts_that_stay_decoded),
		TEST(test_t39_digits_by_chance),
		TEST(test_t40_soft_breaks),
		TEST(test_t41_raw_bytes),
		TEST(test_t42_odd_lines),
		TEST(test_t46_looks_encoded),
		TEST(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
