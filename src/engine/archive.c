/* Archives, by libarchive from memory.
 *
 * A zip says twice what is in it. By its directory at the end, as most
 * programs see it, it is always read; when its layout is not regular it is
 * read again from its beginning, as programs see it that cannot seek, and
 * members may then be told twice; names that only the directory has are told
 * without content. One that is cut off has no directory and is read from its
 * beginning alone. Checksums are not verified: what unpacks is what a
 * recipient gets, and so is scanned.
 *
 * libarchive converts names that are marked as UTF-8 to the charset of the
 * thread's locale, and loses what does not fit. So the first call gives the
 * thread the character type of C.UTF-8, in which they stay as they are; it
 * opens files, and so must come before the cage closes. A name that is marked as
 * UTF-8 and is not is lost all the same; the archive counts as damaged then.
 *
 * Whoever calls may leave member() through arena_give_up(): what is open is
 * known to the arena and closed with it. */
#include "config.h"

#include "engine/archive.h"

#include "engine/magic.h"
#include "engine/zip_layout.h"

#include <archive.h>
#include <archive_entry.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
	SMALL_MAX = 64 * 1024,       /* contents up to this share one piece of heap */
	MAPPED_FIRST = 1024 * 1024,
	RATIO_FREE = 1024 * 1024,    /* output of an archive below which its ratio is no matter */
};

struct reading {
	struct arena *arena;
	struct span data;
	struct archive_budget *budget;
	bool (*member)(void *context, const struct archive_member *m);
	void *context;
	struct archive *handle;
	char *small;
	char *mapped;
	size_t mapped_size;
	uint64_t output; /* of this archive */
	bool stopped;    /* by member() */
	bool recognised;
};

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
unmap(struct reading *r)
{
	if (r->mapped != NULL)
		munmap(r->mapped, r->mapped_size);
	r->mapped = NULL;
	r->mapped_size = 0;
}

static void
release(void *object)
{
	struct reading *r = object;

	archive_read_free(r->handle);
	r->handle = NULL;
	free(r->small);
	r->small = NULL;
	unmap(r);
}

/* --- Contents --- */

/* More room for a content of `len` bytes that fills what it has. */
static char *
grow(struct reading *r, size_t len, size_t *cap)
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

static bool
over_limit(const struct reading *r)
{
	const struct archive_limits *l = &r->budget->limits;

	return r->budget->output > l->output || (r->output > RATIO_FREE && r->output / r->data.len >= l->ratio);
}

/* Reads the content of the entry; *content is what could be read of it. */
static enum archive_result
read_content(struct reading *r, struct span *content)
{
	char *bytes = r->small;
	size_t len = 0, cap = SMALL_MAX;

	for (;;) {
		la_ssize_t n;

		if (len == cap)
			bytes = grow(r, len, &cap);
		n = archive_read_data(r->handle, bytes + len, cap - len < SMALL_MAX ? cap - len : SMALL_MAX);
		if (n > 0) {
			len += (size_t)n;
			r->output += (uint64_t)n;
			r->budget->output += (uint64_t)n;
		}
		*content = span_of(bytes, len);
		if (n <= 0)
			return n == 0 ? ARCHIVE_READ : ARCHIVE_DAMAGED;
		if (over_limit(r))
			return ARCHIVE_OVER_LIMIT;
	}
}

/* --- Entries --- */

static bool
count_entry(struct reading *r)
{
	if (r->budget->entries >= r->budget->limits.entries)
		return false;
	r->budget->entries++;
	return true;
}

static enum archive_result
read_entry(struct reading *r, struct archive_entry *entry)
{
	enum archive_result result = ARCHIVE_READ;
	struct archive_member m = { .name = span_str(archive_entry_pathname(entry)) };

	if (!count_entry(r))
		return ARCHIVE_OVER_LIMIT;
	m.encrypted = archive_entry_is_encrypted(entry);
	m.directory = archive_entry_filetype(entry) == AE_IFDIR;
	if (!m.encrypted && !m.directory)
		result = read_content(r, &m.content);
	m.size = archive_entry_size_is_set(entry) ? (uint64_t)archive_entry_size(entry) : m.content.len;
	if (m.name.data == NULL && result == ARCHIVE_READ)
		result = ARCHIVE_DAMAGED;
	r->stopped = !r->member(r->context, &m);
	unmap(r);
	return result;
}

/* Reads all entries in one way. An entry that is damaged does not keep those
 * after it from being read. */
static enum archive_result
read_entries(struct reading *r, int (*support)(struct archive *), const char *options)
{
	enum archive_result result = ARCHIVE_READ, one;
	struct archive_entry *entry;
	int status;

	r->handle = archive_read_new();
	if (r->handle == NULL || support(r->handle) != ARCHIVE_OK)
		arena_give_up(r->arena, "out of memory");
	archive_read_set_options(r->handle, options);
	status = archive_read_open_memory(r->handle, r->data.data, r->data.len);
	while (status >= ARCHIVE_WARN && !r->stopped && result != ARCHIVE_OVER_LIMIT) {
		status = archive_read_next_header(r->handle, &entry);
		if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
			break;
		one = read_entry(r, entry);
		if (one != ARCHIVE_READ)
			result = one;
	}
	r->recognised = archive_format(r->handle) != 0;
	if (!r->stopped && result == ARCHIVE_READ && status != ARCHIVE_EOF)
		result = ARCHIVE_DAMAGED;
	archive_read_free(r->handle);
	r->handle = NULL;
	return result;
}

/* --- Formats --- */

static enum archive_result
tell_aliases(struct reading *r)
{
	struct zip_walk walk;
	struct zip_alias alias;

	if (!zip_walk_begin(&walk, r->data))
		return ARCHIVE_READ;
	while (!r->stopped && zip_walk_next(&walk, &alias)) {
		struct archive_member m = { .name = alias.name, .size = alias.size, .encrypted = alias.encrypted };

		if (!count_entry(r))
			return ARCHIVE_OVER_LIMIT;
		r->stopped = !r->member(r->context, &m);
	}
	return ARCHIVE_READ;
}

/* What the directory lists, and what stands in sequence: where the two cannot
 * differ, once is enough. */
static enum archive_result
read_both_ways(struct reading *r)
{
	static const char options[] = "zip:ignorecrc32";
	enum archive_result first = read_entries(r, archive_read_support_format_zip_seekable, options), second;
	bool recognised = r->recognised;

	if (r->stopped || first == ARCHIVE_OVER_LIMIT || (recognised && zip_is_regular(r->data)))
		return first;
	second = read_entries(r, archive_read_support_format_zip_streamable, options);
	if (!recognised)
		return second;
	/* What begins with something else cannot be read in sequence. */
	if (!r->recognised)
		second = ARCHIVE_READ;
	if (!r->stopped && second != ARCHIVE_OVER_LIMIT && tell_aliases(r) == ARCHIVE_OVER_LIMIT)
		second = ARCHIVE_OVER_LIMIT;
	return second == ARCHIVE_READ ? first : second;
}

static enum archive_result
read_zip(struct reading *r)
{
	return zip_may_have_entries(r->data) ? read_both_ways(r) : ARCHIVE_NONE;
}

static const struct format {
	const char *magic;
	enum archive_result (*read)(struct reading *r);
} formats[] = {
	{ "zip", read_zip },
};

static const struct format *
format_of(const char *magic)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].magic, magic) == 0)
			return &formats[i];
	return NULL;
}

bool
archive_is_readable(const char *magic)
{
	return format_of(magic) != NULL;
}

enum archive_result
archive_read(struct arena *a, struct span data, struct archive_budget *budget,
    bool (*member)(void *context, const struct archive_member *m), void *context)
{
	const struct format *format = format_of(magic_of(data));
	enum archive_result result;
	struct reading *r;

	if (format == NULL)
		return ARCHIVE_NONE;
	if (budget->depth > budget->limits.depth)
		return ARCHIVE_OVER_LIMIT;
	keep_utf8_names();
	r = ARENA_NEW(a, struct reading);
	*r = (struct reading){ .arena = a, .data = data, .budget = budget, .member = member, .context = context };
	arena_defer(a, release, r);
	r->small = malloc(SMALL_MAX);
	if (r->small == NULL)
		arena_give_up(a, "out of memory");
	budget->depth++;
	result = format->read(r);
	budget->depth--;
	release(r);
	return result;
}
