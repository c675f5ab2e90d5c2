/* Addresses of a field: each has an "@" behind something, none a control
 * character, and together they are no longer than what they were read from,
 * which is read twice at most. */
#include "config.h"

#include "mime/mailbox.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(0);
	struct mailboxes found = { 0 };
	size_t octets = 0;

	mailboxes_read(a, span_of((const char *)data, size), &found);
	for (size_t i = 0; i < found.count; i++) {
		size_t at = span_find_byte(found.items[i], '@');

		if (at == SIZE_MAX || found.items[i].len < 2 || span_find_byte(found.items[i], '\n') != SIZE_MAX)
			abort();
		octets += found.items[i].len;
	}
	if (octets > 2 * size)
		abort();
	arena_free(&a);
	return 0;
}
