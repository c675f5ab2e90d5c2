/* OpenPGP, armored or not: whatever is read stays within the limits. */
#include "config.h"

#include "engine/cms.h"
#include "tests/lib/container_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	walk_fuzz(pgp_read, span_of((const char *)data, size));
	return 0;
}
