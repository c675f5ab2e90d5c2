/* Kinds of content: always known names, the same first. */
#include "config.h"

#include "engine/magic.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_name(const char *name)
{
	size_t i = 0;

	while (magic_names[i] != NULL && strcmp(magic_names[i], name) != 0)
		i++;
	if (magic_names[i] == NULL)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span content = span_of((const char *)data, size);
	struct magic_kind kinds[MAGIC_ALL_MAX];
	size_t count = magic_all(content, kinds);

	if (count == 0 || count > MAGIC_ALL_MAX || strcmp(kinds[0].name, magic_of(content)) != 0)
		abort();
	for (size_t i = 0; i < count; i++) {
		check_name(kinds[i].name);
		if (kinds[i].offset > size)
			abort();
		magic_contradicts(kinds[i].name, "image/png", content);
	}
	return 0;
}
