/* The tree and what is promised of it: spans, lists, limits, linear time; and
 * headers, surveys and bodies as they come with a message. The trees of whole
 * messages are in tests/golden/mime. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buf.h"
#include "mime/decode.h"

static const struct mime_limits limits = { .parts = 1000, .depth = 20, .headers = 1000 };
static struct arena *arena;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static bool
has_defect(const struct mime_message *m, const char *name)
{
	for (const struct mime_defect *d = m->defects; d != NULL; d = d->next)
		if (strcmp(d->name, name) == 0)
			return true;
	return false;
}

static struct mime_message *
parse(const char *text)
{
	return mime_parse(arena, span_str(text), &limits);
}

static void
test_spans(void **state)
{
	struct mime_message *m = parse("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npre\r\n--b\r\n"
	    "X: 1\r\n\r\nbody\r\n\r\n--b\r\n\r\nlast\r\n--b--\r\nepi\r\n");
	const struct mime_part *first = m->root->first_child;

	(void)state;
	assert_true(span_eq(m->root->whole, m->raw));
	assert_true(span_is(m->root->preamble, "pre"));
	assert_true(span_is(m->root->epilogue, "epi\r\n"));
	assert_true(span_is(first->whole, "X: 1\r\n\r\nbody\r\n"));
	assert_true(span_is(first->head, "X: 1\r\n\r\n"));
	assert_true(span_is(first->body, "body\r\n"));
	assert_true(span_is(first->next->whole, "\r\nlast"));
	assert_ptr_equal(m->first_leaf, first);
	assert_ptr_equal(first->next_leaf, first->next);
	assert_null(first->next->next_leaf);
	assert_null(first->next->next);
	assert_int_equal(m->part_count, 3);
	assert_int_equal(m->defect_count, 0);
}

static void
test_headers(void **state)
{
	struct mime_message *m = parse("Subject: =?utf-8?Q?gr=C3=BCn?=\r\n und\r\n\tblau \r\nX-Two: 1\r\nx-two:2\r\n\r\n");
	const struct mime_header *h = mime_header_find(m->root, SPAN_LITERAL("subject"), NULL);

	(void)state;
	assert_int_equal(m->root->header_count, 3);
	assert_non_null(h);
	assert_true(span_is(h->raw, "Subject: =?utf-8?Q?gr=C3=BCn?=\r\n und\r\n\tblau \r\n"));
	assert_true(span_is(h->name, "Subject"));
	assert_true(span_is(h->value, " =?utf-8?Q?gr=C3=BCn?=\r\n und\r\n\tblau "));
	assert_true(span_is(mime_header_unfolded(arena, h), "=?utf-8?Q?gr=C3=BCn?= und\tblau"));
	assert_true(span_is(mime_header_text(arena, h), "grün und\tblau"));
	h = mime_header_find(m->root, SPAN_LITERAL("X-TWO"), NULL);
	assert_true(span_is(mime_header_text(arena, h), "1"));
	h = mime_header_find(m->root, SPAN_LITERAL("X-TWO"), h);
	assert_true(span_is(mime_header_text(arena, h), "2"));
	assert_null(mime_header_find(m->root, SPAN_LITERAL("X-TWO"), h));
	assert_null(mime_header_find(m->root, SPAN_LITERAL("X-Three"), NULL));
}

static void
test_content(void **state)
{
	struct mime_message *m = parse("Content-Type: Text/HTML; Charset=UTF-8; name=a.htm\n"
	    "Content-Disposition: ATTACHMENT\n\n");
	const struct mime_param *charset = mime_param_find(m->root->types, "charset");

	(void)state;
	assert_string_equal(m->root->types->type, "text/html");
	assert_non_null(charset);
	assert_true(span_is(charset->value, "UTF-8"));
	assert_string_equal(m->root->charset, "utf-8");
	assert_string_equal(m->root->disposition, "attachment");
	assert_true(span_is(m->root->names->name, "a.htm"));
	assert_null(mime_param_find(m->root->types, "boundary"));
	m = parse("\n");
	assert_string_equal(m->root->types->type, "text/plain");
	assert_int_equal(m->root->encodings->encoding, ENCODING_IDENTITY);
	assert_null(m->root->charset);
	assert_null(m->root->disposition);
	assert_null(m->root->names);
}

static void
test_defect_table(void **state)
{
	(void)state;
	for (size_t i = 0; mime_defect_kinds[i].name != NULL; i++) {
		const char *name = mime_defect_kinds[i].name;

		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(name));
		assert_non_null(mime_defect_kinds[i].about);
		if (i > 0)
			assert_string_not_equal(name, mime_defect_kinds[i - 1].name);
	}
}

static void
test_defects_are_added_once(void **state)
{
	struct mime_message *m = parse("\n");

	(void)state;
	mime_add_defect(m, m->root, "of-a-test", true);
	mime_add_defect(m, NULL, "of-a-test", true);
	mime_add_defect(m, m->root, "of-a-test-too", false);
	assert_int_equal(m->defect_count, 2);
	assert_string_equal(m->defects->name, "of-a-test");
	assert_string_equal(m->defects->section, "1");
	assert_true(m->defects->hides);
	assert_string_equal(m->defects->next->name, "of-a-test-too");
	assert_null(m->defects->next->next);
}

static void
test_survey(void **state)
{
	struct buf text = { 0 };

	(void)state;
	assert_false(has_defect(parse("A: 1\n\nx\ny\n"), "mixed-line-ends"));
	assert_true(has_defect(parse("A: 1\r\n\r\nx\ny\r\n"), "mixed-line-ends"));
	assert_true(has_defect(parse("A: 1\r\n\r\nx\ry\r\n"), "bare-cr"));
	assert_true(has_defect(parse("A: 1\r\n\r\nx\r"), "bare-cr"));
	assert_false(has_defect(parse("A: 1\r\n\r\nx\r-y\r\n"), "bare-cr-before-dashes"));
	assert_true(has_defect(parse("A: 1\r\n\r\nx\r--y\r\n"), "bare-cr-before-dashes"));
	for (size_t len = 990; len < 1005; len++) {
		buf_clear(&text);
		buf_add_str(&text, "A: 1\r\n\r\nfirst\r\n");
		for (size_t i = 0; i < len; i++)
			buf_add_byte(&text, 'x');
		buf_add_str(&text, "\r\nlast\r\n");
		assert_int_equal(has_defect(parse(buf_str(&text)), "line-too-long"), len > 998);
	}
	buf_free(&text);
}

static void
test_bodies(void **state)
{
	struct mime_message *m = parse("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nidentity\n--b\n"
	    "Content-Transfer-Encoding: base64\n\nSGVsbG8=\n--b\nContent-Transfer-Encoding: quoted-printable\n\na=3Db\n--b\n"
	    "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n#0V%T\n`\nend\n--b--\n");
	static const char *const expected[] = { "identity", "Hello", "a=b", "Cat" };
	struct scratch *scratch = scratch_new(-1);
	size_t i = 0;

	(void)state;
	assert_non_null(scratch);
	for (const struct mime_part *part = m->first_leaf; part != NULL; part = part->next_leaf, i++)
		assert_true(span_is(mime_decode_body(m, part, part->encodings->encoding, scratch), expected[i]));
	assert_int_equal(i, 4);
	assert_ptr_equal(mime_decode_body(m, m->first_leaf, ENCODING_UNKNOWN, scratch).data, m->first_leaf->body.data);
	assert_false(has_defect(m, "base64-malformed"));
	mime_decode_body(m, m->first_leaf, ENCODING_BASE64, scratch);
	assert_false(has_defect(m, "base64-malformed"));
	mime_decode_body(m, m->first_leaf->next_leaf->next_leaf, ENCODING_BASE64, scratch);
	assert_true(has_defect(m, "base64-after-padding"));
	scratch_free(&scratch);
	assert_null(scratch);
}

static void
test_scratch(void **state)
{
	static const size_t sizes[] = { 0, 1, 65536, 65537, 1 << 20, (1 << 20) + 1, 5 << 20, 100, 3 << 20 };
	struct scratch *scratch = scratch_new(-1);

	(void)state;
	assert_non_null(scratch);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *room = scratch_room(scratch, sizes[i]);

		assert_non_null(room);
		memset(room, 'x', sizes[i]);
	}
	assert_null(scratch_room(scratch, SIZE_MAX));
	assert_non_null(scratch_room(scratch, 10));
	scratch_free(&scratch);
	scratch_free(&scratch);
}

static void
add_nested(struct buf *text, size_t depth)
{
	for (size_t i = 0; i < depth; i++)
		buf_printf(text, "Content-Type: multipart/mixed; boundary=b%zu\r\n\r\n--b%zu\r\n", i, i);
	buf_add_str(text, "\r\ninnermost\r\n");
	for (size_t i = depth; i > 0; i--)
		buf_printf(text, "--b%zu--\r\n", i - 1);
}

static unsigned
deepest(const struct mime_part *part)
{
	unsigned most = part->depth;

	for (const struct mime_part *child = part->first_child; child != NULL; child = child->next)
		if (deepest(child) > most)
			most = deepest(child);
	return most;
}

/* R03. */
static void
test_depth_limit(void **state)
{
	struct buf text = { 0 };
	struct mime_message *m;

	(void)state;
	add_nested(&text, limits.depth);
	m = mime_parse(arena, buf_span(&text), &limits);
	assert_int_equal(deepest(m->root), limits.depth);
	assert_false(m->over_limit);
	buf_clear(&text);
	add_nested(&text, 10000);
	m = mime_parse(arena, buf_span(&text), &limits);
	assert_int_equal(deepest(m->root), limits.depth);
	assert_true(m->over_limit);
	assert_true(has_defect(m, "limit-depth"));
	buf_clear(&text);
	for (size_t i = 0; i < 10000; i++)
		buf_add_str(&text, "Content-Type: message/rfc822\r\n\r\n");
	m = mime_parse(arena, buf_span(&text), &limits);
	assert_int_equal(deepest(m->root), limits.depth);
	assert_true(m->over_limit);
	buf_free(&text);
}

/* R02: a million. */
static void
test_parts_limit(void **state)
{
	struct buf text = { 0 };
	struct mime_message *m;

	(void)state;
	buf_add_str(&text, "Content-Type: multipart/mixed; boundary=b\n\n");
	for (size_t i = 0; i < 1000000; i++)
		buf_add_str(&text, "--b\n");
	m = mime_parse(arena, buf_span(&text), &limits);
	assert_int_equal(m->part_count, limits.parts);
	assert_true(m->over_limit);
	assert_true(has_defect(m, "limit-parts"));
	assert_false(has_defect(m, "missing-final-boundary"));
	buf_clear(&text);
	buf_add_str(&text, "\n");
	for (size_t i = 0; i < 2000; i++)
		buf_add_str(&text, "begin 644 x\n`\nend\n");
	m = mime_parse(arena, buf_span(&text), &limits);
	assert_int_equal(m->part_count, limits.parts);
	assert_true(has_defect(m, "limit-parts"));
	buf_free(&text);
}

/* R04. */
static void
test_headers_limit(void **state)
{
	struct buf text = { 0 };
	struct mime_message *m;

	(void)state;
	for (size_t i = 0; i < 100000; i++)
		buf_printf(&text, "Content-Type: text/x%zu\n", i);
	buf_add_str(&text, "\nbody");
	m = mime_parse(arena, buf_span(&text), &limits);
	assert_int_equal(m->root->header_count, limits.headers);
	assert_true(m->over_limit);
	assert_true(has_defect(m, "limit-headers"));
	assert_true(has_defect(m, "limit-readings"));
	assert_true(span_is(m->root->body, "body"));
	buf_free(&text);
}

/* Encoded messages in encoded messages, each layer as large as the next. */
static void
test_decoded_limit(void **state)
{
	struct buf text = { 0 };
	struct mime_message *m;

	(void)state;
	for (size_t i = 0; i < 15; i++)
		buf_add_str(&text, "Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\n");
	for (size_t i = 0; i < 10000; i++)
		buf_add_str(&text, "filling\n");
	m = mime_parse(arena, buf_span(&text), &limits);
	assert_true(m->over_limit);
	assert_true(has_defect(m, "limit-decoded"));
	buf_free(&text);
}

static void
check_repeated(const char *front, const char *unit, size_t times)
{
	struct buf text = { 0 };
	struct mime_message *m;

	buf_add_str(&text, front);
	for (size_t i = 0; i < times; i++)
		buf_add_str(&text, unit);
	m = mime_parse(arena, buf_span(&text), &limits);
	assert_true(m->root->whole.len <= text.len);
	assert_in_range(m->part_count, 1, limits.parts);
	for (const struct mime_header *h = m->root->headers; h != NULL; h = h->next)
		assert_true(mime_header_text(arena, h).len <= 3 * h->value.len);
	buf_free(&text);
}

/* R07: each would take minutes if anything in it were quadratic. */
static void
test_hostile_repetitions(void **state)
{
	static const struct {
		const char *front, *unit;
	} texts[] = {
		{ "Content-Type: multipart/mixed; boundary=b\n\n", "--bx\n" },
		{ "Content-Type: multipart/mixed; boundary=b\n\n", "-" },
		{ "Content-Type: multipart/mixed; boundary=b\n\n--b--\n", "--b--\n" },
		{ "Content-Type: multipart/mixed; boundary=", "b" },
		{ "Content-Type: ", "(" },
		{ "Content-Type: text/plain; a", "=\"" },
		{ "Content-Type: text/plain", ";a*0=b" },
		{ "Content-Type: text/plain", " a=b c" },
		{ "Content-Type: text/plain; a=b", " c" },
		{ "Content-Type: text/plain; name=\"", "=?a?q?" },
		{ "Subject: ", "=?" },
		{ "Subject: ", "=?utf-8?Q?" },
		{ "Subject: ", "=?utf-8?Q?a?= " },
		{ "Subject: ", "=?utf-8?B?w?==?koi8-r?Q?" },
		{ "Subject: ", " \n" },
		{ "Subject: x\n", "junk\n" },
		{ "", ":" },
		{ "\n", "begin 644 x\nM\n" },
		{ "\n", "begin 644 x\n\n" },
		{ "\n", "begin " },
		{ "Content-Transfer-Encoding: base64\n\n", "=" },
		{ "\n", "\r" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		arena_reset(arena);
		check_repeated(texts[i].front, texts[i].unit, 200000);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_defect_table),
		cmocka_unit_test(test_defects_are_added_once),
		cmocka_unit_test(test_survey),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_scratch),
		cmocka_unit_test(test_depth_limit),
		cmocka_unit_test(test_parts_limit),
		cmocka_unit_test(test_headers_limit),
		cmocka_unit_test(test_decoded_limit),
		cmocka_unit_test(test_hostile_repetitions),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
