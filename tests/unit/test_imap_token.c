/* IMAP's words: what each kind takes and what it leaves, values of any shape, and
 * values that are cut by a literal. */
#include "config.h"

#include "wire/imap_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define BYTES(text) { "" text, sizeof(text) - 1 }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct arena *arena;

static int
open_arena(void **state)
{
	(void)state;
	arena = arena_new(0);
	return 0;
}

static int
close_arena(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void
assert_text(struct span got, const char *expected)
{
	if (!span_is(got, expected))
		fail_msg("got '%.*s', expected '%s'", SPAN_ARG(got), expected);
}

typedef bool take_span_of(struct imap_cursor *c, struct span *out);

/* taken == NULL: it fails and takes nothing. */
static void
check_take(take_span_of *take, const char *input, const char *taken, const char *rest)
{
	struct imap_cursor c = imap_cursor(span_str(input));
	struct span out;

	if (taken == NULL) {
		if (take(&c, &out))
			fail_msg("'%s' was taken of '%s'", c.rest.data, input);
		assert_true(c.failed);
		assert_false(imap_at_end(&c));
		assert_false(take(&c, &out));
		return;
	}
	if (!take(&c, &out))
		fail_msg("nothing was taken of '%s'", input);
	assert_text(out, taken);
	assert_text(c.rest, rest);
}

static void
test_words(void **state)
{
	(void)state;
	check_take(imap_take_atom, "NOOP x", "NOOP", " x");
	check_take(imap_take_atom, "a]b", "a", "]b");
	check_take(imap_take_atom, "[a b", "[a", " b");
	check_take(imap_take_atom, "$Junk)", "$Junk", ")");
	check_take(imap_take_atom, "caf\xc3\xa9", "caf\xc3\xa9", "");
	for (const char *bad = "(){ %*\"\\]\x7f\x1f\r"; *bad != '\0'; bad++)
		check_take(imap_take_atom, bad, NULL, NULL);
	check_take(imap_take_atom, "", NULL, NULL);
	check_take(imap_take_tag, "A1.]x NOOP", "A1.]x", " NOOP");
	check_take(imap_take_tag, "a+b", "a", "+b");
	check_take(imap_take_tag, "+", NULL, NULL);
	check_take(imap_take_tag, "\xc3\xa9", NULL, NULL);
	check_take(imap_take_flag, "\\Seen)", "\\Seen", ")");
	check_take(imap_take_flag, "\\*)", "\\*", ")");
	check_take(imap_take_flag, "$Junk \\", "$Junk", " \\");
	check_take(imap_take_flag, "\\", NULL, NULL);
	check_take(imap_take_flag, "\\ Seen", NULL, NULL);
	check_take(imap_take_flag, "\\\\Seen", NULL, NULL);
	check_take(imap_take_flag, "*", NULL, NULL);
	check_take(imap_take_sequence_set, "1:*,7 x", "1:*,7", " x");
	check_take(imap_take_sequence_set, "$ x", "$", " x");
	check_take(imap_take_sequence_set, "$,1", NULL, NULL);
	check_take(imap_take_sequence_set, "0", NULL, NULL);
	check_take(imap_take_sequence_set, "x", NULL, NULL);
}

static void
test_numbers(void **state)
{
	struct imap_cursor c = imap_cursor(SPAN_LITERAL("0 4294967295 9223372036854775807"));
	uint64_t wide;
	uint32_t narrow;

	(void)state;
	assert_true(imap_take_u32(&c, &narrow) && narrow == 0 && imap_take_space(&c));
	assert_true(imap_take_u32(&c, &narrow) && narrow == UINT32_MAX && imap_take_space(&c));
	assert_true(imap_take_u63(&c, &wide) && wide == INT64_MAX && imap_at_end(&c));
	c = imap_cursor(SPAN_LITERAL("4294967296"));
	assert_false(imap_take_u32(&c, &narrow));
	c = imap_cursor(SPAN_LITERAL("9223372036854775808"));
	assert_false(imap_take_u63(&c, &wide));
	c = imap_cursor(SPAN_LITERAL("99999999999999999999999999"));
	assert_false(imap_take_u63(&c, &wide));
	c = imap_cursor(SPAN_LITERAL("-1"));
	assert_false(imap_take_u63(&c, &wide));
}

/* What failed stays so: the last one asked tells. */
static void
test_failure_sticks(void **state)
{
	struct imap_cursor c = imap_cursor(SPAN_LITERAL("a b"));
	struct span atom;

	(void)state;
	assert_false(imap_take_word(&c, "ab"));
	assert_false(imap_take_atom(&c, &atom));
	assert_false(imap_take_char(&c, 'a'));
	assert_false(imap_sees(&c, 'a'));
	assert_false(imap_skip_value(&c, NULL));
	assert_text(c.rest, "a b");
	c = imap_cursor(SPAN_LITERAL("nil)"));
	assert_true(imap_take_word(&c, "NIL"));
	assert_text(c.rest, ")");
	c = imap_cursor(SPAN_LITERAL("NILS"));
	assert_false(imap_take_word(&c, "NIL"));
}

static bool
take_string(struct imap_cursor *c, struct span *out)
{
	return imap_take_string(c, arena, out);
}

static bool
take_astring(struct imap_cursor *c, struct span *out)
{
	return imap_take_astring(c, arena, out);
}

static bool
take_nstring(struct imap_cursor *c, struct span *out)
{
	return imap_take_nstring(c, arena, out);
}

static void
test_strings(void **state)
{
	(void)state;
	check_take(take_string, "\"a b\" c", "a b", " c");
	check_take(take_string, "\"\"", "", "");
	check_take(take_string, "\"\\\"\\\\\\\\x\"y", "\"\\\\x", "y");
	check_take(take_string, "{3}\r\na\r\n b", "a\r\n", " b");
	check_take(take_string, "{3+}\r\n\"()x", "\"()", "x");
	check_take(take_string, "~{1}\r\nab", "a", "b");
	check_take(take_string, "{0}\r\n", "", "");
	check_take(take_string, "{3}\r\nab", NULL, NULL);
	check_take(take_string, "{1}\nab", NULL, NULL);
	check_take(take_string, "{1}", NULL, NULL);
	check_take(take_string, "{1}\r", NULL, NULL);
	check_take(take_string, "{9223372036854775807}\r\nab", NULL, NULL);
	check_take(take_string, "{18446744073709551615}\r\nab", NULL, NULL);
	check_take(take_string, "\"ab", NULL, NULL);
	check_take(take_string, "\"", NULL, NULL);
	check_take(take_string, "\"a\\", NULL, NULL);
	check_take(take_string, "\"a\\\"", NULL, NULL);
	check_take(take_string, "\"a\\n\"", NULL, NULL);
	check_take(take_string, "\"a\r\nb\"", NULL, NULL);
	check_take(take_string, "atom", NULL, NULL);
	check_take(take_astring, "INBOX]x y", "INBOX]x", " y");
	check_take(take_astring, "~user", "~user", "");
	check_take(take_astring, "a{1}\r\nb", "a", "{1}\r\nb");
	check_take(take_astring, "\"IN BOX\"", "IN BOX", "");
	check_take(take_astring, "(a)", NULL, NULL);
	check_take(take_astring, "%", NULL, NULL);
	check_take(take_nstring, "NIL x", "", " x");
	check_take(take_nstring, "\"NIL\" x", "NIL", " x");
	check_take(take_nstring, "nilly", NULL, NULL);
}

/* NIL and the empty string are told apart; NUL is an octet of literals only. */
static void
test_nil_and_nul(void **state)
{
	static const char *const empty[] = { "\"\"", "{0}\r\n", "{0}\r\n x" };
	struct imap_cursor c = imap_cursor(SPAN_LITERAL("NIL"));
	struct span value;

	(void)state;
	assert_true(imap_take_nstring(&c, arena, &value));
	assert_null(value.data);
	for (size_t i = 0; i < COUNT(empty); i++) {
		c = imap_cursor(span_str(empty[i]));
		assert_true(imap_take_nstring(&c, arena, &value));
		assert_non_null(value.data);
		assert_int_equal(value.len, 0);
	}
	c = imap_cursor(SPAN_LITERAL("~{3}\r\na\0b"));
	assert_true(imap_take_string(&c, arena, &value));
	assert_memory_equal(value.data, "a\0b", 3);
	c = imap_cursor(SPAN_LITERAL("\"a\0b\""));
	assert_false(imap_take_string(&c, arena, &value));
	assert_false(imap_values_are_clean(SPAN_LITERAL("a\0b")));
}

static void
test_values(void **state)
{
	(void)state;
	check_take(imap_skip_value, "a b", "a", " b");
	check_take(imap_skip_value, "\\Seen b", "\\Seen", " b");
	check_take(imap_skip_value, "1:*,$ b", "1:*,$", " b");
	check_take(imap_skip_value, "\"( \\\" )\" b", "\"( \\\" )\"", " b");
	check_take(imap_skip_value, "(\"a\\x\\\"\" b) c", "(\"a\\x\\\"\" b)", " c");
	check_take(imap_skip_value, "{4}\r\n) \"( b", "{4}\r\n) \"(", " b");
	check_take(imap_skip_value, "() b", "()", " b");
	check_take(imap_skip_value, "( ) b", "( )", " b");
	check_take(imap_skip_value, "(a (b \"c\" ({1}\r\nd))) e", "(a (b \"c\" ({1}\r\nd)))", " e");
	check_take(imap_skip_value, "((a)(b) \"mixed\")(c)", "((a)(b) \"mixed\")", "(c)");
	check_take(imap_skip_value, "(a  b ) c", "(a  b )", " c");
	check_take(imap_skip_value, "BODY[] c", "BODY[]", " c");
	check_take(imap_skip_value, "body.peek[1.HEADER.FIELDS (a \"b ]\" {2}\r\n]))]<0.5> c",
	    "body.peek[1.HEADER.FIELDS (a \"b ]\" {2}\r\n]))]<0.5>", " c");
	check_take(imap_skip_value, "[Gmail]/All c", "[Gmail]/All", " c");
	check_take(imap_skip_value, "[open c", "[open", " c");
	check_take(imap_skip_value, "\"a\\\r\"", NULL, NULL);
	check_take(imap_skip_value, "\"a\\", NULL, NULL);
	check_take(imap_skip_value, "", NULL, NULL);
	check_take(imap_skip_value, " a", NULL, NULL);
	check_take(imap_skip_value, ")", NULL, NULL);
	check_take(imap_skip_value, "(", NULL, NULL);
	check_take(imap_skip_value, "(a", NULL, NULL);
	check_take(imap_skip_value, "(a ", NULL, NULL);
	check_take(imap_skip_value, "(a\"b\")", NULL, NULL);
	check_take(imap_skip_value, "(\"b\"a)", NULL, NULL);
	check_take(imap_skip_value, "({3}\r\nab)", NULL, NULL);
	check_take(imap_skip_value, "(a {5}", NULL, NULL);
	check_take(imap_skip_value, "BODY[", NULL, NULL);
	check_take(imap_skip_value, "BODY[\"]", NULL, NULL);
}

static bool
take_nested(size_t depth)
{
	char text[600];
	struct imap_cursor c = imap_cursor(span_of(text, 2 * depth + 1));

	assert_in_range(2 * depth + 1, 1, sizeof(text));
	memset(text, '(', depth);
	text[depth] = 'a';
	memset(text + depth + 1, ')', depth);
	return imap_skip_value(&c, NULL) && imap_at_end(&c);
}

static void
test_depth(void **state)
{
	(void)state;
	assert_true(take_nested(IMAP_DEPTH_MAX));
	assert_false(take_nested(IMAP_DEPTH_MAX + 1));
	assert_false(take_nested(IMAP_DEPTH_MAX + 100));
}

/* Each text but the last ends where a literal was; after the last nothing is
 * open and `rest` stays. */
static void
check_some(const char *const *texts, const unsigned *depths, size_t count, const char *rest)
{
	unsigned depth = 0;

	for (size_t i = 0; i < count; i++) {
		struct imap_cursor c = imap_cursor(span_str(texts[i]));

		assert_int_equal(imap_skip_some(&c, &depth), i + 1 == count);
		assert_int_equal(depth, depths[i]);
		assert_text(c.rest, i + 1 == count ? rest : "");
	}
}

static void
test_cut_values(void **state)
{
	static const char *const lists[] = { "(a (", " \"b\" ", ") ", " c) d" };
	static const unsigned list_depths[] = { 2, 2, 1, 0 };
	static const char *const bad[] = { "", "x)", "\"x\")", "{1}" };
	struct imap_cursor c = imap_cursor(span_str(""));
	unsigned depth = 0;

	(void)state;
	check_some(lists, list_depths, COUNT(lists), " d");
	assert_int_equal(imap_skip_some(&c, &depth), 0);
	assert_int_equal(depth, 0);
	for (size_t i = 0; i < COUNT(bad); i++) {
		depth = 1;
		c = imap_cursor(span_str(bad[i]));
		assert_int_equal(imap_skip_some(&c, &depth), -1);
	}
}

static void
test_clean(void **state)
{
	static const char *const clean[] = { "", "a", "a b", "INBOX (\\Seen) {3}\r\na b", "1:* (BODY[] FLAGS)",
		"\"\" \"*\"", "\"\" %", "CHARSET UTF-8 TEXT {2}\r\n\xc3\xa9" };
	static const char *const unclean[] = { " ", " a", "a ", "a  b", "a\"b\"", "a{1}\r\nb", "(a", "a)", "a\tb",
		"{2}\r\na", "{1}\r\nab", "\"a", "(a)(b)", "a\x7f" };

	(void)state;
	for (size_t i = 0; i < COUNT(clean); i++)
		if (!imap_values_are_clean(span_str(clean[i])))
			fail_msg("'%s' is clean", clean[i]);
	for (size_t i = 0; i < COUNT(unclean); i++)
		if (imap_values_are_clean(span_str(unclean[i])))
			fail_msg("'%s' is not clean", unclean[i]);
}

static void
test_printing(void **state)
{
	static const struct span unfit[] = { BYTES("a\0b"), BYTES("a\rb"), BYTES("a\nb"), BYTES("\xc3\xa9") };
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	assert_true(imap_print_quoted(&out, span_str("a \"b\\")));
	assert_string_equal(buf_str(&out), "\"a \\\"b\\\\\"");
	buf_clear(&out);
	assert_true(imap_print_quoted(&out, SPAN_NONE));
	assert_string_equal(buf_str(&out), "\"\"");
	buf_clear(&out);
	for (size_t i = 0; i < COUNT(unfit); i++)
		assert_false(imap_print_quoted(&out, unfit[i]));
	assert_int_equal(out.len, 0);
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_failure_sticks),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_nil_and_nul),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_cut_values),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_printing),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
