/* What CAPA offers: read, filtered, shown. */
#include "config.h"

#include "wire/pop3_offers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define BYTES(text) { "" text, sizeof(text) - 1 }

static void
add_lines(struct pop3_offers *o, const char *text)
{
	struct span rest = span_str(text), line;

	*o = (struct pop3_offers){ 0 };
	while (span_split(&rest, '\n', &line))
		pop3_offers_add(o, line);
}

static void
test_offers(void **state)
{
	struct pop3_offers o;

	(void)state;
	add_lines(&o, "top\nUSER\nSASL PLAIN login\nXTND\nRESP-CODES\nPIPELINING \nUTF8 USER\nEXPIRE 60 USER\n"
	    "LOGIN-DELAY  900\nIMPLEMENTATION Shlemazle-Plotz v302\nMANAGESIEVE\nSTLSX\n");
	assert_int_equal(o.capabilities, POP3_CAPA_TOP | POP3_CAPA_USER | POP3_CAPA_SASL | POP3_CAPA_RESP_CODES |
	    POP3_CAPA_PIPELINING | POP3_CAPA_UTF8 | POP3_CAPA_EXPIRE | POP3_CAPA_LOGIN_DELAY | POP3_CAPA_IMPLEMENTATION);
	assert_string_equal(o.sasl, "PLAIN LOGIN");
	assert_string_equal(o.utf8, "USER");
	assert_string_equal(o.expire, "60 USER");
	assert_string_equal(o.login_delay, "900");
	assert_string_equal(o.implementation, "Shlemazle-Plotz v302");
}

static void
test_offers_left_out(void **state)
{
	static const struct span lines[] = { BYTES(""), BYTES(" TOP"), BYTES("TOP\t"), BYTES("EXPIRE"), BYTES("LOGIN-DELAY "),
		BYTES("IMPLEMENTATION"), BYTES("SASL"), BYTES("SASL  "), BYTES("SASL PL\xc3\x84IN"), BYTES("EXPIRE 6\0000"),
		BYTES("IMPLEMENTATION caf\xc3\xa9"), BYTES("IMPLEMENTATION a\rb"), BYTES("IMPLEMENTATION a\nb"),
		BYTES("UTF8 U\x7f"), BYTES("UTF8 0123456789012345678901234567890123456789") };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct pop3_offers o = { 0 };

		pop3_offers_add(&o, lines[i]);
		assert_int_equal(o.capabilities, 0);
	}
}

static void
test_long_arguments(void **state)
{
	struct buf line = { 0 };
	struct pop3_offers o = { 0 };

	(void)state;
	buf_add_str(&line, "IMPLEMENTATION ");
	for (int i = 0; i < POP3_CAPA_VALUE_MAX - 1; i++)
		buf_add_byte(&line, 'x');
	pop3_offers_add(&o, buf_span(&line));
	assert_int_equal(strlen(o.implementation), POP3_CAPA_VALUE_MAX - 1);
	o = (struct pop3_offers){ 0 };
	buf_add_byte(&line, 'x');
	pop3_offers_add(&o, buf_span(&line));
	assert_int_equal(o.capabilities, 0);
	assert_string_equal(o.implementation, "");
	buf_clear(&line);
	buf_add_str(&line, "SASL");
	for (int i = 0; i < 100; i++)
		buf_printf(&line, " MECHANISM-%d", i);
	pop3_offers_add(&o, buf_span(&line));
	assert_int_equal(o.capabilities, POP3_CAPA_SASL);
	assert_true(span_ends_nocase(span_str(o.sasl), " MECHANISM-19"));
	buf_free(&line);
}

static void
test_filter_sasl(void **state)
{
	static const struct {
		const char *offered, *left;
	} cases[] = {
		{ "SASL PLAIN LOGIN", "PLAIN LOGIN" },
		{ "SASL EXTERNAL PLAIN", "PLAIN" },
		{ "SASL SCRAM-SHA-1 PLAIN", "SCRAM-SHA-1 PLAIN" },
		{ "SASL SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN XOAUTH2", "PLAIN XOAUTH2" },
		{ "SASL scram-sha-256-plus scram-sha-256 Plain", "PLAIN" },
		{ "SASL SCRAM-SHA-256\nSASL SCRAM-SHA-256-PLUS", "" },
		{ "SASL EXTERNAL", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pop3_offers o;

		add_lines(&o, cases[i].offered);
		pop3_offers_filter_sasl(&o);
		assert_string_equal(o.sasl, cases[i].left);
		assert_int_equal(o.capabilities, cases[i].left[0] != '\0' ? POP3_CAPA_SASL : 0);
	}
}

static void
test_print(void **state)
{
	static const char *const hidden[] = { "utf8", "EXPIRE" };
	struct buf out = { 0 };
	struct pop3_offers o;

	(void)state;
	add_lines(&o, "IMPLEMENTATION x y\nEXPIRE NEVER\nUTF8\nSTLS\nSASL PLAIN LOGIN\nTOP\nLANG\n");
	pop3_offers_print(&out, &o, hidden, 2);
	assert_string_equal(buf_str(&out), "+OK capability list follows\r\nTOP\r\nSASL PLAIN LOGIN\r\nSTLS\r\nLANG\r\n"
	    "IMPLEMENTATION x y\r\n.\r\n");
	buf_clear(&out);
	o = (struct pop3_offers){ .capabilities = POP3_CAPA_SASL };
	pop3_offers_print(&out, &o, NULL, 0);
	assert_string_equal(buf_str(&out), "+OK capability list follows\r\n.\r\n");
	buf_free(&out);
}

/* Each alone is printed and read back. */
static void
test_round_trip(void **state)
{
	(void)state;
	for (unsigned bit = POP3_CAPA_TOP; bit <= POP3_CAPA_SASL; bit <<= 1) {
		struct pop3_offers back = { 0 };
		struct pop3_offers o = { .capabilities = bit, .sasl = "PLAIN", .implementation = "i", .utf8 = "USER",
			.expire = "NEVER", .login_delay = "1" };
		struct buf out = { 0 };
		struct span rest, line;

		pop3_offers_print(&out, &o, NULL, 0);
		rest = buf_span(&out);
		while (span_split(&rest, '\n', &line))
			pop3_offers_add(&back, span_trim(line));
		assert_int_equal(back.capabilities, bit);
		buf_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offers),
		cmocka_unit_test(test_offers_left_out),
		cmocka_unit_test(test_long_arguments),
		cmocka_unit_test(test_filter_sasl),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
