/* What a peer compressed: the same comes of it in whatever pieces it arrives and
 * into whatever room it goes. What we compress expands to what it was. The first
 * octet chooses the pieces. */
#include "config.h"

#include "base/buf.h"
#include "io/deflate.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 64 * 1024, EXPANDED_MAX = 256 * 1024 }; /* of which a whole one is made */

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

/* Expands one piece; the error, or NULL. */
static const char *
expand_piece(struct expander *x, struct span piece, size_t room, struct buf *out)
{
	static char to[ROOM];
	const char *why = NULL;

	while (why == NULL && (piece.len > 0 || expander_holds(x)) && out->len < EXPANDED_MAX) {
		size_t before = piece.len, len = room;

		why = expander_run(x, &piece, to, &len);
		demand(len <= room && piece.len <= before);
		demand(why != NULL || len > 0 || piece.len < before || !expander_holds(x));
		buf_add(out, to, len);
	}
	return why;
}

static const char *
expand(struct span in, size_t step, size_t room, struct buf *out)
{
	struct expander *x = expander_new();
	const char *why = NULL;

	for (size_t at = 0; why == NULL && at < in.len && out->len < EXPANDED_MAX; at += step)
		why = expand_piece(x, span_first(span_from(in, at), step), room, out);
	expander_free(&x);
	return why;
}

static void
check_expanding(struct span in, size_t step, size_t room)
{
	struct buf whole = { 0 }, cut = { 0 };
	const char *why = expand(in, in.len, ROOM, &whole), *cut_why = expand(in, step, room, &cut);

	if (whole.len < EXPANDED_MAX && cut.len < EXPANDED_MAX) {
		demand((why == NULL) == (cut_why == NULL));
		demand(span_eq(buf_span(&whole), buf_span(&cut)));
	}
	buf_free(&whole);
	buf_free(&cut);
}

static bool
put(void *context, struct span octets)
{
	buf_add_span(context, octets);
	return true;
}

static void
check_compressing(struct span plain, size_t step)
{
	struct compressor *c = compressor_new();
	struct buf wire = { 0 }, back = { 0 };

	for (size_t at = 0; at < plain.len; at += step) {
		compressor_begin(c);
		demand(compressor_add(c, span_first(span_from(plain, at), step), put, &wire));
		demand(compressor_end(c, put, &wire));
	}
	demand(expand(buf_span(&wire), step, ROOM, &back) == NULL && span_eq(buf_span(&back), plain));
	compressor_free(&c);
	buf_free(&wire);
	buf_free(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_from(span_of((const char *)data, size), 1);

	if (size == 0)
		return 0;
	check_expanding(in, data[0] % 16 + 1, data[0] / 16 * 100 + 1);
	check_compressing(in, data[0] + 1);
	return 0;
}
