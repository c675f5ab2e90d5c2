/* What is looked for in a compound file: a table of names of streams, and what
 * each means. A stream that the table does not know is told as a member when it
 * begins like a file of some kind. Streams are looked at wherever they lie, so
 * that a document in a document is read with it. */
#include "config.h"

#include "engine/lzfu.h"
#include "engine/magic.h"
#include "engine/office97.h"
#include "engine/office_crypt.h"
#include "engine/ole1.h"
#include "engine/vba.h"

enum {
	PEEK = 4096,
	MONIKER_MAX = 64 * 1024,
	LINK_MAX = 4096,
};

/* --- Streams --- */

static void
native_object(struct document *d, struct ole2 *o, const struct ole2_entry *e)
{
	ole1_native_stream(d, ole2_stream(o, e, SIZE_MAX));
}

static void
embedded_file(struct document *d, struct ole2 *o, const struct ole2_entry *e)
{
	document_trait(d, TRAIT_EMBEDDED_OBJECT);
	document_tell(d, e->name, ole2_stream(o, e, SIZE_MAX));
}

static void
encrypted(struct document *d, struct ole2 *o, const struct ole2_entry *e)
{
	const struct ole2_entry *info = ole2_find(o, e->parent, "EncryptionInfo");
	struct span plain = SPAN_NONE;

	if (info != NULL)
		plain = office_decrypt_package(d, ole2_stream(o, info, SIZE_MAX), ole2_stream(o, e, SIZE_MAX));
	if (plain.data != NULL)
		document_tell(d, SPAN_LITERAL("package"), plain);
	else
		document_trait(d, TRAIT_ENCRYPTED);
}

/* A linked object says where it is fetched from, in UTF-16 among other data. */
static void
link_of_object(struct document *d, struct ole2 *o, const struct ole2_entry *e)
{
	struct span in = ole2_stream(o, e, MONIKER_MAX), uri;
	size_t at = span_find_nocase(in, SPAN_LITERAL("h\0t\0t\0p\0"));

	if (at == SIZE_MAX)
		at = span_find(in, SPAN_LITERAL("\\\0\\\0"));
	if (at == SIZE_MAX)
		return;
	uri = utf16_to_utf8(d->arena, span_sub(in, at, LINK_MAX), false);
	if (!target_is_remote(uri))
		return;
	document_trait(d, TRAIT_EXTERNAL_TEMPLATE);
	document_uri(d, uri);
}

static void
nothing(struct document *d, struct ole2 *o, const struct ole2_entry *e)
{
	(void)d;
	(void)o;
	(void)e;
}

static const struct {
	const char *name;
	void (*read)(struct document *d, struct ole2 *o, const struct ole2_entry *e);
} streams[] = {
	{ "\1Ole10Native", native_object },
	{ "\1Ole", link_of_object },
	{ "Package", embedded_file },
	{ "CONTENTS", embedded_file },
	{ "EncryptedPackage", encrypted },
	{ "EncryptedSummary", encrypted },
	{ "WordDocument", word97_read },
	{ "Workbook", excel97_read },
	{ "Book", excel97_read },
	{ "PowerPoint Document", powerpoint97_read },
	{ "\5SummaryInformation", nothing },
	{ "\5DocumentSummaryInformation", nothing },
};

static void
unknown_stream(struct document *d, struct ole2 *o, const struct ole2_entry *e)
{
	static const char *const dull[] = { "data", "text", "empty" };
	const char *magic = magic_of(ole2_stream(o, e, PEEK));

	for (size_t i = 0; i < sizeof(dull) / sizeof(dull[0]); i++)
		if (strcmp(magic, dull[i]) == 0)
			return;
	document_tell(d, e->name, ole2_stream(o, e, SIZE_MAX));
}

static void
read_stream(struct document *d, struct ole2 *o, const struct ole2_entry *e)
{
	if (span_starts_nocase(e->name, "__substg1.0_")) /* by its storage */
		return;
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
		if (span_eq_nocase(e->name, span_str(streams[i].name))) {
			streams[i].read(d, o, e);
			return;
		}
	unknown_stream(d, o, e);
}

/* --- Outlook items --- */

/* A property is a stream that is called by its number and type: 001F is
 * UTF-16, 001E octets, 0102 binary. */
static struct span
text_property(struct ole2 *o, uint32_t storage, const char *number)
{
	static const char *const types[] = { "001F", "001E" };

	for (size_t i = 0; i < 2; i++) {
		const struct ole2_entry *e =
		    ole2_find(o, storage, arena_printf(o->d->arena, "__substg1.0_%s%s", number, types[i]));

		if (e != NULL && e->size > 0)
			return i == 0 ? utf16_to_utf8(o->d->arena, ole2_stream(o, e, SIZE_MAX), false) :
			    ole2_stream(o, e, SIZE_MAX);
	}
	return SPAN_NONE;
}

static void
read_attachment(struct document *d, struct ole2 *o, uint32_t storage)
{
	static const char *const numbers[] = { "3707", "3704", "3001" }; /* long name, name, name shown */
	const struct ole2_entry *e = ole2_find(o, storage, "__substg1.0_37010102");
	struct span content, names[3];
	size_t count = 0;

	if (e == NULL)
		return;
	content = ole2_stream(o, e, SIZE_MAX);
	for (size_t i = 0; i < 3; i++) {
		struct span name = text_property(o, storage, numbers[i]);
		bool known = name.len == 0;

		for (size_t k = 0; k < count; k++)
			known |= span_eq(names[k], name);
		if (!known)
			names[count++] = name;
	}
	if (count == 0)
		names[count++] = SPAN_LITERAL("attachment");
	for (size_t i = 0; i < count; i++)
		document_tell(d, names[i], content);
}

static void
tell_packed_rtf(struct document *d, struct span packed)
{
	struct buf *room = document_room(d);

	if (!lzfu_decode(packed, room))
		document_damaged(d);
	document_settle(d, room);
	if (room->len > 0)
		document_tell(d, SPAN_LITERAL("body.rtf"), buf_span(room));
	document_drop(room);
}

static void
read_item(struct document *d, struct ole2 *o, uint32_t storage)
{
	struct span text = text_property(o, storage, "1000");
	const struct ole2_entry *html = ole2_find(o, storage, "__substg1.0_10130102");
	const struct ole2_entry *rtf = ole2_find(o, storage, "__substg1.0_10090102");

	if (text.len > 0)
		document_tell(d, SPAN_LITERAL("body.txt"), text);
	if (html != NULL)
		document_tell(d, SPAN_LITERAL("body.html"), ole2_stream(o, html, SIZE_MAX));
	else if ((text = text_property(o, storage, "1013")).len > 0)
		document_tell(d, SPAN_LITERAL("body.html"), text);
	if (rtf != NULL)
		tell_packed_rtf(d, ole2_stream(o, rtf, SIZE_MAX));
}

/* --- Storages --- */

static void
read_storage(struct document *d, struct ole2 *o, uint32_t at)
{
	struct span name = o->entries[at].name;

	if (ole2_find(o, at, "dir") != NULL && (span_is_nocase(name, "VBA") || ole2_find(o, at, "_VBA_PROJECT") != NULL))
		vba_read(d, o, at);
	else if (span_starts_nocase(name, "__attach_version1.0_"))
		read_attachment(d, o, at);
	else if (ole2_find(o, at, "__properties_version1.0") != NULL)
		read_item(d, o, at);
	else if (span_is_nocase(name, "VBA") || span_is_nocase(name, "_VBA_PROJECT_CUR"))
		document_trait(d, TRAIT_MACROS);
	else if (span_starts_nocase(name, "MBD") || (span_is_nocase(name, "ObjectPool") && o->entries[at].first_child != 0))
		document_trait(d, TRAIT_EMBEDDED_OBJECT);
}

static void
read_all(struct document *d, struct ole2 *o)
{
	for (uint32_t i = 0; i < o->count && !d->stopped; i++) {
		const struct ole2_entry *e = &o->entries[i];

		if (e->kind == OLE2_STREAM)
			read_stream(d, o, e);
		else if (e->kind != OLE2_UNUSED)
			read_storage(d, o, i);
	}
}

enum archive_result
ole2_read(struct arena *a, struct span data, struct archive_budget *budget, const struct container_sink *sink)
{
	struct document d;
	struct ole2 o;

	if (!span_starts(data, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))
		return ARCHIVE_NONE;
	document_begin(&d, a, budget, sink);
	if (ole2_open(&o, &d, data))
		read_all(&d, &o);
	else
		document_damaged(&d);
	return document_end(&d);
}
