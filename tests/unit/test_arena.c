/* Arenas: memory given back at once, limits, and what is released with them. */
#include "config.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdlib.h>

#include <cmocka.h>

static void
test_alloc(void **state)
{
	struct arena *a = arena_new(0);
	char *last = NULL;

	(void)state;
	for (size_t len = 1; len < 3000; len++) {
		char *p = arena_alloc(a, len);

		assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
		for (size_t i = 0; i < len; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, len);
		assert_ptr_not_equal(p, last);
		last = p;
	}
	assert_true(arena_used(a) >= 3000 * 2999 / 2);
	arena_free(&a);
	assert_null(a);
	arena_free(&a);
}

/* Large pieces do not waste the block that is being filled. */
static void
test_large(void **state)
{
	struct arena *a = arena_new(0);
	char *one = arena_alloc(a, 16), *large = arena_alloc(a, 10 * 1024 * 1024), *two = arena_alloc(a, 16);

	(void)state;
	assert_ptr_equal(two, one + 16);
	large[10 * 1024 * 1024 - 1] = 'x';
	arena_reset(a);
	assert_int_equal(arena_used(a), 0);
	assert_ptr_equal(arena_alloc(a, 16), one);
	arena_free(&a);
}

static void
test_copies(void **state)
{
	struct arena *a = arena_new(0);
	const struct span s = SPAN_LITERAL("a\0b");
	struct span copy = arena_copy(a, s);

	(void)state;
	assert_true(span_eq(copy, s));
	assert_ptr_not_equal(copy.data, s.data);
	assert_int_equal(copy.data[3], '\0');
	assert_string_equal(arena_strdup(a, "text"), "text");
	assert_string_equal(arena_strndup(a, SPAN_NONE), "");
	assert_string_equal(arena_printf(a, "%s-%03d", "x", 7), "x-007");
	arena_free(&a);
}

static void
test_grow(void **state)
{
	struct arena *a = arena_new(0);
	uint32_t *items = NULL;
	size_t cap = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		items = arena_grow(a, items, sizeof(*items), &cap, i + 1);
		assert_true(cap > i);
		items[i] = i;
	}
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(items[i], i);
	assert_ptr_equal(arena_grow(a, items, sizeof(*items), &cap, 10), items);
	assert_true(cap < 2000 + 4);
	arena_free(&a);
}

enum way { WITHIN, OVER_LIMIT, OVERFLOW_OF_ARRAY, ABSURD, BY_CALL };

/* Does what goes too far; returns why it ended, NULL when it did not. */
static const char *
go(struct arena *a, enum way way)
{
	jmp_buf escape;

	if (setjmp(escape) != 0)
		return arena_gave_up(a);
	arena_set_escape(a, &escape);
	switch (way) {
	case WITHIN:
		arena_alloc(a, 900);
		break;
	case OVER_LIMIT:
		for (;;)
			arena_alloc(a, 100);
	case OVERFLOW_OF_ARRAY:
		arena_alloc_array(a, SIZE_MAX / 2, 3);
		break;
	case ABSURD:
		arena_alloc_raw(a, SIZE_MAX);
		break;
	case BY_CALL:
		arena_give_up(a, "enough of this");
	}
	return NULL;
}

static void
test_escape(void **state)
{
	struct arena *a = arena_new(1000);

	(void)state;
	assert_null(go(a, WITHIN));
	assert_string_equal(go(a, OVER_LIMIT), "memory limit reached");
	arena_reset(a);
	assert_null(arena_gave_up(a));
	assert_string_equal(go(a, OVERFLOW_OF_ARRAY), "out of memory");
	assert_string_equal(go(a, ABSURD), "out of memory");
	assert_string_equal(go(a, BY_CALL), "enough of this");
	arena_reset(a);
	assert_null(go(a, WITHIN));
	arena_free(&a);
}

struct note {
	char *text;
	char letter;
};

static void
write_letter(void *object)
{
	struct note *n = object;
	size_t len = strlen(n->text);

	n->text[len] = n->letter;
	n->text[len + 1] = '\0';
}

static void
test_defer(void **state)
{
	struct arena *a = arena_new(0);
	char text[8] = "";

	(void)state;
	for (char c = 'a'; c <= 'c'; c++) {
		struct note *n = ARENA_NEW(a, struct note);

		*n = (struct note){ text, c };
		arena_defer(a, write_letter, n);
	}
	assert_string_equal(text, "");
	arena_reset(a);
	assert_string_equal(text, "cba");
	arena_reset(a);
	assert_string_equal(text, "cba");
	arena_defer(a, write_letter, &(struct note){ text, 'd' });
	arena_free(&a);
	assert_string_equal(text, "cbad");
}

/* What was deferred is released also after the work was given up. */
static void
test_defer_and_escape(void **state)
{
	struct arena *a = arena_new(1000);
	char text[8] = "";
	struct note n = { text, 'x' };

	(void)state;
	arena_defer(a, write_letter, &n);
	assert_string_equal(go(a, OVER_LIMIT), "memory limit reached");
	assert_string_equal(text, "");
	arena_free(&a);
	assert_string_equal(text, "x");
}

/* One that works for another gives up as that does, and goes with it. */
static void
test_within(void **state)
{
	struct arena *a = arena_new(0), *done = arena_new_within(a), *left = arena_new_within(a), *inner;
	char text[8] = "";
	struct note n[] = { { text, 'x' }, { text, 'y' }, { text, 'z' } };
	jmp_buf escape;

	(void)state;
	inner = arena_new_within(left);
	arena_defer(done, write_letter, &n[0]);
	arena_defer(left, write_letter, &n[1]);
	arena_defer(inner, write_letter, &n[2]);
	arena_free(&done);
	assert_string_equal(text, "x");
	arena_set_escape(a, &escape);
	if (setjmp(escape) == 0) {
		arena_alloc_raw(inner, SIZE_MAX);
		fail_msg("it goes on");
	}
	assert_string_equal(arena_gave_up(a), "out of memory");
	arena_reset(a);
	assert_string_equal(text, "xzy");
	arena_free(&a);
	assert_string_equal(text, "xzy");
}

static void
test_wipe(void **state)
{
	struct arena *a = arena_new(0);
	const char *small = arena_strdup(a, "swordfish"), *large = memset(arena_alloc(a, 100000), 'x', 100000);

	(void)state;
	arena_wipe(a);
	assert_string_equal(small, "");
	assert_int_equal(large[0] | large[99999], 0);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alloc),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_grow),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_defer),
		cmocka_unit_test(test_defer_and_escape),
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_wipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
