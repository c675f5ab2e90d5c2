/* Folding: bounded, and what is folded stays as it is; a name without blanks is
 * folded like text. */
#include "config.h"

#include "mime/utf8.h"
#include "rule/characters.h"
#include "rule/fold.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(0);
	struct span text = span_of((const char *)data, size), folded = text_folded(a, text);

	if (folded.len > 5 * size || text_joined(a, folded).len > folded.len)
		abort();
	if (span_find(folded, SPAN_LITERAL("  ")) != SIZE_MAX)
		abort();
	for (size_t i = 0; i < folded.len; i++)
		if (folded.data[i] >= 'A' && folded.data[i] <= 'Z')
			abort();
	if (utf8_valid(text) && (!utf8_valid(folded) || text_without_invisible(a, folded).len != folded.len))
		abort();
	name_folded(a, text);
	arena_free(&a);
	return 0;
}
