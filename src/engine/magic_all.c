/* Every kind that some program could take a file for: what its first bytes
 * tell at their several places, a zip found by its end, markup before a browser
 * gives up looking, and archives behind something else, as self-extracting ones
 * are and as archivers look for them. Such a mark may stand there by chance, so
 * the header behind it has to be right by its checksum or its numbers.
 *
 * Inside of archives no others are looked for: there they are members. What
 * programs look for in front of an archive is told apart by magic_behind(). */
#include "config.h"

#include "engine/magic_rows.h"

enum { BEHIND_MAX = 4 * 1024 * 1024 }; /* programs look no further for what follows a program that unpacks it */

static uint32_t
crc32_of(struct span s)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < s.len; i++) {
		crc ^= (unsigned char)s.data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static bool
is_seven_zip(struct span s)
{
	return s.len >= 32 && crc32_of(span_first(span_from(s, 12), 20)) == magic_number(s, 8, 4);
}

/* The block after the mark is the archive's own header, or in RAR 5 that of
 * its encryption. */
static bool
is_rar(struct span s)
{
	if (s.len < 20)
		return false;
	if (s.data[6] == 0) {
		size_t size = magic_number(s, 12, 2);

		return s.data[9] == 0x73 && size >= 7 && size <= 256 && size <= s.len - 7 &&
		    (crc32_of(span_first(span_from(s, 9), size - 2)) & 0xffff) == magic_number(s, 7, 2);
	}
	return s.data[6] == 1 && s.data[7] == 0 && (unsigned char)s.data[12] < 0x80 && (unsigned char)s.data[12] < s.len - 13 &&
	    crc32_of(span_first(span_from(s, 12), 1 + (size_t)s.data[12])) == magic_number(s, 8, 4);
}

static bool
is_cabinet(struct span s)
{
	return s.len >= 36 && magic_number(s, 8, 4) <= s.len && magic_number(s, 12, 4) == 0 &&
	    magic_number(s, 16, 4) < magic_number(s, 8, 4) && s.data[24] == 3 && s.data[25] == 1;
}

static const struct mark {
	const char *name;
	struct span bytes;
	bool (*holds)(struct span s);
} marks[] = {
	{ "7z", { "7z\xbc\xaf\x27\x1c", 6 }, is_seven_zip },
	{ "rar", { "Rar!\x1a\x07", 6 }, is_rar },
	{ "cab", { "MSCF\0\0\0\0", 8 }, is_cabinet },
};

static size_t
find_mark(struct span data, const struct mark *mark)
{
	size_t from = 0, at;

	while ((at = span_find(span_from(data, from), mark->bytes)) != SIZE_MAX) {
		if (mark->holds(span_from(data, from + at)))
			return from + at;
		from += at + 1;
	}
	return SIZE_MAX;
}

static bool
has_kind(const struct magic_kind *kinds, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return true;
	return false;
}

static size_t
add_kind(struct magic_kind out[MAGIC_ALL_MAX], size_t count, const char *name, size_t offset)
{
	if (count < MAGIC_ALL_MAX && !has_kind(out, count, name))
		out[count++] = (struct magic_kind){ name, offset };
	return count;
}

/* Members of these stand in them as they are. */
static bool
holds_plain_members(const char *name)
{
	static const char *const names[] = { "zip", "tar", "ar", "cpio", "iso", "udf", "7z", "rar", "cab", "xar", NULL };

	for (const char *const *n = names; *n != NULL; n++)
		if (strcmp(*n, name) == 0)
			return true;
	return false;
}

/* Only a zip is found by its end. */
static bool
begins_as(struct span data, const char *name)
{
	return strcmp(name, "zip") != 0 || magic_bytes_at(data, 0, SPAN_LITERAL("PK"));
}

/* Of these kinds, and with its members at its own beginning. */
static bool
is_plain_holder(struct span data, const char *name)
{
	return holds_plain_members(name) && begins_as(data, name);
}

size_t
magic_all(struct span data, struct magic_kind out[MAGIC_ALL_MAX])
{
	const char *names[MAGIC_ALL_MAX];
	size_t found = magic_by_bytes(data, names, MAGIC_ALL_MAX), count = 0;
	const char *text;

	for (size_t i = 0; i < found; i++)
		count = add_kind(out, count, names[i], magic_offset(data, names[i]));
	/* What is found behind something else does not make that nothing. */
	if (found == 0 || out[0].offset > 0 || !begins_as(data, names[0])) {
		text = found > 0 ? magic_of_text(span_first(data, MAGIC_LOOK_MAX)) : magic_of_unmarked(data);
		if (text != NULL)
			count = add_kind(out, count, text, 0);
	}
	if (is_plain_holder(data, out[0].name))
		return count;
	if (magic_has_markup(data))
		count = add_kind(out, count, "html", 0);
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		size_t at = find_mark(data, &marks[i]);

		if (at != SIZE_MAX)
			count = add_kind(out, count, marks[i].name, at);
	}
	return count;
}

size_t
magic_behind(struct span data, struct magic_kind out[MAGIC_BEHIND_MAX])
{
	const char *name;
	size_t count = 0;

	if (magic_by_bytes(data, &name, 1) == 0 || !is_plain_holder(data, name))
		return 0;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		size_t at = find_mark(span_first(data, BEHIND_MAX), &marks[i]);

		if (at != SIZE_MAX && at > 0)
			out[count++] = (struct magic_kind){ marks[i].name, at };
	}
	return count;
}
