/* A zip is described twice (APPNOTE.TXT 4.3): each entry has a local header
 * before its content, and the central directory at the end lists all entries
 * again. Some programs believe the one, some the other, and an archive made
 * to pass a filter has them differ. This reads both side by side. It judges
 * the layout only; contents are read by libarchive, which takes names from
 * the local headers, so names that only the directory has are found here.
 *
 * Zip64, encrypted directories and archives with something before the first
 * entry are valid and not regular here: they are read twice, which costs time
 * and nothing else. */
#include "config.h"

#include "engine/zip_layout.h"

enum {
	LOCAL_SIZE = 30,
	CENTRAL_SIZE = 46,
	END_SIZE = 22,
	COMMENT_MAX = 65535,
	FLAG_ENCRYPTED = 1,
	FLAG_DESCRIPTOR = 8, /* sizes and checksum follow the content */
};

static uint32_t
number(struct span s, size_t offset, unsigned octets)
{
	uint32_t value = 0;

	while (octets-- > 0)
		value = value << 8 | (unsigned char)s.data[offset + octets];
	return value;
}

/* The last record of the end whose comment fits behind it. */
static bool
find_end(struct span data, size_t *at)
{
	size_t lowest = data.len > END_SIZE + COMMENT_MAX ? data.len - END_SIZE - COMMENT_MAX : 0;

	if (data.len < END_SIZE)
		return false;
	for (*at = data.len - END_SIZE + 1; (*at)-- > lowest;)
		if (memcmp(data.data + *at, "PK\x05\x06", 4) == 0 && number(data, *at + 20, 2) <= data.len - *at - END_SIZE)
			return true;
	return false;
}

/* APPNOTE.TXT 4.4.5, with what it marks as obsolete or reserved for known tools. */
static bool
is_method(uint32_t method)
{
	static const unsigned char beyond[] = { 12, 14, 16, 18, 19, 20, 93, 94, 95, 96, 97, 98, 99 };

	return method <= 10 || (method < 256 && memchr(beyond, (int)method, sizeof(beyond)) != NULL);
}

bool
zip_may_have_entries(struct span data)
{
	size_t end;

	if (find_end(data, &end))
		return true;
	/* 8.5.4, 8.5.5: the mark of an archive that is, or could have been, split */
	if (span_starts(data, "PK\x07\x08") || span_starts(data, "PK00"))
		data = span_from(data, 4);
	return data.len >= LOCAL_SIZE && span_starts(data, "PK\x03\x04") && is_method(number(data, 8, 2)) &&
	    number(data, 26, 2) + number(data, 28, 2) <= data.len - LOCAL_SIZE;
}

/* The size of the directory's entry with its name, or 0 when it is none. */
static size_t
directory_entry(struct span directory, struct span *name)
{
	size_t size;

	if (directory.len < CENTRAL_SIZE || !span_starts(directory, "PK\x01\x02"))
		return 0;
	*name = span_of(directory.data + CENTRAL_SIZE, number(directory, 28, 2));
	size = CENTRAL_SIZE + name->len + number(directory, 30, 2) + number(directory, 32, 2);
	return size <= directory.len ? size : 0;
}

/* Octets of the descriptor at the beginning of s: with or without its
 * signature. 0 when there is none that agrees with the directory. */
static size_t
descriptor_size(struct span s, struct span central)
{
	size_t sizes = span_starts(s, "PK\x07\x08") ? 4 : 0;

	return s.len >= sizes + 12 && memcmp(s.data + sizes, central.data + 16, 12) == 0 ? sizes + 12 : 0;
}

/* Takes the entry that `central` describes off the front of *rest. */
static bool
take_entry(struct span *rest, struct span central, struct span name)
{
	uint32_t packed = number(central, 20, 4);
	size_t content, descriptor = 0;
	uint32_t flags;

	if (rest->len < LOCAL_SIZE || !span_starts(*rest, "PK\x03\x04") || number(*rest, 26, 2) != name.len)
		return false;
	flags = number(*rest, 6, 2);
	content = LOCAL_SIZE + name.len + number(*rest, 28, 2);
	if (flags != number(central, 8, 2) || number(*rest, 8, 2) != number(central, 10, 2) || content > rest->len ||
	    packed > rest->len - content || !span_eq(span_of(rest->data + LOCAL_SIZE, name.len), name))
		return false;
	if ((flags & FLAG_DESCRIPTOR) != 0) {
		descriptor = descriptor_size(span_from(*rest, content + packed), central);
		if (descriptor == 0)
			return false;
	} else if (memcmp(rest->data + 14, central.data + 16, 12) != 0) {
		return false;
	}
	*rest = span_from(*rest, content + packed + descriptor);
	return true;
}

bool
zip_is_regular(struct span data)
{
	struct span directory, entries, name;
	size_t end, offset;

	if (!find_end(data, &end) || number(data, end + 20, 2) != data.len - end - END_SIZE)
		return false;
	offset = number(data, end + 16, 4);
	if (offset > end || number(data, end + 12, 4) != end - offset)
		return false;
	entries = span_first(data, offset);
	directory = span_of(data.data + offset, end - offset);
	for (uint32_t left = number(data, end + 10, 2); left > 0; left--) {
		size_t size = directory_entry(directory, &name);

		if (size == 0 || number(directory, 42, 4) != offset - entries.len || !take_entry(&entries, directory, name))
			return false;
		directory = span_from(directory, size);
	}
	return entries.len == 0 && directory.len == 0;
}

bool
zip_walk_begin(struct zip_walk *w, struct span data)
{
	size_t end, size;

	if (!find_end(data, &end))
		return false;
	size = number(data, end + 12, 4);
	if (size > end)
		return false;
	*w = (struct zip_walk){ .data = data, .directory = span_of(data.data + end - size, size) };
	if (number(data, end + 16, 4) <= end - size)
		w->shift = end - size - number(data, end + 16, 4);
	return true;
}

bool
zip_walk_next(struct zip_walk *w, struct zip_alias *alias)
{
	struct span entry = w->directory;
	size_t size;

	while ((size = directory_entry(entry, &alias->name)) > 0) {
		struct span local = span_from(w->data, w->shift + number(entry, 42, 4));

		w->directory = span_from(entry, size);
		alias->size = number(entry, 24, 4);
		alias->encrypted = (number(entry, 8, 2) & FLAG_ENCRYPTED) != 0;
		if (local.len < LOCAL_SIZE || number(local, 26, 2) != alias->name.len ||
		    !span_eq(span_first(span_from(local, LOCAL_SIZE), alias->name.len), alias->name))
			return true;
		entry = w->directory;
	}
	return false;
}
