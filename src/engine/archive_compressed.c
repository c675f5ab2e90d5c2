/* Compressed single files. One layer is undone: what is inside is told as one
 * member, and when it is compressed again the caller reads it again, so that
 * depth, output and ratio are counted for each layer. libarchive would undo up
 * to 25 layers unseen, so its filter is set, never guessed.
 *
 * Known limit: what follows the end of the compressed data is not looked at
 * here; an archive appended there is found by container_read(). */
#include "config.h"

#include "engine/archive_reading.h"

#include <archive.h>
#include <archive_entry.h>

enum { ONE_FILTER = 2 }; /* as libarchive counts: it and the source */

/* RFC 1952 2.3: the name that the file had, where the header tells it. */
static struct span
gzip_name(struct span data)
{
	enum { HEADER = 10, FLAG_EXTRA = 4, FLAG_NAME = 8 };
	struct span rest = span_from(data, HEADER);
	size_t end;

	if (data.len < HEADER || (data.data[3] & FLAG_NAME) == 0)
		return SPAN_LITERAL("");
	if ((data.data[3] & FLAG_EXTRA) != 0 && rest.len >= 2)
		rest = span_from(rest, 2 + (size_t)(unsigned char)rest.data[0] + 256 * (size_t)(unsigned char)rest.data[1]);
	end = span_find_byte(rest, '\0');
	return end == SIZE_MAX ? SPAN_LITERAL("") : span_first(rest, end);
}

static enum archive_result
read_file(struct archive_reading *r, struct span name)
{
	struct archive_member m = { .name = name };
	struct archive_entry *entry;
	enum archive_result result;
	int status = archive_read_open_memory(r->handle, r->data.data, r->data.len);

	/* Nested in itself it would be undone without being counted. */
	if (status == ARCHIVE_OK && archive_filter_count(r->handle) > ONE_FILTER)
		return ARCHIVE_OVER_LIMIT;
	if (status == ARCHIVE_OK)
		status = archive_read_next_header(r->handle, &entry);
	if (status == ARCHIVE_EOF)
		result = ARCHIVE_READ; /* nothing was compressed */
	else if (status < ARCHIVE_WARN)
		return ARCHIVE_DAMAGED;
	else
		result = reading_content(r, &m.content);
	m.size = m.content.len;
	return archive_worse(result, reading_tell(r, &m));
}

static enum archive_result
read_filter(struct archive_reading *r, int filter, struct span name)
{
	struct archive *handle = reading_handle(r);
	enum archive_result result;

	if (archive_read_support_format_raw(handle) != ARCHIVE_OK || archive_read_append_filter(handle, filter) < ARCHIVE_WARN)
		arena_give_up(r->arena, "out of memory");
	result = read_file(r, name);
	reading_close(r);
	return result;
}

enum archive_result
archive_read_gzip(struct archive_reading *r)
{
	return read_filter(r, ARCHIVE_FILTER_GZIP, gzip_name(r->data));
}

enum archive_result
archive_read_bzip2(struct archive_reading *r)
{
	return read_filter(r, ARCHIVE_FILTER_BZIP2, SPAN_LITERAL(""));
}

enum archive_result
archive_read_xz(struct archive_reading *r)
{
	return read_filter(r, ARCHIVE_FILTER_XZ, SPAN_LITERAL(""));
}

enum archive_result
archive_read_lzma(struct archive_reading *r)
{
	return read_filter(r, ARCHIVE_FILTER_LZMA, SPAN_LITERAL(""));
}

enum archive_result
archive_read_lzip(struct archive_reading *r)
{
	return read_filter(r, ARCHIVE_FILTER_LZIP, SPAN_LITERAL(""));
}

enum archive_result
archive_read_zstd(struct archive_reading *r)
{
	return read_filter(r, ARCHIVE_FILTER_ZSTD, SPAN_LITERAL(""));
}

/* Its payload is a compressed cpio, which is told as it stands. */
enum archive_result
archive_read_rpm(struct archive_reading *r)
{
	return read_filter(r, ARCHIVE_FILTER_RPM, SPAN_LITERAL(""));
}

/* Filters that read as soon as they are made, and so cannot be set before there
 * is something to read. Nested in itself, such a file is over the limit. */
static enum archive_result
read_guessed(struct archive_reading *r, int (*support)(struct archive *))
{
	struct archive *handle = reading_handle(r);
	enum archive_result result;

	if (archive_read_support_format_raw(handle) != ARCHIVE_OK || support(handle) != ARCHIVE_OK)
		arena_give_up(r->arena, "out of memory");
	result = read_file(r, SPAN_LITERAL(""));
	reading_close(r);
	return result;
}

enum archive_result
archive_read_lz4(struct archive_reading *r)
{
	return read_guessed(r, archive_read_support_filter_lz4);
}

enum archive_result
archive_read_compress(struct archive_reading *r)
{
	return read_guessed(r, archive_read_support_filter_compress);
}
