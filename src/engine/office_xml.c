/* Documents of Office as one XML file: Word 2003's, and packages laid flat. The
 * parts that would be members of an archive are elements here, so the file is
 * looked at as such members are; what is binary stands in base64. Macros may
 * lie in it packed once more, as "ActiveMime". */
#include "config.h"

#include "engine/document.h"
#include "engine/html_files.h"
#include "engine/office.h"
#include "engine/xml_tags.h"

enum {
	LOOK_MAX = 4096,         /* the first tags say what the file is */
	ACTIVEMIME_PACKED = 0x32,/* where the packed stream begins, as a rule */
	ACTIVEMIME_LOOK = 256,
};

static bool
is_document(struct span start)
{
	return span_find_nocase(start, SPAN_LITERAL("mso-application")) != SIZE_MAX ||
	    span_find_nocase(start, SPAN_LITERAL("schemas.microsoft.com/office")) != SIZE_MAX;
}

static void
tell_binary(struct document *d, struct span name, struct span base64)
{
	struct buf *room = document_room(d);

	document_base64(base64, room);
	document_settle(d, room);
	if (room->len > 0)
		document_tell(d, name.len > 0 ? name : SPAN_LITERAL("binary"), buf_span(room));
	document_drop(room);
}

static void
read_parts(struct document *d, struct span in)
{
	struct span part = SPAN_NONE;
	struct xml_tag tag;

	while (!d->stopped && xml_next(&in, &tag)) {
		if (span_is(tag.name, "part"))
			part = xml_attribute(d->arena, &tag, "name");
		if (span_is(tag.name, "binData"))
			part = xml_attribute(d->arena, &tag, "name");
		if (!span_is(tag.name, "binData") && !span_is(tag.name, "binaryData"))
			continue;
		if (span_ends_nocase(part, "vbaProject.bin") || span_ends_nocase(part, ".mso"))
			document_trait(d, TRAIT_MACROS);
		tell_binary(d, part, xml_text(d->arena, tag.text));
	}
}

enum archive_result
office_xml_read(struct arena *a, struct span data, struct archive_budget *budget, const struct container_sink *sink)
{
	struct span text = xml_in_utf8(a, data);
	struct document d;

	if (!is_document(span_first(text, LOOK_MAX)))
		return ARCHIVE_NONE;
	document_begin(&d, a, budget, sink);
	office_look_at_member(a, SPAN_LITERAL("word/document.xml"), text, sink);
	office_look_at_member(a, SPAN_LITERAL(".rels"), text, sink);
	read_parts(&d, text);
	return document_end(&d);
}

enum archive_result
xml_read(struct arena *a, struct span data, struct archive_budget *budget, const struct container_sink *sink)
{
	enum archive_result result = office_xml_read(a, data, budget, sink);

	return result == ARCHIVE_NONE ? html_read(a, data, budget, sink) : result;
}

enum archive_result
activemime_read(struct arena *a, struct span data, struct archive_budget *budget, const struct container_sink *sink)
{
	struct document d;
	struct buf *room;
	size_t at;

	if (!span_starts(data, "ActiveMime"))
		return ARCHIVE_NONE;
	document_begin(&d, a, budget, sink);
	room = document_room(&d);
	at = span_find(span_first(data, ACTIVEMIME_LOOK), SPAN_LITERAL("\x78\x9c"));
	if (!document_inflate(&d, span_from(data, at != SIZE_MAX ? at : ACTIVEMIME_PACKED), INFLATE_ZLIB, room))
		document_damaged(&d);
	if (room->len > 0)
		document_tell(&d, SPAN_LITERAL("oledata.mso"), buf_span(room));
	document_drop(room);
	return document_end(&d);
}
