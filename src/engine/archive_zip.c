/* Zip: what the directory lists, and what stands in sequence. */
#include "config.h"

#include "engine/archive_reading.h"
#include "engine/zip_layout.h"

#include <archive.h>

static enum archive_result
read_entries(struct archive_reading *r, int (*support)(struct archive *))
{
	struct archive *handle = reading_handle(r);

	if (support(handle) != ARCHIVE_OK)
		arena_give_up(r->arena, "out of memory");
	archive_read_set_options(handle, "zip:ignorecrc32");
	archive_read_open_memory(handle, r->data.data, r->data.len);
	return reading_entries(r);
}

static enum archive_result
tell_aliases(struct archive_reading *r)
{
	struct zip_walk walk;
	struct zip_alias alias;
	enum archive_result result = ARCHIVE_READ;

	if (!zip_walk_begin(&walk, r->data))
		return ARCHIVE_READ;
	while (!r->stopped && result == ARCHIVE_READ && zip_walk_next(&walk, &alias)) {
		struct archive_member m = { .name = alias.name, .size = alias.size, .encrypted = alias.encrypted };

		result = reading_tell(r, &m);
	}
	return result;
}

enum archive_result
archive_read_zip(struct archive_reading *r)
{
	enum archive_result first, second;
	bool recognised;

	if (!zip_may_have_entries(r->data))
		return ARCHIVE_NONE;
	first = read_entries(r, archive_read_support_format_zip_seekable);
	recognised = r->recognised;
	if (r->stopped || first == ARCHIVE_OVER_LIMIT || (recognised && zip_is_regular(r->data)))
		return first;
	second = read_entries(r, archive_read_support_format_zip_streamable);
	if (!recognised)
		return second;
	if (!r->recognised)
		second = ARCHIVE_READ;
	return r->stopped ? first : archive_worse(archive_worse(first, second), tell_aliases(r));
}
