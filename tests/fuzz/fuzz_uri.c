/* Links in text: inside it, in order, not overlapping. */
#include "config.h"

#include "rule/uri.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
in_order(void *context, struct span uri)
{
	struct span *rest = context;

	if (uri.len < 7 || uri.data < rest->data || span_end(uri) > span_end(*rest))
		abort();
	*rest = span_from(*rest, (size_t)(span_end(uri) - rest->data));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of((const char *)data, size);

	uri_find(rest, in_order, &rest);
	return 0;
}
