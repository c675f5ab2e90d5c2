/* Requests and answers as a hostile process may send them. The first octet
 * chooses which. What decodes must encode to the same bytes. */
#include "config.h"

#include "scan/request.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
same_or_abort(const struct buf *again, struct span in)
{
	if (again->failed || !span_eq(buf_span(again), in))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of((const char *)data, size);
	struct arena *a = arena_new(0);
	struct buf again = { 0 };
	struct scan_request request;
	struct scan_answer answer;

	if (size > 0 && (data[0] & 1) != 0) {
		in = span_from(in, 1);
		if (scan_request_decode(a, in, &request)) {
			scan_request_encode(&again, &request);
			same_or_abort(&again, in);
		}
	} else {
		in = span_from(in, 1);
		if (scan_answer_decode(a, in, &answer)) {
			scan_answer_encode(&again, &answer);
			same_or_abort(&again, in);
		}
	}
	buf_free(&again);
	arena_free(&a);
	return 0;
}
