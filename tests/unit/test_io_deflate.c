/* DEFLATE: however it is cut, whatever room there is, after rests, and what is no
 * such thing. */
#include "config.h"

#include "base/buf.h"
#include "io/deflate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static bool
gather(void *context, struct span octets)
{
	buf_add_span(context, octets);
	return !((struct buf *)context)->failed;
}

/* Pieces of text, each compressed by itself. */
static struct buf
compressed(struct compressor *c, struct span text, size_t piece)
{
	struct buf out = { 0 };

	for (; text.len > 0; text = span_from(text, piece)) {
		compressor_begin(c);
		assert_true(compressor_add(c, span_first(text, piece), gather, &out));
		assert_true(compressor_end(c, gather, &out));
	}
	return out;
}

/* Expands `most` octets at a time into that much room; NULL or why not. */
static const char *
expand(struct expander *x, struct span in, size_t most, size_t room, struct buf *out)
{
	while (in.len > 0) {
		struct span part = span_first(in, most);
		const char *wrong = NULL;

		in = span_from(in, part.len);
		while (wrong == NULL && (part.len > 0 || expander_holds(x))) {
			size_t len = room;

			wrong = expander_run(x, &part, buf_reserve(out, room), &len);
			assert_true(len <= room);
			buf_commit(out, len);
		}
		if (wrong != NULL)
			return wrong;
	}
	return NULL;
}

static struct buf
some_text(void)
{
	struct buf text = { 0 };

	for (unsigned i = 0; text.len < 200000; i++)
		buf_printf(&text, "line %u of text, with %u\r\n", i % 1000, i * 7919);
	return text;
}

static void
test_any_cut(void **state)
{
	static const size_t sizes[] = { 1, 2, 7, 1000, 65536, 1000000 };
	struct compressor *c = compressor_new();
	struct buf text = some_text();

	(void)state;
	for (size_t piece = 0; piece < 6; piece++) {
		struct buf packed = compressed(c, buf_span(&text), sizes[piece] < 7 ? 7 : sizes[piece]);

		for (size_t i = 0; i < 6; i++) {
			struct expander *x = expander_new();
			struct buf out = { 0 };

			assert_null(expand(x, buf_span(&packed), sizes[i], sizes[5 - i], &out));
			assert_int_equal(out.len, text.len);
			assert_memory_equal(out.data, text.data, text.len);
			buf_free(&out);
			expander_free(&x);
		}
		buf_free(&packed);
	}
	buf_free(&text);
	compressor_free(&c);
}

/* A few octets that stand for many come out as there is room. */
static void
test_bomb(void **state)
{
	struct compressor *c = compressor_new();
	struct expander *x = expander_new();
	struct buf zeros = { 0 }, packed;
	struct span in;
	char room[1000];
	size_t got = 0;

	(void)state;
	memset(buf_reserve(&zeros, 10000000), 0, 10000000);
	buf_commit(&zeros, 10000000);
	packed = compressed(c, buf_span(&zeros), 10000000);
	assert_true(packed.len < 60000);
	for (in = buf_span(&packed); in.len > 0 || expander_holds(x);) {
		size_t len = sizeof(room);

		assert_null(expander_run(x, &in, room, &len));
		assert_true(len > 0 || in.len == 0);
		got += len;
	}
	assert_int_equal(got, 10000000);
	buf_free(&zeros);
	buf_free(&packed);
	expander_free(&x);
	compressor_free(&c);
}

static void
test_corrupt(void **state)
{
	const struct span wrong[] = {
		SPAN_LITERAL("\xff\xff"), SPAN_LITERAL("x NOOP\r\n"), SPAN_LITERAL("\x03\x00more"),
	};
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct expander *whole = expander_new(), *cut = expander_new();

		assert_non_null(expand(whole, wrong[i], 1000, 1000, &out));
		assert_non_null(expand(cut, wrong[i], 1, 1, &out));
		expander_free(&whole);
		expander_free(&cut);
	}
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_cut),
		cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_corrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
