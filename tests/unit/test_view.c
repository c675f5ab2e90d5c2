/* Views as the keeper remembers them: what is encoded is what is decoded, and
 * whatever is cut, of another form, or does not fit its message is refused. */
#include "config.h"

#include "proxy/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct edit some_edits[] = {
	{ .offset = 0, .length = 0, .replacement = SPAN_LITERAL("X-Spam-Flag: YES\r\n") },
	{ .offset = 40, .length = 0, .replacement = SPAN_LITERAL("[SPAM] ") },
	{ .offset = 90, .length = 10, .replacement = { "\0\xff", 2 } },
	{ .offset = 100, .length = 0, .replacement = SPAN_NONE },
};

static const struct message_view samples[] = {
	{ .listed = 7 },
	{ .failures = 2, .listed = UINT64_MAX },
	{ .failures = 255, .listed = 1 },
	{ .judged = true, .verdict = VERDICT_ACCEPT, .listed = 99, .octets = 100 },
	{ .judged = true, .verdict = VERDICT_TAG, .listed = 100, .octets = 100, .edits = some_edits, .edit_count = 4 },
	{ .judged = true, .verdict = VERDICT_STRIP, .kept = true, .octets = UINT64_MAX, .edits = some_edits, .edit_count = 3 },
	{ .judged = true, .verdict = VERDICT_REJECT, .kept = true, .octets = 100, .edits = some_edits + 2, .edit_count = 1 },
};
enum {
	SAMPLES = sizeof(samples) / sizeof(samples[0]),
	CLEAN = 3,
	TAGGED = 4,
	EDIT_OFFSET = 28, /* of the first edit: a word, two sizes and the number of edits come before it */
	EDIT_LENGTH = 36,
};

static void
assert_same(const struct message_view *got, const struct message_view *expected)
{
	assert_int_equal(got->judged, expected->judged);
	assert_int_equal(got->verdict, expected->verdict);
	assert_int_equal(got->kept, expected->kept);
	assert_int_equal(got->failures, expected->failures);
	assert_true(got->listed == expected->listed);
	assert_true(got->octets == expected->octets);
	assert_int_equal(got->edit_count, expected->edit_count);
	for (size_t i = 0; i < got->edit_count; i++) {
		assert_true(got->edits[i].offset == expected->edits[i].offset);
		assert_true(got->edits[i].length == expected->edits[i].length);
		assert_true(span_eq(got->edits[i].replacement, expected->edits[i].replacement));
	}
}

static bool
decodes(struct span in)
{
	struct arena *a = arena_new(0);
	struct message_view v;
	bool ok = view_decode(a, in, &v);

	arena_free(&a);
	return ok;
}

static void
test_what_goes_in_comes_out(void **state)
{
	struct arena *a = arena_new(0);

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		struct message_view v;
		struct buf out = { 0 };

		view_encode(&out, &samples[i]);
		assert_true(view_decode(a, buf_span(&out), &v));
		assert_same(&v, &samples[i]);
		buf_free(&out);
	}
	arena_free(&a);
}

static void
test_a_clean_message_is_small(void **state)
{
	struct buf out = { 0 };

	(void)state;
	view_encode(&out, &samples[CLEAN]);
	assert_int_equal(out.len, 20);
	buf_free(&out);
}

static void
test_too_many_failures_are_as_many_as_fit(void **state)
{
	const struct message_view often = { .failures = 1000, .listed = 1 };
	struct arena *a = arena_new(0);
	struct message_view v;
	struct buf out = { 0 };

	(void)state;
	view_encode(&out, &often);
	assert_true(view_decode(a, buf_span(&out), &v));
	assert_int_equal(v.failures, 255);
	assert_false(v.judged);
	buf_free(&out);
	arena_free(&a);
}

/* Only where one edit ends and the next would begin can there be less. */
static void
test_what_is_cut_or_lengthened_is_refused(void **state)
{
	struct buf out = { 0 };
	size_t ends = 0;

	(void)state;
	view_encode(&out, &samples[TAGGED]);
	for (size_t len = 0; len < out.len; len++)
		ends += decodes(span_first(buf_span(&out), len));
	assert_int_equal(ends, 0);
	for (int more = 1; more < 24; more++) {
		buf_add_byte(&out, '\xff');
		assert_false(decodes(buf_span(&out)));
	}
	buf_free(&out);
}

/* An encoding with one octet in another's place. */
static bool
decodes_with(const struct message_view *v, size_t at, char octet)
{
	struct buf out = { 0 };
	bool ok;

	view_encode(&out, v);
	out.data[at] = octet;
	ok = decodes(buf_span(&out));
	buf_free(&out);
	return ok;
}

static void
test_another_form_is_refused(void **state)
{
	(void)state;
	assert_true(decodes_with(&samples[CLEAN], 0, 1));
	for (int form = 0; form < 256; form++)
		assert_int_equal(decodes_with(&samples[CLEAN], 0, (char)form), form == 1);
	/* Verdicts that are none. */
	for (int verdict = 0; verdict < 16; verdict++)
		assert_int_equal(decodes_with(&samples[CLEAN], 1, (char)(0x10 | verdict)), verdict <= VERDICT_REJECT);
}

static void
test_edits_that_do_not_fit_are_refused(void **state)
{
	static const struct edit wrong[][2] = {
		{ { .offset = 50, .length = 10, .replacement = SPAN_NONE }, { .offset = 55, .length = 1, .replacement = SPAN_NONE } },  /* overlapping */
		{ { .offset = 50, .length = 10, .replacement = SPAN_NONE }, { .offset = 10, .length = 1, .replacement = SPAN_NONE } },  /* not sorted */
		{ { .offset = 50, .length = 10, .replacement = SPAN_NONE }, { .offset = 101, .length = 0, .replacement = SPAN_NONE } }, /* behind the end */
		{ { .offset = 50, .length = 10, .replacement = SPAN_NONE }, { .offset = 91, .length = 10, .replacement = SPAN_NONE } }, /* over the end */
		{ { .offset = 50, .length = 10, .replacement = SPAN_NONE }, { .offset = 100, .length = UINT64_MAX } },
		{ { .offset = 50, .length = 10, .replacement = SPAN_NONE }, { .offset = UINT64_MAX, .length = 1 } },
		{ { .offset = 50, .length = UINT64_MAX - 40 }, { .offset = 10, .length = 1, .replacement = SPAN_NONE } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct message_view v = { .judged = true, .octets = 100, .edits = wrong[i], .edit_count = 2 };
		struct buf out = { 0 };

		view_encode(&out, &v);
		assert_false(decodes(buf_span(&out)));
		buf_free(&out);
	}
	/* The least significant octet comes first. */
	assert_true(decodes_with(&samples[TAGGED], EDIT_OFFSET, 40));
	assert_false(decodes_with(&samples[TAGGED], EDIT_OFFSET, 41));
	assert_true(decodes_with(&samples[TAGGED], EDIT_LENGTH, 40));
	assert_false(decodes_with(&samples[TAGGED], EDIT_LENGTH + 7, 1));
}

static void
test_what_is_withheld(void **state)
{
	(void)state;
	for (int verdict = VERDICT_ACCEPT; verdict <= VERDICT_REJECT; verdict++) {
		const struct message_view v = { .judged = true, .verdict = (enum verdict)verdict };
		const struct message_view unjudged = { .verdict = (enum verdict)verdict };

		assert_int_equal(view_withholds(&v), verdict != VERDICT_ACCEPT && verdict != VERDICT_TAG);
		assert_false(view_withholds(&unjudged));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_goes_in_comes_out),
		cmocka_unit_test(test_a_clean_message_is_small),
		cmocka_unit_test(test_too_many_failures_are_as_many_as_fit),
		cmocka_unit_test(test_what_is_cut_or_lengthened_is_refused),
		cmocka_unit_test(test_another_form_is_refused),
		cmocka_unit_test(test_edits_that_do_not_fit_are_refused),
		cmocka_unit_test(test_what_is_withheld),
	};

	return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
