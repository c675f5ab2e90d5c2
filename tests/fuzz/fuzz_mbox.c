/* An mbox: its messages lie in the file one after the other, the splitting
 * comes to an end, and unquoting only takes away. */
#include "config.h"

#include "cli/mbox.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span file = span_of((const char *)data, size), rest = file, message;
	struct arena *a = arena_new(0);
	const char *last = file.data;

	while (mbox_next(&rest, &message)) {
		if (message.data < last || span_end(message) > span_end(file))
			abort();
		last = span_end(message);
		if (mbox_unquote(a, message).len > message.len)
			abort();
	}
	arena_free(&a);
	return 0;
}
