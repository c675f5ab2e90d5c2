/* What container_read() hands content to, by what it is. */
#include "config.h"

#include "engine/container.h"

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

bool
container_may_be(const char *magic, struct span data)
{
	return data.len > 0 && archive_is_readable(magic);
}

enum archive_result
container_read(struct arena *a, const char *magic, struct span data, struct archive_budget *budget,
    const struct container_sink *sink)
{
	if (!archive_is_readable(magic))
		return ARCHIVE_NONE;
	return archive_read(a, data, budget, sink->member, sink->context);
}
