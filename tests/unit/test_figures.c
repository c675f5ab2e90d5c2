/* Figures are read as they were printed, and asked for sums and quantiles. */
#include "config.h"

#include "cli/figures.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static const char text[] =
    "# HELP a_total Some.\n# TYPE a_total counter\n"
    "a_total{kind=\"x\",side=\"one\"} 3\na_total{kind=\"y\",side=\"one\"} 4\na_total{kind=\"x\",side=\"two\"} 5\n"
    "b 1.5\n"
    "odd{kind=\"a\\\"}b\\\\\"} 7\n"
    "broken\nbroken{kind=\"x\" 3\nbroken{} x\n\n"
    "h_bucket{le=\"0.001\"} 0\nh_bucket{le=\"0.01\"} 50\nh_bucket{le=\"0.1\"} 90\nh_bucket{le=\"+Inf\"} 100\n"
    "h_sum 2.5\nh_count 100\n";

static int
set_up(void **state)
{
	*state = arena_new(0);
	return 0;
}

static int
tear_down(void **state)
{
	struct arena *a = *state;

	arena_free(&a);
	return 0;
}

static void
test_sums(void **state)
{
	struct figures f;

	figures_parse(*state, span_str(text), &f);
	assert_int_equal(f.count, 11);
	assert_true(figures_sum(&f, "a_total") == 12);
	assert_true(figures_sum(&f, "b") == 1.5);
	assert_true(figures_sum(&f, "none") == 0);
	assert_true(figures_sum_of(&f, "a_total", "kind", SPAN_LITERAL("x"), NULL, SPAN_NONE) == 8);
	assert_true(figures_sum_of(&f, "a_total", "kind", SPAN_LITERAL("x"), "side", SPAN_LITERAL("two")) == 5);
	assert_true(figures_sum_of(&f, "a_total", "side", SPAN_LITERAL("x"), NULL, SPAN_NONE) == 0);
	assert_true(figures_sum(&f, "odd") == 7);
	assert_true(span_is(figure_label(&f.items[4], "kind"), "a\\\"}b\\\\"));
	assert_int_equal(figure_label(&f.items[3], "kind").len, 0);
}

static void
test_groups(void **state)
{
	struct figures_group *groups;
	struct figures f;
	size_t count;

	figures_parse(*state, span_str(text), &f);
	groups = figures_groups(&f, "a_total", "kind", &count);
	assert_int_equal(count, 2);
	assert_true(span_is(groups[0].value, "x") && groups[0].sum == 8);
	assert_true(span_is(groups[1].value, "y") && groups[1].sum == 4);
}

static void
test_quantiles(void **state)
{
	struct figures f;

	figures_parse(*state, span_str(text), &f);
	assert_true(figures_quantile(&f, "h", 0.5) > 0.0099 && figures_quantile(&f, "h", 0.5) < 0.0101);
	assert_true(figures_quantile(&f, "h", 0.25) > 0.005 && figures_quantile(&f, "h", 0.25) < 0.006);
	assert_true(figures_quantile(&f, "h", 0.99) == 0.1); /* above all bounds */
	assert_true(figures_quantile(&f, "none", 0.5) < 0);
}

/* What is new has grown from nothing. */
static void
test_since(void **state)
{
	static const char before[] = "a{k=\"x\"} 3\nc 1\n", now[] = "a{k=\"x\"} 5\na{k=\"y\"} 2\nc 1\n";
	struct figures f, g, since;

	figures_parse(*state, span_str(before), &f);
	figures_parse(*state, span_str(now), &g);
	figures_since(*state, &g, &f, &since);
	assert_int_equal(since.count, 3);
	assert_true(since.items[0].value == 2 && since.items[1].value == 2 && since.items[2].value == 0);
	figures_since(*state, &g, &(struct figures){ 0 }, &since);
	assert_true(figures_sum(&since, "a") == 7);
}

/* Nothing of a text that was cut anywhere is read out of bounds. */
static void
test_cut(void **state)
{
	for (size_t len = 0; len < sizeof(text); len++) {
		char *copy = malloc(len + 1);
		struct figures f;

		assert_non_null(copy);
		memcpy(copy, text, len);
		figures_parse(*state, span_of(copy, len), &f);
		free(copy);
		for (size_t i = 0; i < f.count; i++)
			figure_label(&f.items[i], "side");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sums, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_groups, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_quantiles, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_since, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cut, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
