/* Listings of POP3, and what TOP shows. */
#include "config.h"

#include "wire/pop3_listing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define BYTES(text) { "" text, sizeof(text) - 1 }

enum { LIMIT = 12 };

static void
assert_text(struct span got, const char *expected)
{
	if (!span_is(got, expected))
		fail_msg("got '%.*s', expected '%s'", SPAN_ARG(got), expected);
}

static void
test_lines(void **state)
{
	struct span input = SPAN_LITERAL("1 120\r\n..dots\r\n\r\n.x\r\n...\r\na\nb\rc\r\n.\r\n+OK\r\n"), line;
	static const char *const lines[] = { "1 120", ".dots", "", "x", "..", "a\nb\rc" };
	size_t used;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(pop3_listing_line(input, LIMIT, &line, &used), 1);
		assert_text(line, lines[i]);
		for (size_t len = 0; len < used; len++) {
			size_t none;

			assert_int_equal(pop3_listing_line(span_first(input, len), LIMIT, &line, &none), 0);
			assert_int_equal(none, 0);
		}
		input = span_from(input, used);
	}
	assert_int_equal(pop3_listing_line(input, LIMIT, &line, &used), 2);
	assert_int_equal(used, 3);
}

static void
test_line_limit(void **state)
{
	struct span line;
	size_t used;

	(void)state;
	assert_int_equal(pop3_listing_line(SPAN_LITERAL("0123456789\r\n"), LIMIT, &line, &used), 1);
	assert_int_equal(used, LIMIT);
	assert_int_equal(pop3_listing_line(SPAN_LITERAL("0123456789a"), LIMIT, &line, &used), 0);
	assert_int_equal(pop3_listing_line(SPAN_LITERAL("0123456789a\r"), LIMIT, &line, &used), -1);
	assert_int_equal(pop3_listing_line(SPAN_LITERAL("0123456789a\r\n"), LIMIT, &line, &used), -1);
	assert_int_equal(used, 0);
	assert_int_equal(pop3_listing_line(SPAN_LITERAL("0123456789\n\n\n"), LIMIT, &line, &used), -1);
}

static void
test_scan(void **state)
{
	static const struct {
		const char *line;
		uint64_t number, octets;
	} cases[] = {
		{ "1 120", 1, 120 },
		{ "2 0", 2, 0 },
		{ "2  200 ", 2, 200 },
		{ " 3 300", 3, 300 },
		{ "4 400 octets, more of it", 4, 400 },
		{ "18446744073709551615 18446744073709551615", UINT64_MAX, UINT64_MAX },
	};
	static const struct span bad[] = { BYTES(""), BYTES("1"), BYTES("1 "), BYTES("0 120"), BYTES("-1 120"),
		BYTES("1 -120"), BYTES("1 120octets"), BYTES("1\t120"), BYTES("a 120"), BYTES("1 18446744073709551616"),
		BYTES("18446744073709551616 1"), BYTES("1 120\r"), BYTES("1 12\0"), BYTES("+1 1") };
	uint64_t number, octets;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(pop3_listing_scan(span_str(cases[i].line), &number, &octets));
		assert_int_equal(number, cases[i].number);
		assert_int_equal(octets, cases[i].octets);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(pop3_listing_scan(bad[i], &number, &octets));
}

static void
test_stat(void **state)
{
	uint64_t count, octets;

	(void)state;
	assert_true(pop3_listing_stat(SPAN_LITERAL("0 0"), &count, &octets));
	assert_int_equal(count, 0);
	assert_int_equal(octets, 0);
	assert_true(pop3_listing_stat(SPAN_LITERAL("2 320 octets"), &count, &octets));
	assert_int_equal(count, 2);
	assert_int_equal(octets, 320);
	assert_false(pop3_listing_stat(SPAN_LITERAL("2"), &count, &octets));
	assert_false(pop3_listing_stat(SPAN_LITERAL("two 320"), &count, &octets));
}

static void
test_uid(void **state)
{
	static const struct span bad[] = { BYTES(""), BYTES("1"), BYTES("1 "), BYTES("0 a"), BYTES("x a"), BYTES("1 a b"),
		BYTES("1 a\t"), BYTES("1 a\x7f"), BYTES("1 caf\xc3\xa9"), BYTES("1 a\0"), BYTES("1 a\r") };
	char longest[2 + POP3_UID_MAX + 1];
	uint64_t number;
	struct span uid;

	(void)state;
	assert_true(pop3_listing_uid(SPAN_LITERAL("1 whqtswO00WBw418f9t5JxYwZ"), &number, &uid));
	assert_int_equal(number, 1);
	assert_text(uid, "whqtswO00WBw418f9t5JxYwZ");
	assert_true(pop3_listing_uid(SPAN_LITERAL("20  !~ "), &number, &uid));
	assert_int_equal(number, 20);
	assert_text(uid, "!~");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(pop3_listing_uid(bad[i], &number, &uid));

	memset(longest, 'u', sizeof(longest));
	memcpy(longest, "7 ", 2);
	assert_true(pop3_listing_uid(span_of(longest, sizeof(longest) - 1), &number, &uid));
	assert_int_equal(uid.len, POP3_UID_MAX);
	assert_false(pop3_listing_uid(span_of(longest, sizeof(longest)), &number, &uid));
}

/* How input is cut: 0 = not at all, 1 = into single octets, else at random. */
enum { CUTS = 12 };

static size_t
next_cut(unsigned cut, size_t left, unsigned *seed)
{
	size_t len = cut == 0 ? left : cut == 1 ? 1 : (size_t)rand_r(seed) % (2 * cut);

	return len < left ? len : left;
}

struct shown {
	size_t octets;
	bool ended;
};

static struct shown
take_top(struct span in, uint64_t lines, unsigned cut)
{
	struct shown shown = { .octets = 0 };
	struct pop3_top t;
	unsigned seed = cut;
	size_t used;

	pop3_top_init(&t, lines);
	while (shown.octets < in.len && !shown.ended) {
		size_t len = next_cut(cut, in.len - shown.octets, &seed);

		shown.ended = pop3_top_take(&t, span_of(in.data + shown.octets, len), &used) == 1;
		assert_true(shown.ended || used == len);
		shown.octets += used;
	}
	if (shown.ended) {
		assert_int_equal(pop3_top_take(&t, SPAN_LITERAL("more\n"), &used), 1);
		assert_int_equal(used, 0);
	}
	return shown;
}

static void
test_top(void **state)
{
	static const struct {
		struct span message;
		uint64_t lines;
		const char *shown;
		bool ended;
	} cases[] = {
		{ BYTES("a: b\r\n\r\none\r\ntwo\r\n"), 0, "a: b\r\n\r\n", true },
		{ BYTES("a: b\r\n\r\none\r\ntwo\r\n"), 1, "a: b\r\n\r\none\r\n", true },
		{ BYTES("a: b\r\n\r\none\r\ntwo\r\n"), 2, "a: b\r\n\r\none\r\ntwo\r\n", true },
		{ BYTES("a: b\r\n\r\none\r\ntwo\r\n"), UINT64_MAX, "a: b\r\n\r\none\r\ntwo\r\n", false },
		{ BYTES("a: b\r\n\r\none\r\ntw"), 2, "a: b\r\n\r\none\r\ntw", false },
		{ BYTES("a: b\n\none\ntwo\n"), 1, "a: b\n\none\n", true },
		{ BYTES("a: b\r\n\none\n"), 0, "a: b\r\n\n", true },
		{ BYTES("a: b\n\r\none\n"), 0, "a: b\n\r\n", true },
		{ BYTES("\r\n\r\n\r\n"), 1, "\r\n\r\n", true },
		{ BYTES("\nx\n"), 0, "\n", true },
		{ BYTES("a: b\r\n\r\n\r\n\r\n\r\n"), 2, "a: b\r\n\r\n\r\n\r\n", true },
		{ BYTES("a: b\r\n \r\n\r\r\n\rx\r\n\r\n"), 0, "a: b\r\n \r\n\r\r\n\rx\r\n\r\n", true },
		{ BYTES("a: b\r\nc: d\r\n"), 0, "a: b\r\nc: d\r\n", false },
		{ BYTES("a: b\r\n\r"), 0, "a: b\r\n\r", false },
		{ BYTES(""), 0, "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned cut = 0; cut < CUTS; cut++) {
			struct shown shown = take_top(cases[i].message, cases[i].lines, cut);

			assert_text(span_first(cases[i].message, shown.octets), cases[i].shown);
			assert_int_equal(shown.ended, cases[i].ended);
		}
	}
}

/* By the definition, line by line. */
static struct shown
show_slowly(struct span in, uint64_t lines)
{
	struct shown shown = { .octets = 0 };
	bool body = false;

	for (size_t lf; (lf = span_find_byte(span_from(in, shown.octets), '\n')) != SIZE_MAX;) {
		struct span line = span_first(span_from(in, shown.octets), lf);

		shown.octets += lf + 1;
		if (body)
			lines--;
		body = body || line.len == 0 || span_is(line, "\r");
		if (body && lines == 0) {
			shown.ended = true;
			return shown;
		}
	}
	shown.octets = in.len;
	return shown;
}

static void
test_top_random(void **state)
{
	static const char kinds[] = "\r\n\r\n\n\n\ra:\0";
	unsigned seed = 4;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char text[40];
		struct span in = span_of(text, (size_t)rand_r(&seed) % sizeof(text));
		uint64_t lines = (uint64_t)rand_r(&seed) % 4;
		struct shown expected;

		for (size_t i = 0; i < in.len; i++)
			text[i] = kinds[(size_t)rand_r(&seed) % (sizeof(kinds) - 1)];
		expected = show_slowly(in, lines);
		for (unsigned cut = 0; cut < CUTS; cut++) {
			struct shown shown = take_top(in, lines, cut);

			assert_int_equal(shown.octets, expected.octets);
			assert_int_equal(shown.ended, expected.ended);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_line_limit),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_uid),
		cmocka_unit_test(test_top),
		cmocka_unit_test(test_top_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
