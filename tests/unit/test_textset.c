/* Expressions, and sets of them: flags, errors, limits, text that is not
 * UTF-8; and that looking for literals first changes no result, on expressions
 * and texts made at random. */
#include "config.h"

#include "base/buf.h"
#include "engine/textset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct regex_limits limits = { .matches = 100000, .depth = 10000 };

static struct regex *
compile(struct arena *a, const char *text)
{
	const char *error = NULL;
	size_t offset;
	struct regex *r = regex_compile(a, span_str(text), &limits, &error, &offset);

	if (r == NULL)
		fail_msg("%s: %s at %zu", text, error, offset);
	return r;
}

static enum regex_result
match(const char *expression, struct span subject)
{
	struct arena *a = arena_new(0);
	enum regex_result result = regex_match(compile(a, expression), subject);

	arena_free(&a);
	return result;
}

static void
assert_error(const char *text, size_t expected)
{
	struct arena *a = arena_new(0);
	const char *error = NULL;
	size_t offset = SIZE_MAX;

	assert_null(regex_compile(a, span_str(text), &limits, &error, &offset));
	assert_non_null(error);
	assert_int_equal(offset, expected);
	arena_free(&a);
}

static void
test_errors(void **state)
{
	(void)state;
	assert_error("", 0);
	assert_error("/", 0);
	assert_error("abc", 0);
	assert_error("abc/", 0);
	assert_error("/abc", 0);
	assert_error("/abc/ig", 6);
	assert_error("/a/b", 3);
	assert_error("/ab(c/", 5);
	assert_error("/a+*/", 3);
	assert_error("/\xff/", 1);
	assert_error("/a\\C/", 4);
}

static void
test_flags(void **state)
{
	(void)state;
	assert_int_equal(match("/abc/", SPAN_LITERAL("xABC")), REGEX_NO_MATCH);
	assert_int_equal(match("/abc/i", SPAN_LITERAL("xABC")), REGEX_MATCH);
	assert_int_equal(match("/^b$/", SPAN_LITERAL("a\nb\nc")), REGEX_NO_MATCH);
	assert_int_equal(match("/^b$/m", SPAN_LITERAL("a\nb\nc")), REGEX_MATCH);
	assert_int_equal(match("/^b$/m", SPAN_LITERAL("a\r\nb\r\nc")), REGEX_MATCH);
	assert_int_equal(match("/a.b/", SPAN_LITERAL("a\nb")), REGEX_NO_MATCH);
	assert_int_equal(match("/a.b/s", SPAN_LITERAL("a\nb")), REGEX_MATCH);
	assert_int_equal(match("/ a b /x", SPAN_LITERAL("ab")), REGEX_MATCH);
	assert_int_equal(match("/\\w/", SPAN_LITERAL("\xc3\xa4")), REGEX_NO_MATCH);
	assert_int_equal(match("/\\w/u", SPAN_LITERAL("\xc3\xa4")), REGEX_MATCH);
	assert_int_equal(match("//", SPAN_NONE), REGEX_MATCH);
	assert_int_equal(match("/a/b/i", SPAN_LITERAL("xA/B")), REGEX_MATCH);
	assert_int_equal(match("/a\\/b/", SPAN_LITERAL("a/b")), REGEX_MATCH);
}

static void
test_text_that_is_not_utf8(void **state)
{
	(void)state;
	assert_int_equal(match("/needle/", SPAN_LITERAL("\xff\xfe needle \xc3")), REGEX_MATCH);
	assert_int_equal(match("/a.b/", SPAN_LITERAL("a\xff" "b")), REGEX_NO_MATCH);
	assert_int_equal(match("/\xc3\xa4/i", SPAN_LITERAL("\xff\xc3\x84")), REGEX_MATCH);
	assert_int_equal(match("/a\\x00b/", SPAN_LITERAL("a\0b")), REGEX_MATCH);
}

/* Either answer would be honest, as long as it is soon and not wrong. */
static void
test_catastrophe(void **state)
{
	enum { SIZE = 100 * 1024 };
	char *text = malloc(SIZE);

	(void)state;
	memset(text, 'a', SIZE);
	text[SIZE - 1] = 'b';
	assert_int_equal(match("/(a+)+$/", span_of(text, SIZE)), REGEX_LIMIT);
	assert_int_equal(match("/^(?:.|a)*c/", span_of(text, SIZE)), REGEX_NO_MATCH);
	text[SIZE - 1] = 'a';
	assert_int_equal(match("/(a+)+$/", span_of(text, SIZE)), REGEX_MATCH);
	free(text);
}

/* expected: the literals, separated by '|'; NULL = none. */
static void
assert_literal(const char *expression, const char *expected)
{
	struct arena *a = arena_new(0);
	const struct span *items;
	struct buf all = { 0 };
	bool nocase, folds;
	size_t count = regex_required_literals(compile(a, expression), &items, &nocase, &folds);

	for (size_t i = 0; i < count; i++) {
		buf_add_str(&all, i > 0 ? "|" : "");
		buf_add_span(&all, items[i]);
	}
	assert_string_equal(buf_str(&all), expected != NULL ? expected : "");
	assert_true(count == 0 || nocase == (strchr(strrchr(expression, '/'), 'i') != NULL));
	assert_int_equal(folds, nocase && count > 0 && strpbrk(buf_str(&all), "ks") != NULL);
	buf_free(&all);
	arena_free(&a);
}

static void
test_literals(void **state)
{
	(void)state;
	assert_literal("/viagra/", "viagra");
	assert_literal("/\\bUrgent\\b/i", "urgent");
	assert_literal("/ab/", NULL);
	assert_literal("/you (have|\\x27ve) won .{1,40}lottery/i", "lottery");
	assert_literal("/XJS\\*C4JDBQ\\.34X/", "XJS*C4JDBQ.34X");
	assert_literal("/don\\x27t/", "don't");
	assert_literal("/a\\tb\\nc/", "a\tb\nc");
	assert_literal("/foo|barbaz/", "foo|barbaz");
	assert_literal("/foo|ba/", NULL);
	assert_literal("/foo|/", NULL);
	assert_literal("/x(?:foobar|barbaz|quxquux)?/", NULL);
	assert_literal("/\\b(?:viagra|c(?:ialis|odeine))\\s+now\\b/i", "viagra|ialis|odeine");
	assert_literal("/(?:abc|abcdefg)x(?:defghi|ghijkl)/", "defghi|ghijkl");
	assert_literal("/(foo|barbaz)qux/", "qux");
	assert_literal("/(?:foobar)?qux/", "qux");
	assert_literal("/(?:foobar){0,3}qux/", "qux");
	assert_literal("/(?:foobar){2}qux/", "foobar");
	assert_literal("/(?<name>foobar)+qux/", "foobar");
	assert_literal("/(?>foobar)qux/", "foobar");
	assert_literal("/abcd*efg/", "abc");
	assert_literal("/abcd+efg/", "abcd");
	assert_literal("/abcde{0}f/", "abcd");
	assert_literal("/abcde{2,}+f/", "abcde");
	assert_literal("/colou?r/", "colo");
	assert_literal("/ab\xc3\xa4?xyz/", "xyz");
	assert_literal("/ab\xc3\xa4xyz/", "ab\xc3\xa4xyz");
	assert_literal("/ab\xc3\xa4xyz/i", "xyz");
	assert_literal("/[abc]def[^]x]ghij[[:alpha:]]/", "ghij");
	assert_literal("/^foo$\\s+^bar/m", "foo");
	assert_literal("/foo\\dbarr/", "barr");
	assert_literal("/foo\\p{Lu}barr/", "barr");
	assert_literal("/foo\\x{20ac}barr/", "barr");
	assert_literal("/f o o b \\ a r/x", "foob ar");
	assert_literal("/foo bar+ ?x/", "foo bar");
	assert_literal("/(?=foobar)qux/", "qux");
	assert_literal("/(?!foobar)qux/", "qux");
	assert_literal("/(?<!foobar)qux/", "qux");
}

/* Letters that match beyond ASCII: where those are in the text, PCRE2 is asked
 * whether or not a literal is found. */
static void
test_literals_that_fold_beyond_ascii(void **state)
{
	(void)state;
	assert_literal("/unsubscribe/i", "unsubscribe");
	assert_literal("/unsubscribe/", "unsubscribe");
	assert_literal("/pil\\x6bs now/i", "pilks now");
	assert_int_equal(match("/ski/i", SPAN_LITERAL("\xc5\xbf\xe2\x84\xaaI")), REGEX_MATCH);
}

static void
test_no_literal_when_in_doubt(void **state)
{
	(void)state;
	assert_literal("/foo(?i)bar/", NULL);
	assert_literal("/foo(?i:bar)/", NULL);
	assert_literal("/foo\\Q|\\Ebar/", NULL);
	assert_literal("/(foo)\\1bar/", NULL);
	assert_literal("/(foo)(?1)bar/", NULL);
	assert_literal("/foo\\Kbar/", NULL);
	assert_literal("/foo{,3}bar/", NULL);
	assert_literal("/foo{x}bar/", NULL);
	assert_literal("/foo(*SKIP)bar/", NULL);
	assert_literal("/foo(?#comment)bar/", NULL);
	assert_literal("/(a)?(?(1)foo|bar)foobar/", NULL);
	assert_literal("/foo # comment\nbar/x", NULL);
	assert_literal("/foo[[:a]b:]barr/", NULL);
	assert_literal("/[\\c]foo]{0}barr/", NULL);
	assert_literal("/foo\\o{101}bar/", NULL);
	assert_literal("/foo\\N{U+41}bar/", NULL);
}

static void
test_set(void **state)
{
	struct arena *a = arena_new(0);
	struct regex *items[] = { compile(a, "/lottery/i"), compile(a, "/^\\d+$/m"), compile(a, "/pills/"),
		compile(a, "/(x+x+)+y\\1?/") };
	struct textset *set = textset_compile(a, items, 4);
	struct textset_scratch *scratch = textset_scratch_new(set);
	enum regex_result results[4] = { REGEX_NO_MATCH, REGEX_NO_MATCH, REGEX_NO_MATCH, REGEX_NO_MATCH };

	(void)state;
	assert_int_equal(textset_count(set), 4);
	textset_match(set, scratch, SPAN_LITERAL("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx y"), results);
	assert_int_equal(results[3], REGEX_LIMIT);
	textset_match(set, scratch, SPAN_LITERAL("the LOTTERY\n123"), results);
	assert_int_equal(results[0], REGEX_MATCH);
	assert_int_equal(results[1], REGEX_MATCH);
	assert_int_equal(results[2], REGEX_NO_MATCH);
	assert_int_equal(results[3], REGEX_LIMIT);
	textset_match(set, scratch, SPAN_LITERAL("pills xxy"), results);
	textset_match(set, scratch, SPAN_NONE, results);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(results[i], REGEX_MATCH);
	textset_scratch_free(&scratch);
	assert_null(scratch);
	arena_free(&a);
}

static void
test_empty_set(void **state)
{
	struct arena *a = arena_new(0);
	struct textset *set = textset_compile(a, NULL, 0);
	struct textset_scratch *scratch = textset_scratch_new(set);

	(void)state;
	textset_match(set, scratch, SPAN_LITERAL("text"), NULL);
	assert_int_equal(textset_count(set), 0);
	textset_scratch_free(&scratch);
	arena_free(&a);
}

/* Without a scratch nothing is known, and that is said. */
static void
test_no_scratch(void **state)
{
	struct arena *a = arena_new(0);
	struct regex *items[] = { compile(a, "/a/"), compile(a, "/b/") };
	struct textset *set = textset_compile(a, items, 2);
	enum regex_result results[2] = { REGEX_MATCH, REGEX_NO_MATCH };

	(void)state;
	textset_match(set, NULL, SPAN_LITERAL("text"), results);
	assert_int_equal(results[0], REGEX_MATCH);
	assert_int_equal(results[1], REGEX_LIMIT);
	arena_free(&a);
}

/* --- At random --- */

static const char *
any_of(const char *const *items, size_t count)
{
	return items[(size_t)rand() % count];
}
#define ANY_OF(items) any_of((items), sizeof(items) / sizeof((items)[0]))

/* Appends pieces of expressions to text, groups among them. */
static void
random_expression(char *text, size_t size, int depth)
{
	static const char *const plain[] = { "abc", "kiss", "a", "b", "s", "\\x61", "\\.", ".", "\\w", "\\s", "[ab]", "[^]a]",
		"[[:alpha:]]", "^", "$", "\\b", "\xc3\xa4", "\\xe4", " ", "(?=abc)", "(?!abc)", "\\p{Lu}", "#", "abcab", "\\R",
		"[\\]]", "]", "}" };
	static const char *const odd[] = { "(?i)", "\\Qab\\E", "{", "\\Kab", "(?#abc)", "\\x{212a}", "(?i:ab)", "[[:a]", "\\N",
		"[\\Q]\\E]", "(?1)", "\\1", "{,2}", "\\o{101}" };
	static const char *const quantifiers[] = { "", "", "", "", "", "", "", "", "", "", "?", "*", "+", "{0}", "{2}", "{0,2}", "{1,2}", "??", "++", " +",
		"{,2}" };
	static const char *const opens[] = { "(", "(?:", "(?>", "(?<n>", "(?=", "(?!", "(?i:", "(?|" };

	for (int i = rand() % 5; i >= 0 && strlen(text) + 100 < size; i--) {
		if (depth < 3 && rand() % 6 == 0) {
			strcat(text, ANY_OF(opens));
			random_expression(text, size - 20, depth + 1);
			strcat(text, ")");
		} else {
			strcat(text, rand() % 40 == 0 ? ANY_OF(odd) : ANY_OF(plain));
		}
		strcat(text, ANY_OF(quantifiers));
		if (rand() % 12 == 0)
			strcat(text, "|");
	}
}

static struct span
random_text(char *text, size_t size)
{
	static const char *const pieces[] = { "abc", "kiss", "ABC", "a", "b", "s", "k", ".", "\n", "\r\n", " ", "#", "{", "]", "\xc3\xa4",
		"\xc3\x84", "\xe2\x84\xaa", "\xc5\xbf", "\xff", "{,2}", "i", "Ab" };

	text[0] = '\0';
	for (int i = rand() % 16; i > 0 && strlen(text) + 10 < size; i--)
		strcat(text, ANY_OF(pieces));
	return span_str(text);
}

#ifdef SANITIZERS /* each round there takes seven times as long */
enum { ROUNDS = 4000 };
#else
enum { ROUNDS = 20000 };
#endif

static void
test_random(void **state)
{
	static const char *const flags[] = { "/", "/i", "/x", "/ix", "/ui", "/ms" };
	size_t with_literal = 0, matches = 0;

	(void)state;
	srand(2);
	for (int round = 0; round < ROUNDS; round++) {
		struct arena *a = arena_new(0);
		char expression[500] = "/", text[200];
		size_t offset;
		const char *error;
		struct regex *r;

		random_expression(expression, sizeof(expression) - 10, 0);
		strcat(expression, ANY_OF(flags));
		r = regex_compile(a, span_str(expression), &limits, &error, &offset);
		if (r != NULL) {
			struct textset *set = textset_compile(a, &r, 1);
			struct textset_scratch *scratch = textset_scratch_new(set);
			const struct span *literals;
			bool nocase, folds, required = regex_required_literals(r, &literals, &nocase, &folds) > 0;

			with_literal += required;
			for (int i = 0; i < 20; i++) {
				enum regex_result result = REGEX_NO_MATCH, expected;

				textset_match(set, scratch, random_text(text, sizeof(text)), &result);
				expected = regex_match(r, span_str(text));
				if (result != expected)
					fail_msg("%s on %s: %d, not %d", expression, text, result, expected);
				matches += required && result == REGEX_MATCH;
			}
			textset_scratch_free(&scratch);
		}
		arena_free(&a);
	}
	assert_true(with_literal > ROUNDS / 20 && matches > ROUNDS / 20); /* or it proves little */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_text_that_is_not_utf8),
		cmocka_unit_test(test_catastrophe),
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_literals_that_fold_beyond_ascii),
		cmocka_unit_test(test_no_literal_when_in_doubt),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_empty_set),
		cmocka_unit_test(test_no_scratch),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
