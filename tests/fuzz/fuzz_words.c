/* Encoded words: decoding gives UTF-8, and undoes encoding. */
#include "config.h"

#include "mime/decode.h"
#include "mime/utf8.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool truth)
{
	if (!truth)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(0);
	struct span text = encoded_words_decode(a, span_of((const char *)data, size));
	struct span encoded = encoded_words_encode(a, text);

	require(utf8_valid(text));
	require(utf8_ascii_prefix(encoded) == encoded.len);
	/* Printable text is not encoded, not even what looks like a word. */
	if (encoded.data != text.data)
		require(span_eq(encoded_words_decode(a, encoded), text));
	arena_free(&a);
	return 0;
}
