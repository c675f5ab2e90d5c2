/* The kind of content, by a table of the bytes it begins with and a few looks
 * at text. The first row that fits wins. Text is what remains: markup by its
 * first tag, a script by its first line or by the words that script hosts
 * know, else "text" when nothing in its beginning is unprintable.
 *
 * Limits: only the beginning is looked at, except for zip, which programs find
 * by its end. A file that is two kinds at once is told by one of them. */
#include "config.h"

#include "engine/magic.h"

enum {
	LOOK_MAX = 64 * 1024,   /* the contract's bound */
	MARKUP_MAX = 1024,      /* browsers look as far for a tag */
	SCRIPT_MAX = 4096,
	ZIP_END_SIZE = 22,      /* end of central directory record without a comment */
};

const char *const magic_names[] = { "pe", "elf", "macho", "zip", "gzip", "bzip2", "xz", "zstd", "7z", "rar", "cab", "iso",
	"tar", "pdf", "ole2", "rtf", "png", "jpeg", "gif", "webp", "html", "xml", "script", "shortcut", "tnef", "text",
	"empty", "data", NULL };

static const struct row {
	const char *name;
	unsigned offset;
	struct span bytes;
} rows[] = {
	{ "elf", 0, { "\x7f" "ELF", 4 } },
	{ "macho", 0, { "\xfe\xed\xfa\xce", 4 } },
	{ "macho", 0, { "\xfe\xed\xfa\xcf", 4 } },
	{ "macho", 0, { "\xce\xfa\xed\xfe", 4 } },
	{ "macho", 0, { "\xcf\xfa\xed\xfe", 4 } },
	{ "zip", 0, { "PK\x03\x04", 4 } },
	{ "zip", 0, { "PK\x05\x06", 4 } },                /* without entries */
	{ "zip", 0, { "PK\x07\x08PK\x03\x04", 8 } },      /* once split */
	{ "zip", 0, { "PK00PK\x03\x04", 8 } },            /* the same, older */
	{ "gzip", 0, { "\x1f\x8b", 2 } },
	{ "bzip2", 0, { "BZh", 3 } },
	{ "xz", 0, { "\xfd" "7zXZ\0", 6 } },
	{ "zstd", 0, { "\x28\xb5\x2f\xfd", 4 } },
	{ "7z", 0, { "7z\xbc\xaf\x27\x1c", 6 } },
	{ "rar", 0, { "Rar!\x1a\x07", 6 } },
	{ "cab", 0, { "MSCF\0\0\0\0", 8 } },
	{ "iso", 0x8001, { "CD001", 5 } },
	{ "tar", 257, { "ustar", 5 } },
	{ "ole2", 0, { "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8 } },
	{ "rtf", 0, { "{\\rt", 4 } },                     /* Word reads it without the f */
	{ "png", 0, { "\x89PNG\r\n\x1a\n", 8 } },
	{ "jpeg", 0, { "\xff\xd8\xff", 3 } },
	{ "gif", 0, { "GIF87a", 6 } },
	{ "gif", 0, { "GIF89a", 6 } },
	{ "webp", 8, { "WEBP", 4 } },
	{ "shortcut", 0, { "L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46", 20 } },
	{ "tnef", 0, { "\x78\x9f\x3e\x22", 4 } },
};

static bool
has_bytes(struct span data, size_t offset, struct span bytes)
{
	return span_eq(span_first(span_from(data, offset), bytes.len), bytes);
}

static uint32_t
little_endian(struct span data, size_t offset, unsigned octets)
{
	uint32_t value = 0;

	while (octets-- > 0)
		value = value << 8 | (unsigned char)data.data[offset + octets];
	return value;
}

/* MZ alone is two letters; a DOS program is still run by some systems, so
 * its header must only be plausible: whole, with a last page of up to 512. */
static bool
is_program(struct span data)
{
	return span_starts(data, "MZ") && data.len >= 64 &&
	    (little_endian(data, 2, 2) <= 512 || has_bytes(data, little_endian(data, 0x3c, 4), SPAN_LITERAL("PE\0\0")));
}

/* Readers accept a header anywhere in the first KiB. */
static bool
is_pdf(struct span data)
{
	return span_find(span_first(data, 1024), SPAN_LITERAL("%PDF-")) != SIZE_MAX;
}

/* A universal binary counts its architectures; a Java class with the same
 * first bytes has its version there, which is 45 at least. */
static bool
is_fat_macho(struct span data)
{
	return data.len >= 8 && has_bytes(data, 0, SPAN_LITERAL("\xca\xfe\xba\xbe")) && data.data[4] == 0 && data.data[5] == 0 &&
	    data.data[6] == 0 && data.data[7] > 0 && data.data[7] < 45;
}

/* Programs find a zip by the record at its end, whatever stands before it. */
static bool
ends_as_zip(struct span data)
{
	struct span tail = span_from(data, data.len > LOOK_MAX ? data.len - LOOK_MAX : 0);
	const char *at, *end = span_end(data);

	while (tail.len >= ZIP_END_SIZE && (at = memrchr(tail.data, 'P', tail.len - ZIP_END_SIZE + 1)) != NULL) {
		struct span record = span_of(at, (size_t)(end - at));

		if (has_bytes(record, 0, SPAN_LITERAL("PK\x05\x06")) && little_endian(record, 20, 2) <= record.len - ZIP_END_SIZE &&
		    little_endian(record, 16, 4) < data.len)
			return true;
		tail.len = (size_t)(at - tail.data) + ZIP_END_SIZE - 1;
	}
	return false;
}

/* --- Text --- */

static bool
is_text(struct span data)
{
	for (size_t i = 0; i < data.len; i++) {
		unsigned char c = (unsigned char)data.data[i];

		if (c == 0x7f || (c < 0x20 && (c < '\t' || c > '\r') && c != 0x1b))
			return false;
	}
	return true;
}

static const char *
kind_of_markup(struct span text)
{
	static const char *const tags[] = { "<!doctype html", "<html", "<head", "<body", "<script", "<iframe", "<table", "<a ",
		"<div", "<meta", "<title", "<svg" };
	struct span start = span_first(text, MARKUP_MAX);
	bool xml = span_starts(start, "<?xml");

	if (span_find_nocase(start, SPAN_LITERAL("<html")) != SIZE_MAX)
		return "html";
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (span_starts_nocase(start, tags[i]))
			return "html";
	if (xml)
		return "xml";
	return span_starts(start, "<!--") && span_find_nocase(start, SPAN_LITERAL("<!doctype html")) != SIZE_MAX ? "html" : NULL;
}

static const char *
kind_of_script(struct span text)
{
	static const char *const hosts[] = { "wscript.", "createobject(", "activexobject(" };
	static const char *const first_lines[] = { "#!", "@echo off", "<?php", "<job", "<package" };
	struct span start = span_first(text, SCRIPT_MAX);

	for (size_t i = 0; i < sizeof(first_lines) / sizeof(first_lines[0]); i++)
		if (span_starts_nocase(start, first_lines[i]))
			return "script";
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (span_find_nocase(start, span_str(hosts[i])) != SIZE_MAX)
			return "script";
	return NULL;
}

static const char *
kind_of_text(struct span data)
{
	struct span text = span_trim(data);
	const char *name;

	if (span_starts(text, "\xef\xbb\xbf"))
		text = span_trim(span_from(text, 3));
	if (span_starts_nocase(text, "[InternetShortcut]"))
		return "shortcut";
	if ((name = kind_of_markup(text)) != NULL || (name = kind_of_script(text)) != NULL)
		return name;
	return is_text(text) ? "text" : NULL;
}

const char *
magic_of(struct span data)
{
	struct span start = span_first(data, LOOK_MAX);
	const char *name;

	if (data.len == 0)
		return "empty";
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (has_bytes(start, rows[i].offset, rows[i].bytes))
			return rows[i].name;
	if (is_program(start))
		return "pe";
	if (is_fat_macho(start))
		return "macho";
	if (is_pdf(start))
		return "pdf";
	if (ends_as_zip(data))
		return "zip";
	name = kind_of_text(start);
	return name != NULL ? name : "data";
}
