/* The view of a message by IMAP, made and sent between processes. */
#include "config.h"

#include "mime/address.h"
#include "scan/imap_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct mime_limits limits = { .parts = 20, .depth = 9, .headers = 100 };

static void
assert_same(struct span a, struct span b)
{
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
}

static void
test_round_trip(void **state)
{
	const struct span message = SPAN_LITERAL("Subject: a\r\n\r\ntext\r\n");
	struct arena *a = arena_new(0);
	struct buf encoded = { 0 };
	struct scan_imap made, decoded;
	struct imap_range range;
	struct span in;

	(void)state;
	scan_imap_view(a, message, &limits, &made);
	assert_int_equal(made.octets, message.len);
	assert_false(made.too_large);
	scan_imap_encode(&encoded, &made);
	buf_add_str(&encoded, "rest");
	in = buf_span(&encoded);
	assert_true(scan_imap_decode(a, &in, &decoded));
	assert_same(in, SPAN_LITERAL("rest"));
	assert_int_equal(decoded.octets, message.len);
	assert_same(decoded.envelope, SPAN_LITERAL("(NIL \"a\" NIL NIL NIL NIL NIL NIL NIL NIL)"));
	assert_same(decoded.body, made.body);
	assert_same(decoded.bodystructure, made.bodystructure);
	assert_true(decoded.body.len < decoded.bodystructure.len);
	assert_true(imap_section_find(decoded.sections, SPAN_LITERAL("1"), IMAP_SECTION_WHOLE, &range));
	assert_int_equal(range.at, 14);
	assert_int_equal(range.len, 6);
	buf_free(&encoded);
	arena_free(&a);
}

/* Cut anywhere it is refused. */
static void
test_cut(void **state)
{
	struct arena *a = arena_new(0);
	struct buf encoded = { 0 };
	struct scan_imap v;

	(void)state;
	scan_imap_view(a, SPAN_LITERAL("\r\ntext"), &limits, &v);
	scan_imap_encode(&encoded, &v);
	for (size_t len = 0; len < encoded.len; len++) {
		struct span in = span_first(buf_span(&encoded), len);

		assert_false(scan_imap_decode(a, &in, &v));
	}
	buf_free(&encoded);
	arena_free(&a);
}

/* Each of the texts can be what is too large. */
static void
test_too_large(void **state)
{
	static const char *const fields[] = { "Subject", "Content-Description" };

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct arena *a = arena_new(0);
		struct buf message = { 0 }, encoded = { 0 };
		struct scan_imap v;
		struct span in;

		buf_printf(&message, "%s: ", fields[i]);
		for (size_t n = 0; n < SCAN_STRUCTURE_MAX; n++)
			buf_add_byte(&message, 'a');
		buf_add_str(&message, "\r\n\r\ntext");
		scan_imap_view(a, buf_span(&message), &limits, &v);
		assert_true(v.too_large);
		scan_imap_encode(&encoded, &v);
		in = buf_span(&encoded);
		assert_true(scan_imap_decode(a, &in, &v));
		assert_true(v.too_large);
		assert_int_equal(v.octets, message.len);
		assert_int_equal(v.envelope.len + v.body.len + v.bodystructure.len, 0);
		assert_null(v.sections);
		buf_free(&message);
		buf_free(&encoded);
		arena_free(&a);
	}
}

/* More addresses than are read make no envelope that is short. */
static void
test_many_addresses(void **state)
{
	struct arena *a = arena_new(0);
	struct buf message = { 0 };
	struct scan_imap v;

	(void)state;
	buf_add_str(&message, "To: ");
	for (size_t i = 0; i < ADDRESSES_MAX; i++)
		buf_add_str(&message, "a@,");
	buf_add_str(&message, "\r\n\r\n");
	scan_imap_view(a, buf_span(&message), &limits, &v);
	assert_true(v.too_large);
	buf_free(&message);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_many_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
