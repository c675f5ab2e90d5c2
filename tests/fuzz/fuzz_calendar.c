/* Calendars and cards: whatever is read stays within the limits. */
#include "config.h"

#include "engine/calendar.h"
#include "tests/lib/container_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	walk_fuzz(calendar_read, span_of((const char *)data, size));
	return 0;
}
