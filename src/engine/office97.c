/* Word: a header says whether the text is encrypted and where the name of the
 * template stands; a field begins with the octet 19 and its name. Excel: a list
 * of records; a sheet may be one of macros in the language before VBA, whose
 * procedures that run by themselves have built-in names. PowerPoint: records in
 * records; objects, macros among them, are packed by zlib. */
#include "config.h"

#include "engine/office97.h"

#include "engine/office_crypt.h"

enum {
	WORD_FLAGS = 0x0a,
	WORD_ENCRYPTED = 0x0100,
	WORD_TABLE_1 = 0x0200,
	WORD_ASSOCIATED = 0x19a,   /* place and length of strings about the document */
	FIELD_BEGIN = 0x13,
	FIELD_BLANKS_MAX = 16,

	EXCEL_97 = 0x600,            /* version */
	EXCEL_BEGIN = 0x809,
	EXCEL_DEFINED_NAME = 0x18,
	EXCEL_EXTERN_NAME = 0x23,
	EXCEL_FILEPASS = 0x2f,
	EXCEL_SHEET = 0x85,
	EXCEL_SUPBOOK = 0x1ae,
	EXCEL_MACRO_SHEET = 1,
	EXCEL_MACRO_BEGIN = 0x40,
	EXCEL_BUILT_IN = 0x20,
	EXCEL_OLE_LINK = 0x10,

	POWERPOINT_CONTAINER = 0xf,
	POWERPOINT_OBJECT = 0x1011,
};

/* --- Word --- */

/* The text of a field stands in octets or in UTF-16. */
static bool
field_is_dde(struct span field)
{
	for (size_t width = 1; width <= 2; width++) {
		size_t at = 0;

		while (at / width < FIELD_BLANKS_MAX && at < field.len && field.data[at] == ' ')
			at += width;
		if (at + 2 * width < field.len && ascii_lower(field.data[at]) == 'd' && ascii_lower(field.data[at + width]) == 'd' &&
		    ascii_lower(field.data[at + 2 * width]) == 'e')
			return true;
	}
	return false;
}

static bool
has_dde_field(struct span text)
{
	size_t at;

	while ((at = span_find_byte(text, FIELD_BEGIN)) != SIZE_MAX) {
		text = span_from(text, at + 1);
		if (field_is_dde(text) || field_is_dde(span_from(text, text.len > 0 && text.data[0] == '\0')))
			return true;
	}
	return false;
}

/* The second of the counted strings is the template. */
static void
read_template(struct document *d, struct span strings)
{
	struct span in = span_from(strings, 6);
	struct span name;

	if (le16(strings, 0) != 0xffff || le16(strings, 2) < 2)
		return;
	in = span_from(in, 2 + 2 * (size_t)le16(in, 0));
	name = utf16_to_utf8(d->arena, span_sub(in, 2, 2 * (size_t)le16(in, 0)), false);
	if (!target_is_remote(name))
		return;
	document_trait(d, TRAIT_EXTERNAL_TEMPLATE);
	document_uri(d, name);
}

void
word97_read(struct document *d, struct ole2 *o, const struct ole2_entry *e)
{
	struct span text = ole2_stream(o, e, SIZE_MAX);
	const struct ole2_entry *table;

	if (le16(text, WORD_FLAGS) & WORD_ENCRYPTED) {
		document_trait(d, TRAIT_ENCRYPTED);
		return;
	}
	if (has_dde_field(text))
		document_trait(d, TRAIT_DDE);
	table = ole2_find(o, e->parent, le16(text, WORD_FLAGS) & WORD_TABLE_1 ? "1Table" : "0Table");
	if (table != NULL)
		read_template(d, span_sub(ole2_stream(o, table, SIZE_MAX), le32(text, WORD_ASSOCIATED),
		    le32(text, WORD_ASSOCIATED + 4)));
}

/* --- Excel --- */

/* Letters of a name that is stored in octets or UTF-16; those of interest are
 * ASCII. */
static bool
name_begins(struct span name, bool wide, const char *prefix)
{
	size_t step = wide ? 2 : 1;

	for (size_t i = 0; prefix[i] != '\0'; i++)
		if (i * step >= name.len || ascii_lower(name.data[i * step]) != prefix[i])
			return false;
	return true;
}

/* Before Excel 97 a name has no octet before it that says how wide it is. */
static bool
name_is_automatic(struct span record, bool old)
{
	static const char built_in[] = { 1, 2, 10, 11 }; /* opened, closed, activated, deactivated */
	struct span name = span_from(record, old ? 14 : 15);
	bool wide = !old && record.len > 14 && (record.data[14] & 1) != 0;

	if (name.len == 0)
		return false;
	if (le16(record, 0) & EXCEL_BUILT_IN)
		return memchr(built_in, name.data[0], sizeof(built_in)) != NULL;
	return name_begins(name, wide, "auto_open") || name_begins(name, wide, "auto_close") ||
	    name_begins(name, wide, "auto_activate") || name_begins(name, wide, "auto_deactivate");
}

struct workbook {
	struct document *d;
	bool old;    /* before Excel 97 */
	bool linked; /* the book that names are of is a program's */
};

static void
read_record(struct workbook *w, unsigned type, struct span record)
{
	switch (type) {
	case EXCEL_BEGIN: /* of the book, or of a sheet, which is what it says here whatever the list of sheets says */
		w->old = le16(record, 0) < EXCEL_97;
		if (le16(record, 2) == EXCEL_MACRO_BEGIN)
			document_trait(w->d, TRAIT_MACROS);
		break;
	case EXCEL_SHEET:
		if (record.len > 5 && record.data[5] == EXCEL_MACRO_SHEET)
			document_trait(w->d, TRAIT_MACROS);
		break;
	case EXCEL_DEFINED_NAME:
		if (name_is_automatic(record, w->old))
			document_trait(w->d, TRAIT_AUTO_RUN);
		break;
	case EXCEL_SUPBOOK: /* a program and its topic stand around an octet 3 */
		w->linked = span_find_byte(span_from(record, 6), 3) != SIZE_MAX;
		break;
	case EXCEL_EXTERN_NAME:
		if (w->linked && (le16(record, 0) & EXCEL_OLE_LINK) == 0)
			document_trait(w->d, TRAIT_DDE);
		break;
	default:
		break;
	}
}

/* Of an encrypted stream the records' numbers and lengths are plain. */
void
excel97_read(struct document *d, struct ole2 *o, const struct ole2_entry *e)
{
	struct span in = ole2_stream(o, e, SIZE_MAX), content = in;
	struct workbook w = { .d = d };

	for (size_t at = 0, len; at + 4 <= in.len; at += 4 + len) {
		unsigned type = le16(in, at);

		len = le16(in, at + 2);
		if (type == EXCEL_FILEPASS && content.data == in.data) {
			content = office_decrypt_workbook(d, span_sub(in, at + 4, len), in);
			if (content.data == NULL) {
				document_trait(d, TRAIT_ENCRYPTED);
				return;
			}
		}
		read_record(&w, type, span_sub(type == EXCEL_BEGIN ? in : content, at + 4, len));
	}
}

/* --- PowerPoint --- */

static void
read_object(struct document *d, struct span data, bool packed)
{
	struct buf *room;

	if (!packed) {
		document_tell(d, SPAN_LITERAL("object.ole"), data);
		return;
	}
	room = document_room(d);
	if (!document_inflate(d, span_from(data, 4), INFLATE_ZLIB, room))
		document_damaged(d);
	if (room->len > 0)
		document_tell(d, SPAN_LITERAL("object.ole"), buf_span(room));
	document_drop(room);
}

void
powerpoint97_read(struct document *d, struct ole2 *o, const struct ole2_entry *e)
{
	struct span in = ole2_stream(o, e, SIZE_MAX);

	while (in.len >= 8 && !d->stopped) {
		unsigned head = le16(in, 0);
		size_t len = le32(in, 4);

		if ((head & 0xf) == POWERPOINT_CONTAINER)
			len = 0;
		else if (le16(in, 2) == POWERPOINT_OBJECT)
			read_object(d, span_sub(in, 8, len), head >> 4 == 1);
		in = span_from(in, 8 + len);
	}
}
