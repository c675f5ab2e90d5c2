/* ENVELOPE and BODYSTRUCTURE: what is told of a message, and how it is written. */
#include "config.h"

#include "mime/imap_structure.h"
#include "mime/imap_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct mime_limits limits = { .parts = 20, .depth = 4, .headers = 100 };

static const char *
envelope(struct arena *a, const char *message)
{
	struct text out = { .arena = a };

	imap_print_envelope(&out, mime_parse(a, span_str(message), &limits)->root);
	return arena_strndup(a, text_span(&out));
}

static const char *
body(struct arena *a, const char *message, bool extensible)
{
	struct text out = { .arena = a };

	imap_print_body(&out, mime_parse(a, span_str(message), &limits), extensible);
	return arena_strndup(a, text_span(&out));
}

struct told {
	const char *message, *told;
};

static void
check(const struct told *cases, size_t count, const char *(*tell)(struct arena *a, const char *message))
{
	struct arena *a = arena_new(0);

	for (size_t i = 0; i < count; i++)
		assert_string_equal(tell(a, cases[i].message), cases[i].told);
	arena_free(&a);
}

#define CHECK(cases, tell) check(cases, sizeof(cases) / sizeof(cases[0]), tell)

static void
test_strings(void **state)
{
	static const struct {
		struct span text;
		const char *string, *prose;
	} cases[] = {
		{ SPAN_NONE, "NIL", "NIL" },
		{ SPAN_LITERAL(""), "\"\"", "\"\"" },
		{ SPAN_LITERAL("NIL"), "\"NIL\"", "\"NIL\"" },
		{ SPAN_LITERAL(" a \t b "), "\" a \t b \"", "\"a b\"" },
		{ SPAN_LITERAL("a\"b\\c"), "\"a\\\"b\\\\c\"", "\"a\\\"b\\\\c\"" },
		{ SPAN_LITERAL("\"\"\"\"\""), "{5}\r\n\"\"\"\"\"", "{5}\r\n\"\"\"\"\"" },
		{ SPAN_LITERAL("a\r\nb"), "{4}\r\na\r\nb", "\"a b\"" },
		{ SPAN_LITERAL("\xc3\xbc"), "{2}\r\n\xc3\xbc", "{2}\r\n\xc3\xbc" },
		{ SPAN_LITERAL("a\0b"), "{3}\r\na\x80" "b", "{3}\r\na\x80" "b" },
		{ SPAN_LITERAL(" \t"), "\" \t\"", "\"\"" },
	};
	struct arena *a = arena_new(0);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text string = { .arena = a }, prose = { .arena = a };

		imap_add_nstring(&string, cases[i].text);
		imap_add_prose(&prose, cases[i].text);
		assert_string_equal(arena_strndup(a, text_span(&string)), cases[i].string);
		assert_string_equal(arena_strndup(a, text_span(&prose)), cases[i].prose);
	}
	arena_free(&a);
}

static void
test_envelope(void **state)
{
	static const struct told cases[] = {
		{ "\r\n", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)" },
		{ "Date: now\r\nSubject:\r\n  a\t\r\n b\r\nFrom: Anna <a@x>\r\nTo: b@y\r\nMessage-ID: <1@x>\r\n\r\n",
		    "(\"now\" \"a b\" ((\"Anna\" NIL \"a\" \"x\")) ((\"Anna\" NIL \"a\" \"x\")) ((\"Anna\" NIL \"a\" \"x\")) "
		    "((NIL NIL \"b\" \"y\")) NIL NIL NIL \"<1@x>\")" },
		{ "Subject:\r\nFrom: a@x\r\nSender: s@x\r\nReply-To: \r\nCc: c@x, d@x\r\nBcc: b@x\r\nIn-Reply-To:\r\n <1@x>\r\n\r\n",
		    "(NIL \"\" ((NIL NIL \"a\" \"x\")) ((NIL NIL \"s\" \"x\")) ((NIL NIL \"a\" \"x\")) NIL "
		    "((NIL NIL \"c\" \"x\")(NIL NIL \"d\" \"x\")) ((NIL NIL \"b\" \"x\")) \"<1@x>\" NIL)" },
		{ "To: all: a@x;\r\n\r\n", "(NIL NIL NIL NIL NIL ((NIL NIL \"all\" NIL)(NIL NIL \"a\" \"x\")"
		    "(NIL NIL NIL NIL)) NIL NIL NIL NIL)" },
		{ "Cc: root, <>, <@r:a@x>, <a b>\r\n\r\n", "(NIL NIL NIL NIL NIL NIL ((NIL NIL \"root\" \"MISSING_DOMAIN\")"
		    "(NIL NIL \"MISSING_MAILBOX\" \"MISSING_DOMAIN\")(NIL \"@r\" \"a\" \"x\")"
		    "(NIL NIL \"a\" \"SYNTAX_ERROR\")) NIL NIL NIL)" },
		/* Of several fields the last text, and all addresses. */
		{ "Subject: a\r\nSubject: b\r\nTo: a@x\r\nTo: b@x\r\n\r\n", "(NIL \"b\" NIL NIL NIL "
		    "((NIL NIL \"a\" \"x\")(NIL NIL \"b\" \"x\")) NIL NIL NIL NIL)" },
	};

	(void)state;
	CHECK(cases, envelope);
}

static const char *
structure(struct arena *a, const char *message)
{
	return body(a, message, true);
}

static const char *
short_structure(struct arena *a, const char *message)
{
	return body(a, message, false);
}

#define EMPTY "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL)"

static void
test_single_parts(void **state)
{
	static const struct told cases[] = {
		{ "\r\nab\r\nc", "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 5 1 NIL NIL NIL NIL)" },
		{ "Content-Type: TEXT/Html; Charset=\"UTF-8\"; x=y\r\nContent-Transfer-Encoding: 8BIT (so)\r\n\r\n",
		    "(\"TEXT\" \"Html\" (\"Charset\" \"UTF-8\" \"x\" \"y\") NIL NIL \"8BIT\" 0 0 NIL NIL NIL NIL)" },
		{ "Content-Type: text/plain; format=flowed\r\n\r\n",
		    "(\"text\" \"plain\" (\"format\" \"flowed\" \"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL)" },
		{ "Content-Type: image/png; name=a.png\r\nContent-ID: <i@x>\r\nContent-Description: a\r\n picture\r\n"
		    "Content-Transfer-Encoding: base64\r\nContent-MD5: Q2hlY2s=\r\nContent-Language: en, de\r\n"
		    "Content-Location: a/b\r\nContent-Disposition: attachment; filename=\"a \\\"b\\\".png\"\r\n\r\nAAAA\r\n",
		    "(\"image\" \"png\" (\"name\" \"a.png\") \"<i@x>\" \"a picture\" \"base64\" 6 \"Q2hlY2s=\" "
		    "(\"attachment\" (\"filename\" \"a \\\"b\\\".png\")) (\"en\" \"de\") \"a/b\")" },
		/* Pieces of one parameter are told as one where all are there. */
		{ "Content-Type: a/b; n*1=c; x=1; n*0*=u'e'a%20b\r\n\r\n",
		    "(\"a\" \"b\" (\"x\" \"1\" \"n*\" \"u'e'a%20bc\") NIL NIL \"7bit\" 0 NIL NIL NIL NIL)" },
		{ "Content-Type: a/b; n*1=c; n*2=d; m*0=e; m*1=f%; m*2*=g; z=\r\n\r\n", "(\"a\" \"b\" (\"z\" \"\" \"m*\" "
		    "\"''ef%25g\" \"n*1\" \"c\" \"n*2\" \"d\") NIL NIL \"7bit\" 0 NIL NIL NIL NIL)" },
		{ "Content-Type: a/b; n*=u''%41; q*x=1; =2\r\n\r\n",
		    "(\"a\" \"b\" (\"q*x\" \"1\" \"n*\" \"u''%41\") NIL NIL \"7bit\" 0 NIL NIL NIL NIL)" },
		/* What is malformed is told as it was read. */
		{ "Content-Type: nonsense\r\nContent-Transfer-Encoding: base64; x\r\n\r\n",
		    "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"base64\" 0 0 NIL NIL NIL NIL)" },
		{ "Content-Type: \"image\"/png; a=\"\xc3\xbc\"\r\nContent-Disposition:\r\n\r\n",
		    "(\"image\" \"png\" (\"a\" {2}\r\n\xc3\xbc) NIL NIL \"7bit\" 0 NIL NIL NIL NIL)" },
		{ "Content-Type: a/b; n==?u?q?x?=; o=a[1]/=.b (c) d; m=\"open\r\n\r\n",
		    "(\"a\" \"b\" (\"n\" \"=?u?q?x?=\" \"o\" \"a[1]/=.b\") NIL NIL \"7bit\" 0 NIL NIL NIL NIL)" },
	};

	(void)state;
	CHECK(cases, structure);
}

static void
test_multiparts(void **state)
{
	static const struct told cases[] = {
		{ "Content-Type: multipart/Mixed; boundary=b\r\nContent-Disposition: inline\r\n\r\n--b\r\n\r\nab\r\n"
		    "--b\r\nContent-Type: a/b\r\n\r\nc\r\n--b--\r\n--b\r\n\r\nlate\r\n--b--\r\n",
		    "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 2 0 NIL NIL NIL NIL)"
		    "(\"a\" \"b\" NIL NIL NIL \"7bit\" 1 NIL NIL NIL NIL) \"Mixed\" (\"boundary\" \"b\") (\"inline\" NIL) NIL NIL)" },
		{ "Content-Type: multipart/mixed\r\n\r\ntext", "(" EMPTY " \"mixed\" NIL NIL NIL NIL)" },
		{ "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n",
		    "(" EMPTY " \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)" },
		/* Encoded, it has no parts that bytes of the message could be. */
		{ "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\n"
		    "LS1iCgp0ZXh0Ci0tYi0tCg==\r\n", "(" EMPTY " \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)" },
	};

	(void)state;
	CHECK(cases, structure);
}

static void
test_messages(void **state)
{
	static const struct told cases[] = {
		{ "Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\na\r\nb\r\n",
		    "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 21 (NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) "
		    "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 6 2) 4)" },
		{ "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nTo: a@x\r\n\r\n--b--\r\n",
		    "((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 11 (NIL NIL NIL NIL NIL ((NIL NIL \"a\" \"x\")) NIL NIL NIL NIL) "
		    "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0) 2) \"digest\")" },
		{ "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nVG86IGFAeAoK\r\n",
		    "(\"message\" \"rfc822\" NIL NIL NIL \"base64\" 14 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) "
		    "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 14 1) 1)" },
		{ "Content-Type: message/global\r\n\r\nSubject: in\r\n\r\n", "(\"message\" \"global\" NIL NIL NIL \"7bit\" 15)" },
		{ "Content-Type: message/delivery-status\r\n\r\na\r\n", "(\"message\" \"delivery-status\" NIL NIL NIL \"7bit\" 3)" },
	};

	(void)state;
	CHECK(cases, short_structure);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_envelope),
		cmocka_unit_test(test_single_parts),
		cmocka_unit_test(test_multiparts),
		cmocka_unit_test(test_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
