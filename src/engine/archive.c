/* Archives, by libarchive from memory: the table of kinds, the limits, and the
 * way of one entry. Checksums are not verified: what unpacks is what a
 * recipient gets, and so is scanned.
 *
 * Only filters and formats that libarchive holds itself are asked for by name;
 * those for which it would start a program (grzip, lrzip, lzop) and mtree,
 * which names files of the system, never are.
 *
 * libarchive converts names to the charset of the thread's locale, and loses
 * what does not fit. So the first call gives the thread the character type of
 * C.UTF-8, in which they stay as they are; it opens files, and so must come
 * before the cage closes.
 *
 * Dictionaries of some formats may ask for gigabytes. Address space is bounded
 * by the cage; what does not get its memory is over the limit, not damaged.
 *
 * Whoever calls may leave the sink through arena_give_up(): what is open is
 * known to the arena and closed with it. */
#include "config.h"

#include "engine/archive_reading.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
	SMALL_MAX = 64 * 1024,
	MAPPED_FIRST = 1024 * 1024,
	RATIO_FREE = 1024 * 1024,    /* output of an archive below which its ratio is no matter */
};

static const struct kind {
	const char *magic;
	enum archive_result (*read)(struct archive_reading *r);
} kinds[] = {
	{ "zip", archive_read_zip },
	{ "gzip", archive_read_gzip },
	{ "tar", archive_read_tar },
	{ "7z", archive_read_seven_zip },
	{ "rar", archive_read_rar },
	{ "bzip2", archive_read_bzip2 },
	{ "xz", archive_read_xz },
	{ "zstd", archive_read_zstd },
	{ "lzma", archive_read_lzma },
	{ "lzip", archive_read_lzip },
	{ "lz4", archive_read_lz4 },
	{ "compress", archive_read_compress },
	{ "cab", archive_read_cab },
	{ "iso", archive_read_iso },
	{ "ar", archive_read_ar },
	{ "cpio", archive_read_cpio },
	{ "lha", archive_read_lha },
	{ "xar", archive_read_xar },
	{ "rpm", archive_read_rpm },
};

enum archive_result
archive_worse(enum archive_result a, enum archive_result b)
{
	if (a == ARCHIVE_NONE || b == ARCHIVE_NONE)
		return a == ARCHIVE_NONE ? b : a;
	return a > b ? a : b;
}

static void
keep_utf8_names(void)
{
	locale_t locale;

	if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
		return;
	locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (locale != (locale_t)0)
		uselocale(locale);
}

static void
unmap(struct archive_reading *r)
{
	if (r->mapped != NULL)
		munmap(r->mapped, r->mapped_size);
	r->mapped = NULL;
	r->mapped_size = 0;
}

void
reading_close(struct archive_reading *r)
{
	if (r->handle != NULL)
		archive_read_free(r->handle);
	r->handle = NULL;
}

static void
release(void *object)
{
	struct archive_reading *r = object;

	reading_close(r);
	free(r->small);
	r->small = NULL;
	unmap(r);
}

struct archive *
reading_handle(struct archive_reading *r)
{
	reading_close(r);
	r->handle = archive_read_new();
	if (r->handle == NULL)
		arena_give_up(r->arena, "out of memory");
	return r->handle;
}

/* --- Contents --- */

/* More room for a content of `len` bytes that fills what it has. */
static char *
grow(struct archive_reading *r, size_t len, size_t *cap)
{
	size_t size = r->mapped == NULL ? MAPPED_FIRST : 2 * r->mapped_size;
	void *p = r->mapped == NULL
	    ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
	    : mremap(r->mapped, r->mapped_size, size, MREMAP_MAYMOVE);

	if (p == MAP_FAILED)
		arena_give_up(r->arena, "out of memory");
	if (r->mapped == NULL)
		memcpy(p, r->small, len);
	r->mapped = p;
	r->mapped_size = *cap = size;
	return r->mapped;
}

enum archive_result
reading_charge(struct archive_reading *r, uint64_t octets)
{
	const struct archive_limits *l = &r->budget->limits;

	r->output += octets;
	r->budget->output += octets;
	return r->budget->output > l->output || (r->output > RATIO_FREE && r->output / r->data.len >= l->ratio)
	    ? ARCHIVE_OVER_LIMIT : ARCHIVE_READ;
}

static enum archive_result
failure_of(struct archive_reading *r)
{
	return archive_errno(r->handle) == ENOMEM ? ARCHIVE_OVER_LIMIT : ARCHIVE_DAMAGED;
}

/* Appends, charging in steps so that a limit is met before the memory. NULL
 * bytes: a hole in a sparse file. */
static enum archive_result
append(struct archive_reading *r, struct span *content, size_t *cap, const char *bytes, uint64_t len)
{
	while (len > 0) {
		char *room = (char *)content->data;
		size_t step = len < SMALL_MAX ? (size_t)len : SMALL_MAX;

		if (*cap - content->len < step)
			room = grow(r, content->len, cap);
		if (bytes != NULL)
			memcpy(room + content->len, bytes, step);
		else
			memset(room + content->len, 0, step);
		*content = span_of(room, content->len + step);
		if (reading_charge(r, step) == ARCHIVE_OVER_LIMIT)
			return ARCHIVE_OVER_LIMIT;
		bytes = bytes != NULL ? bytes + step : NULL;
		len -= step;
	}
	return ARCHIVE_READ;
}

/* Block by block: archive_read_data() would lose what it has of a content
 * whose end is damaged, or only longer than declared. */
enum archive_result
reading_content(struct archive_reading *r, struct span *content)
{
	enum archive_result result = ARCHIVE_READ;
	size_t cap = SMALL_MAX;

	*content = span_of(r->small, 0);
	for (;;) {
		const void *bytes;
		la_int64_t offset;
		size_t len;
		int status = archive_read_data_block(r->handle, &bytes, &len, &offset);

		if (status == ARCHIVE_EOF)
			return ARCHIVE_READ;
		if (status < ARCHIVE_WARN)
			return failure_of(r);
		if (offset > 0 && (uint64_t)offset > content->len)
			result = append(r, content, &cap, NULL, (uint64_t)offset - content->len);
		if (result == ARCHIVE_READ)
			result = append(r, content, &cap, bytes, len);
		if (result == ARCHIVE_OVER_LIMIT)
			return result;
	}
}

/* --- Entries --- */

enum archive_result
reading_tell(struct archive_reading *r, const struct archive_member *m)
{
	if (r->budget->entries >= r->budget->limits.entries)
		return ARCHIVE_OVER_LIMIT;
	r->budget->entries++;
	r->stopped = !r->sink->member(r->sink->context, m);
	unmap(r);
	return ARCHIVE_READ;
}

void
reading_trait(struct archive_reading *r, enum trait trait)
{
	r->sink->trait(r->sink->context, trait);
}

/* In UTF-8 where libarchive can convert it, else as it stands in the archive. */
static struct span
name_of(struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);

	return span_str(name != NULL ? name : archive_entry_pathname_utf8(entry));
}

static enum archive_result
read_entry(struct archive_reading *r, struct archive_entry *entry)
{
	enum archive_result result = ARCHIVE_READ;
	struct archive_member m = { .name = name_of(entry) };

	m.encrypted = archive_entry_is_encrypted(entry);
	m.directory = archive_entry_filetype(entry) == AE_IFDIR;
	if (!m.encrypted && !m.directory && archive_entry_filetype(entry) != AE_IFLNK)
		result = reading_content(r, &m.content);
	m.size = archive_entry_size_is_set(entry) ? (uint64_t)archive_entry_size(entry) : m.content.len;
	if (m.name.data == NULL && result == ARCHIVE_READ)
		result = ARCHIVE_DAMAGED;
	return archive_worse(result, reading_tell(r, &m));
}

/* The result of an archive whose headers ended with that status. */
static enum archive_result
ending(struct archive_reading *r, int status)
{
	if (status == ARCHIVE_EOF)
		return ARCHIVE_READ;
	/* Encrypted headers: what is inside is not told even by name. */
	if (r->recognised && archive_read_has_encrypted_entries(r->handle) > 0) {
		reading_trait(r, TRAIT_ENCRYPTED);
		return ARCHIVE_READ;
	}
	return failure_of(r);
}

enum archive_result
reading_entries(struct archive_reading *r)
{
	enum archive_result result = ARCHIVE_READ;
	struct archive_entry *entry;
	int status = ARCHIVE_OK;

	while (!r->stopped && result != ARCHIVE_OVER_LIMIT && !(r->fragile && result == ARCHIVE_DAMAGED)) {
		status = archive_read_next_header(r->handle, &entry);
		if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
			break;
		result = archive_worse(result, read_entry(r, entry));
	}
	r->recognised = archive_format(r->handle) != 0;
	if (!r->stopped && result == ARCHIVE_READ)
		result = archive_worse(result, ending(r, status));
	reading_close(r);
	return result;
}

/* --- Kinds --- */

static const struct kind *
kind_of(const char *magic)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].magic, magic) == 0)
			return &kinds[i];
	return NULL;
}

bool
archive_is_readable(const char *magic)
{
	return kind_of(magic) != NULL;
}

enum archive_result
archive_read(struct arena *a, const char *magic, struct span data, struct archive_budget *budget,
    const struct container_sink *sink)
{
	const struct kind *kind = kind_of(magic);
	enum archive_result result;
	struct archive_reading *r;

	if (kind == NULL || data.len == 0)
		return ARCHIVE_NONE;
	if (budget->depth > budget->limits.depth)
		return ARCHIVE_OVER_LIMIT;
	keep_utf8_names();
	r = ARENA_NEW(a, struct archive_reading);
	*r = (struct archive_reading){ .arena = a, .data = data, .budget = budget, .sink = sink };
	arena_defer(a, release, r);
	r->small = malloc(SMALL_MAX);
	if (r->small == NULL)
		arena_give_up(a, "out of memory");
	budget->depth++;
	result = kind->read(r);
	budget->depth--;
	release(r);
	return result;
}
