/* Files in HTML: whatever is read stays within the limits. */
#include "config.h"

#include "engine/html_files.h"
#include "tests/lib/container_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	walk_fuzz(html_read, span_of((const char *)data, size));
	return 0;
}
