/* IMAP commands: tag, verb and arguments; LOGIN, AUTHENTICATE and APPEND in full. */
#include "config.h"

#include "wire/imap_append.h"
#include "wire/imap_command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

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

static void
test_commands(void **state)
{
	static const struct {
		const char *text, *tag;
		enum imap_verb verb;
		bool uid;
		const char *arguments;
	} cases[] = {
		{ "a1 NOOP", "a1", IMAP_NOOP, false, "" },
		{ "* noop", "", IMAP_UNKNOWN, false, NULL },
		{ "A.b] cApAbIlItY", "A.b]", IMAP_CAPABILITY, false, "" },
		{ "a LOGIN bob pwd", "a", IMAP_LOGIN, false, "bob pwd" },
		{ "a LOGIN ", "a", IMAP_LOGIN, false, "" },
		{ "a LOGIN {3}\r\nbob pwd", "a", IMAP_LOGIN, false, "{3}\r\nbob pwd" },
		{ "a FETCH 1:* (FLAGS)", "a", IMAP_FETCH, false, "1:* (FLAGS)" },
		{ "a uid fetch 1:* (FLAGS)", "a", IMAP_FETCH, true, "1:* (FLAGS)" },
		{ "a EXPUNGE", "a", IMAP_EXPUNGE, false, "" },
		{ "a UID EXPUNGE 1:3", "a", IMAP_EXPUNGE, true, "1:3" },
		{ "a UID THREAD REFS UTF-8 ALL", "a", IMAP_THREAD, true, "REFS UTF-8 ALL" },
		{ "a XLIST \"\" *", "a", IMAP_XLIST, false, "\"\" *" },
		{ "a UNSELECT", "a", IMAP_UNSELECT, false, "" },
		{ "a COMPRESS DEFLATE", "a", IMAP_COMPRESS, false, "DEFLATE" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct imap_command c;
		const char *why = imap_command_parse(span_str(cases[i].text), &c);

		assert_text(c.tag, cases[i].tag);
		assert_int_equal(c.verb, cases[i].verb);
		assert_int_equal(c.uid, cases[i].uid);
		if (cases[i].arguments == NULL) {
			assert_non_null(why);
			continue;
		}
		assert_null(why);
		assert_text(c.arguments, cases[i].arguments);
		assert_true(span_is_nocase(c.name, imap_verb_name(c.verb)));
	}
}

static void
test_no_commands(void **state)
{
	static const struct {
		const char *text, *tag, *why;
	} cases[] = {
		{ "", "", "a command begins with its tag" },
		{ " NOOP", "", "a command begins with its tag" },
		{ "+ NOOP", "", "a command begins with its tag" },
		{ "(a NOOP", "", "a command begins with its tag" },
		{ "a+b NOOP", "", "a tag and a command are required" },
		{ "a\"b NOOP", "", "a tag and a command are required" },
		{ "a", "a", "a tag and a command are required" },
		{ "a ", "a", "a command is required" },
		{ "a  NOOP", "a", "a command is required" },
		{ "a UID", "a", "a command is required" },
		{ "a UID  FETCH 1 x", "a", "a command is required" },
		{ "a FROB x", "a", "unknown command" },
		{ "a UID NOOP", "a", "unknown command" },
		{ "a UID LOGIN a b", "a", "unknown command" },
		{ "a UID UID FETCH 1 x", "a", "unknown command" },
		{ "a unknown x", "a", "unknown command" },
		{ "a NOOP ", "a", "syntax: no argument is allowed" },
		{ "a NOOP x", "a", "syntax: no argument is allowed" },
		{ "a EXPUNGE 1:3", "a", "syntax: no argument is allowed" },
		{ "a NOOP(", "a", "syntax: no argument is allowed" },
		{ "a FETCH", "a", "syntax: arguments are required" },
		{ "a UID EXPUNGE", "a", "syntax: arguments are required" },
		{ "a LOGIN\tb c", "a", "syntax: arguments are required" },
		{ "a FETCH(", "a", "syntax: arguments are required" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct imap_command c;
		const char *why = imap_command_parse(span_str(cases[i].text), &c);

		assert_non_null(why);
		assert_string_equal(why, cases[i].why);
		assert_text(c.tag, cases[i].tag);
	}
}

static void
test_every_verb(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, 0);
	for (enum imap_verb verb = IMAP_UNKNOWN + 1; verb < IMAP_VERBS; verb++) {
		struct imap_command c;

		buf_clear(&text);
		buf_printf(&text, "t %s x", imap_verb_name(verb));
		imap_command_parse(buf_span(&text), &c);
		assert_int_equal(c.verb, verb);
	}
	buf_free(&text);
}

static void
test_login(void **state)
{
	static const char *const bad[] = { "", "bob", "bob ", " bob pwd", "bob  pwd", "bob pwd x", "(bob) pwd",
		"\"bob pwd" };
	struct span user, password;

	(void)state;
	assert_null(imap_login_parse(span_str("bob {5}\r\np\" wd"), arena, &user, &password));
	assert_text(user, "bob");
	assert_text(password, "p\" wd");
	assert_null(imap_login_parse(span_str("\"b\\\"ob\" \"\""), arena, &user, &password));
	assert_text(user, "b\"ob");
	assert_text(password, "");
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_non_null(imap_login_parse(span_str(bad[i]), arena, &user, &password));
}

static void
test_authenticate(void **state)
{
	static const char *const bad[] = { "", "PLAIN ", "PLAIN x y", "PLAIN  x", " PLAIN", "PL(AIN",
		"PLAIN a\"b" };
	struct span mechanism, response;
	bool has_response;

	(void)state;
	assert_null(imap_authenticate_parse(span_str("plain"), &mechanism, &has_response, &response));
	assert_text(mechanism, "plain");
	assert_false(has_response);
	assert_null(imap_authenticate_parse(span_str("PLAIN AGIAcA=="), &mechanism, &has_response, &response));
	assert_true(has_response);
	assert_text(response, "AGIAcA==");
	assert_null(imap_authenticate_parse(span_str("XOAUTH2 ="), &mechanism, &has_response, &response));
	assert_text(response, "=");
	for (size_t i = 0; i < COUNT(bad); i++)
		if (imap_authenticate_parse(span_str(bad[i]), &mechanism, &has_response, &response) == NULL)
			fail_msg("'%s' is no AUTHENTICATE", bad[i]);
}

static void
test_append(void **state)
{
	static const struct {
		const char *text;
		int result;
		const char *mailbox, *options, *flags, *date;
	} cases[] = {
		{ "INBOX ", 1, "INBOX", "", "", "" },
		{ "\"a b\" (\\Seen $Junk) ", 1, "a b", "(\\Seen $Junk)", "(\\Seen $Junk)", "" },
		{ "{3}\r\na b () \" 1-Jan-2020 00:00:00 +0000\" ", 1, "a b", "() \" 1-Jan-2020 00:00:00 +0000\"", "()",
		    " 1-Jan-2020 00:00:00 +0000" },
		{ "a \"1-Jan-2020 00:00:00 +0000\" ", 1, "a", "\"1-Jan-2020 00:00:00 +0000\"", "",
		    "1-Jan-2020 00:00:00 +0000" },
		{ "", 0, "", "", "", "" },
		{ "INBOX", -1, "", "", "", "" },
		{ "INBOX  ", -1, "", "", "", "" },
		{ "INBOX (\\Seen)", -1, "", "", "", "" },
		{ "INBOX (\\Seen \\Bad", -1, "", "", "", "" },
		{ "INBOX ( \\Seen) ", -1, "", "", "", "" },
		{ "INBOX (\\Seen ) ", -1, "", "", "", "" },
		{ "INBOX (\\Seen) \"date ", -1, "", "", "", "" },
		{ "INBOX \"da\\te\" ", -1, "", "", "", "" },
		{ "INBOX CATENATE (TEXT ", -1, "", "", "", "" },
		{ "INBOX UTF8 (", -1, "", "", "", "" },
		{ "INBOX \"date\" (\\Seen) ", -1, "", "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct imap_append p;
		const char *why = NULL;

		assert_int_equal(imap_append_parse(span_str(cases[i].text), arena, &p, &why), cases[i].result);
		assert_int_equal(why != NULL, cases[i].result < 0);
		if (cases[i].result != 1)
			continue;
		assert_text(p.mailbox, cases[i].mailbox);
		assert_text(p.options, cases[i].options);
		assert_text(p.flags, cases[i].flags);
		assert_text(p.date, cases[i].date);
	}
}

static void
test_multiappend(void **state)
{
	struct imap_append p;
	const char *why = NULL;

	(void)state;
	assert_int_equal(imap_append_next(span_str(""), false, &p, &why), 0);
	assert_int_equal(imap_append_next(span_str(" "), true, &p, &why), 1);
	assert_int_equal(imap_append_next(span_str(" (\\Seen) \"1-Jan-2020 00:00:00 +0000\" "), true, &p, &why), 1);
	assert_text(p.flags, "(\\Seen)");
	assert_null(why);
	assert_int_equal(imap_append_next(span_str(" "), false, &p, &why), -1);
	assert_int_equal(imap_append_next(span_str(" (\\Seen)"), false, &p, &why), -1);
	assert_int_equal(imap_append_next(span_str(""), true, &p, &why), -1);
	assert_int_equal(imap_append_next(span_str(" x "), true, &p, &why), -1);
	assert_int_equal(imap_append_next(span_str("x"), false, &p, &why), -1);
	assert_non_null(why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_no_commands),
		cmocka_unit_test(test_every_verb),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_authenticate),
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_multiappend),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
