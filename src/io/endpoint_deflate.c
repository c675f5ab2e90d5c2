/* Compression of an endpoint, between its session and TLS or the socket.
 *
 * What came lies in `raw` until it is expanded, and that is done only as far as
 * the input has room: a few octets that stand for gigabytes wait like any others.
 * What goes lies in `plain` until the socket has taken nearly all that was
 * compressed before; so a slow peer's output is compressed in large pieces, and
 * what is said at once in one of its own. */
#include "config.h"

#include "io/deflate.h"
#include "io/endpoint_internal.h"

#include <stdlib.h>

enum {
	/* Compressed octets that wait for the socket before more are made. */
	AHEAD = 64 * 1024,
	/* What is compressed at once, others waiting: a few milliseconds. */
	PIECE = 128 * 1024,
	/* An octet that is compressed takes as long as so many that are only sent. */
	WEIGHT = 8,
};

struct deflate {
	struct expander *expander;
	struct buf raw;
	struct output plain;
};

static void
deflate_free(struct loop *l, struct deflate *d)
{
	expander_free(&d->expander);
	block_give(l, &d->raw);
	output_free(l, &d->plain);
	free(d);
}

bool
endpoint_deflate(struct endpoint *e)
{
	struct deflate *d;

	if (e->deflate != NULL || e->broken || e->tls == ENDPOINT_HANDSHAKE || loop_compressor(e->loop) == NULL)
		return false;
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return false;
	d->expander = expander_new();
	buf_add_span(&d->raw, buf_span(&e->in)); /* the input's memory is its own affair */
	if (d->expander == NULL || d->raw.failed) {
		deflate_free(e->loop, d);
		return false;
	}
	buf_consume(&e->in, e->in.len);
	e->deflate = d;
	endpoint_watch_input(e);
	return true;
}

bool
endpoint_deflates(const struct endpoint *e)
{
	return e->deflate != NULL;
}

void
deflate_endpoint_free(struct endpoint *e)
{
	if (e->deflate != NULL)
		deflate_free(e->loop, e->deflate);
	e->deflate = NULL;
}

/* ---- input ---- */

bool
deflate_endpoint_holds(const struct endpoint *e)
{
	return e->deflate != NULL && (e->deflate->raw.len > 0 || expander_holds(e->deflate->expander));
}

char *
endpoint_receive_room(struct endpoint *e, size_t *len)
{
	struct deflate *d = e->deflate;

	if (d == NULL)
		return endpoint_input_room(e, len);
	if (!block_take(e->loop, &d->raw)) {
		endpoint_break(e);
		return NULL;
	}
	*len = BLOCK_SIZE;
	return d->raw.data;
}

void
endpoint_received(struct endpoint *e, size_t len)
{
	if (e->traffic != NULL)
		atomic_fetch_add_explicit(&e->traffic->received, len, memory_order_relaxed);
	if (e->deflate != NULL)
		buf_commit(&e->deflate->raw, len);
	else
		endpoint_input_came(e, len);
}

bool
deflate_endpoint_expand(struct endpoint *e)
{
	struct deflate *d = e->deflate;
	struct span raw = buf_span(&d->raw);
	size_t len = 0;
	char *to;

	if (deflate_endpoint_holds(e)) {
		to = endpoint_input_room(e, &len);
		if (to == NULL)
			return true;
		e->fault = expander_run(d->expander, &raw, to, &len);
		endpoint_input_came(e, len);
		buf_consume(&d->raw, d->raw.len - raw.len);
	}
	if (d->raw.len == 0)
		block_give(e->loop, &d->raw);
	if (e->fault != NULL)
		endpoint_break(e);
	return len > 0 || e->broken || endpoint_eof(e);
}

/* ---- output ---- */

struct output *
endpoint_output(struct endpoint *e)
{
	return e->deflate != NULL ? &e->deflate->plain : &e->out;
}

uint64_t
deflate_endpoint_pending(const struct endpoint *e)
{
	return e->deflate != NULL ? e->deflate->plain.pending : 0;
}

static bool
put(void *context, struct span octets)
{
	struct endpoint *e = context;

	return output_add(e->loop, &e->out, octets);
}

/* Returns how much; *good: memory and files gave what they had to. */
static size_t
compress_some(struct endpoint *e, struct compressor *c, bool *good)
{
	struct output *plain = &e->deflate->plain;
	struct span front = SPAN_NONE;
	size_t done = 0;

	compressor_begin(c);
	while (*good && plain->pending > 0 && done < PIECE) {
		*good = output_peek(e->loop, plain, &front);
		front = span_first(front, *good ? PIECE - done : 0);
		*good = *good && compressor_add(c, front, put, e);
		output_drop(e->loop, plain, front.len);
		done += front.len;
	}
	*good = *good && compressor_end(c, put, e);
	output_unstage(e->loop, plain);
	return done;
}

size_t
endpoint_fill_output(struct endpoint *e)
{
	bool good = true;
	size_t done;

	if (deflate_endpoint_pending(e) == 0 || e->out.pending >= AHEAD)
		return 0;
	done = compress_some(e, loop_compressor(e->loop), &good);
	if (!good)
		endpoint_break(e);
	return done * WEIGHT;
}
