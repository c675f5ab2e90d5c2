/* Kinds of content: always a known name. */
#include "config.h"

#include "engine/magic.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *name = magic_of(span_of((const char *)data, size));
	size_t i = 0;

	while (magic_names[i] != NULL && strcmp(magic_names[i], name) != 0)
		i++;
	if (magic_names[i] == NULL)
		abort();
	return 0;
}
