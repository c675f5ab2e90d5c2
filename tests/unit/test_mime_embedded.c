/* Files in texts: each is found, named and decoded, wherever the text is
 * encoded; what only looks like one is not. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/codec.h"
#include "mime/decode.h"
#include "mime/embedded.h"

enum { PAYLOAD_LEN = 300 };

static const struct mime_limits limits = { .parts = 100, .depth = 10, .headers = 100 };

struct fixture {
	struct arena *arena;
	struct scratch *scratch;
	struct buf text, message, file; /* of a text, all that is sent, one file */
	char payload[PAYLOAD_LEN];
	struct mime_message *m;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->arena = arena_new(0);
	f->scratch = scratch_new(-1);
	for (size_t i = 0; i < PAYLOAD_LEN; i++) /* each byte there is, and runs */
		f->payload[i] = (char)(i < 256 ? i : 0x90 + (i > 280));
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	buf_free(&f->text);
	buf_free(&f->message);
	buf_free(&f->file);
	scratch_free(&f->scratch);
	arena_free(&f->arena);
	free(f);
	return 0;
}

static void
yenc_encode(struct buf *out, struct span in, bool stuff)
{
	bool line_begins = true;

	for (size_t i = 0; i < in.len; i++) {
		unsigned char c = (unsigned char)((unsigned char)in.data[i] + 42);
		bool critical = c == '\0' || c == '\n' || c == '\r' || c == '=';

		if (critical)
			buf_add_byte(out, '=');
		if (line_begins && stuff && c == '.')
			buf_add_byte(out, '.');
		buf_add_byte(out, (char)(critical ? c + 64 : c));
		line_begins = i % 128 == 127;
		if (line_begins)
			buf_add_str(out, "\r\n");
	}
	buf_add_str(out, "\r\n");
}

static void
add_yenc(struct fixture *f, const char *name)
{
	buf_printf(&f->text, "=ybegin line=128 size=%d name=%s\r\n", PAYLOAD_LEN, name);
	yenc_encode(&f->text, span_of(f->payload, PAYLOAD_LEN), false);
	buf_printf(&f->text, "=yend size=%d\r\n", PAYLOAD_LEN);
}

static void
add_uuencoded(struct fixture *f, const char *name)
{
	struct span rest = span_of(f->payload, PAYLOAD_LEN);

	buf_printf(&f->text, "begin 644 %s\r\n", name);
	while (rest.len > 0) {
		struct span line = span_first(rest, 45);

		buf_add_byte(&f->text, (char)(' ' + line.len));
		for (size_t i = 0; i < line.len; i += 3) {
			uint32_t v = 0;

			for (size_t j = i; j < i + 3; j++)
				v = v << 8 | (j < line.len ? (unsigned char)line.data[j] : 0);
			for (unsigned shift = 24; shift > 0; shift -= 6)
				buf_add_byte(&f->text, (char)((v >> (shift - 6) & 63) == 0 ? '`' : ' ' + (v >> (shift - 6) & 63)));
		}
		buf_add_str(&f->text, "\r\n");
		rest = span_from(rest, 45);
	}
	buf_add_str(&f->text, "`\r\nend\r\n");
}

static void
add_number(struct buf *out, size_t n)
{
	for (unsigned shift = 32; shift > 0; shift -= 8)
		buf_add_byte(out, (char)(n >> (shift - 8)));
}

/* The stream with runs, six bits a character. */
static void
binhex_print(struct buf *out, struct span stream)
{
	static const char alphabet[] = "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
	struct buf runs = { 0 };
	uint32_t bits = 0;
	unsigned count = 0;
	size_t column = 1;

	for (size_t i = 0, n; i < stream.len; i += n) {
		for (n = 1; i + n < stream.len && n < 255 && stream.data[i + n] == stream.data[i]; n++)
			;
		buf_add_byte(&runs, stream.data[i]);
		if ((unsigned char)stream.data[i] == 0x90)
			buf_add_byte(&runs, 0);
		if (n > 3) {
			buf_add_byte(&runs, (char)0x90);
			buf_add_byte(&runs, (char)n);
		} else {
			n = 1;
		}
	}
	buf_add_byte(&runs, 0); /* so that the last bits come out; they are no whole byte */
	buf_add_byte(out, ':');
	for (size_t i = 0; i < runs.len; i++) {
		bits = bits << 8 | (unsigned char)buf_span(&runs).data[i];
		for (count += 8; count >= 6 && (i + 1 < runs.len || count >= 8); count -= 6) {
			buf_add_byte(out, alphabet[bits >> (count - 6) & 63]);
			if (++column % 64 == 0)
				buf_add_str(out, "\r\n");
		}
	}
	buf_add_str(out, ":\r\n");
	buf_free(&runs);
}

static void
add_binhex(struct fixture *f, const char *name, struct span data, struct span resource)
{
	struct buf stream = { 0 };

	buf_add_byte(&stream, (char)strlen(name));
	buf_add_str(&stream, name);
	buf_add(&stream, "\0APPLgate\0\0", 11);
	add_number(&stream, data.len);
	add_number(&stream, resource.len);
	buf_add(&stream, "\x11\x11", 2);
	buf_add_span(&stream, data);
	buf_add(&stream, "\x22\x22", 2);
	buf_add_span(&stream, resource);
	buf_add(&stream, "\x33\x33", 2);
	buf_add_str(&f->text, "(This file must be converted with BinHex 4.0)\r\n\r\n");
	binhex_print(&f->text, buf_span(&stream));
	buf_free(&stream);
}

static void
add_begin_base64(struct fixture *f, const char *name)
{
	buf_printf(&f->text, "begin-base64 644 %s\n", name);
	base64_encode(&f->text, span_of(f->payload, PAYLOAD_LEN), 60);
	buf_add_str(&f->text, "\n====\n");
}

static void
parse(struct fixture *f, const char *fields)
{
	buf_printf(&f->message, "MIME-Version: 1.0\r\n%s\r\n", fields);
	buf_add_span(&f->message, buf_span(&f->text));
	f->m = mime_parse(f->arena, buf_span(&f->message), &limits);
}

static void
check_part(struct fixture *f, const struct mime_part *part, const char *section, const char *name, struct span content)
{
	assert_non_null(part);
	assert_string_equal(part->section, section);
	assert_non_null(part->names);
	assert_true(span_is(part->names->name, name));
	assert_true(span_eq(mime_decode_body(f->m, part, part->encodings->encoding, f->scratch), content));
	assert_null(part->found->first);
}

static struct span
payload(struct fixture *f)
{
	return span_of(f->payload, PAYLOAD_LEN);
}

static void
add_all(struct fixture *f)
{
	buf_add_str(&f->text, "Dear reader,\r\n\r\n");
	add_uuencoded(f, "a.exe");
	add_yenc(f, "b c.exe");
	buf_add_str(&f->text, "between\r\n");
	add_binhex(f, "d.exe", payload(f), SPAN_LITERAL("resource"));
	add_begin_base64(f, "e.exe");
	add_yenc(f, "f.exe");
	buf_add_str(&f->text, "after\r\n");
}

static void
check_all(struct fixture *f, bool detached)
{
	static const char *const sections[] = { "1!uu1", "1!yenc1", "1!hqx1", "1!uu2", "1!yenc2" };
	static const char *const names[] = { "a.exe", "b c.exe", "d.exe", "e.exe", "f.exe" };
	const struct mime_part *part = f->m->first_leaf;

	assert_int_equal(f->m->part_count, 6);
	part = part->next_leaf;
	for (size_t i = 0; i < 5; i++, part = part->next_leaf) {
		check_part(f, part, sections[i], names[i], payload(f));
		assert_int_equal(part->detached, detached);
		assert_ptr_equal(part->parent, f->m->root);
	}
	assert_null(part);
}

static void
test_in_plain_text(void **state)
{
	struct fixture *f = *state;

	add_all(f);
	parse(f, "Content-Type: text/plain\r\n");
	check_all(f, false);
}

static void
test_in_attachment(void **state)
{
	struct fixture *f = *state;

	add_all(f);
	parse(f, "Content-Type: application/octet-stream\r\n");
	check_all(f, false);
}

static void
test_in_base64_text(void **state)
{
	struct fixture *f = *state;
	struct buf encoded = { 0 };

	add_all(f);
	base64_encode(&encoded, buf_span(&f->text), 76);
	buf_clear(&f->text);
	buf_add_span(&f->text, buf_span(&encoded));
	buf_free(&encoded);
	parse(f, "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n");
	check_all(f, true);
}

static void
test_in_quoted_printable_text(void **state)
{
	struct fixture *f = *state;
	struct buf encoded = { 0 };

	add_all(f);
	for (size_t i = 0; i < f->text.len; i++) {
		unsigned char c = (unsigned char)buf_span(&f->text).data[i];

		if (c == '\n')
			buf_add_str(&encoded, "=0A=\n");
		else
			buf_printf(&encoded, "=%02X", c);
	}
	buf_clear(&f->text);
	buf_add_span(&f->text, buf_span(&encoded));
	buf_free(&encoded);
	parse(f, "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n");
	check_all(f, true);
}

/* T42-T45: the part itself is the file. */
static void
test_t43_encoding_yenc(void **state)
{
	struct fixture *f = *state;

	add_yenc(f, "x.exe");
	parse(f, "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: x-yenc\r\n");
	assert_int_equal(f->m->part_count, 1);
	check_part(f, f->m->root, "1", "x.exe", payload(f));
}

static void
test_t44_encoding_binhex(void **state)
{
	struct fixture *f = *state;

	add_binhex(f, "x.exe", payload(f), SPAN_NONE);
	parse(f, "Content-Type: application/mac-binhex40\r\nContent-Transfer-Encoding: binhex\r\n");
	assert_int_equal(f->m->part_count, 1);
	check_part(f, f->m->root, "1", "x.exe", payload(f));
}

static void
check_first_content(struct fixture *f, const char *fields, struct span expected)
{
	parse(f, fields);
	assert_true(span_eq(mime_decode_body(f->m, f->m->first_leaf, f->m->first_leaf->encodings->encoding, f->scratch),
	    expected));
}

static void
test_t42_uuencode_without_begin(void **state)
{
	struct fixture *f = *state;
	struct span lines;

	add_uuencoded(f, "x");
	lines = buf_span(&f->text);
	buf_consume(&f->text, span_find_byte(lines, '\n') + 1);
	f->text.len -= strlen("end\r\n");
	check_first_content(f, "Content-Transfer-Encoding: x-uue\r\n", payload(f));
}

static void
test_t45_gzip64(void **state)
{
	struct fixture *f = *state;

	base64_encode(&f->text, payload(f), 76);
	check_first_content(f, "Content-Transfer-Encoding: x-gzip64\r\n", payload(f));
}

static bool
has_reading(struct fixture *f, const struct mime_part *part, struct span expected)
{
	struct mime_bodies b;

	mime_bodies_begin(&b, f->m, part, f->scratch);
	while (mime_bodies_next(&b))
		if (span_eq(b.content, expected))
			return true;
	return false;
}

/* Without the line that says what it is, for the type does. */
static void
test_t44_no_introduction(void **state)
{
	struct fixture *f = *state;

	add_binhex(f, "x.exe", payload(f), SPAN_NONE);
	buf_consume(&f->text, span_find_byte(buf_span(&f->text), ':'));
	parse(f, "Content-Type: application/mac-binhex40\r\n");
	assert_true(has_reading(f, f->m->root, payload(f)));
}

static void
test_t44_in_base64(void **state)
{
	struct fixture *f = *state;
	struct buf encoded = { 0 };

	add_binhex(f, "x.exe", payload(f), SPAN_NONE);
	base64_encode(&encoded, buf_span(&f->text), 76);
	buf_clear(&f->text);
	buf_add_span(&f->text, buf_span(&encoded));
	buf_free(&encoded);
	parse(f, "Content-Type: application/octet-stream; name=a.HQX\r\nContent-Transfer-Encoding: base64\r\n");
	assert_int_equal(f->m->part_count, 2);
	check_part(f, f->m->first_leaf->next_leaf, "1!hqx1", "x.exe", payload(f));
}

static void
test_yenc_dot_stuffed(void **state)
{
	struct fixture *f = *state;

	f->payload[0] = f->payload[128] = '.' - 42;
	buf_add_str(&f->text, "=ybegin line=128 size=300 name=x\r\n=ypart begin=1 end=300\r\n");
	yenc_encode(&f->text, payload(f), true);
	buf_add_str(&f->text, "=yend size=300 pcrc32=00000000\r\n");
	parse(f, "Content-Type: text/plain\r\n");
	assert_string_equal(f->m->first_leaf->next_leaf->section, "1!yenc1");
	assert_true(has_reading(f, f->m->first_leaf->next_leaf, payload(f)));
}

static void
test_binhex_forks(void **state)
{
	struct fixture *f = *state;
	const struct mime_part *part;

	add_binhex(f, "x", SPAN_LITERAL("harmless"), payload(f));
	parse(f, "Content-Type: text/plain\r\n");
	part = f->m->first_leaf->next_leaf;
	assert_true(has_reading(f, part, SPAN_LITERAL("harmless")));
	assert_true(has_reading(f, part, payload(f)));
	assert_false(f->m->over_limit);
}

/* A run may make little text long: it is read so far, and that is said. */
static void
test_binhex_runs_are_bounded(void **state)
{
	struct fixture *f = *state;
	static char zeros[100000];
	const struct mime_part *part;

	add_binhex(f, "x", span_of(zeros, sizeof(zeros)), SPAN_NONE);
	parse(f, "Content-Type: text/plain\r\n");
	part = f->m->first_leaf->next_leaf;
	assert_in_range(mime_decode_body(f->m, part, ENCODING_BINHEX, f->scratch).len, 1,
	    part->body.len * BINHEX_RATIO_MAX);
	assert_true(f->m->over_limit);
}

static void
test_unfinished(void **state)
{
	struct fixture *f = *state;
	const struct mime_part *part;

	buf_add_str(&f->text, "begin 644 a\n#0V%T\n");
	add_yenc(f, "b");
	f->text.len -= strlen("=yend size=300\r\n");
	add_binhex(f, "c", payload(f), SPAN_NONE);
	parse(f, "Content-Type: text/plain\r\n");
	assert_int_equal(f->m->part_count, 3); /* what is no yEnc line ends it not: all bytes are data */
	part = f->m->first_leaf->next_leaf;
	assert_string_equal(part->section, "1!uu1");
	assert_string_equal(part->found->first->name, "uuencode-unfinished");
	assert_true(span_is(mime_decode_body(f->m, part, ENCODING_UUENCODE, f->scratch), "Cat"));
	part = part->next_leaf;
	assert_string_equal(part->section, "1!yenc1");
	assert_string_equal(part->found->first->name, "yenc-malformed");
	assert_memory_equal(mime_decode_body(f->m, part, ENCODING_YENC, f->scratch).data, f->payload, PAYLOAD_LEN);
}

static void
test_not_files(void **state)
{
	struct fixture *f = *state;

	buf_add_str(&f->text, "I begin 644 x\n#0V%T\nbegin 644 prose\nin lower case\n =ybegin name=x\n"
			      "begin-base64 644 x\n\nwith (This file must be converted with BinHex 4.0)\n"
			      "(This file must be converted with BinHex 4.0)\nbut no colon\n");
	parse(f, "Content-Type: text/plain\r\n");
	assert_int_equal(f->m->part_count, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_in_plain_text),
		TEST(test_in_attachment),
		TEST(test_in_base64_text),
		TEST(test_in_quoted_printable_text),
		TEST(test_t42_uuencode_without_begin),
		TEST(test_t43_encoding_yenc),
		TEST(test_t44_encoding_binhex),
		TEST(test_t45_gzip64),
		TEST(test_t44_no_introduction),
		TEST(test_t44_in_base64),
		TEST(test_yenc_dot_stuffed),
		TEST(test_binhex_forks),
		TEST(test_binhex_runs_are_bounded),
		TEST(test_unfinished),
		TEST(test_not_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
