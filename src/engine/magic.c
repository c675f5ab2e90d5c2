/* The kind of content, by a table of the bytes it begins with and a few
 * headers that are looked at more closely. The first row that fits wins; the
 * text that remains is magic_text.c's.
 *
 * Limits: only the beginning is looked at, except for zip, which programs find
 * by its end, and for a PDF without a header. What else a file may be at once is told by magic_all(). */
#include "config.h"

#include "engine/magic.h"

#include "engine/magic_rows.h"

enum {
	ZIP_END_SIZE = 22, /* the end record without a comment */
	PDF_TAIL = 4096,   /* programs look as far back for the table of objects */
};

const char *const magic_names[] = { "pe", "elf", "macho", "class", "dex", "zip", "gzip", "bzip2", "xz", "zstd", "lzma",
	"lzip", "lz4", "lzop", "compress", "7z", "rar", "ace", "arj", "lha", "cab", "ar", "cpio", "rpm", "xar", "tar", "iso",
	"udf", "vhd", "vhdx", "vmdk", "qcow", "wim", "alz", "egg", "pdf", "postscript", "ole2", "onenote", "access", "rtf", "sylk", "chm", "help",
	"swf", "png", "jpeg", "gif", "webp", "bmp", "tiff", "icon", "wmf", "emf", "media", "html", "xml", "script", "registry",
	"shortcut", "tnef", "pkcs7", "pgp", "mail", "text", "empty", "data", NULL };

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
	{ "dex", 0, { "dex\n03", 6 } },
	{ "zip", 0, { "PK\x03\x04", 4 } },
	{ "zip", 0, { "PK\x05\x06", 4 } },                /* without entries */
	{ "zip", 0, { "PK\x07\x08PK\x03\x04", 8 } },      /* once split */
	{ "zip", 0, { "PK00PK\x03\x04", 8 } },            /* the same, older */
	{ "gzip", 0, { "\x1f\x8b", 2 } },
	{ "xz", 0, { "\xfd" "7zXZ\0", 6 } },
	{ "zstd", 0, { "\x28\xb5\x2f\xfd", 4 } },
	{ "lz4", 0, { "\x04\x22\x4d\x18", 4 } },
	{ "lz4", 0, { "\x02\x21\x4c\x18", 4 } },          /* the older frame */
	{ "lzip", 0, { "LZIP\x01", 5 } },
	{ "lzop", 0, { "\x89LZO\0\r\n\x1a\n", 9 } },
	{ "compress", 0, { "\x1f\x9d", 2 } },
	{ "7z", 0, { "7z\xbc\xaf\x27\x1c", 6 } },
	{ "rar", 0, { "Rar!\x1a\x07", 6 } },
	{ "ace", 7, { "**ACE**", 7 } },
	{ "cab", 0, { "MSCF\0\0\0\0", 8 } },
	{ "ar", 0, { "!<arch>\n", 8 } },
	{ "cpio", 0, { "070701", 6 } },
	{ "cpio", 0, { "070702", 6 } },
	{ "cpio", 0, { "070707", 6 } },
	{ "cpio", 0, { "\xc7\x71", 2 } },
	{ "cpio", 0, { "\x71\xc7", 2 } },
	{ "rpm", 0, { "\xed\xab\xee\xdb", 4 } },
	{ "xar", 0, { "xar!", 4 } },
	{ "tar", 257, { "ustar", 5 } },
	{ "iso", 0x8001, { "CD001", 5 } },
	{ "udf", 0x8001, { "BEA01", 5 } },
	{ "vhd", 0, { "conectix", 8 } },
	{ "vhdx", 0, { "vhdxfile", 8 } },
	{ "vmdk", 0, { "KDMV", 4 } },
	{ "qcow", 0, { "QFI\xfb", 4 } },
	{ "wim", 0, { "MSWIM\0\0\0", 8 } },
	{ "alz", 0, { "ALZ\x01", 4 } },
	{ "egg", 0, { "EGGA\0\x01", 6 } },
	{ "ole2", 0, { "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8 } },
	{ "onenote", 0, { "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", 16 } },
	{ "onenote", 0, { "\xa1\x2f\xff\x43\xd9\xef\x76\x4c\x9e\xe2\x10\xea\x57\x22\x76\x5f", 16 } }, /* a package of them */
	{ "access", 4, { "Standard Jet DB", 15 } },
	{ "access", 4, { "Standard ACE DB", 15 } },
	{ "rtf", 0, { "{\\rt", 4 } },                     /* Word reads it without the f */
	{ "sylk", 0, { "ID;P", 4 } },
	{ "chm", 0, { "ITSF", 4 } },
	{ "help", 0, { "?_\x03\0", 4 } },
	{ "postscript", 0, { "%!PS", 4 } },
	{ "postscript", 0, { "\xc5\xd0\xd3\xc6", 4 } },
	{ "png", 0, { "\x89PNG\r\n\x1a\n", 8 } },
	{ "jpeg", 0, { "\xff\xd8\xff", 3 } },
	{ "gif", 0, { "GIF87a", 6 } },
	{ "gif", 0, { "GIF89a", 6 } },
	{ "webp", 8, { "WEBP", 4 } },
	{ "tiff", 0, { "II*\0", 4 } },
	{ "tiff", 0, { "MM\0*", 4 } },
	{ "wmf", 0, { "\xd7\xcd\xc6\x9a", 4 } },
	{ "emf", 40, { " EMF", 4 } },
	{ "media", 0, { "OggS", 4 } },
	{ "media", 0, { "ID3\2", 4 } },
	{ "media", 0, { "ID3\3", 4 } },
	{ "media", 0, { "ID3\4", 4 } },
	{ "media", 0, { "fLaC", 4 } },
	{ "media", 0, { "\x30\x26\xb2\x75\x8e\x66\xcf\x11", 8 } }, /* ASF: WMA, WMV */
	{ "media", 0, { "\0\0\x01\xba", 4 } },
	{ "media", 0, { "MThd", 4 } },
	{ "media", 0, { "\x1a\x45\xdf\xa3", 4 } },
	{ "media", 4, { "ftyp", 4 } },
	{ "media", 8, { "AVI ", 4 } },
	{ "media", 8, { "WAVE", 4 } },
	{ "shortcut", 0, { "L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46", 20 } },
	{ "tnef", 0, { "\x78\x9f\x3e\x22", 4 } },
};

/* --- Headers that a few bytes do not tell --- */

/* MZ alone is two letters; a DOS program is still run by some systems, so
 * its header must only be plausible: whole, with a last page of up to 512. */
static bool
is_program(struct span data)
{
	return span_starts(data, "MZ") && data.len >= 64 &&
	    (magic_number(data, 2, 2) <= 512 || magic_bytes_at(data, magic_number(data, 0x3c, 4), SPAN_LITERAL("PE\0\0")));
}

/* A universal binary counts its architectures; a Java class with the same
 * first bytes has its version there, which is 45 at least. */
static bool
is_fat_or_class(struct span data, bool class)
{
	return data.len >= 8 && magic_bytes_at(data, 0, SPAN_LITERAL("\xca\xfe\xba\xbe")) &&
	    (class ? (unsigned char)data.data[7] >= 45 && data.data[6] == 0
	           : magic_bytes_at(data, 4, SPAN_LITERAL("\0\0\0")) && data.data[7] > 0 && data.data[7] < 45);
}

static bool
is_fat_macho(struct span data)
{
	return is_fat_or_class(data, false);
}

static bool
is_java_class(struct span data)
{
	return is_fat_or_class(data, true);
}

static bool
is_bzip2(struct span data)
{
	return span_starts(data, "BZh") && data.len > 3 && data.data[3] >= '1' && data.data[3] <= '9';
}

/* Its first octet packs three parameters (most writers: 93), then the
 * dictionary's size, a power of two or one and a half, then the content's. */
static bool
is_lzma(struct span data)
{
	uint32_t dictionary;

	if (data.len < 14 || data.data[0] != 93 || data.data[13] != 0)
		return false;
	dictionary = magic_number(data, 1, 4);
	if (dictionary == 0)
		return false;
	while (dictionary % 2 == 0)
		dictionary /= 2;
	return (dictionary == 1 || dictionary == 3) &&
	    (magic_number(data, 9, 4) == UINT32_MAX || magic_number(data, 9, 4) == 0);
}

/* "-lh5-" and its kin after two octets, and a level of header that there is. */
static bool
is_lha(struct span data)
{
	return data.len > 20 && magic_bytes_at(data, 2, SPAN_LITERAL("-l")) && (data.data[4] == 'h' || data.data[4] == 'z') &&
	    data.data[6] == '-' && (unsigned char)data.data[20] <= 3;
}

static bool
is_arj(struct span data)
{
	return data.len > 10 && magic_bytes_at(data, 0, SPAN_LITERAL("\x60\xea")) && magic_number(data, 2, 2) <= 2600 &&
	    (unsigned char)data.data[10] <= 2;
}

/* A tar from before there was a mark: its header's checksum is right. */
static bool
is_old_tar(struct span data)
{
	uint32_t sum = 0, told = 0;

	if (data.len < 512 || data.data[0] == '\0')
		return false;
	for (size_t i = 148; i < 156 && (data.data[i] == ' ' || (data.data[i] >= '0' && data.data[i] <= '7')); i++)
		if (data.data[i] != ' ')
			told = told * 8 + (uint32_t)(data.data[i] - '0');
	if (told == 0) /* the blanks that stand for the checksum add up to more */
		return false;
	for (size_t i = 0; i < 512; i++)
		sum += i >= 148 && i < 156 ? ' ' : (unsigned char)data.data[i];
	return sum == told;
}

static bool
is_bmp(struct span data)
{
	return span_starts(data, "BM") && data.len >= 18 && magic_number(data, 6, 4) == 0 && magic_number(data, 14, 4) <= 124 &&
	    magic_number(data, 10, 4) < 2048;
}

/* The length of the film tells it from three letters of a text. */
static bool
is_film(struct span data)
{
	return data.len > 8 && memchr("FCZ", data.data[0], 3) != NULL && magic_bytes_at(data, 1, SPAN_LITERAL("WS")) &&
	    magic_number(data, 4, 4) < 0x10000000;
}

static bool
is_icon(struct span data)
{
	return data.len > 22 && (magic_bytes_at(data, 0, SPAN_LITERAL("\0\0\1\0")) || magic_bytes_at(data, 0, SPAN_LITERAL("\0\0\2\0"))) &&
	    magic_number(data, 4, 2) > 0 && magic_number(data, 4, 2) < 64 && data.data[9] == 0;
}

/* Its footer is at the end; a copy at the beginning is not always there. */
static bool
is_vhd(struct span data)
{
	return data.len >= 1024 && data.len % 512 == 0 && magic_bytes_at(data, data.len - 512, SPAN_LITERAL("conectix"));
}

static bool
number_is(struct span data, uint32_t number)
{
	return data.len >= 4 && magic_number(data, 0, 4) == number;
}

/* Programs go by the anchor in sector 256 (ECMA-167 3/8.4.2.1), whatever stands
 * where the recognition sequence should begin: a tag of that number, and the sum
 * of its other octets. */
static bool
is_udf(struct span data)
{
	struct span tag = span_first(span_from(data, (size_t)256 * 2048), 16);
	unsigned sum = 0;

	for (size_t i = 0; i < tag.len; i++)
		sum += i != 4 ? (unsigned char)tag.data[i] : 0;
	return tag.len == 16 && magic_number(tag, 0, 2) == 2 && magic_number(tag, 2, 2) <= 3 &&
	    (sum & 0xff) == (unsigned char)tag.data[4];
}

/* Frames of other content may stand in front in both formats (RFC 8878 3.1.2). */
static struct span
behind_skipped_frames(struct span data)
{
	while (data.len >= 8 && magic_number(data, 0, 4) >> 4 == 0x184d2a5)
		data = span_from(data, 8 + (size_t)magic_number(data, 4, 4));
	return data;
}

static bool
is_zstd_behind_frames(struct span data)
{
	return number_is(behind_skipped_frames(data), 0xfd2fb528);
}

static bool
is_lz4_behind_frames(struct span data)
{
	struct span rest = behind_skipped_frames(data);

	return number_is(rest, 0x184d2204) || number_is(rest, 0x184c2102);
}

size_t
magic_offset(struct span data, const char *name)
{
	if (strcmp(name, "pdf") == 0)
		return magic_find_pdf(data);
	if (strcmp(name, "zstd") == 0 || strcmp(name, "lz4") == 0)
		return data.len - behind_skipped_frames(data).len;
	return 0;
}

/* ContentInfo of RFC 5652 3: a sequence that begins with an OID of PKCS #7. */
static bool
is_pkcs7(struct span data)
{
	size_t at = span_find(span_first(data, 32), SPAN_LITERAL("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"));

	return span_starts(data, "0") && at >= 2 && at <= 6;
}

/* RFC 9580 4.2: the first packet of a message that is encrypted, in both
 * formats, with a version that there is. */
static bool
is_pgp(struct span data)
{
	unsigned char tag = data.len > 16 ? (unsigned char)data.data[0] : 0;

	return (tag == 0x85 && data.data[3] == 3 && magic_number(data, 1, 1) <= 2) || (tag == 0x84 && data.data[2] == 3) ||
	    (tag == 0xc1 && (data.data[2] == 3 || data.data[3] == 3));
}

static bool
is_pdf(struct span data)
{
	return magic_find_pdf(data) != SIZE_MAX;
}

static const struct check {
	const char *name;
	bool (*holds)(struct span data);
} checks[] = {
	{ "pe", is_program },
	{ "macho", is_fat_macho },
	{ "class", is_java_class },
	{ "pdf", is_pdf },
	{ "bzip2", is_bzip2 },
	{ "tar", is_old_tar },
	{ "lha", is_lha },
	{ "arj", is_arj },
	{ "lzma", is_lzma },
	{ "bmp", is_bmp },
	{ "icon", is_icon },
	{ "swf", is_film },
	{ "vhd", is_vhd },
	{ "udf", is_udf },
	{ "zstd", is_zstd_behind_frames },
	{ "lz4", is_lz4_behind_frames },
	{ "pkcs7", is_pkcs7 },
	{ "pgp", is_pgp },
	{ "zip", magic_ends_as_zip },
};

/* Before the end there is where the table of objects begins. */
static bool
ends_as_pdf(struct span data)
{
	struct span tail = span_from(data, data.len > PDF_TAIL ? data.len - PDF_TAIL : 0), word = SPAN_LITERAL("startxref");
	size_t at = span_find(tail, word);

	tail = span_trim(span_from(tail, at != SIZE_MAX ? at + word.len : tail.len));
	return tail.len > 0 && ascii_is_digit(tail.data[0]);
}

size_t
magic_find_pdf(struct span data)
{
	size_t at = span_find(span_first(data, 1024), SPAN_LITERAL("%PDF-"));

	return at == SIZE_MAX && (span_starts(data, "%PDF") || ends_as_pdf(data)) ? 0 : at;
}

/* The directory is where the record says, or in front of it, as where the
 * beginning is missing. */
static bool
leads_to_directory(struct span data, struct span record)
{
	size_t at = (size_t)(record.data - data.data), size = magic_number(record, 12, 4);

	return magic_number(record, 16, 4) < data.len || magic_number(record, 16, 4) == UINT32_MAX ||
	    (size <= at && magic_bytes_at(data, at - size, SPAN_LITERAL("PK\x01\x02")));
}

bool
magic_ends_as_zip(struct span data)
{
	struct span tail = span_from(data, data.len > MAGIC_LOOK_MAX ? data.len - MAGIC_LOOK_MAX : 0);
	const char *at, *end = span_end(data);

	while (tail.len >= ZIP_END_SIZE && (at = memrchr(tail.data, 'P', tail.len - ZIP_END_SIZE + 1)) != NULL) {
		struct span record = span_of(at, (size_t)(end - at));

		if (magic_bytes_at(record, 0, SPAN_LITERAL("PK\x05\x06")) && magic_number(record, 20, 2) <= record.len - ZIP_END_SIZE &&
		    leads_to_directory(data, record))
			return true;
		tail.len = (size_t)(at - tail.data) + ZIP_END_SIZE - 1;
	}
	return false;
}

size_t
magic_by_bytes(struct span data, const char *out[], size_t most)
{
	struct span start = span_first(data, MAGIC_LOOK_MAX);
	size_t count = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && count < most; i++)
		if (magic_bytes_at(start, rows[i].offset, rows[i].bytes))
			out[count++] = rows[i].name;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && count < most; i++)
		if (checks[i].holds(data))
			out[count++] = checks[i].name;
	return count;
}

const char *
magic_of_unmarked(struct span data)
{
	const char *name = magic_of_text(span_first(data, MAGIC_LOOK_MAX));

	return data.len == 0 ? "empty" : name != NULL ? name : "data";
}

const char *
magic_of(struct span data)
{
	const char *name;

	return data.len > 0 && magic_by_bytes(data, &name, 1) > 0 ? name : magic_of_unmarked(data);
}
