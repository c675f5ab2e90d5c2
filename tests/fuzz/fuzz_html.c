/* HTML to text: never longer than its input, without white space at its ends;
 * links lie in memory that is still there. */
#include "config.h"

#include "rule/html.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
link_in_memory(void *context, struct span uri)
{
	size_t *total = context;

	for (size_t i = 0; i < uri.len; i++)
		*total += (unsigned char)uri.data[i] > ' ';
	if (span_find_byte(uri, ':') == SIZE_MAX)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(0);
	size_t total = 0;
	struct span out = html_text(a, span_of((const char *)data, size), link_in_memory, &total);

	if (out.len > size || total > size)
		abort();
	if (out.len > 0 && (out.data[0] == ' ' || out.data[0] == '\n' || out.data[out.len - 1] == ' '))
		abort();
	arena_free(&a);
	return 0;
}
