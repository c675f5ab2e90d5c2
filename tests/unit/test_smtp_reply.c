/* SMTP replies: read, shown, and what EHLO offers. */
#include "config.h"

#include "wire/smtp_reply.h"

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

/* Reads all replies of a stream that arrives `step` octets at a time: each is
 * noted as its code and text, what is no reply as "!" and why. */
static void
read_replies(struct span in, size_t step, struct buf *out)
{
	struct smtp_reply_parser p;

	smtp_reply_init(&p, 32, 4);
	while (in.len > 0) {
		struct span arrived = span_first(in, step);
		const char *why = NULL;
		size_t used;
		int result = smtp_reply_take(&p, arrived, &used, &why);

		assert_true(used <= arrived.len);
		if (result > 0) {
			buf_printf(out, "[%d]", p.code);
			buf_add_span(out, buf_span(&p.text));
		} else if (result < 0) {
			buf_printf(out, "!%s", why);
			break;
		} else {
			assert_int_equal(used, arrived.len);
		}
		in = span_from(in, used);
	}
	smtp_reply_free(&p);
}

static void
test_replies(void **state)
{
	static const struct {
		struct span in;
		const char *out;
	} cases[] = {
		{ BYTES("220 hello\r\n"), "[220]220 hello\r\n" },
		{ BYTES("250\r\n"), "[250]250\r\n" },
		{ BYTES("250 \r\n"), "[250]250 \r\n" },
		{ BYTES("250-a\r\n250-b\r\n250 c\r\n354 go\r\n"), "[250]250-a\r\n250-b\r\n250 c\r\n[354]354 go\r\n" },
		{ BYTES("250-a\r\n250\r\n"), "[250]250-a\r\n250\r\n" },
		{ BYTES("599 x\r\n200 y\r\n"), "[599]599 x\r\n[200]200 y\r\n" },
		{ BYTES("250 caf\xc3\xa9\r\n"), "[250]250 caf\xc3\xa9\r\n" },
		{ BYTES("250 ok\n"), "!a reply line ends in bare LF" },
		{ BYTES("\n"), "!a reply line ends in bare LF" },
		{ BYTES("250 a\rb\r\n"), "!a reply holds a bare CR" },
		{ BYTES("250 a\0b\r\n"), "!a reply holds NUL" },
		{ BYTES("\r\n"), "!a reply line has no code" },
		{ BYTES("25\r\n"), "!a reply line has no code" },
		{ BYTES("100 a\r\n"), "!a reply line has no code" },
		{ BYTES("600 a\r\n"), "!a reply line has no code" },
		{ BYTES("2x0 a\r\n"), "!a reply line has no code" },
		{ BYTES("+OK\r\n"), "!a reply line has no code" },
		{ BYTES("2500 a\r\n"), "!a reply line has no code" },
		{ BYTES("250-a\r\n550 b\r\n"), "!the lines of a reply differ in their codes" },
		{ BYTES("250 ok\r\n250-a\r\nx\r\n"), "[250]250 ok\r\n!a reply line has no code" },
		{ BYTES("250 34567890123456789012345678\r\n"), "[250]250 34567890123456789012345678\r\n" },
		{ BYTES("250 345678901234567890123456789\r\n"), "!a reply line is too long" },
		{ BYTES("250-1\r\n250-2\r\n250-3\r\n250 4\r\n"), "[250]250-1\r\n250-2\r\n250-3\r\n250 4\r\n" },
		{ BYTES("250-1\r\n250-2\r\n250-3\r\n250-4\r\n250 5\r\n"), "!a reply has too many lines" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t step = 1; step <= cases[i].in.len; step++) {
			struct buf out = { .len = 0 };

			read_replies(cases[i].in, step, &out);
			assert_string_equal(buf_str(&out), cases[i].out);
			buf_free(&out);
		}
	}
}

static void
test_shown_parts(void **state)
{
	const struct span reply = SPAN_LITERAL("550-5.7.1 no\r\n550 5.7.10 really no\r\n");

	(void)state;
	assert_text(smtp_reply_first_text(reply), "5.7.1 no");
	assert_text(smtp_reply_last_line(reply), "550 5.7.10 really no");
	assert_text(smtp_reply_first_text(SPAN_LITERAL("250\r\n")), "");
	assert_text(smtp_reply_last_line(SPAN_LITERAL("250\r\n")), "250");
	assert_text(smtp_reply_last_line(SPAN_NONE), "");
}

static void
test_offers(void **state)
{
	struct smtp_offers o;

	(void)state;
	smtp_offers_parse(SPAN_LITERAL("250-mx.example greets you\r\n250-PIPELINING\r\n250-size 10240000\r\n"
	    "250-ETRN\r\n250-STARTTLS\r\n250-AUTH plain LOGIN\r\n250-AUTH=LOGIN CRAM-MD5\r\n250-X-PRIVATE yes\r\n"
	    "250-XCLIENT NAME ADDR\r\n250-XFORWARD NAME\r\n250-LIMITS RCPTMAX=10\r\n250-MT-PRIORITY MIXER\r\n"
	    "250-DELIVERBY 240\r\n250-BURL imap\r\n250 CHUNKING\r\n"), &o);
	assert_int_equal(o.extensions, EXT_PIPELINING | EXT_SIZE | EXT_STARTTLS | EXT_AUTH | EXT_XCLIENT | EXT_LIMITS |
	    EXT_MT_PRIORITY | EXT_DELIVERBY | EXT_CHUNKING);
	assert_int_equal(o.size, 10240000);
	assert_string_equal(o.auth, "PLAIN LOGIN CRAM-MD5");
	assert_string_equal(o.limits, "RCPTMAX=10");
	assert_string_equal(o.deliverby, "240");
	assert_string_equal(o.mt_priority, "MIXER");
	assert_string_equal(o.xclient, "NAME ADDR");
}

/* The first line is a greeting, whatever it looks like. */
static void
test_offers_first_line(void **state)
{
	struct smtp_offers o;

	(void)state;
	smtp_offers_parse(SPAN_LITERAL("250-PIPELINING\r\n250 DSN\r\n"), &o);
	assert_int_equal(o.extensions, EXT_DSN);
	smtp_offers_parse(SPAN_LITERAL("250 DSN\r\n"), &o);
	assert_int_equal(o.extensions, 0);
	smtp_offers_parse(SPAN_NONE, &o);
	assert_int_equal(o.extensions, 0);
}

static void
test_offers_left_out(void **state)
{
	static const char *const lines[] = {
		"SIZE many", "SIZE 99999999999999999999", "SIZE=5", "AUTH", "AUTH=", "PIPELININGS", "PIPE", "",
		"LIMITS caf\xc3\xa9", "DELIVERBY 123456789012345678901234567890123", "DSN=1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct buf reply = { .len = 0 };
		struct smtp_offers o;

		buf_printf(&reply, "250-mx\r\n250 %s\r\n", lines[i]);
		smtp_offers_parse(buf_span(&reply), &o);
		if (o.extensions != 0)
			fail_msg("'%s' is taken for %#x", lines[i], o.extensions);
		buf_free(&reply);
	}
}

static void
test_many_mechanisms(void **state)
{
	struct buf reply = { .len = 0 };
	struct smtp_offers o;

	(void)state;
	buf_add_str(&reply, "250-mx\r\n250 AUTH");
	for (int i = 0; i < 100; i++)
		buf_printf(&reply, " MECHANISM-%d", i);
	buf_add_str(&reply, "\r\n");
	smtp_offers_parse(buf_span(&reply), &o);
	assert_int_equal(o.extensions, EXT_AUTH);
	assert_true(strlen(o.auth) < SMTP_KEYWORD_VALUE_MAX);
	assert_true(span_starts(span_str(o.auth), "MECHANISM-0 MECHANISM-1 "));
	assert_true(span_ends_nocase(span_str(o.auth), " MECHANISM-39"));
	buf_free(&reply);
}

static void
test_filter_auth(void **state)
{
	static const struct {
		const char *offered, *left;
	} cases[] = {
		{ "PLAIN LOGIN", "PLAIN LOGIN" },
		{ "PLAIN EXTERNAL", "PLAIN" },
		{ "SCRAM-SHA-256 SCRAM-SHA-1 PLAIN", "SCRAM-SHA-256 SCRAM-SHA-1 PLAIN" },
		{ "SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1 PLAIN", "PLAIN" },
		{ "PLAIN scram-sha-1 scram-sha-1-plus XOAUTH2", "PLAIN XOAUTH2" },
		{ "GS2-KRB5-PLUS GS2-KRB5 GSSAPI", "GSSAPI" },
		{ "EXTERNAL", "" },
		{ "SCRAM-SHA-1 SCRAM-SHA-1-PLUS", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf reply = { .len = 0 };
		struct smtp_offers o;

		buf_printf(&reply, "250-mx\r\n250-DSN\r\n250 AUTH %s\r\n", cases[i].offered);
		smtp_offers_parse(buf_span(&reply), &o);
		smtp_offers_filter_auth(&o);
		assert_string_equal(o.auth, cases[i].left);
		assert_int_equal(o.extensions, cases[i].left[0] != '\0' ? EXT_DSN | EXT_AUTH : EXT_DSN);
		buf_free(&reply);
	}
}

static void
test_offers_print(void **state)
{
	static const char *const hidden[] = { "dsn", "VRFY" };
	struct smtp_offers o;
	struct buf out = { .len = 0 };

	(void)state;
	smtp_offers_parse(SPAN_LITERAL("250-mx\r\n250-CHUNKING\r\n250-DSN\r\n250-VRFY\r\n250-AUTH PLAIN\r\n250-SIZE 99\r\n"
	    "250-XCLIENT NAME\r\n250 LIMITS MAILMAX=5\r\n"), &o);
	smtp_offers_print(&out, SPAN_LITERAL("mx.example hello"), &o, hidden, 2);
	assert_string_equal(buf_str(&out), "250-mx.example hello\r\n250-SIZE 99\r\n250-AUTH PLAIN\r\n250-CHUNKING\r\n"
	    "250 LIMITS MAILMAX=5\r\n");

	buf_clear(&out);
	o.extensions = EXT_DSN | EXT_VRFY | EXT_XCLIENT;
	buf_add_str(&out, "220 earlier\r\n");
	buf_consume(&out, 4);
	smtp_offers_print(&out, SPAN_LITERAL("mx\r\n250 X"), &o, hidden, 2);
	assert_string_equal(buf_str(&out), "earlier\r\n250 mx??250 X\r\n");

	buf_clear(&out);
	o = (struct smtp_offers){ .extensions = EXT_SIZE };
	smtp_offers_print(&out, SPAN_LITERAL("mx"), &o, NULL, 0);
	assert_string_equal(buf_str(&out), "250-mx\r\n250 SIZE\r\n");
	buf_free(&out);
}

/* What is printed is read back the same. */
static void
test_offers_round_trip(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit <= 17; bit++) {
		struct smtp_offers o = { .extensions = 1u << bit, .size = 77, .auth = "PLAIN", .limits = "RCPTMAX=1" }, back;
		struct buf out = { .len = 0 };

		smtp_offers_print(&out, SPAN_LITERAL("mx"), &o, NULL, 0);
		smtp_offers_parse(buf_span(&out), &back);
		assert_int_equal(back.extensions, o.extensions & ~(unsigned)EXT_XCLIENT);
		buf_free(&out);
	}
}

static void
test_print(void **state)
{
	static const struct {
		const char *text, *out;
	} cases[] = {
		{ "250 2.1.0 fine", "250 2.1.0 fine\r\n" },
		{ "250 fine", "250 fine\r\n" },
		{ "250", "250 \r\n" },
		{ "554 5.7.1 one\ntwo\nthree\n", "554-5.7.1 one\r\n554-5.7.1 two\r\n554 5.7.1 three\r\n" },
		{ "554 one\n\nthree", "554-one\r\n554-\r\n554 three\r\n" },
		{ "554 5.7.1 a\r\n250 b\tc\x1b", "554-5.7.1 a?\r\n554 5.7.1 250 b?c?\r\n" },
		{ "421 4.3.2", "421 4.3.2 \r\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = { .len = 0 };

		smtp_reply_print(&out, cases[i].text);
		assert_string_equal(buf_str(&out), cases[i].out);
		buf_free(&out);
	}
}

/* Lines are kept within RFC 5321's 512 octets, and the whole is one reply. */
static void
test_print_long(void **state)
{
	struct buf text = { .len = 0 }, out = { .len = 0 };
	struct smtp_reply_parser p;
	const char *why;
	size_t used;

	(void)state;
	buf_add_str(&text, "554 5.7.1 ");
	for (int i = 0; i < 190; i++)
		buf_add_str(&text, "word ");
	for (int i = 0; i < 600; i++)
		buf_add_byte(&text, 'x');
	smtp_reply_print(&out, buf_str(&text));
	smtp_reply_init(&p, 512, 10);
	assert_int_equal(smtp_reply_take(&p, buf_span(&out), &used, &why), 1);
	assert_int_equal(used, out.len);
	assert_int_equal(p.code, 554);
	assert_int_equal(p.lines, 4);
	assert_true(span_starts(smtp_reply_last_line(buf_span(&p.text)), "554 5.7.1 "));
	smtp_reply_free(&p);
	buf_free(&text);
	buf_free(&out);
}

static void
test_parameters(void **state)
{
	(void)state;
	assert_int_equal(smtp_param_extensions(SMTP_MAIL, span_str("body")), EXT_8BITMIME | EXT_BINARYMIME);
	assert_int_equal(smtp_param_extensions(SMTP_RCPT, span_str("NOTIFY")), EXT_DSN);
	assert_int_equal(smtp_param_extensions(SMTP_RCPT, span_str("BODY")), 0);
	assert_int_equal(smtp_param_extensions(SMTP_MAIL, span_str("XVERP")), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_shown_parts),
		cmocka_unit_test(test_offers),
		cmocka_unit_test(test_offers_first_line),
		cmocka_unit_test(test_offers_left_out),
		cmocka_unit_test(test_many_mechanisms),
		cmocka_unit_test(test_filter_auth),
		cmocka_unit_test(test_offers_print),
		cmocka_unit_test(test_offers_round_trip),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_print_long),
		cmocka_unit_test(test_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
