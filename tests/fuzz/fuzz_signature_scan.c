/* A pattern (the first line) and content (the rest): the same as a naive
 * matcher says. */
#include "config.h"

#include "engine/signature.h"

#include "../lib/naive_signature.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
note(void *context, uint32_t id)
{
	(void)id;
	if (++*(int *)context > 1)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span content = span_of((const char *)data, size), hex;
	struct arena *a = arena_new(0);
	struct signature_builder *b = signature_builder_new(a);

	if (span_split(&content, '\n', &hex) && hex.len <= NAIVE_HEX_MAX && content.len <= NAIVE_DATA_MAX &&
	    content.data != NULL && signature_add_hex(b, hex, 0) == NULL) {
		struct signatures *s = signatures_compile(b);
		struct signatures_scratch *scratch = signatures_scratch_new(s);
		int found = 0;

		if (!signatures_scan(s, scratch, content, NULL, note, &found) ||
		    found != naive_signature_matches(hex, content))
			abort();
		signatures_scratch_free(&scratch);
	}
	arena_free(&a);
	return 0;
}
