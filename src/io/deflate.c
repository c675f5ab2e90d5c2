/* DEFLATE by zlib, in little memory.
 *
 * zlib compresses in 256 KiB, which ten thousand clients at rest would turn into
 * gigabytes. So a piece, which is whatever there is to send, is compressed without
 * those before it: only very small ones become longer by that. Each ends at an
 * octet (Z_SYNC_FLUSH), where the next may begin as if it were the first.
 *
 * A peer refers to the 32 KiB before, so these are kept; the rest of zlib's state
 * is given back where the peer ended a piece. */
#include "config.h"

#include "io/deflate.h"

#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

enum {
	/* Raw, with the largest window. */
	WINDOW_BITS = -15,
	/* Most of what compression there is, at twice the speed of the default. */
	LEVEL = 3,
	MEMORY_LEVEL = 8, /* zlib's own */
	CHUNK = 16 * 1024,
	/* z_stream's data_type between two blocks, with no bit left of the octet. */
	BETWEEN_BLOCKS = 128,
};

struct compressor {
	z_stream z;
};

struct compressor *
compressor_new(void)
{
	struct compressor *c = calloc(1, sizeof(*c));

	if (c != NULL && deflateInit2(&c->z, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(c);
		return NULL;
	}
	return c;
}

void
compressor_free(struct compressor **c)
{
	if (*c != NULL)
		deflateEnd(&(*c)->z);
	free(*c);
	*c = NULL;
}

void
compressor_begin(struct compressor *c)
{
	deflateReset(&c->z);
}

static bool
compress_piece(struct compressor *c, struct span plain, int flush, deflate_put *put, void *context)
{
	char chunk[CHUNK];

	c->z.next_in = (const Bytef *)plain.data;
	c->z.avail_in = (uInt)plain.len;
	do {
		c->z.next_out = (Bytef *)chunk;
		c->z.avail_out = sizeof(chunk);
		deflate(&c->z, flush);
		if (!put(context, span_of(chunk, sizeof(chunk) - c->z.avail_out)))
			return false;
	} while (c->z.avail_out == 0);
	return true;
}

bool
compressor_add(struct compressor *c, struct span plain, deflate_put *put, void *context)
{
	return compress_piece(c, plain, Z_NO_FLUSH, put, context);
}

bool
compressor_end(struct compressor *c, deflate_put *put, void *context)
{
	return compress_piece(c, SPAN_NONE, Z_SYNC_FLUSH, put, context);
}

struct expander {
	z_stream z;
	bool working;     /* z has a state of its own */
	bool full;        /* no room was left: more may be ready */
	bool ended;       /* the peer ended its stream */
	Bytef *window;    /* while z has no state */
	uInt window_len;
};

struct expander *
expander_new(void)
{
	return calloc(1, sizeof(struct expander));
}

static void
give_window(struct expander *x)
{
	free(x->window);
	x->window = NULL;
	x->window_len = 0;
}

void
expander_free(struct expander **x)
{
	if (*x == NULL)
		return;
	if ((*x)->working)
		inflateEnd(&(*x)->z);
	give_window(*x);
	free(*x);
	*x = NULL;
}

bool
expander_holds(const struct expander *x)
{
	return x->full;
}

static bool
begin_work(struct expander *x)
{
	x->z = (z_stream){ .next_in = NULL };
	if (inflateInit2(&x->z, WINDOW_BITS) != Z_OK)
		return false;
	x->working = true;
	if (x->window_len > 0 && inflateSetDictionary(&x->z, x->window, x->window_len) != Z_OK)
		return false;
	give_window(x);
	return true;
}

/* Keeps the window only, where zlib is between two blocks and there is memory for that. */
static void
end_work(struct expander *x)
{
	Bytef *window = NULL;
	uInt len = 0;

	if (x->z.data_type != BETWEEN_BLOCKS || inflateGetDictionary(&x->z, NULL, &len) != Z_OK)
		return;
	if (len > 0 && (window = malloc(len)) == NULL)
		return;
	inflateGetDictionary(&x->z, window, &len);
	inflateEnd(&x->z);
	x->working = false;
	x->window = window;
	x->window_len = len;
}

const char *
expander_run(struct expander *x, struct span *in, char *to, size_t *len)
{
	size_t room = *len;
	int result;

	*len = 0;
	if (x->ended && in->len > 0)
		return "octets behind the end of the compressed data";
	if (!x->working && !begin_work(x))
		return "no memory for compressed data";
	x->z.next_in = (const Bytef *)in->data;
	x->z.avail_in = (uInt)in->len;
	x->z.next_out = (Bytef *)to;
	x->z.avail_out = (uInt)room;
	result = inflate(&x->z, Z_SYNC_FLUSH);
	*len = room - x->z.avail_out;
	*in = span_from(*in, in->len - x->z.avail_in);
	x->full = x->z.avail_out == 0;
	x->ended = result == Z_STREAM_END;
	if (result == Z_MEM_ERROR)
		return "no memory for compressed data";
	if (result != Z_OK && result != Z_BUF_ERROR && !x->ended)
		return "the compressed data is corrupt";
	if (in->len == 0 && !x->full)
		end_work(x);
	return NULL;
}
