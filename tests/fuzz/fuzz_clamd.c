/* A reply of clamd, whole and as it comes octet by octet: what is told lies in
 * the input, is one line, and does not change with what follows. */
#include "config.h"

#include "wire/clamd.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_of((const char *)data, size), text = SPAN_NONE, first_text = SPAN_NONE;
	enum clamd_result result = CLAMD_UNASKED, first = CLAMD_UNASKED;
	int got = clamd_parse_reply(input, &result, &text), decided = 0;

	for (size_t len = 0; len <= size && decided == 0; len++)
		decided = clamd_parse_reply(span_first(input, len), &first, &first_text);
	demand(decided == got);
	if (got <= 0)
		return 0;
	demand(result == first && span_eq(text, first_text) && result != CLAMD_UNASKED);
	demand(text.len == 0 || (text.data >= input.data && span_end(text) <= span_end(input)));
	demand(result != CLAMD_FOUND || text.len > 0);
	for (size_t i = 0; i < text.len; i++)
		demand((unsigned char)text.data[i] >= ' ');
	return 0;
}
