/* Edits: random ones against a naive model that marks every octet. */
#include "config.h"

#include "rewrite/edit.h"
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

enum { SIZE = 48, EDITS = 10, ROUNDS = 20000 };

static const char untouched[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV";

static bool
write_piece(void *context, bool original, uint64_t offset, struct span bytes)
{
	buf_add(context, original ? untouched + offset : bytes.data, bytes.len);
	return true;
}

/* Octets that one edit removes together are joined; a run of joined octets is
 * one region, and the edit that comes first in it gives the replacement. */
struct model {
	bool removed[SIZE + 1], joined[SIZE + 1]; /* joined[i]: i and i - 1 */
	const struct edit *edits;
	size_t count;
};

static void
model_mark(struct model *m)
{
	for (size_t i = 0; i < m->count; i++)
		for (uint64_t at = 0; at < m->edits[i].length; at++) {
			m->removed[m->edits[i].offset + at] = true;
			if (at > 0)
				m->joined[m->edits[i].offset + at] = true;
		}
}

static void
model_inserts(const struct model *m, struct buf *out, size_t at)
{
	if (at > 0 && m->joined[at])
		return;
	for (size_t i = 0; i < m->count; i++)
		if (m->edits[i].length == 0 && m->edits[i].offset == at)
			buf_add_span(out, m->edits[i].replacement);
}

static void
model_replacement(const struct model *m, struct buf *out, size_t at)
{
	const struct edit *longest = NULL;

	for (size_t i = 0; i < m->count; i++)
		if (m->edits[i].length > 0 && m->edits[i].offset == at &&
		    (longest == NULL || m->edits[i].length > longest->length))
			longest = &m->edits[i];
	if (longest != NULL)
		buf_add_span(out, longest->replacement);
}

static void
model_write(struct model *m, struct buf *out)
{
	model_mark(m);
	for (size_t at = 0; at <= SIZE; at++) {
		model_inserts(m, out, at);
		if (at == SIZE)
			break;
		if (!m->removed[at])
			write_piece(out, true, at, span_of(NULL, 1));
		else if (!m->joined[at])
			model_replacement(m, out, at);
	}
}

static void
random_edits(struct edits *e, struct edit *copies)
{
	static const char *const replacements[] = { "", "1", "22", "(three)" };
	size_t count = (size_t)rand() % EDITS;

	for (size_t i = 0; i < count; i++) {
		uint64_t offset = (uint64_t)rand() % (SIZE + 1);
		uint64_t length = rand() % 3 == 0 ? 0 : (uint64_t)rand() % (SIZE - offset + 1);

		copies[i] = (struct edit){ offset, length, span_str(replacements[rand() % 4]), FILL_NONE, 0 };
		edits_add(e, offset, length, copies[i].replacement);
	}
}

static void
write_pushed(void *context, struct span bytes)
{
	buf_add_span(context, bytes);
}

/* The message in random cuts. */
static void
push_all(const struct edits *e, struct buf *out)
{
	struct edit_push p = { .items = e->items, .count = e->count };
	struct span rest = span_of(untouched, SIZE);

	while (rest.len > 0) {
		struct span some = span_first(rest, 1 + (size_t)rand() % 20);

		edits_push(&p, some, write_pushed, out);
		rest = span_from(rest, some.len);
	}
	edits_push_end(&p, write_pushed, out);
	assert_int_equal(p.taken, SIZE);
}

static void
test_against_model(void **state)
{
	struct arena *a = arena_new(0);

	(void)state;
	srand(1);
	for (int round = 0; round < ROUNDS; round++) {
		struct buf got = { 0 }, expected = { 0 };
		struct edit copies[EDITS];
		struct model m = { .edits = copies };
		struct edits e;

		edits_init(&e, a);
		random_edits(&e, copies);
		m.count = e.count;
		model_write(&m, &expected);
		edits_finish(&e);
		assert_true(edits_stream(e.items, e.count, SIZE, write_piece, &got));
		assert_string_equal(buf_str(&got), buf_str(&expected));
		assert_int_equal(edits_apply_size(&e, SIZE), got.len);
		buf_clear(&got);
		push_all(&e, &got);
		assert_string_equal(buf_str(&got), buf_str(&expected));
		buf_free(&got);
		buf_free(&expected);
		arena_reset(a);
	}
	arena_free(&a);
}

static void
test_order_at_one_offset(void **state)
{
	struct arena *a = arena_new(0);
	struct edits e;
	struct buf got = { 0 };

	(void)state;
	edits_init(&e, a);
	edits_add(&e, 0, 2, SPAN_LITERAL("<replaced>"));
	edits_add(&e, 0, 0, SPAN_LITERAL("1"));
	edits_add(&e, 0, 0, SPAN_LITERAL("2"));
	edits_add(&e, 2, 0, SPAN_LITERAL("3"));
	edits_add(&e, 2, SIZE - 2, SPAN_NONE);
	edits_finish(&e);
	assert_true(edits_stream(e.items, e.count, SIZE, write_piece, &got));
	assert_string_equal(buf_str(&got), "12<replaced>3");
	buf_free(&got);
	arena_free(&a);
}

static bool
refuse(void *context, bool original, uint64_t offset, struct span bytes)
{
	size_t *calls = context;

	(void)original, (void)offset, (void)bytes;
	return --*calls > 0;
}

static void
test_stream_stops(void **state)
{
	const struct edit edits[] = { { 1, 1, SPAN_LITERAL("x"), FILL_NONE, 0 }, { 4, 0, SPAN_LITERAL("y"), FILL_NONE, 0 } };

	(void)state;
	for (size_t calls = 1; calls <= 4; calls++) {
		size_t left = calls;

		assert_false(edits_stream(edits, 2, SIZE, refuse, &left));
		assert_int_equal(left, 0);
	}
}

static void
test_invalid_edits_write_nothing(void **state)
{
	const struct edit outside[] = { { SIZE, 1, SPAN_NONE, FILL_NONE, 0 } }, past[] = { { SIZE + 1, 0, SPAN_NONE, FILL_NONE, 0 } };
	const struct edit overflow[] = { { 8, UINT64_MAX, SPAN_NONE, FILL_NONE, 0 } };
	const struct edit unsorted[] = { { 8, 0, SPAN_NONE, FILL_NONE, 0 }, { 7, 0, SPAN_NONE, FILL_NONE, 0 } };
	const struct edit overlap[] = { { 4, 4, SPAN_NONE, FILL_NONE, 0 }, { 7, 2, SPAN_NONE, FILL_NONE, 0 } };
	const struct edit at_end[] = { { SIZE, 0, SPAN_LITERAL("x"), FILL_NONE, 0 } };
	struct buf got = { 0 };

	(void)state;
	assert_false(edits_stream(outside, 1, SIZE, write_piece, &got));
	assert_false(edits_stream(past, 1, SIZE, write_piece, &got));
	assert_false(edits_stream(overflow, 1, SIZE, write_piece, &got));
	assert_false(edits_stream(unsorted, 2, SIZE, write_piece, &got));
	assert_false(edits_stream(overlap, 2, SIZE, write_piece, &got));
	assert_int_equal(got.len, 0);
	assert_true(edits_stream(at_end, 1, SIZE, write_piece, &got));
	assert_int_equal(got.len, SIZE + 1);
	buf_free(&got);
}

/* What an octet of the original becomes, by the table in the header. */
static char
expected_octet(const struct edit *e, size_t at, char c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t behind = at - e->replacement.len;

	if (at < e->replacement.len)
		return e->replacement.data[at];
	if (c == '\r' || c == '\n')
		return c;
	if (e->fill == FILL_BLANK)
		return ' ';
	if (e->fill == FILL_BASE64_LINES)
		return "ICAg"[behind % e->line % 4];
	if (strchr("= \t", c) != NULL && c != '\0')
		return c;
	if (e->fill == FILL_QUOTED)
		return c != '\0' && strchr("0123456789abcdefABCDEF", c) != NULL ? '3' : '.';
	if (c == '-' || c == '_')
		return '_';
	return c != '\0' && strchr(alphabet, c) != NULL ? 'A' : '*';
}

/* Random edits in place, one behind the other. */
static size_t
random_in_place(struct edit *edits, const char *message, size_t size, char *expected)
{
	const struct span text = SPAN_LITERAL("the notice that stands here");
	size_t count = 0, at = (size_t)rand() % 10;

	memcpy(expected, message, size);
	while (at < size && count < EDITS) {
		struct edit *e = &edits[count++];
		size_t length = (size_t)rand() % 40;

		if (length > size - at)
			length = size - at;
		*e = (struct edit){ .offset = at, .length = length, .line = 1 + rand() % 9 };
		e->fill = (enum edit_fill)(rand() % (FILL_QUOTED + 1));
		e->replacement = span_first(text, (size_t)rand() % (length + 1));
		if (e->fill == FILL_NONE)
			e->length = e->replacement.len;
		for (size_t i = 0; i < e->length; i++)
			expected[at + i] = expected_octet(e, i, message[at + i]);
		at += e->length + (size_t)rand() % 10;
	}
	return count;
}

static void
test_in_place(void **state)
{
	char message[256], expected[256], got[256];
	struct edit edits[EDITS];
	struct arena *a = arena_new(0);

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct buf encoded = { 0 };
		struct span in;
		const struct edit *taken;
		size_t count, taken_count;

		for (size_t i = 0; i < sizeof(message); i++)
			message[i] = rand() % 3 == 0 ? "\r\n= \t-_+/!fFgG\0\xff"[rand() % 17] : (char)rand();
		count = random_in_place(edits, message, sizeof(message), expected);
		assert_true(edits_in_place(edits, count, sizeof(message)));
		edits_put(&encoded, edits, count);
		in = buf_span(&encoded);
		taken = edits_take(a, &in, &taken_count);
		assert_non_null(taken);
		assert_int_equal(in.len, 0);
		assert_int_equal(taken_count, count);
		memcpy(got, message, sizeof(message));
		for (size_t at = 0, len; at < sizeof(got); at += len) {
			len = 1 + (size_t)rand() % 60;
			if (len > sizeof(got) - at)
				len = sizeof(got) - at;
			edits_overlay(taken, taken_count, at, got + at, len);
		}
		assert_memory_equal(got, expected, sizeof(got));
		buf_free(&encoded);
		arena_reset(a);
	}
	arena_free(&a);
}

static void
test_not_in_place(void **state)
{
	const struct edit longer[] = { { 0, 3, SPAN_LITERAL("four"), FILL_BLANK, 0 } };
	const struct edit shorter[] = { { 0, 5, SPAN_LITERAL("four"), FILL_NONE, 0 } };
	const struct edit no_line[] = { { 0, 5, SPAN_LITERAL("four"), FILL_BASE64_LINES, 0 } };
	const struct edit good[] = { { 0, 5, SPAN_LITERAL("four"), FILL_BLANK, 0 } };
	const struct edit *all[] = { longer, no_line };
	struct arena *a = arena_new(0);
	struct buf got = { 0 };
	size_t count;

	(void)state;
	assert_true(edits_in_place(good, 1, 5));
	assert_false(edits_in_place(good, 1, 4));
	assert_false(edits_in_place(longer, 1, SIZE));
	assert_false(edits_in_place(shorter, 1, SIZE));
	assert_false(edits_in_place(no_line, 1, SIZE));
	assert_false(edits_stream(good, 1, SIZE, write_piece, &got));
	assert_int_equal(edits_apply_size(&(struct edits){ .items = (struct edit *)good, .count = 1 }, SIZE), SIZE);
	for (size_t i = 0; i < 2; i++) {
		struct span in;

		buf_clear(&got);
		edits_put(&got, all[i], 1);
		in = buf_span(&got);
		assert_null(edits_take(a, &in, &count));
		assert_int_equal(count, 0);
	}
	buf_free(&got);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_model),
		cmocka_unit_test(test_order_at_one_offset),
		cmocka_unit_test(test_stream_stops),
		cmocka_unit_test(test_invalid_edits_write_nothing),
		cmocka_unit_test(test_in_place),
		cmocka_unit_test(test_not_in_place),
	};

	return cmocka_run_group_tests_name("edit", tests, NULL, NULL);
}
