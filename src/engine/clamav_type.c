/* ClamAV's types of content. Signatures ask for them by name, or by the
 * number of a target, a group of them. */
#include "config.h"

#include "engine/clamav_db.h"

static const struct {
	const char *name;
	uint8_t target;
} types[CLAM_TYPES] = {
	[CLAM_ANY] = { "ANY", 0 },
	[CLAM_7Z] = { "7Z", 0 },
	[CLAM_ARJ] = { "ARJ", 0 },
	[CLAM_BINARY] = { "BINARY_DATA", 0 },
	[CLAM_BZ] = { "BZ", 0 },
	[CLAM_CPIO_CRC] = { "CPIO_CRC", 0 },
	[CLAM_CPIO_NEWC] = { "CPIO_NEWC", 0 },
	[CLAM_CPIO_ODC] = { "CPIO_ODC", 0 },
	[CLAM_CPIO_OLD] = { "CPIO_OLD", 0 },
	[CLAM_EGG] = { "EGG", 0 },
	[CLAM_ELF] = { "ELF", 6 },
	[CLAM_GIF] = { "GIF", 5 },
	[CLAM_GRAPHICS] = { "GRAPHICS", 5 },
	[CLAM_GZ] = { "GZ", 0 },
	[CLAM_HTML] = { "HTML", CLAM_TARGET_HTML },
	[CLAM_ISO9660] = { "ISO9660", 0 },
	[CLAM_JAVA] = { "JAVA", 12 },
	[CLAM_JPEG] = { "JPEG", 5 },
	[CLAM_LNK] = { "LNK", 0 },
	[CLAM_MACHO] = { "MACHO", 9 },
	[CLAM_MACHO_UNIBIN] = { "MACHO_UNIBIN", 9 },
	[CLAM_MAIL] = { "MAIL", CLAM_TARGET_MAIL },
	[CLAM_MSCAB] = { "MSCAB", 0 },
	[CLAM_MSCHM] = { "MSCHM", 0 },
	[CLAM_MSEXE] = { "MSEXE", 1 },
	[CLAM_MSOLE2] = { "MSOLE2", 2 },
	[CLAM_OLD_TAR] = { "OLD_TAR", 0 },
	[CLAM_ONENOTE] = { "ONENOTE", 0 },
	[CLAM_PDF] = { "PDF", 10 },
	[CLAM_PNG] = { "PNG", 5 },
	[CLAM_POSIX_TAR] = { "POSIX_TAR", 0 },
	[CLAM_PS] = { "PS", 0 },
	[CLAM_RAR] = { "RAR", 0 },
	[CLAM_RIFF] = { "RIFF", 0 },
	[CLAM_RTF] = { "RTF", 0 },
	[CLAM_SCRIPT] = { "SCRIPT", 0 },
	[CLAM_SWF] = { "SWF", 11 },
	[CLAM_TEXT] = { "TEXT_ASCII", CLAM_TARGET_TEXT },
	[CLAM_TIFF] = { "TIFF", 5 },
	[CLAM_TNEF] = { "TNEF", 0 },
	[CLAM_XAR] = { "XAR", 0 },
	[CLAM_XZ] = { "XZ", 0 },
	[CLAM_ZIP] = { "ZIP", 0 },
};

/* Types that are told from others by what is not looked at here. */
static const struct {
	const char *name;
	enum clam_type type;
} others[] = {
	{ "TEXT_UTF8", CLAM_TEXT },
	{ "TEXT_UTF16BE", CLAM_TEXT },
	{ "TEXT_UTF16LE", CLAM_TEXT },
	{ "OOXML_WORD", CLAM_ZIP },
	{ "OOXML_XL", CLAM_ZIP },
	{ "OOXML_PPT", CLAM_ZIP },
};

/* How content of a type begins; of several the first is meant. */
static const struct {
	enum clam_type type;
	uint16_t offset;
	struct span bytes;
} beginnings[] = {
	{ CLAM_GZ, 0, { "\x1f\x8b", 2 } },
	{ CLAM_BZ, 0, { "BZh", 3 } },
	{ CLAM_GRAPHICS, 0, { "BM", 2 } },
	{ CLAM_MSCHM, 0, { "ITSF", 4 } },
	{ CLAM_MSEXE, 0, { "MZ", 2 } },
	{ CLAM_ZIP, 0, { "PK\x03\x04", 4 } },
	{ CLAM_ZIP, 0, { "PK00PK\x03\x04", 8 } },
	{ CLAM_RIFF, 0, { "RIFF", 4 } },
	{ CLAM_RIFF, 0, { "RIFX", 4 } },
	{ CLAM_RAR, 0, { "Rar!", 4 } },
	{ CLAM_ARJ, 0, { "\x60\xea", 2 } },
	{ CLAM_TNEF, 0, { "\x78\x9f\x3e\x22", 4 } },
	{ CLAM_ELF, 0, { "\x7f" "ELF", 4 } },
	{ CLAM_MSOLE2, 0, { "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8 } },
	{ CLAM_POSIX_TAR, 257, { "ustar", 5 } },
	{ CLAM_MACHO, 0, { "\xce\xfa\xed\xfe", 4 } },
	{ CLAM_MACHO, 0, { "\xcf\xfa\xed\xfe", 4 } },
	{ CLAM_MACHO, 0, { "\xfe\xed\xfa\xce", 4 } },
	{ CLAM_MACHO, 0, { "\xfe\xed\xfa\xcf", 4 } },
	{ CLAM_7Z, 0, { "7z\xbc\xaf\x27\x1c", 6 } },
	{ CLAM_CPIO_NEWC, 0, { "070701", 6 } },
	{ CLAM_CPIO_CRC, 0, { "070702", 6 } },
	{ CLAM_CPIO_ODC, 0, { "070707", 6 } },
	{ CLAM_CPIO_OLD, 0, { "\x71\xc7", 2 } },
	{ CLAM_CPIO_OLD, 0, { "\xc7\x71", 2 } },
	{ CLAM_PDF, 0, { "%PDF-", 5 } },
	{ CLAM_SWF, 0, { "FWS", 3 } },
	{ CLAM_SWF, 0, { "CWS", 3 } },
	{ CLAM_SWF, 0, { "ZWS", 3 } },
	{ CLAM_MSCAB, 0, { "MSCF\0\0\0\0", 8 } },
	{ CLAM_GRAPHICS, 0, { "\0\0\0\x0cjP  \r\n\x87\n", 12 } },
	{ CLAM_XAR, 0, { "xar!", 4 } },
	{ CLAM_XZ, 0, { "\xfd" "7zXZ\0", 6 } },
	{ CLAM_RTF, 0, { "{\\rt", 4 } },
	{ CLAM_PS, 0, { "%!PS-Adobe-", 11 } },
	{ CLAM_LNK, 0, { "L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46", 20 } },
	{ CLAM_EGG, 0, { "EGGA", 4 } },
	{ CLAM_PNG, 0, { "\x89PNG", 4 } },
	{ CLAM_GIF, 0, { "GIF", 3 } },
	{ CLAM_JPEG, 0, { "\xff\xd8\xff", 3 } },
	{ CLAM_TIFF, 0, { "II*\0", 4 } },
	{ CLAM_TIFF, 0, { "MM", 2 } },
	{ CLAM_ONENOTE, 0, { "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", 16 } },
	{ CLAM_ISO9660, 0x8001, { "CD001", 5 } },
};

/* Fields that a mail begins with, followed by a blank. */
static const char *const mail_fields[] = { ">From", "Date:", "Delivered-To:", "Delivery-date:", "Envelope-to:", "From", "From:",
	"Message-ID:", "Message-Id:", "Received:", "Received-SPF:", "Return-Path:", "Return-path:", "Subject:", "To:",
	"X-Apparently-To:", "X-Envelope-From:", "X-Original-To:", "X-Real-To:", "X-Sieve:", "X-UIDL:" };

static bool
is_mail(struct span data)
{
	for (size_t i = 0; i < sizeof(mail_fields) / sizeof(mail_fields[0]); i++) {
		size_t len = strlen(mail_fields[i]);

		if (span_starts(data, mail_fields[i]) && data.len > len && data.data[len] == ' ')
			return true;
	}
	return false;
}

/* Java's classes and universal binaries begin alike; these have few parts. */
static enum clam_type
type_of_cafebabe(struct span data)
{
	return data.len >= 8 && (unsigned char)data.data[7] < 0x20 ? CLAM_MACHO_UNIBIN : CLAM_JAVA;
}

enum { TEXT_LOOK = 1024 };

static bool
is_text(struct span data)
{
	data = span_first(data, TEXT_LOOK);
	for (size_t i = 0; i < data.len; i++) {
		unsigned char c = (unsigned char)data.data[i];

		if ((c < ' ' && memchr("\t\n\v\f\r\x1b\b\a", c, 8) == NULL) || c == 0x7f)
			return false;
	}
	return data.len > 0;
}

enum clam_type
clam_type_of(struct span data)
{
	bool at_once;

	if (span_starts(data, "\xca\xfe\xba\xbe"))
		return type_of_cafebabe(data);
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
		struct span at = span_first(span_from(data, beginnings[i].offset), beginnings[i].bytes.len);

		if (span_eq(at, beginnings[i].bytes))
			return beginnings[i].type;
	}
	if (is_mail(data))
		return CLAM_MAIL;
	if (!is_text(data))
		return CLAM_BINARY;
	return clam_html_is(data, &at_once) && at_once ? CLAM_HTML : CLAM_TEXT;
}

bool
clam_type_parse(struct span text, enum clam_type *out)
{
	if (!span_starts(text, "CL_TYPE_"))
		return false;
	text = span_from(text, 8);
	for (int i = 0; i < CLAM_TYPES; i++)
		if (span_is(text, types[i].name)) {
			*out = (enum clam_type)i;
			return true;
		}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (span_is(text, others[i].name)) {
			*out = others[i].type;
			return true;
		}
	return false;
}

uint8_t
clam_target_of(enum clam_type type)
{
	return types[type].target;
}

bool
clam_target_parse(struct span text, uint8_t *out)
{
	uint64_t target;

	if (span_is(text, "*")) {
		*out = 0;
		return true;
	}
	if (!span_to_u64(text, &target) || target >= CLAM_TARGETS)
		return false;
	*out = (uint8_t)target;
	return true;
}
