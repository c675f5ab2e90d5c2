/* Mail data: any cut gives the same message, only a genuine end ends it, a
 * normalised message is clean, and what is stuffed comes out the same. The
 * first octet chooses the cut. */
#include "config.h"

#include "wire/mail_data.h"

#include "base/buf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

static bool
collect(void *context, struct span bytes)
{
	buf_add_span(context, bytes);
	return true;
}

struct result {
	struct mail_unstuffer u;
	struct buf out;
	size_t used;
	bool ended;
};

static void
unstuff(struct result *r, struct span in, bool normalise, size_t step)
{
	*r = (struct result){ .used = 0 };
	mail_unstuff_init(&r->u, normalise, 80);
	while (r->used < in.len && !r->ended) {
		size_t used;

		r->ended = mail_unstuff(&r->u, span_first(span_from(in, r->used), step), &used, collect, &r->out) == 1;
		r->used += used;
	}
	demand(r->u.size == r->out.len);
}

static void
watch(struct result *r, struct span in, bool normalise, size_t step)
{
	*r = (struct result){ .used = 0 };
	mail_unstuff_init(&r->u, normalise, 80);
	for (; r->used < in.len; r->used += step)
		mail_watch(&r->u, span_first(span_from(in, r->used), step), collect, &r->out);
	r->used = in.len;
	mail_watch_end(&r->u, collect, &r->out);
}

static bool
same_flags(const struct mail_unstuffer *a, const struct mail_unstuffer *b)
{
	return a->bare_cr == b->bare_cr && a->bare_lf == b->bare_lf && a->nul == b->nul &&
	    a->eight_bit == b->eight_bit && a->long_line == b->long_line && a->dot_lines == b->dot_lines;
}

static void
demand_same(const struct result *a, const struct result *b)
{
	demand(a->ended == b->ended && a->used == b->used);
	demand(span_eq(buf_span(&a->out), buf_span(&b->out)));
	demand(same_flags(&a->u, &b->u));
}

static void
demand_clean(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		demand(s.data[i] != '\0');
		demand((s.data[i] == '\r') == (i + 1 < s.len && s.data[i + 1] == '\n'));
	}
}

static void
demand_genuine_end(const struct result *r, struct span in)
{
	size_t at = span_find(in, SPAN_LITERAL("\r\n.\r\n"));

	if (span_starts(in, ".\r\n"))
		demand(r->ended && r->used == 3);
	else if (at != SIZE_MAX)
		demand(r->ended && r->used == at + 5);
	else
		demand(!r->ended && r->used == in.len);
}

static void
round_trip(struct span in, size_t step)
{
	struct mail_stuffer s;
	struct buf wire = { .len = 0 };
	struct result r;

	mail_stuff_init(&s);
	for (size_t i = 0; i < in.len; i += step)
		mail_stuff(&s, span_first(span_from(in, i), step), collect, &wire);
	mail_stuff_end(&s, collect, &wire);
	unstuff(&r, buf_span(&wire), false, SIZE_MAX);
	demand(r.ended && r.used == wire.len && r.out.len >= in.len);
	demand(span_eq(span_first(buf_span(&r.out), in.len), in));
	buf_free(&r.out);
	buf_free(&wire);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_from(span_of((const char *)data, size), 1);
	size_t step = size > 0 ? data[0] % 16 + 1 : 1;

	for (int normalise = 0; normalise < 2; normalise++) {
		struct result whole, cut, watched;

		unstuff(&whole, in, normalise != 0, SIZE_MAX);
		unstuff(&cut, in, normalise != 0, step);
		demand_same(&whole, &cut);
		demand_genuine_end(&whole, in);
		if (normalise != 0 && whole.ended)
			demand_clean(buf_span(&whole.out));
		buf_free(&cut.out);
		watch(&watched, in, normalise != 0, SIZE_MAX);
		watch(&cut, in, normalise != 0, step);
		demand_same(&watched, &cut);
		if (normalise != 0)
			demand_clean(buf_span(&watched.out));
		buf_free(&cut.out);
		buf_free(&watched.out);
		buf_free(&whole.out);
	}
	round_trip(in, step);
	return 0;
}
