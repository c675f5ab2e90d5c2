/* Requests to the keeper and its answers, as a hostile process may send them.
 * The first octet chooses which. What decodes must encode to the same bytes. */
#include "config.h"

#include "proxy/keep_frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
same_or_abort(const struct buf *again, struct span in)
{
	if (again->failed || !span_eq(buf_span(again), in))
		abort();
}

static void
request(struct span in, struct buf *again)
{
	struct arena *a = arena_new(0);
	struct keep_frame f;

	if (keep_frame_decode(a, in, &f)) {
		keep_frame_encode(again, &f);
		buf_add_span(again, f.message);
		same_or_abort(again, in);
	}
	arena_free(&a);
}

static void
answer(struct span in, struct buf *again)
{
	struct keep_answer answer;
	struct view view;

	if (!keep_answer_decode(in, &answer) || !keep_views_valid(answer.body))
		return;
	keep_answer_encode(again, answer.id, answer.ok);
	while (keep_views_next(&answer.body, &view))
		keep_views_put(again, &view);
	same_or_abort(again, in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_from(span_of((const char *)data, size), 1);
	struct buf again = { 0 };

	if (size > 0 && (data[0] & 1) != 0)
		request(in, &again);
	else
		answer(in, &again);
	buf_free(&again);
	return 0;
}
