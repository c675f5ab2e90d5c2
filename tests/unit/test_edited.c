/* An original with edits over it: the same octets come out wherever it lies, in
 * as many as were told before. */
#include "config.h"

#include "proxy/edited.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { LARGE = 200 * 1000, BASE = 777 };

static const struct edit edits[] = {
	{ .offset = 0, .length = 0, .replacement = SPAN_LITERAL("first ") },
	{ .offset = 0, .length = 3, .replacement = SPAN_LITERAL("A") },
	{ .offset = 10, .length = 0, .replacement = SPAN_NONE },
	{ .offset = 12, .length = 5, .replacement = SPAN_NONE },
	{ .offset = 17, .length = 0, .replacement = SPAN_LITERAL("between ") },
	{ .offset = 20, .length = 6, .replacement = SPAN_LITERAL(" the last") },
};
#define ORIGINAL "abcdefghijklmnopqrstuvwxyz"
static const struct span original = SPAN_LITERAL(ORIGINAL);

static bool
collect(void *context, struct span bytes)
{
	buf_add_span(context, bytes);
	return true;
}

/* All of it; false when it cannot be read. */
static bool
read_all(struct edited e, struct buf *out)
{
	int got;

	while ((got = edited_next(&e, collect, out)) == 1)
		;
	return got == 0;
}

static void
assert_edited(struct edited e, struct span expected)
{
	struct buf out = { 0 };

	assert_true(edited_size(&e) == expected.len);
	assert_true(read_all(e, &out));
	assert_true(span_eq(buf_span(&out), expected));
	buf_free(&out);
}

/* A file that holds these octets behind BASE others. */
static int
file_of(struct span octets)
{
	FILE *f = tmpfile();
	int fd;

	assert_non_null(f);
	fd = dup(fileno(f));
	fclose(f);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, octets.data, octets.len, BASE), octets.len);
	return fd;
}

static void
assert_in_both(struct span octets, const struct edit *items, size_t count, struct span expected)
{
	int fd = file_of(octets);

	assert_edited((struct edited){ .memory = octets, .file = -1, .size = octets.len, .edits = items,
	    .edit_count = count }, expected);
	assert_edited((struct edited){ .file = fd, .base = BASE, .size = octets.len, .edits = items,
	    .edit_count = count }, expected);
	close(fd);
}

static void
test_in_memory_and_in_a_file(void **state)
{
	(void)state;
	assert_in_both(original, NULL, 0, original);
	assert_in_both(original, edits, 6, SPAN_LITERAL("first Adefghijklbetween rst the last"));
	assert_in_both(original, edits + 5, 1, SPAN_LITERAL("abcdefghijklmnopqrst the last"));
}

static void
test_ends(void **state)
{
	static const struct edit all[] = { { .offset = 0, .length = 26, .replacement = SPAN_LITERAL("new") } };
	static const struct edit nothing[] = { { .offset = 0, .length = 26, .replacement = SPAN_NONE } };
	static const struct edit behind[] = { { .offset = 26, .length = 0, .replacement = SPAN_LITERAL("!") } };
	static const struct edit empty[] = { { .offset = 0, .length = 0, .replacement = SPAN_LITERAL("only") } };

	(void)state;
	assert_in_both(original, all, 1, SPAN_LITERAL("new"));
	assert_in_both(original, nothing, 1, SPAN_NONE);
	assert_in_both(original, behind, 1, SPAN_LITERAL(ORIGINAL "!"));
	assert_in_both(SPAN_LITERAL(""), empty, 1, SPAN_LITERAL("only"));
	assert_in_both(SPAN_LITERAL(""), NULL, 0, SPAN_NONE);
}

static void
test_long_runs(void **state)
{
	const struct edit middle[] = { { .offset = LARGE / 2, .length = LARGE / 4, .replacement = SPAN_LITERAL("middle") } };
	char *octets = malloc(LARGE);
	struct buf expected = { 0 };

	(void)state;
	assert_non_null(octets);
	for (size_t i = 0; i < LARGE; i++)
		octets[i] = (char)(i * 7 + i / 256);
	buf_add(&expected, octets, LARGE / 2);
	buf_add_str(&expected, "middle");
	buf_add(&expected, octets + LARGE / 2 + LARGE / 4, LARGE / 4);
	assert_in_both(span_of(octets, LARGE), middle, 1, buf_span(&expected));
	buf_free(&expected);
	free(octets);
}

/* Runs of the original lie where it does, others do not. */
static bool
check_owner(void *context, struct span bytes)
{
	const struct edited *e = context;
	bool is_original = bytes.data >= original.data && bytes.data < span_end(original);

	assert_int_equal(edited_owns(e, bytes), is_original);
	return true;
}

static void
test_whose_a_run_is(void **state)
{
	struct edited e = { .memory = original, .file = -1, .size = 26, .edits = edits, .edit_count = 6 };

	(void)state;
	while (edited_next(&e, check_owner, &e) == 1)
		;
	assert_false(edited_owns(&e, SPAN_LITERAL("else")));
}

static void
test_a_file_that_is_too_short(void **state)
{
	int fd = file_of(original);
	struct buf out = { 0 };

	(void)state;
	assert_false(read_all((struct edited){ .file = fd, .base = BASE, .size = 27 }, &out));
	assert_true(span_eq(buf_span(&out), original));
	buf_clear(&out);
	assert_false(read_all((struct edited){ .file = -1, .size = 1 }, &out));
	assert_int_equal(out.len, 0);
	buf_free(&out);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_memory_and_in_a_file),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_long_runs),
		cmocka_unit_test(test_whose_a_run_is),
		cmocka_unit_test(test_a_file_that_is_too_short),
	};

	return cmocka_run_group_tests_name("edited", tests, NULL, NULL);
}
