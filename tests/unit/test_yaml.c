/* The YAML tree: places, bounds, aliases, and the typed values. */
#include "config.h"

#include "base/buf.h"
#include "conf_helper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define TEST(name) cmocka_unit_test_setup_teardown(name, conf_setup, conf_teardown)

static void
assert_text(const struct yaml *n, const char *expected)
{
	assert_non_null(n);
	assert_int_equal(n->kind, YAML_SCALAR);
	assert_string_equal(n->text.data, expected);
	assert_int_equal(n->text.len, strlen(expected));
}

static void
test_reads_a_tree(void **state)
{
	struct yaml *root = conf_yaml(*state, "a: 1\nb: [x, 'y', \"z\"]\nc:\n  d: |\n    text\n");
	struct yaml *b = yaml_get(root, "b");

	assert_int_equal(root->kind, YAML_MAPPING);
	assert_int_equal(root->count, 3);
	assert_text(root->pairs[1].key, "b");
	assert_text(yaml_get(root, "a"), "1");
	assert_false(yaml_get(root, "a")->quoted);
	assert_int_equal(b->kind, YAML_SEQUENCE);
	assert_int_equal(b->count, 3);
	assert_text(b->items[0], "x");
	assert_true(b->items[1]->quoted);
	assert_true(b->items[2]->quoted);
	assert_text(yaml_get(yaml_get(root, "c"), "d"), "text\n");
	assert_true(yaml_get(yaml_get(root, "c"), "d")->quoted);
	assert_null(yaml_get(root, "e"));
	assert_null(yaml_get(b, "a"));
}

/* As some editors begin every file with. */
static void
test_passes_over_a_byte_order_mark(void **state)
{
	struct yaml *root = conf_yaml(*state, "\xef\xbb\xbf" "a: 1\nb: 2\n");

	assert_int_equal(root->count, 2);
	assert_text(yaml_get(root, "a"), "1");
	conf_yaml_fails(*state, "\xef\xbb\xbf\xff", "t:1:1: invalid leading UTF-8 octet\n");
}

static void
test_knows_places(void **state)
{
	struct yaml *root = conf_yaml(*state, "# first\na: 1\nlist:\n  - x: { y: z }\n");
	struct yaml *item = yaml_get(root, "list")->items[0];

	assert_string_equal(root->mark.file, "t");
	assert_int_equal(root->pairs[0].key->mark.line, 2);
	assert_int_equal(root->pairs[0].key->mark.column, 1);
	assert_int_equal(root->pairs[0].value->mark.column, 4);
	assert_int_equal(item->mark.line, 4);
	assert_int_equal(item->mark.column, 5);
	assert_int_equal(yaml_get(yaml_get(item, "x"), "y")->mark.column, 13);
}

static void
test_nothing_is_an_empty_mapping(void **state)
{
	static const char *const texts[] = { "", "# only a comment\n", "---\n", "\n\n" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct yaml *root = conf_yaml(*state, texts[i]);

		assert_int_equal(root->kind, YAML_MAPPING);
		assert_int_equal(root->count, 0);
	}
}

static void
test_resolves_aliases(void **state)
{
	struct yaml *root = conf_yaml(*state, "a: &x { k: v }\nb: *x\nc: &x new\nd: [*x, *x]\n");

	assert_text(yaml_get(yaml_get(root, "b"), "k"), "v");
	assert_text(yaml_get(root, "d")->items[1], "new");
}

static void
test_refuses_what_is_no_yaml(void **state)
{
	conf_yaml_fails(*state, "a: [1,\n", "t:2:1: did not find expected node content, while parsing a flow node\n");
	conf_yaml_fails(*state, "a: b\n c: d\n",
	    "t:2:3: mapping values are not allowed in this context\n");
	conf_yaml_fails(*state, "a: b\nc: \"\\q\"\n",
	    "t:2:5: found unknown escape character, while parsing a quoted scalar\n");
	conf_yaml_fails(*state, "a: b\nc: \xff\n", "t:2:4: invalid leading UTF-8 octet\n");
	conf_yaml_fails(*state, "a: *b\n", "t:1:4: no anchor is named \"b\"\n");
	conf_yaml_fails(*state, "a: &b [*b]\n", "t:1:8: an alias inside the value it names\n");
	conf_yaml_fails(*state, "a: 1\n---\nb: 2\n", "t:2:1: a second document in one file\n");
	conf_yaml_fails(*state, "{ [a]: 1 }\n", "t:1:3: a key must be a word, not a list or a mapping\n");
}

static void
test_refuses_duplicate_keys(void **state)
{
	conf_yaml_fails(*state, "a: 1\nb: 2\na: 3\nc: { d: 1, d: 2, d: 3 }\n",
	    "t:3:1: \"a\" is here for the second time, first in line 1\n"
	    "t:4:12: \"d\" is here for the second time, first in line 4\n"
	    "t:4:18: \"d\" is here for the second time, first in line 4\n");
}

static void
repeat(struct buf *b, const char *text, size_t count)
{
	while (count-- > 0)
		buf_add_str(b, text);
}

static void
test_bounds_depth(void **state)
{
	struct conf_fixture *f = *state;
	struct buf text = { 0 };

	repeat(&text, "[", YAML_DEPTH_MAX);
	repeat(&text, "]", YAML_DEPTH_MAX);
	conf_yaml(f, buf_str(&text));
	buf_clear(&text);
	repeat(&text, "[", YAML_DEPTH_MAX + 1);
	repeat(&text, "]", YAML_DEPTH_MAX + 1);
	conf_yaml_fails(f, buf_str(&text), "t:1:65: nested too deeply\n");
	buf_clear(&text);
	buf_add_str(&text, "- &a [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n- ");
	repeat(&text, "[", 40);
	buf_add_str(&text, "*a");
	repeat(&text, "]", 40);
	conf_yaml_fails(f, buf_str(&text), "t:2:43: nested too deeply\n");
	buf_free(&text);
}

static void
test_bounds_aliases(void **state)
{
	struct buf text = { 0 };

	buf_add_str(&text, "a: &a [x, x, x, x, x, x, x, x, x, x]\n");
	for (char c = 'b'; c <= 'i'; c++) {
		buf_printf(&text, "%c: &%c [", c, c);
		for (size_t i = 0; i < 10; i++)
			buf_printf(&text, "%s*%c", i > 0 ? ", " : "", c - 1);
		buf_add_str(&text, "]\n");
	}
	conf_yaml_fails(*state, buf_str(&text), "t:7:16: too many values, aliases written out\n");
	buf_clear(&text);
	for (size_t i = 0; i < 1000; i++)
		buf_printf(&text, "- &a%zu x\n", i);
	conf_yaml_fails(*state, buf_str(&text), "t:257:3: too many anchors\n");
	buf_free(&text);
}

static void
test_many_keys_are_not_slow(void **state)
{
	enum { KEYS = 100 * 1000 };
	struct conf_fixture *f = *state;
	struct buf text = { 0 };
	struct yaml *root;

	for (size_t i = 0; i < KEYS; i++)
		buf_printf(&text, "key-%zu: value\n", i);
	root = conf_yaml(f, buf_str(&text));
	assert_int_equal(root->count, KEYS);
	buf_add_str(&text, "key-7: again\n");
	conf_yaml_fails(f, buf_str(&text), "t:100001:1: \"key-7\" is here for the second time, first in line 8\n");
	buf_free(&text);
}

static void
test_reads_files(void **state)
{
	struct conf_fixture *f = *state;
	char name[] = "/tmp/gatepost-yaml-XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "a: 1\n", 5), 5);
	assert_text(yaml_get(yaml_read_file(f->arena, name, NULL, &f->report), "a"), "1");
	close(fd);
	unlink(name);
	assert_null(yaml_read_file(f->arena, "/nowhere/at/all", NULL, &f->report));
	assert_null(yaml_read_file(f->arena, "/", NULL, &f->report));
	assert_string_equal(conf_errors(f), "/nowhere/at/all:0:0: cannot be read: No such file or directory\n"
	                                    "/:0:0: cannot be read: Is a directory\n");
}

static void
test_refuses_a_file_too_large(void **state)
{
	struct conf_fixture *f = *state;
	char name[] = "/tmp/gatepost-yaml-XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)YAML_FILE_MAX + 1), 0);
	close(fd);
	assert_null(yaml_read_file(f->arena, name, NULL, &f->report));
	unlink(name);
	assert_non_null(strstr(conf_errors(f), ":0:0: larger than 64 MiB\n"));
}

/* Leaves nothing of libyaml behind when the arena gives up in the middle:
 * LeakSanitizer would tell. */
static void
read_within(size_t limit)
{
	static const char text[] = "a: &x [1, 2, { b: 'c' }]\nd: *x\n\"e\": |\n  f\n";
	struct arena *volatile kept = arena_new(limit);
	struct arena *a = kept;
	struct report report;
	jmp_buf escape;

	if (setjmp(escape) == 0) {
		arena_set_escape(a, &escape);
		report_init(&report, a);
		assert_non_null(yaml_read(a, "t", span_str(text), &report));
	} else {
		assert_string_equal(arena_gave_up(kept), "memory limit reached");
	}
	a = kept;
	arena_free(&a);
}

static void
test_survives_an_arena_that_gives_up(void **state)
{
	(void)state;
	for (size_t limit = 1; limit < 32 * 1024; limit += 61)
		read_within(limit);
}

static void
test_checks_keys(void **state)
{
	static const char *const known[] = { "address", "policy", NULL };
	struct conf_fixture *f = *state;
	struct yaml *root = conf_yaml(f, "adress: 1\npolicy: 2\nzzz: 3\nlist: [1]\n");

	assert_false(yaml_check_keys(root, known, &f->report));
	assert_false(yaml_check_keys(yaml_get(root, "list"), known, &f->report));
	assert_string_equal(conf_errors(f), "t:1:1: unknown key \"adress\", did you mean \"address\"?\n"
	                                    "t:3:1: unknown key \"zzz\"\n"
	                                    "t:4:1: unknown key \"list\"\n"
	                                    "t:4:7: expected a mapping of keys and values\n");
	report_init(&f->report, f->arena);
	assert_true(yaml_check_keys(conf_yaml(f, "policy: 1\n"), known, &f->report));
}

/* The value behind "v: ". */
static struct yaml *
value(struct conf_fixture *f, const char *text)
{
	report_init(&f->report, f->arena);
	return yaml_get(conf_yaml(f, arena_printf(f->arena, "v: %s\n", text)), "v");
}

static void
test_strings(void **state)
{
	struct conf_fixture *f = *state;
	const char *s = NULL;

	assert_true(yaml_string(value(f, "plain words"), &s, &f->report));
	assert_string_equal(s, "plain words");
	assert_true(yaml_string(value(f, "25"), &s, &f->report));
	assert_string_equal(s, "25");
	assert_true(yaml_string(value(f, "''"), &s, &f->report));
	assert_string_equal(s, "");
	assert_true(yaml_string(value(f, "'~'"), &s, &f->report));
	assert_false(yaml_string(value(f, ""), &s, &f->report));
	assert_false(yaml_string(value(f, "~"), &s, &f->report));
	assert_false(yaml_string(value(f, "null"), &s, &f->report));
	assert_false(yaml_string(value(f, "[x]"), &s, &f->report));
	assert_string_equal(conf_errors(f), "t:1:4: expected a text, not a list\n");
	assert_false(yaml_string(value(f, "\"a\\0b\""), &s, &f->report));
	assert_string_equal(conf_errors(f), "t:1:4: a text must not hold NUL\n");
}

static void
test_booleans(void **state)
{
	struct conf_fixture *f = *state;
	bool b = false;

	assert_true(yaml_bool(value(f, "true"), &b, &f->report) && b);
	assert_true(yaml_bool(value(f, "No"), &b, &f->report) && !b);
	assert_true(yaml_bool(value(f, "ON"), &b, &f->report) && b);
	assert_true(yaml_bool(value(f, "off"), &b, &f->report) && !b);
	assert_false(yaml_bool(value(f, "'true'"), &b, &f->report));
	assert_false(yaml_bool(value(f, "1"), &b, &f->report));
	assert_false(yaml_bool(value(f, "{}"), &b, &f->report));
	assert_string_equal(conf_errors(f), "t:1:4: expected true or false, not a mapping\n");
}

static void
test_numbers(void **state)
{
	struct conf_fixture *f = *state;
	uint64_t n = 0;

	assert_true(yaml_number(value(f, "0"), &n, &f->report) && n == 0);
	assert_true(yaml_number(value(f, "18446744073709551615"), &n, &f->report) && n == UINT64_MAX);
	assert_false(yaml_number(value(f, "18446744073709551616"), &n, &f->report));
	assert_false(yaml_number(value(f, "-1"), &n, &f->report));
	assert_false(yaml_number(value(f, "1.0"), &n, &f->report));
	assert_false(yaml_number(value(f, "0x10"), &n, &f->report));
	assert_false(yaml_number(value(f, "'1'"), &n, &f->report));
	assert_string_equal(conf_errors(f), "t:1:4: expected a whole number, not the text \"1\"\n");
}

static void
test_decimals(void **state)
{
	static const char *const wrong[] = { "", ".", "1.", ".5", "-x", "1e5", "0x1p3", "inf", "nan", "1.5.5", "1,5", "'1'",
		"1234567890123456" };
	struct conf_fixture *f = *state;
	double d = 0;

	assert_true(yaml_decimal(value(f, "5.0"), &d, &f->report) && d == 5.0);
	assert_true(yaml_decimal(value(f, "-1.25"), &d, &f->report) && d == -1.25);
	assert_true(yaml_decimal(value(f, "+0.1"), &d, &f->report) && d == 0.1);
	assert_true(yaml_decimal(value(f, "1000"), &d, &f->report) && d == 1000.0);
	assert_true(yaml_decimal(value(f, "3.14159265358979"), &d, &f->report) && d == 3.14159265358979);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(yaml_decimal(value(f, wrong[i]), &d, &f->report));
}

static void
test_sizes(void **state)
{
	static const char *const wrong[] = { "", "MiB", "1KB", "1 m", "1.5MiB", "-1", "1  kB", "'1kB '", "17179869184GiB",
		"99999999999999999999" };
	struct conf_fixture *f = *state;
	uint64_t n = 0;

	assert_true(yaml_size(value(f, "1024"), &n, &f->report) && n == 1024);
	assert_true(yaml_size(value(f, "50MiB"), &n, &f->report) && n == 52428800);
	assert_true(yaml_size(value(f, "10 kB"), &n, &f->report) && n == 10000);
	assert_true(yaml_size(value(f, "2GiB"), &n, &f->report) && n == UINT64_C(2147483648));
	assert_true(yaml_size(value(f, "3 GB"), &n, &f->report) && n == UINT64_C(3000000000));
	assert_true(yaml_size(value(f, "7B"), &n, &f->report) && n == 7);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(yaml_size(value(f, wrong[i]), &n, &f->report));
}

static void
test_durations(void **state)
{
	static const char *const wrong[] = { "", "s", "5w", "5 minutes", "1.5s", "-5s", "99999999999999999999s",
		"18446744073709551615" };
	struct conf_fixture *f = *state;
	uint64_t n = 0;

	assert_true(yaml_duration(value(f, "30"), &n, &f->report) && n == 30000);
	assert_true(yaml_duration(value(f, "500ms"), &n, &f->report) && n == 500);
	assert_true(yaml_duration(value(f, "10s"), &n, &f->report) && n == 10000);
	assert_true(yaml_duration(value(f, "5 m"), &n, &f->report) && n == 300000);
	assert_true(yaml_duration(value(f, "1h"), &n, &f->report) && n == 3600000);
	assert_true(yaml_duration(value(f, "2d"), &n, &f->report) && n == 172800000);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(yaml_duration(value(f, wrong[i]), &n, &f->report));
}

static void
test_choices(void **state)
{
	static const char *const names[] = { "defer", "accept", "reject", NULL };
	struct conf_fixture *f = *state;
	int i = -1;

	assert_true(yaml_choice(value(f, "accept"), names, &i, &f->report));
	assert_int_equal(i, 1);
	assert_false(yaml_choice(value(f, "Accept"), names, &i, &f->report));
	assert_string_equal(conf_errors(f),
	    "t:1:4: unknown value \"Accept\", did you mean \"accept\"? (one of: defer, accept, reject)\n");
	assert_false(yaml_choice(value(f, "bounce"), names, &i, &f->report));
	assert_string_equal(conf_errors(f), "t:1:4: unknown value \"bounce\" (one of: defer, accept, reject)\n");
	assert_false(yaml_choice(value(f, "[defer]"), names, &i, &f->report));
	assert_int_equal(i, 1);
}

static void
test_lists(void **state)
{
	struct conf_fixture *f = *state;
	struct yaml *list = value(f, "[a, b]"), *single = value(f, "c"), *const *items;

	assert_int_equal(yaml_list(&list, &items), 2);
	assert_text(items[1], "b");
	assert_int_equal(yaml_list(&single, &items), 1);
	assert_text(items[0], "c");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_reads_a_tree),
		TEST(test_passes_over_a_byte_order_mark),
		TEST(test_knows_places),
		TEST(test_nothing_is_an_empty_mapping),
		TEST(test_resolves_aliases),
		TEST(test_refuses_what_is_no_yaml),
		TEST(test_refuses_duplicate_keys),
		TEST(test_bounds_depth),
		TEST(test_bounds_aliases),
		TEST(test_many_keys_are_not_slow),
		TEST(test_reads_files),
		TEST(test_refuses_a_file_too_large),
		TEST(test_survives_an_arena_that_gives_up),
		TEST(test_checks_keys),
		TEST(test_strings),
		TEST(test_booleans),
		TEST(test_numbers),
		TEST(test_decimals),
		TEST(test_sizes),
		TEST(test_durations),
		TEST(test_choices),
		TEST(test_lists),
	};

	return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
