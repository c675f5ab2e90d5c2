/* The syntax of byte patterns and digests: anything may be given. */
#include "config.h"

#include "engine/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_of((const char *)data, size);
	struct arena *a = arena_new(0);
	struct signature_builder *b = signature_builder_new(a);

	signature_add_hex(b, input, 1);
	signature_add_text(b, input, 2);
	for (int kind = 0; kind < DIGEST_KINDS; kind++)
		signature_add_digest(b, (enum digest_kind)kind, input, 3);
	arena_free(&a);
	return 0;
}
