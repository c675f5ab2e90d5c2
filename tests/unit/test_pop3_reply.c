/* POP3 replies: the line of status, its response code, and the end of a reply of
 * several lines. */
#include "config.h"

#include "wire/pop3_reply.h"

#include "wire/mail_data.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define BYTES(text) { "" text, sizeof(text) - 1 }

enum { LIMIT = 40 };

static void
assert_text(struct span got, const char *expected)
{
	if (!span_is(got, expected))
		fail_msg("got '%.*s', expected '%s'", SPAN_ARG(got), expected);
}

static void
test_replies(void **state)
{
	static const struct {
		const char *input;
		enum pop3_status status;
		const char *line, *text;
	} cases[] = {
		{ "+OK\r\n", POP3_OK, "+OK", "" },
		{ "+OK \r\n", POP3_OK, "+OK ", "" },
		{ "+OK  2 320 \r\n+OK", POP3_OK, "+OK  2 320 ", " 2 320 " },
		{ "+OK <1.2@a.example>\r\n", POP3_OK, "+OK <1.2@a.example>", "<1.2@a.example>" },
		{ "-ERR\r\n", POP3_ERR, "-ERR", "" },
		{ "-ERR no such message\r\n", POP3_ERR, "-ERR no such message", "no such message" },
		{ "-ERR caf\xc3\xa9\t\r\n", POP3_ERR, "-ERR caf\xc3\xa9\t", "caf\xc3\xa9\t" },
		{ "+ AbCd==\r\n", POP3_CONTINUE, "+ AbCd==", "AbCd==" },
		{ "+ \r\n", POP3_CONTINUE, "+ ", "" },
		{ "+\r\n", POP3_CONTINUE, "+", "" },
		{ "+ OK\r\n", POP3_CONTINUE, "+ OK", "OK" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct span input = span_str(cases[i].input);
		size_t whole = span_find_byte(input, '\n') + 1, used;
		struct pop3_reply r;
		const char *why = NULL;

		for (size_t len = 0; len < whole; len++) {
			assert_int_equal(pop3_reply_take(span_first(input, len), LIMIT, &r, &used, &why), 0);
			assert_int_equal(used, 0);
		}
		for (size_t len = whole; len <= input.len; len++) {
			assert_int_equal(pop3_reply_take(span_first(input, len), LIMIT, &r, &used, &why), 1);
			assert_int_equal(used, whole);
			assert_int_equal(r.status, cases[i].status);
			assert_text(r.line, cases[i].line);
			assert_text(r.text, cases[i].text);
		}
		assert_null(why);
	}
}

static void
test_no_replies(void **state)
{
	static const struct {
		struct span input;
		const char *why;
	} cases[] = {
		{ BYTES("+OK ready\n"), "a reply line holds a bare CR or ends in bare LF" },
		{ BYTES("\n"), "a reply line holds a bare CR or ends in bare LF" },
		{ BYTES("+OK a\rb\r\n"), "a reply line holds a bare CR or ends in bare LF" },
		{ BYTES("+OK a\r\r\n"), "a reply line holds a bare CR or ends in bare LF" },
		{ BYTES("+OK a\0b\r\n"), "a reply line holds NUL" },
		{ BYTES("\r\n"), "a reply line has no status" },
		{ BYTES("+OKAY\r\n"), "a reply line has no status" },
		{ BYTES("+ok\r\n"), "a reply line has no status" },
		{ BYTES("-ERROR\r\n"), "a reply line has no status" },
		{ BYTES("-\r\n"), "a reply line has no status" },
		{ BYTES("-ER\r\n"), "a reply line has no status" },
		{ BYTES(" +OK\r\n"), "a reply line has no status" },
		{ BYTES("* OK IMAP4rev1\r\n"), "a reply line has no status" },
		{ BYTES("220 mx.example ESMTP\r\n"), "a reply line has no status" },
		{ BYTES("+OK 45678901234567890123456789012345678\r\n"), "a reply line is too long" },
		{ BYTES("+OK 456789012345678901234567890123456789"), "a reply line is too long" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pop3_reply r;
		const char *why = "";
		size_t used;

		assert_int_equal(pop3_reply_take(cases[i].input, LIMIT, &r, &used, &why), -1);
		assert_int_equal(used, 0);
		assert_string_equal(why, cases[i].why);
	}
}

/* The limit counts CRLF. */
static void
test_limit(void **state)
{
	struct span input = SPAN_LITERAL("+OK 4567890123456789012345678901234567\r\n");
	struct pop3_reply r;
	const char *why;
	size_t used;

	(void)state;
	assert_int_equal(input.len, LIMIT);
	assert_int_equal(pop3_reply_take(input, LIMIT, &r, &used, &why), 1);
	assert_int_equal(used, LIMIT);
	assert_int_equal(pop3_reply_take(input, LIMIT - 1, &r, &used, &why), -1);
	assert_int_equal(pop3_reply_take(span_first(input, LIMIT - 1), LIMIT, &r, &used, &why), 0);
}

/* How input is cut: 0 = not at all, 1 = into single octets, else at random. */
enum { CUTS = 12 };

static size_t
next_cut(unsigned cut, size_t left, unsigned *seed)
{
	size_t len = cut == 0 ? left : cut == 1 ? 1 : (size_t)rand_r(seed) % (3 * cut);

	return len < left ? len : left;
}

/* How many octets belong to the reply; SIZE_MAX where it does not end. */
static size_t
find_tail(struct span in, unsigned cut)
{
	struct pop3_tail t;
	unsigned seed = cut;
	size_t at = 0;

	pop3_tail_init(&t);
	while (at < in.len) {
		size_t used, len = next_cut(cut, in.len - at, &seed);
		int result = pop3_tail_find(&t, span_of(in.data + at, len), &used);

		at += used;
		if (result == 1) {
			assert_int_equal(pop3_tail_find(&t, SPAN_LITERAL("\r\n.\r\n"), &used), 1);
			assert_int_equal(used, 0);
			return at;
		}
		assert_int_equal(used, len);
	}
	return SIZE_MAX;
}

static bool
drop(void *context, struct span bytes)
{
	(void)context;
	(void)bytes;
	return true;
}

static size_t
unstuffed_end(struct span in)
{
	struct mail_unstuffer u;
	size_t used;

	mail_unstuff_init(&u, false, 0);
	return mail_unstuff(&u, in, &used, drop, NULL) == 1 ? used : SIZE_MAX;
}

static void
test_tails(void **state)
{
	static const struct {
		struct span in;
		size_t end;
	} cases[] = {
		{ BYTES(""), SIZE_MAX },
		{ BYTES(".\r\n"), 3 },
		{ BYTES(".\r\n+OK\r\n"), 3 },
		{ BYTES("\r\n.\r\n.\r\n"), 5 },
		{ BYTES("a\r\n.\r\nQUIT"), 6 },
		{ BYTES("a.\r\n"), SIZE_MAX },
		{ BYTES("..\r\n.\r\n"), 7 },
		{ BYTES("a\r\n..\r\n.\r\n"), 10 },
		{ BYTES("a\n.\r\n.\r\n"), 8 },
		{ BYTES("a\r.\r\n.\r\n"), 8 },
		{ BYTES("a\r\n.\n.\r\n"), SIZE_MAX },
		{ BYTES("a\r\n.\r.\r\n"), SIZE_MAX },
		{ BYTES("a\r\n.\r\r\n.\r\n"), 10 },
		{ BYTES("a\r\r\n.\r\n"), 7 },
		{ BYTES("a\r\n.\0\r\n"), SIZE_MAX },
		{ BYTES("a\r\0\n.\r\n"), SIZE_MAX },
		{ BYTES("\n.\r\n"), SIZE_MAX },
		{ BYTES("\r\n"), SIZE_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(unstuffed_end(cases[i].in), cases[i].end);
		for (unsigned cut = 0; cut < CUTS; cut++)
			assert_int_equal(find_tail(cases[i].in, cut), cases[i].end);
	}
}

/* Wherever it stands among octets that are taken sixteen at a time. */
static void
test_tail_anywhere(void **state)
{
	char text[200];

	(void)state;
	for (size_t at = 0; at + 5 <= sizeof(text); at++) {
		memset(text, 'a', sizeof(text));
		memcpy(text + at, "\r\n.\r\n", 5);
		for (unsigned cut = 0; cut < CUTS; cut++) {
			assert_int_equal(find_tail(span_of(text, sizeof(text)), cut), at + 5);
			assert_int_equal(find_tail(span_of(text, at + 4), cut), SIZE_MAX);
		}
	}
}

/* The same as is seen when a message is unstuffed. */
static void
test_tail_random(void **state)
{
	static const char kinds[] = "\r\n.\r\n.\r\nab\xe9\0\n\r";
	unsigned seed = 3;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char text[120];
		size_t quiet = (size_t)rand_r(&seed) % 80, len = quiet + (size_t)rand_r(&seed) % 40;
		struct span in = span_of(text, len);

		for (size_t i = 0; i < len; i++)
			text[i] = i < quiet ? 'a' : kinds[(size_t)rand_r(&seed) % (sizeof(kinds) - 1)];
		for (unsigned cut = 0; cut < CUTS; cut++)
			assert_int_equal(find_tail(in, cut), unstuffed_end(in));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_no_replies),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_tails),
		cmocka_unit_test(test_tail_anywhere),
		cmocka_unit_test(test_tail_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
