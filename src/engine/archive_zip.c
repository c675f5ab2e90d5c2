/* Zip: each entry that some program could find is unpacked as that program
 * would. libarchive does the unpacking only: it is given one entry at a time,
 * behind a header of our own that says what the reading at hand says.
 *
 * Known limit: methods that libarchive does not know (Deflate64, the oldest
 * ones, JPEG and the like) are told by name, and the archive as damaged. */
#include "config.h"

#include "engine/archive_reading.h"
#include "engine/zip_layout.h"

#include <archive.h>
#include <archive_entry.h>

enum { HEADER_SIZE = 31 }; /* with a name of one letter */

/* libarchive gives nothing of a content whose sizes do not follow in full. */
static const char padding[32];

struct feed {
	char header[HEADER_SIZE];
	struct span content;
	unsigned given; /* pieces */
};

static la_ssize_t
give(struct archive *handle, void *context, const void **bytes)
{
	struct feed *feed = context;

	(void)handle;
	switch (feed->given++) {
	case 0:
		*bytes = feed->header;
		return HEADER_SIZE;
	case 1:
		if (feed->content.len == 0)
			return 0;
		*bytes = feed->content.data;
		return (la_ssize_t)feed->content.len;
	case 2:
		*bytes = padding;
		return sizeof(padding);
	default:
		return 0;
	}
}

static void
put(char *at, uint64_t value, unsigned octets)
{
	for (; octets-- > 0; value >>= 8)
		*at++ = (char)value;
}

static uint64_t
below_sentinel(uint64_t size)
{
	return size < UINT32_MAX ? size : UINT32_MAX - 1;
}

static void
make_header(struct feed *feed, const struct zip_entry *e)
{
	char *h = feed->header;

	memset(h, 0, HEADER_SIZE);
	memcpy(h, "PK\x03\x04\x14", 5);
	put(h + 6, e->open_end ? ZIP_SIZES_FOLLOW : 0, 2);
	put(h + 8, e->method, 2);
	if (!e->open_end) {
		put(h + 18, below_sentinel(feed->content.len), 4);
		put(h + 22, below_sentinel(e->size), 4);
	}
	put(h + 26, 1, 2);
	h[30] = 'x';
}

/* What is read and gives nothing costs time too: many entries over one content. */
static uint64_t
most_taken(const struct archive_reading *r)
{
	return r->budget->limits.output + r->data.len;
}

static enum archive_result
unpack(struct archive_reading *r, const struct zip_entry *e, struct span packed, struct span *content)
{
	struct archive *handle = reading_handle(r);
	struct feed *feed = ARENA_NEW(r->arena, struct feed);
	struct archive_entry *entry;
	enum archive_result result;
	la_int64_t used;

	feed->content = packed;
	make_header(feed, e);
	if (archive_read_support_format_zip_streamable(handle) != ARCHIVE_OK)
		arena_give_up(r->arena, "out of memory");
	archive_read_set_options(handle, "zip:ignorecrc32");
	if (archive_read_open(handle, feed, NULL, give, NULL) != ARCHIVE_OK ||
	    archive_read_next_header(handle, &entry) < ARCHIVE_WARN)
		return ARCHIVE_DAMAGED;
	result = reading_content(r, content);
	used = archive_filter_bytes(handle, -1);
	r->left_over = span_from(packed, used > HEADER_SIZE ? (size_t)used - HEADER_SIZE : 0);
	r->taken += (uint64_t)used;
	return r->taken > most_taken(r) ? ARCHIVE_OVER_LIMIT : result;
}

static enum archive_result
content_of(struct archive_reading *r, const struct zip_entry *e, struct span *content)
{
	struct span packed = span_from(r->data, (size_t)e->content);
	bool cut = !e->open_end && e->packed > packed.len;
	enum archive_result result;

	if (e->content == 0)
		return ARCHIVE_DAMAGED;
	if (!e->open_end)
		packed = span_first(packed, (size_t)e->packed);
	if (packed.len == 0 && e->size == 0)
		return ARCHIVE_READ;
	if (e->method == ZIP_STORED && !e->open_end) {
		*content = packed;
		result = reading_charge(r, packed.len);
	} else {
		result = unpack(r, e, packed, content);
	}
	return archive_worse(result, cut ? ARCHIVE_DAMAGED : ARCHIVE_READ);
}

static enum archive_result
read_as(struct archive_reading *r, const struct zip_entry *e, struct span name)
{
	struct archive_member m = { .name = name, .size = e->size };
	enum archive_result result = ARCHIVE_READ;

	m.encrypted = (e->flags & ZIP_ENCRYPTED) != 0;
	m.directory = name.len > 0 && name.data[name.len - 1] == '/' && e->size == 0;
	if (!m.encrypted && !m.directory)
		result = content_of(r, e, &m.content);
	result = archive_worse(result, reading_tell(r, &m));
	reading_close(r);
	return result;
}

static enum archive_result
read_entry(struct archive_reading *r, const struct zip_entry *e)
{
	enum archive_result result = read_as(r, e, e->name);

	if (e->other_name.len > 0 && !r->stopped && result != ARCHIVE_OVER_LIMIT)
		result = archive_worse(result, read_as(r, e, e->other_name));
	return result;
}

/* An entry that ends before the directory says it does: what a program finds
 * there that reads in sequence. */
static enum archive_result
read_left_over(struct archive_reading *r, struct span rest)
{
	enum archive_result result = ARCHIVE_READ;
	size_t base = (size_t)(rest.data - r->data.data), at;

	r->taken += rest.len;
	if (r->taken > most_taken(r))
		return ARCHIVE_OVER_LIMIT;
	for (; !r->stopped && result != ARCHIVE_OVER_LIMIT && (at = span_find(rest, SPAN_LITERAL("PK\x03\x04"))) != SIZE_MAX;
	     rest = span_from(rest, at + 1), base += at + 1) {
		struct zip_entry hidden;

		if (!zip_local_at(r->data, base + at, &hidden))
			continue;
		reading_trait(r, TRAIT_INCONSISTENT);
		result = archive_worse(result, read_entry(r, &hidden));
	}
	return result;
}

static enum archive_result
read_listed(struct archive_reading *r, const struct zip_entry *e)
{
	enum archive_result result;

	r->left_over = SPAN_NONE;
	result = read_entry(r, e);
	if (r->left_over.len == 0 || e->open_end || r->stopped || result == ARCHIVE_OVER_LIMIT)
		return result;
	return archive_worse(result, read_left_over(r, r->left_over));
}

enum archive_result
archive_read_zip(struct archive_reading *r)
{
	size_t left = r->budget->limits.entries - r->budget->entries;
	enum archive_result result = ARCHIVE_READ;
	struct zip_layout layout;

	zip_layout_read(r->arena, r->data, left, &layout);
	if (layout.count == 0 && !layout.directory)
		return layout.over_limit ? ARCHIVE_OVER_LIMIT : ARCHIVE_NONE;
	if (layout.split)
		reading_trait(r, TRAIT_MULTI_VOLUME);
	if (layout.inconsistent && !layout.split)
		reading_trait(r, TRAIT_INCONSISTENT);
	for (size_t i = 0; i < layout.count && !r->stopped && result != ARCHIVE_OVER_LIMIT; i++)
		result = archive_worse(result, (i < layout.listed ? read_listed : read_entry)(r, &layout.entries[i]));
	if (layout.damaged || !layout.directory)
		result = archive_worse(result, ARCHIVE_DAMAGED);
	return layout.over_limit ? ARCHIVE_OVER_LIMIT : result;
}
