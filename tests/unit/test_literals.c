/* Literals: the same tests pass with libhs and with our own automaton. Sets
 * and texts made at random are held against a search that compares each
 * literal at each place. */
#include "config.h"

#include "engine/literals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

enum { TEXT_MOST = 600, ITEMS_MOST = 40 };

struct seen {
	bool at[ITEMS_MOST][TEXT_MOST + 1];
	size_t calls, stop_after;
};

static bool
note(void *context, uint32_t id, size_t end)
{
	struct seen *seen = context;

	assert_true(id < ITEMS_MOST && end <= TEXT_MOST);
	seen->at[id][end] = true;
	return ++seen->calls != seen->stop_after;
}

static void
scan(const struct literal *items, size_t count, struct span text, struct seen *seen)
{
	struct arena *a = arena_new(0);
	struct literals *set = literals_compile(a, items, count);
	struct literals_scratch *scratch = literals_scratch_new(set);
	/* a copy of the exact size, so that a read past it is caught */
	char *copy = malloc(text.len + 1);

	assert_non_null(copy);
	memcpy(copy, text.data, text.len);
	copy = realloc(copy, text.len > 0 ? text.len : 1);
	assert_true(literals_scan(set, scratch, span_of(copy, text.len), note, seen));
	free(copy);
	literals_scratch_free(&scratch);
	assert_null(scratch);
	arena_free(&a);
}

static void
scan_naively(const struct literal *items, size_t count, struct span text, struct seen *seen)
{
	for (size_t i = 0; i < count; i++)
		for (size_t at = 0; at + items[i].bytes.len <= text.len; at++) {
			struct span here = span_of(text.data + at, items[i].bytes.len);

			if (items[i].nocase ? span_eq_nocase(here, items[i].bytes) : span_eq(here, items[i].bytes))
				seen->at[items[i].id][at + items[i].bytes.len] = true;
		}
}

static void
check(const struct literal *items, size_t count, struct span text)
{
	struct seen *seen = calloc(1, sizeof(*seen)), *expected = calloc(1, sizeof(*expected));

	scan(items, count, text, seen);
	scan_naively(items, count, text, expected);
	assert_memory_equal(seen->at, expected->at, sizeof(seen->at));
	free(seen);
	free(expected);
}

static void
test_empty_set(void **state)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	(void)state;
	scan(NULL, 0, SPAN_LITERAL("anything"), seen);
	assert_int_equal(seen->calls, 0);
	free(seen);
}

static void
test_empty_text(void **state)
{
	const struct literal item = { SPAN_LITERAL("x"), false, 0 };

	(void)state;
	check(&item, 1, SPAN_LITERAL(""));
}

static void
test_overlaps_and_suffixes(void **state)
{
	const struct literal items[] = {
		{ SPAN_LITERAL("he"), false, 0 },
		{ SPAN_LITERAL("she"), false, 1 },
		{ SPAN_LITERAL("hers"), false, 2 },
		{ SPAN_LITERAL("e"), false, 3 },
		{ SPAN_LITERAL("sheh"), false, 4 },
		{ SPAN_LITERAL("HE"), true, 5 },
	};

	(void)state;
	check(items, 6, SPAN_LITERAL("ushersheHErshehe"));
	check(items, 3, SPAN_LITERAL("ushersheHErshehe"));
}

static void
test_any_bytes(void **state)
{
	const struct literal items[] = {
		{ SPAN_LITERAL("\0\0"), false, 0 },
		{ SPAN_LITERAL("\xff\0.*"), false, 1 },
		{ SPAN_LITERAL("\xc3\x84"), true, 2 },
		{ SPAN_LITERAL("(a|b)\\d$"), false, 3 },
		{ SPAN_LITERAL("[@`{]"), true, 4 },
	};

	(void)state;
	check(items, 5, SPAN_LITERAL("\0\0\0a\xff\0.*z\xc3\x84 \xc3\xa4 (a|b)\\d$ [@`{] {`@[} (A|B)\\D$"));
}

static void
test_shared_ids_and_repeats(void **state)
{
	const struct literal items[] = {
		{ SPAN_LITERAL("spam"), false, 7 },
		{ SPAN_LITERAL("ham"), false, 7 },
		{ SPAN_LITERAL("spam"), false, 8 },
		{ SPAN_LITERAL("spam"), true, 9 },
	};

	(void)state;
	check(items, 4, SPAN_LITERAL("spam, ham, SPAM and spam"));
}

static void
test_stop(void **state)
{
	const struct literal items[] = { { SPAN_LITERAL("a"), false, 0 }, { SPAN_LITERAL("A"), true, 1 } };
	struct seen *seen = calloc(1, sizeof(*seen));

	(void)state;
	seen->stop_after = 3;
	scan(items, 2, SPAN_LITERAL("aaaaaaaaaa"), seen);
	assert_int_equal(seen->calls, 3);
	free(seen);
}

static void
test_longest(void **state)
{
	char bytes[LITERAL_MAX], text[9 + LITERAL_MAX];
	const struct literal item = { span_of(bytes, LITERAL_MAX), false, 0 };
	struct arena *a = arena_new(0);
	struct literals *set;
	struct literals_scratch *scratch;
	struct seen *seen = calloc(1, sizeof(*seen));

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	memset(text, 'x', sizeof(text));
	bytes[0] = text[9] = 'y';
	set = literals_compile(a, &item, 1);
	scratch = literals_scratch_new(set);
	assert_true(literals_scan(set, scratch, span_of(text, sizeof(text) - 1), note, seen));
	assert_int_equal(seen->calls, 0);
	assert_true(literals_scan(set, scratch, span_of(text, sizeof(text)), note, seen));
	assert_true(seen->calls > 0 && seen->at[0][sizeof(text)]);
	free(seen);
	literals_scratch_free(&scratch);
	arena_free(&a);
}

/* A small alphabet, so that much overlaps. */
static char
random_letter(void)
{
	return "aAbBk\xc3\0@"[rand() % 8];
}

static void
test_random(void **state)
{
	char bytes[ITEMS_MOST][20], text[TEXT_MOST];
	struct literal items[ITEMS_MOST];

	(void)state;
	srand(1);
	for (int round = 0; round < 1500; round++) {
		size_t count = 1 + (size_t)rand() % (round % 2 == 0 ? 5 : ITEMS_MOST), len = (size_t)rand() % (TEXT_MOST + 1);
		int kinds = rand() % 3;

		for (size_t i = 0; i < count; i++) {
			size_t size = 1 + (size_t)rand() % (round % 3 == 0 ? sizeof(bytes[i]) : 4);

			for (size_t j = 0; j < size; j++)
				bytes[i][j] = random_letter();
			items[i] = (struct literal){ span_of(bytes[i], size), kinds == 0 || (kinds == 1 && rand() % 2 == 0),
				(uint32_t)i };
		}
		for (size_t j = 0; j < len; j++)
			text[j] = random_letter();
		check(items, count, span_of(text, len));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_set),
		cmocka_unit_test(test_empty_text),
		cmocka_unit_test(test_overlaps_and_suffixes),
		cmocka_unit_test(test_any_bytes),
		cmocka_unit_test(test_shared_ids_and_repeats),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
