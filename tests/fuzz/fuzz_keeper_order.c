/* Orders to the keeper and its results, as anything that entered the folder may
 * send them. The first octet chooses which. What decodes must encode to the same
 * bytes; of a result, whose truths may be any number, to one that decodes alike. */
#include "config.h"

#include "daemon/keeper_wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

static void
check_order(struct span in)
{
	struct arena *a = arena_new(0);
	struct buf again = { 0 };
	struct keeper_order o;

	if (keeper_order_decode(a, in, &o)) {
		keeper_order_encode(&again, &o);
		demand(span_eq(buf_span(&again), in));
	}
	buf_free(&again);
	arena_free(&a);
}

static void
check_result(struct span in)
{
	struct buf once = { 0 }, twice = { 0 };
	struct keeper_result r, again;

	if (keeper_result_decode(in, &r)) {
		keeper_result_encode(&once, &r);
		demand(once.len == in.len && keeper_result_decode(buf_span(&once), &again));
		keeper_result_encode(&twice, &again);
		demand(span_eq(buf_span(&once), buf_span(&twice)) && span_eq(r.error, again.error) && r.ok == again.ok);
	}
	buf_free(&once);
	buf_free(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_from(span_of((const char *)data, size), 1);

	if (size > 0 && (data[0] & 1) != 0)
		check_order(in);
	else
		check_result(in);
	return 0;
}
