/* Errors of a configuration: their order and form, and what was meant. */
#include "config.h"

#include "conf_helper.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TEST(name) cmocka_unit_test_setup_teardown(name, conf_setup, conf_teardown)

static void
test_prints_in_the_order_of_the_file(void **state)
{
	struct conf_fixture *f = *state;

	report_add(&f->report, (struct mark){ "a", 7, 3 }, "third");
	report_add(&f->report, (struct mark){ "a", 2, 9 }, "%s", "second");
	report_add(&f->report, (struct mark){ "a", 2, 1 }, "first");
	report_add(&f->report, (struct mark){ "b", 1, 1 }, "of another file");
	assert_int_equal(f->report.count, 4);
	assert_string_equal(conf_errors(f), "a:2:1: first\na:2:9: second\na:7:3: third\nb:1:1: of another file\n");
}

static void
test_last_is_where_one_is_added(void **state)
{
	struct conf_fixture *f = *state;

	assert_ptr_equal(f->report.last, &f->report.first);
	report_add(&f->report, (struct mark){ "a", 2, 1 }, "late");
	report_add(&f->report, (struct mark){ "a", 1, 1 }, "early");
	assert_null(*f->report.last);
	assert_string_equal(f->report.first->message, "early");
	assert_ptr_equal(f->report.last, &f->report.first->next->next);
}

static void
test_shows_no_control_characters(void **state)
{
	struct conf_fixture *f = *state;

	report_add(&f->report, (struct mark){ "a", 1, 1 }, "\"%s\"", "\033[2J\r\n\177\302\2332J\303\244\302\240");
	assert_string_equal(conf_errors(f), "a:1:1: \"\\x1b[2J\\x0d\\x0a\\x7f\\x9b2J\303\244\302\240\"\n");
}

static void
test_is_bounded(void **state)
{
	struct conf_fixture *f = *state;
	size_t used;

	for (size_t i = 0; i < 1000; i++)
		report_add(&f->report, (struct mark){ "a", i + 1, 1 }, "wrong");
	used = arena_used(f->arena);
	for (size_t i = 0; i < 7; i++)
		report_add(&f->report, (struct mark){ "a", i + 1, 1 }, "wrong");
	assert_int_equal(arena_used(f->arena), used);
	assert_int_equal(f->report.count, 1007);
	assert_non_null(strstr(conf_errors(f), "a:1000:1: wrong\n… and 7 more\n"));
}

static void
test_finds_the_nearest_word(void **state)
{
	static const char *const words[] = { "address", "upstream", "policy", "tls", "TLSv1.2", NULL };

	(void)state;
	assert_string_equal(nearest_word("address", words), "address");
	assert_string_equal(nearest_word("adress", words), "address");
	assert_string_equal(nearest_word("addresses", words), "address");
	assert_string_equal(nearest_word("upstraem", words), "upstream");
	assert_string_equal(nearest_word("UPSTREAM", words), "upstream");
	assert_string_equal(nearest_word("tsl", words), "tls");
	assert_string_equal(nearest_word("tlsv1.2", words), "TLSv1.2");
	assert_string_equal(nearest_word("ploicy", words), "policy");
}

static void
test_finds_no_word_that_is_far(void **state)
{
	static const char *const words[] = { "address", "tls", NULL };
	static const char *const none[] = { NULL };
	char longer[1000];

	(void)state;
	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_null(nearest_word("quarantine", words));
	assert_null(nearest_word("", words));
	assert_null(nearest_word("xyz", words));
	assert_null(nearest_word(longer, words));
	assert_null(nearest_word("tls", none));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_prints_in_the_order_of_the_file),
		TEST(test_last_is_where_one_is_added),
		TEST(test_shows_no_control_characters),
		TEST(test_is_bounded),
		TEST(test_finds_the_nearest_word),
		TEST(test_finds_no_word_that_is_far),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
