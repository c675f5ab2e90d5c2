/* Edits: random ones against a naive model that marks every octet. */
#include "config.h"

#include "rewrite/edit.h"
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

enum { SIZE = 48, EDITS = 10, ROUNDS = 20000 };

static bool
write_piece(void *context, bool original, uint64_t offset, struct span bytes)
{
	static const char message[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV";

	buf_add(context, original ? message + offset : bytes.data, bytes.len);
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

		copies[i] = (struct edit){ offset, length, span_str(replacements[rand() % 4]) };
		edits_add(e, offset, length, copies[i].replacement);
	}
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
	const struct edit edits[] = { { 1, 1, SPAN_LITERAL("x") }, { 4, 0, SPAN_LITERAL("y") } };

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
	const struct edit outside[] = { { SIZE, 1, SPAN_NONE } }, past[] = { { SIZE + 1, 0, SPAN_NONE } };
	const struct edit overflow[] = { { 8, UINT64_MAX, SPAN_NONE } };
	const struct edit unsorted[] = { { 8, 0, SPAN_NONE }, { 7, 0, SPAN_NONE } };
	const struct edit overlap[] = { { 4, 4, SPAN_NONE }, { 7, 2, SPAN_NONE } };
	const struct edit at_end[] = { { SIZE, 0, SPAN_LITERAL("x") } };
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_model),
		cmocka_unit_test(test_order_at_one_offset),
		cmocka_unit_test(test_stream_stops),
		cmocka_unit_test(test_invalid_edits_write_nothing),
	};

	return cmocka_run_group_tests_name("edit", tests, NULL, NULL);
}
