/* IMAP responses: their kinds, their codes, and what is no response. */
#include "config.h"

#include "wire/imap_response.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { LIMIT = 100 };

static void
assert_text(struct span got, const char *expected)
{
	if (!span_is(got, expected))
		fail_msg("got '%.*s', expected '%s'", SPAN_ARG(got), expected);
}

static struct imap_response
parse(const char *text)
{
	struct imap_response r;

	if (!imap_response_parse(span_str(text), &r))
		fail_msg("'%s' is a response", text);
	return r;
}

static void
test_conditions(void **state)
{
	static const struct {
		const char *text;
		enum imap_kind kind;
		const char *tag;
		enum imap_status status;
		enum imap_code code;
		const char *name, *arguments, *rest;
	} cases[] = {
		{ "* OK", IMAP_CONDITION, "", IMAP_OK, IMAP_CODE_NONE, "", "", "" },
		{ "* OK ready", IMAP_CONDITION, "", IMAP_OK, IMAP_CODE_NONE, "", "", "ready" },
		{ "* ok [CAPABILITY IMAP4rev1 IDLE] hi", IMAP_CONDITION, "", IMAP_OK, IMAP_CODE_CAPABILITY, "CAPABILITY",
		    "IMAP4rev1 IDLE", "hi" },
		{ "* PREAUTH [alert] hi", IMAP_CONDITION, "", IMAP_PREAUTH, IMAP_CODE_ALERT, "alert", "", "hi" },
		{ "* BYE", IMAP_CONDITION, "", IMAP_BYE, IMAP_CODE_NONE, "", "", "" },
		{ "* NO [X a \"]\\\"\"] t", IMAP_CONDITION, "", IMAP_NO, IMAP_CODE_OTHER, "X", "a \"]\\\"\"", "t" },
		{ "* BAD [unclosed", IMAP_CONDITION, "", IMAP_BAD, IMAP_CODE_NONE, "", "", "[unclosed" },
		{ "* OK [CLOSED]", IMAP_CONDITION, "", IMAP_OK, IMAP_CODE_CLOSED, "CLOSED", "", "" },
		{ "a.1 OK done", IMAP_TAGGED, "a.1", IMAP_OK, IMAP_CODE_NONE, "", "", "done" },
		{ "a NO [TRYCREATE] no such", IMAP_TAGGED, "a", IMAP_NO, IMAP_CODE_TRYCREATE, "TRYCREATE", "", "no such" },
		{ "a BAD", IMAP_TAGGED, "a", IMAP_BAD, IMAP_CODE_NONE, "", "", "" },
		{ "a OK [READ-WRITE]x", IMAP_TAGGED, "a", IMAP_OK, IMAP_CODE_READ_WRITE, "READ-WRITE", "", "x" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct imap_response r = parse(cases[i].text);

		assert_int_equal(r.kind, cases[i].kind);
		assert_text(r.tag, cases[i].tag);
		assert_int_equal(r.status, cases[i].status);
		assert_int_equal(r.code, cases[i].code);
		assert_text(r.code_name, cases[i].name);
		assert_text(r.code_arguments, cases[i].arguments);
		assert_text(r.rest, cases[i].rest);
	}
}

static void
test_data(void **state)
{
	static const struct {
		const char *text;
		enum imap_kind kind;
		uint32_t number;
		enum imap_word word;
		const char *rest;
	} cases[] = {
		{ "* 23 EXISTS", IMAP_NUMBERED, 23, IMAP_WORD_EXISTS, "" },
		{ "* 0 recent", IMAP_NUMBERED, 0, IMAP_WORD_RECENT, "" },
		{ "* 4294967295 EXPUNGE", IMAP_NUMBERED, UINT32_MAX, IMAP_WORD_EXPUNGE, "" },
		{ "* 3 FETCH (UID 7)", IMAP_NUMBERED, 3, IMAP_WORD_FETCH, "(UID 7)" },
		{ "* 3 FROB x", IMAP_NUMBERED, 3, IMAP_WORD_OTHER, "x" },
		{ "* CAPABILITY IMAP4rev1", IMAP_DATA, 0, IMAP_WORD_CAPABILITY, "IMAP4rev1" },
		{ "* search", IMAP_DATA, 0, IMAP_WORD_SEARCH, "" },
		{ "* LIST () \"/\" INBOX", IMAP_DATA, 0, IMAP_WORD_LIST, "() \"/\" INBOX" },
		{ "* FLAGS (\\Seen)", IMAP_DATA, 0, IMAP_WORD_FLAGS, "(\\Seen)" },
		{ "* VANISHED 1:3", IMAP_DATA, 0, IMAP_WORD_VANISHED, "1:3" },
		{ "* X-THING  y", IMAP_DATA, 0, IMAP_WORD_OTHER, " y" },
		{ "+ go on", IMAP_CONTINUE, 0, IMAP_WORD_OTHER, "go on" },
		{ "+ ", IMAP_CONTINUE, 0, IMAP_WORD_OTHER, "" },
		{ "+", IMAP_CONTINUE, 0, IMAP_WORD_OTHER, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct imap_response r = parse(cases[i].text);

		assert_int_equal(r.kind, cases[i].kind);
		assert_int_equal(r.number, cases[i].number);
		assert_int_equal(r.word, cases[i].word);
		assert_text(r.rest, cases[i].rest);
	}
}

static void
test_no_responses(void **state)
{
	static const char *const bad[] = { "", "*", "* ", "** OK", "*OK", "* (x)", "* 1", "* 1 ", "* 1EXISTS",
		"* 4294967296 EXISTS", "* 1  EXISTS", "* OK(", "* FETCH(", "a", "a ", "a BYE x", "a PREAUTH",
		"a FROB", "a 1", "a OKAY", " a OK", "+OK ready", "+x", "a+b OK", "{3}" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct imap_response r;

		if (imap_response_parse(span_str(bad[i]), &r))
			fail_msg("'%s' is no response", bad[i]);
	}
}

struct take_case {
	const char *input;
	int result;
	const char *text, *rest;
	bool has_literal;
};

/* What people are told may end in anything; data may announce a literal. */
static const struct take_case take_cases[] = {
	{ "* 1 FETCH (BODY[] {3}\r\nabc)\r\n", 1, "* 1 FETCH (BODY[] ", "(BODY[] ", true },
	{ "* LIST () \"/\" {3}\r\na b\r\n", 1, "* LIST () \"/\" ", "() \"/\" ", true },
	{ "* 1 FETCH (BINARY[1] ~{3}\r\n", 1, "* 1 FETCH (BINARY[1] ", "(BINARY[1] ", true },
	{ "* OK see {3}\r\n", 1, "* OK see {3}", "see {3}", false },
	{ "a NO [X {3}\r\n", 1, "a NO [X {3}", "[X {3}", false },
	{ "a BAD {3+}\r\n", 1, "a BAD {3+}", "{3+}", false },
	{ "+ {3}\r\n", 1, "+ {3}", "{3}", false },
	{ "* 1 FETCH (BODY[] {3+}\r\nabc)\r\n", -1, NULL, NULL, false },
	{ "* LIST () \"/\" ~{3+}\r\n", -1, NULL, NULL, false },
	{ "nonsense\r\n", -1, NULL, NULL, false },
	{ "* OK\n", -1, NULL, NULL, false },
};

static void
check_taken(const struct take_case *expected, struct span input, size_t whole)
{
	struct imap_line line;
	struct imap_response r;
	const char *why = NULL;
	size_t used;

	assert_int_equal(imap_response_take(input, LIMIT, &line, &r, &used, &why), expected->result);
	assert_int_equal(why != NULL, expected->result < 0);
	assert_int_equal(used, expected->result > 0 ? whole : 0);
	if (expected->result < 0)
		return;
	assert_text(line.text, expected->text);
	assert_int_equal(line.has_literal, expected->has_literal);
	assert_text(r.rest, expected->rest);
}

static void
test_taking(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(take_cases); i++) {
		struct span input = span_str(take_cases[i].input);
		size_t whole = span_find_byte(input, '\n') + 1, used;

		for (size_t len = 0; len < whole; len++) {
			struct imap_line line;
			struct imap_response r;
			const char *why;

			assert_int_equal(imap_response_take(span_first(input, len), LIMIT, &line, &r, &used, &why), 0);
			assert_int_equal(used, 0);
		}
		for (size_t len = whole; len <= input.len; len++)
			check_taken(&take_cases[i], span_first(input, len), whole);
	}
}

static void
test_taking_more(void **state)
{
	struct imap_line line;
	const char *why = NULL;
	size_t used;

	(void)state;
	assert_int_equal(imap_response_take_more(span_str(" FLAGS {3}\r\n"), LIMIT, &line, &used, &why), 1);
	assert_true(line.has_literal);
	assert_int_equal(imap_response_take_more(span_str(")\r"), LIMIT, &line, &used, &why), 0);
	assert_null(why);
	assert_int_equal(imap_response_take_more(span_str(" FLAGS {3+}\r\n"), LIMIT, &line, &used, &why), -1);
	assert_int_equal(used, 0);
	assert_non_null(why);
}

static void
test_code_numbers(void **state)
{
	static const char *const bad[] = { "* OK [UIDNEXT]", "* OK [UIDNEXT ]", "* OK [UIDNEXT 0]",
		"* OK [UIDNEXT x]", "* OK [UIDNEXT 1 2]", "* OK [HIGHESTMODSEQ 9223372036854775808]" };
	struct imap_response r = parse("* OK [HIGHESTMODSEQ 9223372036854775807] x");
	uint64_t number;

	(void)state;
	assert_int_equal(r.code, IMAP_CODE_HIGHESTMODSEQ);
	assert_true(imap_code_number(&r, &number) && number == INT64_MAX);
	for (size_t i = 0; i < COUNT(bad); i++) {
		r = parse(bad[i]);
		assert_false(imap_code_number(&r, &number));
	}
}

static void
test_code_uids(void **state)
{
	static const char *const bad[] = { "a OK [COPYUID 1 2]", "a OK [COPYUID 0 2 3]", "a OK [COPYUID 1 2:3 4]",
		"a OK [COPYUID 1 * 4]", "a OK [COPYUID 1 $ 4]", "a OK [COPYUID 1 2 3 4]", "a OK [COPYUID 1  2 3]" };
	struct imap_response r = parse("* OK [COPYUID 4294967295 304,319:320 3956:3958] x");
	struct span from, to;
	uint32_t uidvalidity;

	(void)state;
	assert_int_equal(r.code, IMAP_CODE_COPYUID);
	assert_true(imap_code_copyuid(&r, &uidvalidity, &from, &to));
	assert_int_equal(uidvalidity, UINT32_MAX);
	assert_text(from, "304,319:320");
	assert_text(to, "3956:3958");
	for (size_t i = 0; i < COUNT(bad); i++) {
		r = parse(bad[i]);
		assert_false(imap_code_copyuid(&r, &uidvalidity, &from, &to));
	}
}

static void
test_vanished(void **state)
{
	static const char *const bad[] = { "", "(EARLIER)", "(EARLIER) ", "(EARLIER)1", "(LATER) 1", "EARLIER 1",
		"1 ", "1:*", "$" };
	struct span uids;
	bool earlier;

	(void)state;
	assert_true(imap_vanished_parse(span_str("(earlier) 41,43:116"), &earlier, &uids));
	assert_true(earlier);
	assert_text(uids, "41,43:116");
	assert_true(imap_vanished_parse(span_str("300:310"), &earlier, &uids));
	assert_false(earlier);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(imap_vanished_parse(span_str(bad[i]), &earlier, &uids));
}

static void
test_flags(void **state)
{
	struct span list = SPAN_LITERAL("(\\Seen $Junk \\*)"), flag;

	(void)state;
	assert_true(imap_flags_contain(list, "\\seen"));
	assert_true(imap_flags_contain(list, "$JUNK"));
	assert_true(imap_flags_contain(list, "\\*"));
	assert_false(imap_flags_contain(list, "Seen"));
	assert_false(imap_flags_contain(span_str("()"), ""));
	assert_false(imap_flags_contain(SPAN_NONE, "x"));
	assert_true(imap_flags_next(&list, &flag));
	assert_text(flag, "\\Seen");
	assert_true(imap_flags_next(&list, &flag) && imap_flags_next(&list, &flag));
	assert_false(imap_flags_next(&list, &flag));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_no_responses),
		cmocka_unit_test(test_taking),
		cmocka_unit_test(test_taking_more),
		cmocka_unit_test(test_code_numbers),
		cmocka_unit_test(test_code_uids),
		cmocka_unit_test(test_vanished),
		cmocka_unit_test(test_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
