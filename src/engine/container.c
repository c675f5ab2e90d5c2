/* What container_read() hands content to, by what it is. */
#include "config.h"

#include "engine/container.h"

#include "engine/ole2.h"
#include "engine/tnef.h"

const char *const trait_names[] = {
	[TRAIT_MACROS] = "macros",
	[TRAIT_AUTO_RUN] = "auto-run",
	[TRAIT_EXTERNAL_TEMPLATE] = "external-template",
	[TRAIT_DDE] = "dde",
	[TRAIT_EMBEDDED_OBJECT] = "embedded-object",
	[TRAIT_JAVASCRIPT] = "javascript",
	[TRAIT_LAUNCH] = "launch",
	[TRAIT_BUILDS_FILE] = "builds-file",
	[TRAIT_SIGNED] = "signed",
	[TRAIT_ENCRYPTED] = "encrypted",
	[TRAIT_TWO_KINDS] = "two-kinds",
	[TRAIT_INCONSISTENT] = "inconsistent",
	[TRAIT_MULTI_VOLUME] = "multi-volume",
	[TRAIT_COUNT] = NULL,
};

/* Adding a kind is a row. */
static const struct kind {
	const char *magic;
	enum archive_result (*read)(struct arena *a, struct span data, struct archive_budget *budget,
	    const struct container_sink *sink);
} kinds[] = {
	{ "ole2", ole2_read },
	{ "tnef", tnef_read },
	{ NULL, NULL },
};

static enum archive_result
read_as(struct arena *a, const char *magic, struct span data, struct archive_budget *budget,
    const struct container_sink *sink)
{
	for (const struct kind *k = kinds; k->magic != NULL; k++)
		if (strcmp(k->magic, magic) == 0)
			return k->read(a, data, budget, sink);
	return archive_read(a, magic, data, budget, sink);
}

static bool
is_read(const char *magic)
{
	for (const struct kind *k = kinds; k->magic != NULL; k++)
		if (strcmp(k->magic, magic) == 0)
			return true;
	return archive_is_readable(magic);
}

bool
container_may_be(const char *magic, struct span data)
{
	return data.len > 0 && is_read(magic);
}

enum archive_result
container_read(struct arena *a, const char *magic, struct span data, struct archive_budget *budget,
    const struct container_sink *sink)
{
	return read_as(a, magic, data, budget, sink);
}
