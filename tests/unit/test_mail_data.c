/* Mail data: the end of it, dots, and line ends that are not CRLF. */
#include "config.h"

#include "wire/mail_data.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define BYTES(text) { "" text, sizeof(text) - 1 }

static bool
collect(void *context, struct span bytes)
{
	buf_add_span(context, bytes);
	return true;
}

static bool
refuse(void *context, struct span bytes)
{
	(void)bytes;
	++*(int *)context;
	return false;
}

static bool
count(void *context, struct span bytes)
{
	(void)bytes;
	++*(int *)context;
	return true;
}

/* How input is cut: 0 = not at all, 1 = into single octets, else at random. */
enum { CUTS = 12 };

static size_t
next_cut(unsigned cut, size_t left, unsigned *seed)
{
	size_t len = cut == 0 ? left : cut == 1 ? 1 : (size_t)rand_r(seed) % (2 * cut);

	return len < left ? len : left;
}

struct result {
	struct mail_unstuffer u;
	struct buf out;
	size_t used;
	bool ended;
};

static void
unstuff(struct result *r, struct span in, bool normalise, uint64_t line_limit, unsigned cut)
{
	unsigned seed = cut;

	*r = (struct result){ .used = 0 };
	mail_unstuff_init(&r->u, normalise, line_limit);
	while (r->used < in.len && !r->ended) {
		size_t used, len = next_cut(cut, in.len - r->used, &seed);

		r->ended = mail_unstuff(&r->u, span_of(in.data + r->used, len), &used, collect, &r->out) == 1;
		assert_true(r->ended || used == len);
		r->used += used;
	}
	assert_int_equal(r->u.size, r->out.len);
}

static void
watch(struct result *r, struct span in, bool normalise, unsigned cut)
{
	unsigned seed = cut;

	*r = (struct result){ .used = 0 };
	mail_unstuff_init(&r->u, normalise, 0);
	while (r->used < in.len) {
		size_t len = next_cut(cut, in.len - r->used, &seed);

		mail_watch(&r->u, span_of(in.data + r->used, len), collect, &r->out);
		r->used += len;
	}
	mail_watch_end(&r->u, collect, &r->out);
	assert_int_equal(r->u.size, r->out.len);
}

static void
stuff(struct buf *out, struct span in, unsigned cut)
{
	struct mail_stuffer s;
	unsigned seed = cut;

	mail_stuff_init(&s);
	while (in.len > 0) {
		size_t len = next_cut(cut, in.len, &seed);

		mail_stuff(&s, span_first(in, len), collect, out);
		in = span_from(in, len);
	}
	mail_stuff_end(&s, collect, out);
}

static void
assert_span(struct span got, struct span expected)
{
	assert_int_equal(got.len, expected.len);
	if (got.len > 0)
		assert_memory_equal(got.data, expected.data, got.len);
}

/* SMTP smuggling: what follows "a", whether it ends the data, and what the
 * message is then, as it came and normalised. "b", a genuine end and a command
 * follow each. */
static const struct probe {
	struct span probe;
	bool ends, bare_cr, bare_lf, nul;
	struct span as_is, normal;
} probes[] = {
	{ BYTES("\n.\n"), false, false, true, false, BYTES("a\n.\nb\r\n"), BYTES("a\r\n.\r\nb\r\n") },
	{ BYTES("\n.\r"), false, true, true, false, BYTES("a\n.\rb\r\n"), BYTES("a\r\n.\r\nb\r\n") },
	{ BYTES("\r.\n"), false, true, true, false, BYTES("a\r.\nb\r\n"), BYTES("a\r\n.\r\nb\r\n") },
	{ BYTES("\r.\r"), false, true, false, false, BYTES("a\r.\rb\r\n"), BYTES("a\r\n.\r\nb\r\n") },
	{ BYTES("\n.\r\n"), false, false, true, false, BYTES("a\n.\r\nb\r\n"), BYTES("a\r\n.\r\nb\r\n") },
	{ BYTES("\r.\r\n"), false, true, false, false, BYTES("a\r.\r\nb\r\n"), BYTES("a\r\n.\r\nb\r\n") },
	/* Here the dot begins a line that does not end: it was stuffed. */
	{ BYTES("\r\n.\n"), false, false, true, false, BYTES("a\r\n\nb\r\n"), BYTES("a\r\n\r\nb\r\n") },
	{ BYTES("\r\n.\r"), false, true, false, false, BYTES("a\r\n\rb\r\n"), BYTES("a\r\n\r\nb\r\n") },
	{ BYTES("\r\n.\r\r\n"), false, true, false, false,
	    BYTES("a\r\n\r\r\nb\r\n"), BYTES("a\r\n\r\n\r\nb\r\n") },
	{ BYTES("\r\r\n.\r\r\n"), false, true, false, false,
	    BYTES("a\r\r\n\r\r\nb\r\n"), BYTES("a\r\n\r\n\r\n\r\nb\r\n") },
	/* NUL keeps apart what it stands between, also where it is dropped. */
	{ BYTES("\r\n\0.\r\n"), false, false, false, true, BYTES("a\r\n\0.\r\nb\r\n"), BYTES("a\r\n.\r\nb\r\n") },
	{ BYTES("\r\n.\0\r\n"), false, false, false, true, BYTES("a\r\n\0\r\nb\r\n"), BYTES("a\r\n\r\nb\r\n") },
	{ BYTES("\r\0\n.\r\n"), false, true, true, true,
	    BYTES("a\r\0\n.\r\nb\r\n"), BYTES("a\r\n\r\n.\r\nb\r\n") },
	{ BYTES("\r\n.\r\0\n"), false, true, true, true,
	    BYTES("a\r\n\r\0\nb\r\n"), BYTES("a\r\n\r\n\r\nb\r\n") },
	/* These two hold a genuine end. */
	{ BYTES("\0\r\n.\r\n"), true, false, false, true, BYTES("a\0\r\n"), BYTES("a\r\n") },
	{ BYTES("\r\n.\r\n\0"), true, false, false, false, BYTES("a\r\n"), BYTES("a\r\n") },
};

static void
check_probe(const struct probe *probe, bool normalise, unsigned cut)
{
	struct buf in = { .len = 0 };
	struct result r;
	struct span rest;

	buf_add_str(&in, "a");
	buf_add_span(&in, probe->probe);
	buf_add_str(&in, "b\r\n.\r\nQUIT\r\n");
	unstuff(&r, buf_span(&in), normalise, 0, cut);

	assert_true(r.ended);
	assert_int_equal(r.u.bare_cr, probe->bare_cr);
	assert_int_equal(r.u.bare_lf, probe->bare_lf);
	assert_int_equal(r.u.nul, probe->nul);
	assert_span(buf_span(&r.out), normalise ? probe->normal : probe->as_is);
	rest = span_from(buf_span(&in), r.used);
	if (probe->ends)
		assert_true(rest.len == strlen("b\r\n.\r\nQUIT\r\n") + (rest.data[0] == '\0'));
	else
		assert_span(rest, SPAN_LITERAL("QUIT\r\n"));
	buf_free(&r.out);
	buf_free(&in);
}

static void
test_smuggling(void **state)
{
	(void)state;
	assert_int_equal(sizeof(probes) / sizeof(probes[0]), 16);
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		for (unsigned cut = 0; cut < CUTS; cut++) {
			check_probe(&probes[i], false, cut);
			check_probe(&probes[i], true, cut);
		}
	}
}

/* What a normalised probe becomes on the way to the upstream. */
static void
test_smuggling_stuffed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		struct buf out = { .len = 0 };
		struct span s;
		size_t end;

		stuff(&out, probes[i].normal, 0);
		s = buf_span(&out);
		end = span_find(s, SPAN_LITERAL("\r\n.\r\n"));
		assert_int_equal(end, s.len - 5);
		buf_free(&out);
	}
}

static void
test_ends(void **state)
{
	static const struct {
		struct span in, message;
		bool ended;
	} cases[] = {
		{ BYTES(".\r\n"), BYTES(""), true },
		{ BYTES("\r\n.\r\n"), BYTES("\r\n"), true },
		{ BYTES("a\r\n.\r\n"), BYTES("a\r\n"), true },
		{ BYTES("a\r\n..\r\n.\r\n"), BYTES("a\r\n.\r\n"), true },
		{ BYTES("..a\r\n...\r\n.\r\n"), BYTES(".a\r\n..\r\n"), true },
		{ BYTES(".a\r\n.\r\n"), BYTES("a\r\n"), true }, /* not stuffed by the sender */
		{ BYTES("a.\r\n.\r\n"), BYTES("a.\r\n"), true },
		{ BYTES("a\r\n.\r"), BYTES("a\r\n"), false },
		{ BYTES("a\r\n."), BYTES("a\r\n"), false },
		{ BYTES("a\r"), BYTES("a\r"), false },
		{ BYTES(".\r"), BYTES(""), false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned cut = 0; cut < CUTS; cut++) {
			struct result r;

			unstuff(&r, cases[i].in, cut % 2 != 0, 0, cut);
			assert_int_equal(r.ended, cases[i].ended);
			assert_span(buf_span(&r.out), cases[i].message);
			assert_false(r.u.bare_cr || r.u.bare_lf || r.u.nul || r.u.eight_bit);
			buf_free(&r.out);
		}
	}
}

static void
test_nothing_after_end(void **state)
{
	struct buf out = { .len = 0 };
	struct mail_unstuffer u;
	size_t used;

	(void)state;
	mail_unstuff_init(&u, false, 0);
	assert_int_equal(mail_unstuff(&u, SPAN_LITERAL("a\r\n.\r\n\0\xff\r\n\n"), &used, collect, &out), 1);
	assert_int_equal(used, 6);
	assert_false(u.nul || u.eight_bit || u.bare_lf);
	assert_int_equal(mail_unstuff(&u, SPAN_LITERAL("more"), &used, collect, &out), 1);
	assert_int_equal(used, 0);
	assert_span(buf_span(&out), SPAN_LITERAL("a\r\n"));
	buf_free(&out);
}

static void
test_counts(void **state)
{
	(void)state;
	for (unsigned cut = 0; cut < CUTS; cut++) {
		struct result r;

		unstuff(&r, SPAN_LITERAL("..\r\n...x\r\n.y\r\na.b\r\ncaf\xc3\xa9\r\n.\r\n"), false, 0, cut);
		assert_int_equal(r.u.dot_lines, 2);
		assert_true(r.u.eight_bit);
		assert_int_equal(r.u.size, 3 + 5 + 3 + 5 + 7);
		buf_free(&r.out);
	}
}

/* The limit counts CRLF, and not the dot that was stuffed. */
static void
test_line_limit(void **state)
{
	static const struct {
		struct span in;
		bool normalise, over;
	} cases[] = {
		{ BYTES("12345678\r\n.\r\n"), false, false },
		{ BYTES("123456789\r\n.\r\n"), false, true },
		{ BYTES("..2345678\r\n.\r\n"), false, false },
		{ BYTES("a\r\n..23456789\r\n.\r\n"), false, true },
		{ BYTES("1234\r\n567890\r\n.\r\n"), false, false },
		{ BYTES("12345678\n12345678\r12345678\r\n.\r\n"), true, false },
		{ BYTES("12345678\n123456789\r12345678\r\n.\r\n"), true, true },
		{ BYTES("12\0345678\r\n.\r\n"), true, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned cut = 0; cut < CUTS; cut++) {
			struct result r;

			unstuff(&r, cases[i].in, cases[i].normalise, 10, cut);
			assert_int_equal(r.u.long_line, cases[i].over);
			buf_free(&r.out);
		}
	}
}

static void
test_refused(void **state)
{
	struct mail_unstuffer u;
	size_t used;
	int calls = 0;

	(void)state;
	mail_unstuff_init(&u, false, 0);
	assert_int_equal(mail_unstuff(&u, SPAN_LITERAL("a\r\n..b\r\n"), &used, refuse, &calls), 0);
	assert_int_equal(mail_unstuff(&u, SPAN_LITERAL("c\r\n.\r\nNOOP"), &used, refuse, &calls), 1);
	assert_int_equal(used, 6);
	assert_true(u.refused);
	assert_int_equal(calls, 1);
	assert_int_equal(u.size, 0);
}

/* A message that needs nothing done is given in one piece. */
static void
test_runs(void **state)
{
	struct mail_unstuffer u;
	size_t used;
	int calls = 0;

	(void)state;
	mail_unstuff_init(&u, true, 998);
	assert_int_equal(mail_unstuff(&u, SPAN_LITERAL("a: b\r\n\r\nc.\r\nd\r\n"), &used, count, &calls), 0);
	assert_int_equal(calls, 1);
	assert_int_equal(used, 15);
}

static void
test_watch(void **state)
{
	static const struct {
		struct span in, as_is, normal;
		bool bare_cr, bare_lf, nul;
	} cases[] = {
		{ BYTES(""), BYTES(""), BYTES(""), false, false, false },
		{ BYTES("a\r\n.\r\nb"), BYTES("a\r\n.\r\nb"), BYTES("a\r\n.\r\nb"), false, false, false },
		{ BYTES(".\r\n..\r\n"), BYTES(".\r\n..\r\n"), BYTES(".\r\n..\r\n"), false, false, false },
		{ BYTES("a\n.\r\n"), BYTES("a\n.\r\n"), BYTES("a\r\n.\r\n"), false, true, false },
		{ BYTES("a\r"), BYTES("a\r"), BYTES("a\r\n"), true, false, false },
		{ BYTES("a\r\0\n"), BYTES("a\r\0\n"), BYTES("a\r\n\r\n"), true, true, true },
		{ BYTES("\0.\r\n"), BYTES("\0.\r\n"), BYTES(".\r\n"), false, false, true },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned cut = 0; cut < CUTS; cut++) {
			bool normalise = i % 2 != 0;
			struct result r;

			watch(&r, cases[i / 2].in, normalise, cut);
			assert_span(buf_span(&r.out), normalise ? cases[i / 2].normal : cases[i / 2].as_is);
			assert_int_equal(r.u.bare_cr, cases[i / 2].bare_cr);
			assert_int_equal(r.u.bare_lf, cases[i / 2].bare_lf);
			assert_int_equal(r.u.nul, cases[i / 2].nul);
			buf_free(&r.out);
		}
	}
}

static void
test_stuff(void **state)
{
	static const struct {
		struct span message, wire;
	} cases[] = {
		{ BYTES(""), BYTES(".\r\n") },
		{ BYTES("."), BYTES("..\r\n.\r\n") },
		{ BYTES(".\r\n"), BYTES("..\r\n.\r\n") },
		{ BYTES("a\r\n.\r\n..\r\n"), BYTES("a\r\n..\r\n...\r\n.\r\n") },
		{ BYTES("a.b\r\n.c"), BYTES("a.b\r\n..c\r\n.\r\n") },
		{ BYTES("a\n.b\r\n"), BYTES("a\n.b\r\n.\r\n") },
		{ BYTES("a\r.b\r\n"), BYTES("a\r.b\r\n.\r\n") },
		{ BYTES("a\r"), BYTES("a\r\r\n.\r\n") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned cut = 0; cut < CUTS; cut++) {
			struct buf out = { .len = 0 };

			stuff(&out, cases[i].message, cut);
			assert_span(buf_span(&out), cases[i].wire);
			buf_free(&out);
		}
	}
}

/* Octets of the kinds that matter. */
static void
fill(struct buf *out, unsigned *seed)
{
	static const char kinds[] = "\r\n.\r\n.\r\nab\xe9\0\n\r";
	size_t len = (size_t)rand_r(seed) % 60;

	buf_clear(out);
	for (size_t i = 0; i < len; i++)
		buf_add_byte(out, kinds[(size_t)rand_r(seed) % (sizeof(kinds) - 1)]);
}

static void
assert_same(const struct result *a, const struct result *b)
{
	assert_int_equal(a->ended, b->ended);
	assert_int_equal(a->used, b->used);
	assert_span(buf_span(&a->out), buf_span(&b->out));
	assert_int_equal(a->u.dot_lines, b->u.dot_lines);
	assert_int_equal(a->u.bare_cr, b->u.bare_cr);
	assert_int_equal(a->u.bare_lf, b->u.bare_lf);
	assert_int_equal(a->u.nul, b->u.nul);
	assert_int_equal(a->u.eight_bit, b->u.eight_bit);
	assert_int_equal(a->u.long_line, b->u.long_line);
}

/* Where the data ends, by the definition. */
static size_t
genuine_end(struct span in)
{
	size_t at;

	if (in.len >= 3 && memcmp(in.data, ".\r\n", 3) == 0)
		return 3;
	at = span_find(in, SPAN_LITERAL("\r\n.\r\n"));
	return at != SIZE_MAX ? at + 5 : SIZE_MAX;
}

static void
test_any_cut(void **state)
{
	struct buf in = { .len = 0 };
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		bool normalise = round % 2 != 0;
		struct result whole, cut;

		fill(&in, &seed);
		unstuff(&whole, buf_span(&in), normalise, 5, 0);
		assert_int_equal(whole.ended, genuine_end(buf_span(&in)) != SIZE_MAX);
		if (whole.ended)
			assert_int_equal(whole.used, genuine_end(buf_span(&in)));
		for (unsigned i = 1; i < CUTS; i++) {
			unstuff(&cut, buf_span(&in), normalise, 5, i);
			assert_same(&whole, &cut);
			buf_free(&cut.out);
		}
		buf_free(&whole.out);
	}
	buf_free(&in);
}

/* What was stuffed comes out as it went in, with the CRLF that may have been
 * missing; and a normalised message holds no CR or LF but in pairs. */
static void
test_round_trip(void **state)
{
	struct buf in = { .len = 0 };
	unsigned seed = 2;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		struct buf wire = { .len = 0 };
		struct result r, watched;

		fill(&in, &seed);
		stuff(&wire, buf_span(&in), (unsigned)round % CUTS);
		unstuff(&r, buf_span(&wire), false, 0, (unsigned)round % CUTS);
		assert_true(r.ended);
		assert_int_equal(r.used, wire.len);
		if (in.len > 0 && (in.len < 2 || memcmp(span_end(buf_span(&in)) - 2, "\r\n", 2) != 0))
			buf_add_str(&in, "\r\n");
		assert_span(buf_span(&r.out), buf_span(&in));
		watch(&watched, buf_span(&in), true, (unsigned)round % CUTS);
		for (size_t i = 0; i < watched.out.len; i++) {
			assert_int_equal(watched.out.data[i] == '\r', i + 1 < watched.out.len && watched.out.data[i + 1] == '\n');
			assert_int_not_equal(watched.out.data[i], '\0');
		}
		buf_free(&watched.out);
		buf_free(&r.out);
		buf_free(&wire);
	}
	buf_free(&in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_smuggling),
		cmocka_unit_test(test_smuggling_stuffed),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_nothing_after_end),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_line_limit),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_stuff),
		cmocka_unit_test(test_any_cut),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
