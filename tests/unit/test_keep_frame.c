/* Requests to the keeper and its answers: what is encoded is what is decoded,
 * and whatever is cut, lengthened, over a limit or of no kind is refused. */
#include "config.h"

#include "proxy/keep_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct span recipients[] = { SPAN_LITERAL("b@example.org"), SPAN_LITERAL("") };
static const struct view some_puts[] = { { SPAN_LITERAL("uidl-1"), SPAN_LITERAL("clean") },
	{ { "\0\xff", 2 }, SPAN_LITERAL("") } };
static const struct span some_drops[] = { SPAN_LITERAL("uidl-0"), SPAN_LITERAL(""), SPAN_LITERAL("x") };

static const struct keep_frame samples[] = {
	{ .kind = KEEP_MESSAGE, .id = 7, .size = 0, .item = { .time = -5, .sender = SPAN_LITERAL("a@example.org"),
		.recipients = recipients, .recipient_count = 2, .rules = recipients, .rule_count = 1 } },
	{ .kind = KEEP_MESSAGE, .id = 8, .size = UINT64_MAX, .in_descriptor = true },
	{ .kind = KEEP_VIEWS_FETCH, .id = UINT64_MAX, .owner = { SPAN_LITERAL("host"), { "u\0", 2 }, SPAN_LITERAL("m") } },
	{ .kind = KEEP_VIEWS_FETCH, .id = 1 },
	{ .kind = KEEP_VIEWS_CHANGE, .owner = { SPAN_LITERAL("host"), SPAN_LITERAL("u"), SPAN_LITERAL("m") },
		.puts = some_puts, .put_count = 2, .drops = some_drops, .drop_count = 3 },
	{ .kind = KEEP_VIEWS_CHANGE, .owner = { SPAN_LITERAL("host"), SPAN_LITERAL("u"), SPAN_LITERAL("m") } },
	{ .kind = KEEP_VIEWS_FIND, .id = 2, .owner = { SPAN_LITERAL("host"), SPAN_LITERAL("u"), SPAN_LITERAL("m") },
		.names = some_drops, .name_count = 3 },
	{ .kind = KEEP_VIEWS_FIND },
};
enum { SAMPLES = sizeof(samples) / sizeof(samples[0]) };

static void
assert_same(struct span got, struct span expected)
{
	assert_int_equal(got.len, expected.len);
	if (got.len > 0)
		assert_memory_equal(got.data, expected.data, got.len);
}

static bool
decodes(struct span in)
{
	struct arena *a = arena_new(0);
	struct keep_frame f;
	bool ok = keep_frame_decode(a, in, &f);

	arena_free(&a);
	return ok;
}

static void
test_what_goes_in_comes_out(void **state)
{
	struct arena *a = arena_new(0);
	struct buf out = { 0 }, again = { 0 };
	struct keep_frame f;

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		buf_clear(&out);
		buf_clear(&again);
		keep_frame_encode(&out, &samples[i]);
		assert_true(keep_frame_decode(a, buf_span(&out), &f));
		assert_int_equal(f.kind, samples[i].kind);
		assert_int_equal(f.id, samples[i].id);
		keep_frame_encode(&again, &f);
		assert_same(buf_span(&again), buf_span(&out));
	}
	assert_int_equal(f.put_count + f.drop_count, 0);
	buf_free(&out);
	buf_free(&again);
	arena_free(&a);
}

static void
test_a_change(void **state)
{
	struct arena *a = arena_new(0);
	struct buf out = { 0 };
	struct keep_frame f;

	(void)state;
	keep_frame_encode(&out, &samples[4]);
	assert_true(keep_frame_decode(a, buf_span(&out), &f));
	assert_same(f.owner.upstream, span_str("host"));
	assert_same(f.owner.user, span_str("u"));
	assert_same(f.owner.mailbox, span_str("m"));
	assert_int_equal(f.put_count, 2);
	assert_same(f.puts[0].state, span_str("clean"));
	assert_same(f.puts[1].message, some_puts[1].message);
	assert_int_equal(f.drop_count, 3);
	assert_same(f.drops[2], span_str("x"));
	buf_free(&out);
	arena_free(&a);
}

static void
test_the_message_is_the_rest(void **state)
{
	struct keep_frame f = { .kind = KEEP_MESSAGE, .size = 4 };
	struct arena *a = arena_new(0);
	struct buf out = { 0 };

	(void)state;
	keep_frame_encode(&out, &f);
	assert_false(decodes(buf_span(&out)));
	buf_add_str(&out, "text");
	assert_true(keep_frame_decode(a, buf_span(&out), &f));
	assert_same(f.message, span_str("text"));
	buf_add_byte(&out, 'x');
	assert_false(decodes(buf_span(&out)));
	buf_free(&out);
	arena_free(&a);
}

static void
test_cut_or_lengthened(void **state)
{
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		buf_clear(&out);
		keep_frame_encode(&out, &samples[i]);
		for (size_t len = 0; len < out.len; len++)
			assert_false(decodes(span_first(buf_span(&out), len)));
		buf_add_byte(&out, 'x');
		assert_false(decodes(buf_span(&out)));
	}
	buf_free(&out);
}

static void
test_no_kind(void **state)
{
	static const uint32_t kinds[] = { 0, KEEP_VIEWS_FIND + 1, 0x80000001, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct keep_frame f = samples[2];
		struct buf out = { 0 };

		f.kind = (enum keep_kind)kinds[i];
		keep_frame_encode(&out, &f);
		assert_false(decodes(buf_span(&out)));
		buf_free(&out);
	}
}

static bool
goes_through(const struct keep_frame *f)
{
	struct buf out = { 0 };
	bool ok;

	keep_frame_encode(&out, f);
	ok = !out.failed && decodes(buf_span(&out));
	buf_free(&out);
	return ok;
}

static void
test_limits(void **state)
{
	static const char bytes[VIEW_STATE_MAX + 1];
	struct view view = { span_of(bytes, VIEW_MESSAGE_MAX), span_of(bytes, VIEW_STATE_MAX) };
	struct span drop = span_of(bytes, VIEW_MESSAGE_MAX);
	struct keep_frame f = { .kind = KEEP_VIEWS_CHANGE, .puts = &view, .put_count = 1, .drops = &drop, .drop_count = 1 };

	(void)state;
	f.owner = (struct view_owner){ span_of(bytes, VIEW_OWNER_MAX), span_of(bytes, VIEW_OWNER_MAX),
		span_of(bytes, VIEW_OWNER_MAX) };
	assert_true(goes_through(&f));
	f.owner.mailbox.len++;
	assert_false(goes_through(&f));
	f.kind = KEEP_VIEWS_FETCH;
	assert_false(goes_through(&f));
	f.owner.mailbox.len--;
	assert_true(goes_through(&f));
	f.kind = KEEP_VIEWS_FIND;
	f.names = &drop;
	f.name_count = 1;
	assert_true(goes_through(&f));
	drop.len++;
	assert_false(goes_through(&f));
	drop.len--;
	f.kind = KEEP_VIEWS_CHANGE;
	view.message.len++;
	assert_false(goes_through(&f));
	view.message.len--;
	view.state.len++;
	assert_false(goes_through(&f));
	view.state.len--;
	drop.len++;
	assert_false(goes_through(&f));
}

static void
test_too_many(void **state)
{
	static struct view views[KEEP_CHANGES_MAX + 1];
	static struct span names[KEEP_CHANGES_MAX + 1];
	struct keep_frame f = { .kind = KEEP_VIEWS_CHANGE, .puts = views, .put_count = KEEP_CHANGES_MAX, .drops = names,
		.drop_count = KEEP_CHANGES_MAX };

	(void)state;
	assert_true(goes_through(&f));
	f.put_count++;
	assert_false(goes_through(&f));
	f.put_count--;
	f.drop_count++;
	assert_false(goes_through(&f));
	f = (struct keep_frame){ .kind = KEEP_VIEWS_FIND, .names = names, .name_count = KEEP_FINDS_MAX };
	assert_true(goes_through(&f));
	f.name_count++;
	assert_false(goes_through(&f));
}

/* A count costs no memory that the frame does not have octets for. */
static void
test_counts_are_not_believed(void **state)
{
	struct arena *a = arena_new(4096);
	struct buf out = { 0 };
	struct keep_frame f;

	(void)state;
	keep_frame_encode(&out, &samples[5]);
	out.len -= 8; /* both counts */
	buf_put_u32(&out, KEEP_CHANGES_MAX);
	buf_put_u32(&out, KEEP_CHANGES_MAX);
	assert_false(keep_frame_decode(a, buf_span(&out), &f)); /* the arena would give up */
	buf_free(&out);
	arena_free(&a);
}

static void
test_answers(void **state)
{
	struct keep_answer answer;
	struct buf out = { 0 };

	(void)state;
	keep_answer_encode(&out, 12, true);
	for (size_t len = 0; len < out.len; len++)
		assert_false(keep_answer_decode(span_first(buf_span(&out), len), &answer));
	assert_true(keep_answer_decode(buf_span(&out), &answer));
	assert_true(answer.id == 12 && answer.ok && answer.body.len == 0);
	buf_add_str(&out, "body");
	assert_true(keep_answer_decode(buf_span(&out), &answer));
	assert_same(answer.body, span_str("body"));
	out.data[out.start + 8] = 2; /* neither true nor false */
	assert_false(keep_answer_decode(buf_span(&out), &answer));
	assert_int_equal(answer.id, 12);
	buf_free(&out);
}

static void
test_views(void **state)
{
	struct buf out = { 0 };
	struct span rest;
	struct view v;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		keep_views_put(&out, &some_puts[i]);
	assert_true(keep_views_valid(buf_span(&out)));
	assert_true(keep_views_valid(SPAN_NONE));
	rest = buf_span(&out);
	for (size_t i = 0; i < 2; i++) {
		assert_true(keep_views_next(&rest, &v));
		assert_same(v.message, some_puts[i].message);
		assert_same(v.state, some_puts[i].state);
	}
	assert_false(keep_views_next(&rest, &v));
	for (size_t len = 1; len < out.len; len++)
		if (len != 16 + some_puts[0].message.len + some_puts[0].state.len)
			assert_false(keep_views_valid(span_first(buf_span(&out), len)));
	buf_free(&out);
}

static void
test_views_over_a_limit(void **state)
{
	static const char bytes[VIEW_STATE_MAX + 1];
	const struct view large[] = { { span_of(bytes, VIEW_MESSAGE_MAX + 1), SPAN_NONE },
		{ SPAN_NONE, span_of(bytes, VIEW_STATE_MAX + 1) } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buf out = { 0 };

		keep_views_put(&out, &large[i]);
		assert_false(keep_views_valid(buf_span(&out)));
		buf_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_goes_in_comes_out),
		cmocka_unit_test(test_a_change),
		cmocka_unit_test(test_the_message_is_the_rest),
		cmocka_unit_test(test_cut_or_lengthened),
		cmocka_unit_test(test_no_kind),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_counts_are_not_believed),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_views_over_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
