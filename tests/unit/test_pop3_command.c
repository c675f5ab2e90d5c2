/* POP3 commands: what is accepted, what it means, what is refused. */
#include "config.h"

#include "wire/pop3_command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define BYTES(text) { "" text, sizeof(text) - 1 }
#define DIGEST "c4c9334bac560ecc979e58001b3e22fb"

static void
assert_accepted(struct span line, enum pop3_verb verb, struct span argument)
{
	struct pop3_command c;
	const char *error = pop3_command_parse(line, &c);

	if (error != NULL)
		fail_msg("%.*s: %s", SPAN_ARG(line), error);
	assert_int_equal(c.verb, verb);
	assert_true(span_eq(c.line, line));
	if (!span_eq(c.argument, argument))
		fail_msg("%.*s: argument '%.*s'", SPAN_ARG(line), SPAN_ARG(c.argument));
}

static void
assert_refused(struct span line, enum pop3_verb verb, const char *start)
{
	struct pop3_command c;
	const char *error = pop3_command_parse(line, &c);

	if (error == NULL || !span_starts(span_str(error), start))
		fail_msg("%.*s: got '%s', expected '%s'", SPAN_ARG(line), error != NULL ? error : "no error", start);
	assert_int_equal(c.verb, verb);
}

static void
test_verbs(void **state)
{
	static const struct {
		struct span line;
		enum pop3_verb verb;
		struct span argument;
	} cases[] = {
		{ BYTES("USER joe"), POP3_USER, BYTES("joe") },
		{ BYTES("user  joe@a.example  "), POP3_USER, BYTES("joe@a.example") },
		{ BYTES("USER DOMAIN\\joe of sales"), POP3_USER, BYTES("DOMAIN\\joe of sales") },
		{ BYTES("USER jos\xc3\xa9"), POP3_USER, BYTES("jos\xc3\xa9") },
		{ BYTES("PASS secret"), POP3_PASS, BYTES("secret") },
		{ BYTES("APOP joe " DIGEST), POP3_APOP, BYTES("joe " DIGEST) },
		{ BYTES("APOP jos\xc3\xa9 C4C9334BAC560ECC979E58001B3E22FB "), POP3_APOP,
		    BYTES("jos\xc3\xa9 C4C9334BAC560ECC979E58001B3E22FB") },
		{ BYTES("AUTH"), POP3_AUTH, BYTES("") },
		{ BYTES("AUTH "), POP3_AUTH, BYTES("") },
		{ BYTES("auth plain"), POP3_AUTH, BYTES("plain") },
		{ BYTES("AUTH SCRAM-SHA-256 biws"), POP3_AUTH, BYTES("SCRAM-SHA-256 biws") },
		{ BYTES("AUTH EXTERNAL ="), POP3_AUTH, BYTES("EXTERNAL =") },
		{ BYTES("CAPA"), POP3_CAPA, BYTES("") },
		{ BYTES("stls"), POP3_STLS, BYTES("") },
		{ BYTES("Quit  "), POP3_QUIT, BYTES("") },
		{ BYTES("UTF8"), POP3_UTF8, BYTES("") },
		{ BYTES("LANG"), POP3_LANG, BYTES("") },
		{ BYTES("LANG *"), POP3_LANG, BYTES("*") },
		{ BYTES("LANG de-AT"), POP3_LANG, BYTES("de-AT") },
		{ BYTES("STAT"), POP3_STAT, BYTES("") },
		{ BYTES("STAT "), POP3_STAT, BYTES("") },
		{ BYTES("NOOP"), POP3_NOOP, BYTES("") },
		{ BYTES("RSET"), POP3_RSET, BYTES("") },
		{ BYTES("LAST"), POP3_LAST, BYTES("") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_accepted(cases[i].line, cases[i].verb, cases[i].argument);
}

static void
test_passwords(void **state)
{
	(void)state;
	assert_accepted(SPAN_LITERAL("PASS  two words "), POP3_PASS, SPAN_LITERAL(" two words "));
	assert_accepted(SPAN_LITERAL("pass  "), POP3_PASS, SPAN_LITERAL(" "));
	for (int c = 1; c < 256; c++) {
		char line[] = "PASS x";

		line[5] = (char)c;
		if (c == '\r' || c == '\n')
			assert_refused(span_str(line), POP3_PASS, "characters");
		else
			assert_accepted(span_str(line), POP3_PASS, span_of(line + 5, 1));
	}
	assert_refused(SPAN_LITERAL("PASS a\0b"), POP3_PASS, "characters");
	assert_refused(SPAN_LITERAL("PASS"), POP3_PASS, "syntax:");
	assert_refused(SPAN_LITERAL("PASS "), POP3_PASS, "syntax:");
}

static void
test_numbers(void **state)
{
	static const struct {
		const char *line;
		enum pop3_verb verb;
		bool has_number;
		uint64_t number, lines;
	} cases[] = {
		{ "LIST", POP3_LIST, false, 0, 0 },
		{ "LIST  ", POP3_LIST, false, 0, 0 },
		{ "list 1", POP3_LIST, true, 1, 0 },
		{ "UIDL", POP3_UIDL, false, 0, 0 },
		{ "UIDL 99 ", POP3_UIDL, true, 99, 0 },
		{ "RETR 18446744073709551615", POP3_RETR, true, UINT64_MAX, 0 },
		{ "RETR  007", POP3_RETR, true, 7, 0 },
		{ "DELE 3", POP3_DELE, true, 3, 0 },
		{ "TOP 1 0", POP3_TOP, true, 1, 0 },
		{ "TOP  2  99999999 ", POP3_TOP, true, 2, 99999999 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pop3_command c;

		assert_null(pop3_command_parse(span_str(cases[i].line), &c));
		assert_int_equal(c.verb, cases[i].verb);
		assert_int_equal(c.has_number, cases[i].has_number);
		assert_int_equal(c.number, cases[i].number);
		assert_int_equal(c.lines, cases[i].lines);
	}
}

static void
test_bad_numbers(void **state)
{
	static const char *const bad[] = { "0", "00", "-1", "+1", "1x", "0x1", "1 2", "1.", "one", "1,2", "*", "1:3",
		"18446744073709551616", "99999999999999999999999999" };
	static const struct {
		const char *name;
		enum pop3_verb verb;
	} verbs[] = { { "LIST", POP3_LIST }, { "UIDL", POP3_UIDL }, { "RETR", POP3_RETR }, { "DELE", POP3_DELE } };

	(void)state;
	for (size_t v = 0; v < sizeof(verbs) / sizeof(verbs[0]); v++) {
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			char line[64];

			snprintf(line, sizeof(line), "%s %s", verbs[v].name, bad[i]);
			assert_refused(span_str(line), verbs[v].verb, "syntax:");
		}
	}
	assert_refused(SPAN_LITERAL("RETR"), POP3_RETR, "syntax:");
	assert_refused(SPAN_LITERAL("DELE "), POP3_DELE, "syntax:");
}

static void
test_bad_tops(void **state)
{
	static const char *const bad[] = { "TOP", "TOP 1", "TOP 0 1", "TOP 1 x", "TOP 1 -1", "TOP 1 2 3", "TOP x 1",
		"TOP 1 18446744073709551616", "TOP 18446744073709551616 1", "TOP -1 1", "TOP 1 +1" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(span_str(bad[i]), POP3_TOP, "syntax:");
}

static void
test_refused(void **state)
{
	static const struct {
		struct span line;
		enum pop3_verb verb;
		const char *start;
	} cases[] = {
		{ BYTES(""), POP3_UNKNOWN, "unknown" },
		{ BYTES("XTND XMIT"), POP3_UNKNOWN, "unknown" },
		{ BYTES("GET / HTTP/1.1"), POP3_UNKNOWN, "unknown" },
		{ BYTES(" USER joe"), POP3_UNKNOWN, "unknown" },
		{ BYTES("USERjoe"), POP3_UNKNOWN, "unknown" },
		{ BYTES("unknown"), POP3_UNKNOWN, "unknown" },
		{ BYTES("USER\tjoe"), POP3_UNKNOWN, "characters" },
		{ BYTES("\xff"), POP3_UNKNOWN, "characters" },
		{ BYTES("USER"), POP3_USER, "syntax:" },
		{ BYTES("USER  "), POP3_USER, "syntax:" },
		{ BYTES("USER jo\0e"), POP3_USER, "characters" },
		{ BYTES("USER jo\te"), POP3_USER, "characters" },
		{ BYTES("USER joe\rPASS x"), POP3_USER, "characters" },
		{ BYTES("USER joe\nPASS x"), POP3_USER, "characters" },
		{ BYTES("USER jo\x7f"), POP3_USER, "characters" },
		{ BYTES("USER joe\0"), POP3_USER, "characters" },
		{ BYTES("RETR 1\0"), POP3_RETR, "characters" },
		{ BYTES("RETR 1\t"), POP3_RETR, "characters" },
		{ BYTES("LANG d\xc3\xa9"), POP3_LANG, "characters" },
		{ BYTES("LANG de at"), POP3_LANG, "syntax:" },
		{ BYTES("APOP"), POP3_APOP, "syntax:" },
		{ BYTES("APOP joe"), POP3_APOP, "syntax:" },
		{ BYTES("APOP " DIGEST), POP3_APOP, "syntax:" },
		{ BYTES("APOP joe  " DIGEST), POP3_APOP, "syntax:" },
		{ BYTES("APOP joe of sales " DIGEST), POP3_APOP, "syntax:" },
		{ BYTES("APOP joe " DIGEST "0"), POP3_APOP, "syntax:" },
		{ BYTES("APOP joe g4c9334bac560ecc979e58001b3e22fb"), POP3_APOP, "syntax:" },
		{ BYTES("APOP joe c4c9334bac560ecc979e58001b3e22f"), POP3_APOP, "syntax:" },
		{ BYTES("AUTH PLAIN  AGpvZQB4"), POP3_AUTH, "syntax:" },
		{ BYTES("AUTH PLAIN AGpv ZQB4"), POP3_AUTH, "syntax:" },
		{ BYTES("AUTH PLAIN *"), POP3_AUTH, "syntax:" },
		{ BYTES("AUTH PLA!N"), POP3_AUTH, "syntax:" },
		{ BYTES("AUTH A-NAME-OF-21-OCTETS-X"), POP3_AUTH, "syntax:" },
		{ BYTES("CAPA x"), POP3_CAPA, "syntax:" },
		{ BYTES("STLS x"), POP3_STLS, "syntax:" },
		{ BYTES("QUIT x"), POP3_QUIT, "syntax:" },
		{ BYTES("UTF8 USER"), POP3_UTF8, "syntax:" },
		{ BYTES("STAT x"), POP3_STAT, "syntax:" },
		{ BYTES("NOOP x"), POP3_NOOP, "syntax:" },
		{ BYTES("RSET 1"), POP3_RSET, "syntax:" },
		{ BYTES("LAST 1"), POP3_LAST, "syntax:" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(cases[i].line, cases[i].verb, cases[i].start);
}

/* Every verb has a name, a parser, and is found by its name in any case. */
static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(pop3_verb_name(POP3_UNKNOWN), "unknown");
	for (enum pop3_verb verb = POP3_UNKNOWN + 1; verb < POP3_VERBS; verb++) {
		struct pop3_command c;
		char name[8];
		size_t len = strlen(pop3_verb_name(verb));

		for (size_t i = 0; i <= len; i++)
			name[i] = ascii_lower(pop3_verb_name(verb)[i]);
		pop3_command_parse(span_str(name), &c);
		assert_int_equal(c.verb, verb);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verbs),
		cmocka_unit_test(test_passwords),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_bad_numbers),
		cmocka_unit_test(test_bad_tops),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
