/* The archives that libarchive alone can read: which of its readers belong to
 * a kind. What looks like the kind and is not told by libarchive to be it is
 * no archive when the kind's mark is weak, and damaged when it is strong. */
#include "config.h"

#include "engine/archive_reading.h"

#include <archive.h>

enum archive_result
archive_read_by(struct archive_reading *r, int (*support)(struct archive *), const char *options, bool strong)
{
	struct archive *handle = reading_handle(r);
	enum archive_result result;

	if (support(handle) != ARCHIVE_OK)
		arena_give_up(r->arena, "out of memory");
	if (options != NULL)
		archive_read_set_options(handle, options);
	if (archive_read_open_memory(handle, r->data.data, r->data.len) != ARCHIVE_OK) {
		reading_close(r);
		return strong ? ARCHIVE_DAMAGED : ARCHIVE_NONE;
	}
	result = reading_entries(r);
	return r->recognised || strong ? result : ARCHIVE_NONE;
}

enum archive_result
archive_read_seven_zip(struct archive_reading *r)
{
	return archive_read_by(r, archive_read_support_format_7zip, NULL, true);
}

enum archive_result
archive_read_cab(struct archive_reading *r)
{
	enum { FLAGS = 30, CONTINUES = 3 }; /* from, or in, another cabinet */

	if (r->data.len > FLAGS && (r->data.data[FLAGS] & CONTINUES) != 0)
		reading_trait(r, TRAIT_MULTI_VOLUME);
	r->fragile = true; /* 3.6 follows a null pointer there */
	return archive_read_by(r, archive_read_support_format_cab, NULL, true);
}

/* A disc has up to two trees of names, and systems differ in which they show. */
enum archive_result
archive_read_iso(struct archive_reading *r)
{
	enum archive_result first = archive_read_by(r, archive_read_support_format_iso9660, NULL, true);

	if (r->stopped || first == ARCHIVE_OVER_LIMIT)
		return first;
	return archive_worse(first, archive_read_by(r, archive_read_support_format_iso9660, "!joliet", true));
}

enum archive_result
archive_read_ar(struct archive_reading *r)
{
	return archive_read_by(r, archive_read_support_format_ar, NULL, false);
}

enum archive_result
archive_read_cpio(struct archive_reading *r)
{
	return archive_read_by(r, archive_read_support_format_cpio, NULL, false);
}

enum archive_result
archive_read_lha(struct archive_reading *r)
{
	return archive_read_by(r, archive_read_support_format_lha, NULL, false);
}

enum archive_result
archive_read_xar(struct archive_reading *r)
{
	return archive_read_by(r, archive_read_support_format_xar, NULL, true);
}
