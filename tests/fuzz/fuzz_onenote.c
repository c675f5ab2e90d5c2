/* Notebooks: whatever is read stays within the limits. */
#include "config.h"

#include "engine/onenote.h"
#include "tests/lib/container_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	walk_fuzz(onenote_read, span_of((const char *)data, size));
	return 0;
}
