/* SMTP commands: what is accepted, what it means, what is refused. */
#include "config.h"

#include "wire/line.h"
#include "wire/smtp_command.h"

#include "base/buf.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define BYTES(text) { "" text, sizeof(text) - 1 }

static void
assert_text(struct span got, const char *expected)
{
	if (!span_is(got, expected))
		fail_msg("got '%.*s', expected '%s'", SPAN_ARG(got), expected);
}

static void
assert_accepted(const char *line, struct smtp_command *cmd)
{
	const char *error = smtp_command_parse(span_str(line), cmd);

	if (error != NULL)
		fail_msg("%s: %s", line, error);
	assert_text(cmd->line, line);
}

static void
assert_refused(struct span line, enum smtp_verb verb, const char *status)
{
	struct smtp_command cmd;
	const char *error = smtp_command_parse(line, &cmd);

	if (error == NULL || !span_starts(span_str(error), status))
		fail_msg("%.*s: got '%s', expected %s", SPAN_ARG(line), error != NULL ? error : "no error", status);
	assert_int_equal(cmd.verb, verb);
}

static void
test_verbs(void **state)
{
	static const struct {
		const char *line;
		enum smtp_verb verb;
		const char *argument;
	} cases[] = {
		{ "HELO a.example", SMTP_HELO, "a.example" },
		{ "ehlo [192.0.2.1]", SMTP_EHLO, "[192.0.2.1]" },
		{ "LHLO  two words ", SMTP_LHLO, "two words" },
		{ "data", SMTP_DATA, "" },
		{ "DATA  ", SMTP_DATA, "" },
		{ "RsEt", SMTP_RSET, "" },
		{ "NOOP anything at\tall", SMTP_NOOP, "anything at\tall" },
		{ "NOOP", SMTP_NOOP, "" },
		{ "QUIT", SMTP_QUIT, "" },
		{ "VRFY joe", SMTP_VRFY, "joe" },
		{ "EXPN list", SMTP_EXPN, "list" },
		{ "HELP", SMTP_HELP, "" },
		{ "STARTTLS", SMTP_STARTTLS, "" },
		{ "AUTH PLAIN", SMTP_AUTH, "PLAIN" },
		{ "AUTH SCRAM-SHA-256 biws", SMTP_AUTH, "SCRAM-SHA-256 biws" },
		{ "AUTH EXTERNAL =", SMTP_AUTH, "EXTERNAL =" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct smtp_command cmd;

		assert_accepted(cases[i].line, &cmd);
		assert_int_equal(cmd.verb, cases[i].verb);
		assert_text(cmd.argument, cases[i].argument);
	}
}

static void
test_verb_names(void **state)
{
	(void)state;
	for (enum smtp_verb verb = SMTP_UNKNOWN + 1; verb < SMTP_VERBS; verb++) {
		struct smtp_command cmd;

		smtp_command_parse(span_str(smtp_verb_name(verb)), &cmd);
		assert_int_equal(cmd.verb, verb);
	}
}

static void
test_refused(void **state)
{
	static const struct {
		struct span line;
		enum smtp_verb verb;
		const char *status;
	} cases[] = {
		{ BYTES(""), SMTP_UNKNOWN, "500 5.5.1" },
		{ BYTES(" NOOP"), SMTP_UNKNOWN, "500 5.5.1" },
		{ BYTES("GET / HTTP/1.1"), SMTP_UNKNOWN, "500 5.5.1" },
		{ BYTES("NOOPE"), SMTP_UNKNOWN, "500 5.5.1" },
		{ BYTES("QUIT\t"), SMTP_UNKNOWN, "500 5.5.1" },
		{ BYTES("EHLO"), SMTP_EHLO, "501 5.5.4" },
		{ BYTES("HELO  "), SMTP_HELO, "501 5.5.4" },
		{ BYTES("VRFY"), SMTP_VRFY, "501 5.5.4" },
		{ BYTES("DATA now"), SMTP_DATA, "501 5.5.4" },
		{ BYTES("STARTTLS x"), SMTP_STARTTLS, "501 5.5.4" },
		{ BYTES("RSET x"), SMTP_RSET, "501 5.5.4" },
		{ BYTES("QUIT x"), SMTP_QUIT, "501 5.5.4" },
		{ BYTES("AUTH"), SMTP_AUTH, "501 5.5.4" },
		{ BYTES("AUTH PLAIN AAA= AAA="), SMTP_AUTH, "501 5.5.4" },
		{ BYTES("AUTH PL:AIN"), SMTP_AUTH, "501 5.5.4" },
		{ BYTES("AUTH A23456789012345678901"), SMTP_AUTH, "501 5.5.4" },
		{ BYTES("NOOP a\0b"), SMTP_NOOP, "501 5.5.2" },
		{ BYTES("NOOP a\rb"), SMTP_NOOP, "501 5.5.2" },
		{ BYTES("NOOP a\nb"), SMTP_NOOP, "501 5.5.2" },
		{ BYTES("NOOP a\x1b[2J"), SMTP_NOOP, "501 5.5.2" },
		{ BYTES("NOOP a\x7f"), SMTP_NOOP, "501 5.5.2" },
		{ BYTES("EHLO caf\xc3\xa9.example"), SMTP_EHLO, "501 5.5.2" },
		{ BYTES("EHLO a\r\nMAIL FROM:<b>"), SMTP_EHLO, "501 5.5.2" },
		{ BYTES("MAIL FROM:<a\0b@c>"), SMTP_MAIL, "501 5.5.2" },
		{ BYTES("RCPT TO:<a@b>\0"), SMTP_RCPT, "501 5.5.2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(cases[i].line, cases[i].verb, cases[i].status);
}

static void
test_paths(void **state)
{
	static const struct {
		const char *line, *path;
	} cases[] = {
		{ "MAIL FROM:<>", "" },
		{ "mail from:<a@b.example>", "a@b.example" },
		{ "MAIL FROM: <a@b.example>", "a@b.example" },
		{ "MAIL FROM:<a@b.example> ", "a@b.example" },
		{ "MAIL FROM:<postmaster>", "postmaster" },
		{ "MAIL FROM:<.a..b.@b_c.example>", ".a..b.@b_c.example" },
		{ "MAIL FROM:<a+b=c/d%e!f#g@b>", "a+b=c/d%e!f#g@b" },
		{ "MAIL FROM:<\"a b\"@c>", "\"a b\"@c" },
		{ "MAIL FROM:<\"a>b\\\"c\\\\\"@d>", "\"a>b\\\"c\\\\\"@d" },
		{ "MAIL FROM:<\"\"@d>", "\"\"@d" },
		{ "MAIL FROM:<a@[192.0.2.1]>", "a@[192.0.2.1]" },
		{ "MAIL FROM:<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]" },
		{ "MAIL FROM:<@a.example,@b.example:c@d.example>", "@a.example,@b.example:c@d.example" },
		{ "MAIL FROM:<@[192.0.2.1]:c@d>", "@[192.0.2.1]:c@d" },
		{ "MAIL FROM:<jos\xc3\xa9@b\xc3\xbc.example> SMTPUTF8", "jos\xc3\xa9@b\xc3\xbc.example" },
		{ "MAIL FROM:<\"\xe2\x82\xac 5\"@b>", "\"\xe2\x82\xac 5\"@b" },
		{ "RCPT TO:<a@b>", "a@b" },
		{ "rcpt to:   <Postmaster>", "Postmaster" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct smtp_command cmd;

		assert_accepted(cases[i].line, &cmd);
		assert_text(cmd.path, cases[i].path);
	}
}

/* Each stands between "MAIL FROM:" and the end of the line. */
static void
test_bad_paths(void **state)
{
	static const struct {
		const char *argument, *status;
	} cases[] = {
		{ "", "501 5.5.4" },
		{ "a@b", "501 5.5.4" },
		{ "a@b>", "501 5.5.4" },
		{ "joe <a@b>", "501 5.5.4" },
		{ "<", "501 5.1.7" },
		{ "<a@b", "501 5.1.7" },
		{ "<a@b>>", "501 5.1.7" },
		{ "<<a@b>>", "501 5.1.7" },
		{ "<a@b>SIZE=1", "501 5.1.7" },
		{ "<a@>", "501 5.1.7" },
		{ "<@b>", "501 5.1.7" },
		{ "<@b:>", "501 5.1.7" },
		{ "<@a,b:c@d>", "501 5.1.7" },
		{ "<@a:@b:c@d>", "501 5.1.7" },
		{ "<@,@b:c@d>", "501 5.1.7" },
		{ "<a@b@c>", "501 5.1.7" },
		{ "<a b@c>", "501 5.1.7" },
		{ "< a@c>", "501 5.1.7" },
		{ "<a@c >", "501 5.1.7" },
		{ "<a\t@c>", "501 5.1.7" },
		{ "<(x)a@c>", "501 5.1.7" },
		{ "<a,b@c>", "501 5.1.7" },
		{ "<a\\>b@c>", "501 5.1.7" },
		{ "<\"a@c>", "501 5.1.7" },
		{ "<\"a\\\"@c>", "501 5.1.7" },
		{ "<\"a\tb\"@c>", "501 5.1.7" },
		{ "<\"a\\\tb\"@c>", "501 5.1.7" },
		{ "<a\"b>\"@c>", "501 5.1.7" },
		{ "<\"a\"b@c>", "501 5.1.7" },
		{ "<a@[192.0.2.1>", "501 5.1.7" },
		{ "<a@[]>", "501 5.1.7" },
		{ "<a@[1]x>", "501 5.1.7" },
		{ "<a@[1>2]>", "501 5.1.7" },
		{ "<\"a\\", "501 5.1.7" },
		{ "<\"", "501 5.1.7" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf line = { .len = 0 };

		buf_printf(&line, "MAIL FROM:%s", cases[i].argument);
		assert_refused(buf_span(&line), SMTP_MAIL, cases[i].status);
		buf_free(&line);
	}
	assert_refused(SPAN_LITERAL("MAIL"), SMTP_MAIL, "501 5.5.4");
	assert_refused(SPAN_LITERAL("MAIL TO:<a@b>"), SMTP_MAIL, "501 5.5.4");
	assert_refused(SPAN_LITERAL("RCPT TO:a@b"), SMTP_RCPT, "501 5.5.4");
	assert_refused(SPAN_LITERAL("RCPT TO:<>"), SMTP_RCPT, "501 5.1.3");
	assert_refused(SPAN_LITERAL("RCPT TO:<a@>"), SMTP_RCPT, "501 5.1.3");
}

static void
test_long_path(void **state)
{
	struct buf line = { .len = 0 };
	struct smtp_command cmd;

	(void)state;
	buf_add_str(&line, "RCPT TO:<");
	for (int i = 0; i < ADDRESS_MAX; i++)
		buf_add_byte(&line, 'a');
	buf_add_byte(&line, '>');
	assert_null(smtp_command_parse(buf_span(&line), &cmd));
	assert_int_equal(cmd.path.len, ADDRESS_MAX);
	line.data[line.len - 1] = 'a';
	buf_add_byte(&line, '>');
	assert_refused(buf_span(&line), SMTP_RCPT, "501 5.1.3");
	buf_free(&line);
}

static void
test_params(void **state)
{
	struct smtp_command cmd;
	const struct smtp_param *param;

	(void)state;
	assert_accepted("MAIL FROM:<a@b> SIZE=1000  body=8BITMIME SMTPUTF8 AUTH=<> ENVID=QQ+2B1 X-a=b:;/<", &cmd);
	assert_text(cmd.path, "a@b");
	assert_int_equal(cmd.param_count, 6);
	param = smtp_param_find(&cmd, "size");
	assert_non_null(param);
	assert_true(param->has_value);
	assert_text(param->value, "1000");
	param = smtp_param_find(&cmd, "SMTPUTF8");
	assert_non_null(param);
	assert_false(param->has_value);
	assert_text(smtp_param_find(&cmd, "BODY")->value, "8BITMIME");
	assert_text(smtp_param_find(&cmd, "AUTH")->value, "<>");
	assert_text(smtp_param_find(&cmd, "ENVID")->value, "QQ+2B1");
	assert_null(smtp_param_find(&cmd, "RET"));

	assert_accepted("RCPT TO:<a@b> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a+2Bb@c", &cmd);
	assert_text(smtp_param_find(&cmd, "orcpt")->value, "rfc822;a+2Bb@c");
	assert_accepted("RCPT TO:<a@b> ORCPT=UTF-8;jos\xc3\xa9\\x{20AC}@c", &cmd);
	assert_text(smtp_param_find(&cmd, "orcpt")->value, "UTF-8;jos\xc3\xa9\\x{20AC}@c");
}

/* Each follows "RCPT TO:<a@b> ". */
static void
test_bad_params(void **state)
{
	static const char *const cases[] = {
		"=", "=1", "SIZE=", "SIZE= 1", "-A=1", "A_B=1", "SIZE=1=2", "SIZE=1\t2", "\tSIZE=1", "A=1 a=2", "A A",
		"A=caf\xc3\xa9", "caf\xc3\xa9", "ENVID=a+", "ENVID=a+0", "ENVID=a+0D+0A", "ENVID=a+zz", "ENVID=a+00",
		"ENVID=a+7F", "AUTH=a+0Ab", "ORCPT=rfc822;a+0D@b", "ORCPT=rfc822;caf\xc3\xa9", "ORCPT=utf-8;\\x{A}",
		"ORCPT=utf-8;\\x{0000000d}", "ORCPT=utf-8;\\x{110000}", "ORCPT=utf-8;\\x{100000041}", "ORCPT=utf-8;\\x{41",
		"ORCPT=utf-8;\\x{}", "ENVID=caf\xc3\xa9",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf line = { .len = 0 };

		buf_printf(&line, "RCPT TO:<a@b> %s", cases[i]);
		assert_refused(buf_span(&line), SMTP_RCPT, "501 5.5.4");
		buf_free(&line);
	}
}

static void
test_too_many_params(void **state)
{
	struct buf line = { .len = 0 };
	struct smtp_command cmd;

	(void)state;
	buf_add_str(&line, "MAIL FROM:<>");
	for (int i = 0; i < SMTP_PARAMS_MAX; i++)
		buf_printf(&line, " P%d=%d", i, i);
	assert_null(smtp_command_parse(buf_span(&line), &cmd));
	assert_int_equal(cmd.param_count, SMTP_PARAMS_MAX);
	buf_add_str(&line, " ONE-MORE");
	assert_refused(buf_span(&line), SMTP_MAIL, "501 5.5.4");
	buf_free(&line);
}

static void
test_bdat(void **state)
{
	static const char *const bad[] = {
		"BDAT", "BDAT ", "BDAT LAST", "BDAT -1", "BDAT +1", "BDAT 0x10", "BDAT 1 2", "BDAT 1 LAST LAST", "BDAT 1LAST",
	};
	static const char *const endless[] = {
		"BDAT 9223372036854775808", "BDAT 18446744073709551616", "BDAT 99999999999999999999999 LAST",
	};
	struct smtp_command cmd;

	(void)state;
	assert_accepted("BDAT 86", &cmd);
	assert_int_equal(cmd.chunk, 86);
	assert_false(cmd.last);
	assert_accepted("bdat 0  last", &cmd);
	assert_int_equal(cmd.chunk, 0);
	assert_true(cmd.last);
	assert_accepted("BDAT 9223372036854775807", &cmd);
	assert_true(cmd.chunk == INT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(span_str(bad[i]), SMTP_BDAT, "501 5.5.4");
	for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++) {
		assert_non_null(smtp_command_parse(span_str(endless[i]), &cmd));
		assert_true(cmd.chunk == UINT64_MAX);
	}
}

static void
test_line_take(void **state)
{
	static const struct {
		struct span in;
		int result;
		size_t used;
		struct span line;
		bool clean;
	} cases[] = {
		{ BYTES(""), 0, 0, BYTES(""), true },
		{ BYTES("NOOP\r"), 0, 0, BYTES(""), true },
		{ BYTES("\r\nA"), 1, 2, BYTES(""), true },
		{ BYTES("NOOP\r\nA"), 1, 6, BYTES("NOOP"), true },
		{ BYTES("NOOP\nA"), 1, 5, BYTES("NOOP"), false },
		{ BYTES("\nA"), 1, 1, BYTES(""), false },
		{ BYTES("A\rB\r\n"), 1, 5, BYTES("A\rB"), false },
		{ BYTES("A\r\r\n"), 1, 4, BYTES("A\r"), false },
		{ BYTES("A\0B\r\n"), 1, 5, BYTES("A\0B"), true },
		{ BYTES("123456\r\n"), 1, 8, BYTES("123456"), true },
		{ BYTES("1234567\r\n"), -1, 8, BYTES(""), true },
		{ BYTES("1234567\r"), -1, 8, BYTES(""), true },
		{ BYTES("1234567"), 0, 0, BYTES(""), true },
		{ BYTES("1234567890\r\nA\r\n"), -1, 11, BYTES(""), true },
		{ BYTES("1234567890"), -1, 10, BYTES(""), true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct span line = SPAN_NONE;
		size_t used;
		bool clean;

		assert_int_equal(line_take(cases[i].in, 8, &line, &used, &clean), cases[i].result);
		assert_int_equal(used, cases[i].used);
		assert_true(span_eq(line, cases[i].line));
		if (cases[i].result == 1)
			assert_int_equal(clean, cases[i].clean);
	}
}

/* Takes the lines of input that arrives `step` octets at a time; an overlong
 * one becomes "<long>". */
static void
take_lines(struct span in, size_t limit, size_t step, struct buf *out)
{
	size_t start = 0, arrived = 0;
	bool remainder = false;

	while (arrived < in.len) {
		struct span line;
		size_t used;
		bool clean;
		int result;

		arrived = arrived + step < in.len ? arrived + step : in.len;
		while ((result = line_take(span_of(in.data + start, arrived - start), limit, &line, &used, &clean)) != 0) {
			start += used;
			if (result > 0 && !remainder) {
				buf_add_span(out, line);
				buf_add_str(out, clean ? "|" : "?");
			} else if (result < 0 && !remainder) {
				buf_add_str(out, "<long>|");
			}
			remainder = result < 0;
		}
	}
}

static void
test_lines_in_any_cut(void **state)
{
	const struct span in = SPAN_LITERAL("EHLO\r\n123456\r\n1234567\r\nA\n12345678901234567\r\n\r\n1234567\nB\rC\r\n");

	(void)state;
	for (size_t step = 1; step <= in.len; step++) {
		struct buf out = { .len = 0 };

		take_lines(in, 8, step, &out);
		assert_string_equal(buf_str(&out), "EHLO|123456|<long>|A?<long>||1234567?B\rC?");
		buf_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verbs),
		cmocka_unit_test(test_verb_names),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_bad_paths),
		cmocka_unit_test(test_long_path),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_bad_params),
		cmocka_unit_test(test_too_many_params),
		cmocka_unit_test(test_bdat),
		cmocka_unit_test(test_line_take),
		cmocka_unit_test(test_lines_in_any_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
