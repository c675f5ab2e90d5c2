/* RAR, versions 1.5 to 4 and 5 (the format's technotes: technote.txt of RAR 4,
 * "RAR 5.0 archive format"). libarchive unpacks, but ends where version 5 has
 * an encrypted file. So the blocks are walked here: encrypted files are told by
 * name, volumes and encrypted headers by their traits, and libarchive is given
 * the archive without the blocks that it cannot read.
 *
 * Known limit: in a solid archive what follows an encrypted file is damaged. */
#include "config.h"

#include "engine/archive_reading.h"

#include <archive.h>

enum {
	MARK4_SIZE = 7,
	MARK5_SIZE = 8,
	HEAD4_SIZE = 7,
	MAIN4 = 0x73,
	FILE4 = 0x74,
	MAIN4_VOLUME = 0x0001,
	MAIN4_ENCRYPTED = 0x0080,
	FILE4_ENCRYPTED = 0x0004,
	FILE4_LARGE = 0x0100,
	HAS_DATA4 = 0x8000,
	MAIN5 = 1,
	FILE5 = 2,
	ENCRYPTION5 = 4,
	HAS_EXTRA5 = 1,
	HAS_DATA5 = 2,
	MAIN5_VOLUME = 1,
	FILE5_TIME = 2,
	FILE5_CHECKSUM = 4,
	EXTRA5_ENCRYPTION = 1,
};

struct block {
	uint64_t size;  /* with its data */
	bool main, volume, headers_encrypted;
	bool encrypted; /* a file that needs a password */
	struct span name;
	uint64_t unpacked;
};

struct feed {
	const char *from; /* not given yet */
	struct span rest; /* not walked yet */
	bool version5;
};

/* --- Version 4 --- */

static void
take_file4(struct span head, uint64_t flags, struct block *b)
{
	size_t name = (flags & FILE4_LARGE) != 0 ? 40 : 32;

	if (head.len < name)
		return;
	b->encrypted = (flags & FILE4_ENCRYPTED) != 0;
	b->unpacked = span_number(head, 11, 4);
	b->size += (flags & FILE4_LARGE) != 0 ? span_number(head, 32, 4) << 32 : 0;
	b->name = span_first(span_from(head, name), (size_t)span_number(head, 26, 2));
	/* what follows a NUL is the same in another encoding */
	b->name = span_first(b->name, span_find_byte(b->name, '\0'));
}

static bool
take_block4(struct span s, struct block *b)
{
	uint64_t flags;

	if (s.len < HEAD4_SIZE || span_number(s, 5, 2) < HEAD4_SIZE || span_number(s, 5, 2) > s.len)
		return false;
	*b = (struct block){ .size = span_number(s, 5, 2) };
	flags = span_number(s, 3, 2);
	s = span_first(s, (size_t)b->size);
	if ((flags & HAS_DATA4) != 0 && s.len >= HEAD4_SIZE + 4)
		b->size += span_number(s, 7, 4);
	if ((unsigned char)s.data[2] == FILE4)
		take_file4(s, flags, b);
	if ((unsigned char)s.data[2] == MAIN4) {
		b->main = true;
		b->volume = (flags & MAIN4_VOLUME) != 0;
		b->headers_encrypted = (flags & MAIN4_ENCRYPTED) != 0;
	}
	return true;
}

/* --- Version 5 --- */

/* Seven bits an octet, the lowest first; 0 and an empty rest where it is cut off. */
static uint64_t
take_vint(struct span *s)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 63 && s->len > 0; shift += 7) {
		unsigned char c = (unsigned char)s->data[0];

		*s = span_from(*s, 1);
		value |= (uint64_t)(c & 0x7f) << shift;
		if ((c & 0x80) == 0)
			return value;
	}
	*s = SPAN_NONE;
	return 0;
}

static size_t
at_most(uint64_t value, size_t most)
{
	return value < most ? (size_t)value : most;
}

static void
take_file5(struct span head, struct span extra, struct block *b)
{
	uint64_t flags = take_vint(&head);

	b->unpacked = take_vint(&head);
	take_vint(&head); /* attributes */
	head = span_from(head, ((flags & FILE5_TIME) != 0 ? 4 : 0) + ((flags & FILE5_CHECKSUM) != 0 ? 4 : 0));
	take_vint(&head); /* method */
	take_vint(&head); /* system */
	b->name = span_first(head, 0);
	flags = take_vint(&head);
	b->name = span_first(head, at_most(flags, head.len));
	while (extra.len > 0) {
		size_t size = at_most(take_vint(&extra), extra.len);
		struct span record = span_first(extra, size);

		b->encrypted = b->encrypted || take_vint(&record) == EXTRA5_ENCRYPTION;
		extra = span_from(extra, size);
	}
}

static bool
take_block5(struct span s, struct block *b)
{
	struct span head = span_from(s, 4), extra = SPAN_NONE;
	uint64_t size = take_vint(&head), type, flags, extra_size = 0;

	if (size == 0 || size > head.len)
		return false;
	*b = (struct block){ .size = (uint64_t)(head.data - s.data) + size };
	head = span_first(head, (size_t)size);
	type = take_vint(&head);
	flags = take_vint(&head);
	if ((flags & HAS_EXTRA5) != 0)
		extra_size = take_vint(&head);
	if ((flags & HAS_DATA5) != 0)
		b->size += at_most(take_vint(&head), s.len);
	if (extra_size > 0 && extra_size <= head.len) {
		extra = span_from(head, head.len - (size_t)extra_size);
		head = span_first(head, head.len - (size_t)extra_size);
	}
	b->main = type == MAIN5;
	b->volume = type == MAIN5 && (take_vint(&head) & MAIN5_VOLUME) != 0;
	b->headers_encrypted = type == ENCRYPTION5;
	if (type == FILE5)
		take_file5(head, extra, b);
	return true;
}

/* --- Reading --- */

static bool
take_block(const struct feed *f, struct span s, struct block *b)
{
	return f->version5 ? take_block5(s, b) : take_block4(s, b);
}

/* The blocks up to the next encrypted file, which is skipped. */
static la_ssize_t
give(struct archive *handle, void *context, const void **bytes)
{
	struct feed *f = context;
	const char *from = f->from;
	struct block b;

	(void)handle;
	while (take_block(f, f->rest, &b)) {
		if (b.encrypted && f->rest.data > from)
			break;
		f->rest = span_from(f->rest, at_most(b.size, f->rest.len));
		if (b.encrypted)
			from = f->rest.data;
	}
	if (!take_block(f, f->rest, &b))
		f->rest = span_from(f->rest, f->rest.len);
	f->from = f->rest.data;
	*bytes = from;
	return f->from - from;
}

/* Tells what only the blocks say. ARCHIVE_NONE: libarchive can go on. */
static enum archive_result
look_at_blocks(struct archive_reading *r, const struct feed *f)
{
	struct span rest = f->rest;
	struct block b;

	for (; !r->stopped && take_block(f, rest, &b); rest = span_from(rest, at_most(b.size, rest.len))) {
		struct archive_member m = { .name = b.name, .size = b.unpacked, .encrypted = true };

		if (b.volume)
			reading_trait(r, TRAIT_MULTI_VOLUME);
		if (b.headers_encrypted) {
			reading_trait(r, TRAIT_ENCRYPTED);
			return ARCHIVE_READ;
		}
		if (b.encrypted && reading_tell(r, &m) == ARCHIVE_OVER_LIMIT)
			return ARCHIVE_OVER_LIMIT;
	}
	return r->stopped ? ARCHIVE_READ : ARCHIVE_NONE;
}

enum archive_result
archive_read_rar(struct archive_reading *r)
{
	struct feed *f = ARENA_NEW(r->arena, struct feed);
	struct archive *handle;
	enum archive_result result;

	f->version5 = r->data.len > MARK4_SIZE && r->data.data[MARK4_SIZE - 1] == 1;
	f->from = r->data.data;
	f->rest = span_from(r->data, f->version5 ? MARK5_SIZE : MARK4_SIZE);
	result = look_at_blocks(r, f);
	if (result != ARCHIVE_NONE)
		return result;
	handle = reading_handle(r);
	if (archive_read_support_format_rar(handle) != ARCHIVE_OK || archive_read_support_format_rar5(handle) != ARCHIVE_OK)
		arena_give_up(r->arena, "out of memory");
	if (archive_read_open(handle, f, NULL, give, NULL) != ARCHIVE_OK)
		return ARCHIVE_DAMAGED;
	return reading_entries(r);
}
