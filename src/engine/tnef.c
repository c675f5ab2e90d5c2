/* TNEF: a list of attributes, each a level, a number, a length, its bytes and
 * the sum of these. An attachment begins with its rendering data; its name and
 * content stand in attributes of their own and again among the MAPI properties
 * that one more attribute holds. Programs differ in which they take, so all
 * names and all contents are told, each with each.
 *
 * A wrong sum does not keep an attribute from being read, for some programs do
 * not look at it; it is told as damage. Limits: NAMES_MAX names and
 * CONTENTS_MAX contents of one attachment. Properties with many values are
 * read past, except for their first. */
#include "config.h"

#include "engine/tnef.h"

#include "engine/document.h"
#include "engine/lzfu.h"

enum {
	HEADER = 6,             /* signature and key */
	ATTRIBUTE_FRAME = 11,   /* level, number, length; and the sum after the bytes */
	NAMES_MAX = 8,
	CONTENTS_MAX = 4,

	ATT_BODY = 0x0002800c,
	ATT_MESSAGE_PROPERTIES = 0x00069003,
	ATT_ATTACH_RENDER = 0x00069002,
	ATT_ATTACH_TITLE = 0x00018010,
	ATT_ATTACH_DATA = 0x0006800f,
	ATT_ATTACH_FILE_NAME = 0x00069001,
	ATT_ATTACH_PROPERTIES = 0x00069005,

	TYPE_SHORT = 2,
	TYPE_BOOLEAN = 0x0b,
	TYPE_OBJECT = 0x0d,
	TYPE_TEXT = 0x1e,
	TYPE_UTF16 = 0x1f,
	TYPE_GUID = 0x48,
	TYPE_BINARY = 0x102,
	TYPE_MANY = 0x1000,

	ID_BODY = 0x1000,
	ID_BODY_RTF = 0x1009,
	ID_BODY_HTML = 0x1013,
	ID_DISPLAY_NAME = 0x3001,
	ID_ATTACH_DATA = 0x3701,
	ID_ATTACH_FILE_NAME = 0x3704,
	ID_ATTACH_LONG_FILE_NAME = 0x3707,
	ID_ATTACH_TRANSPORT_NAME = 0x370c,
};

struct tnef {
	struct document d;
	struct span names[NAMES_MAX];
	struct span contents[CONTENTS_MAX];
	size_t name_count, content_count;
};

struct property {
	unsigned type, id;
	struct span value; /* the first */
};

/* --- The attachment at hand --- */

static void
tell_attachment(struct tnef *t)
{
	static const struct span unnamed = { "attachment", 10 };

	for (size_t c = 0; c < t->content_count; c++) {
		if (t->name_count == 0)
			document_tell(&t->d, unnamed, t->contents[c]);
		for (size_t n = 0; n < t->name_count; n++)
			document_tell(&t->d, t->names[n], t->contents[c]);
	}
	t->content_count = t->name_count = 0;
}

static void
add_name(struct tnef *t, struct span name)
{
	size_t end = span_find_byte(name, '\0');

	name = span_first(name, end);
	for (size_t i = 0; i < t->name_count; i++)
		if (span_eq(t->names[i], name))
			return;
	if (name.len > 0 && t->name_count < NAMES_MAX)
		t->names[t->name_count++] = name;
}

static void
add_content(struct tnef *t, struct span content)
{
	for (size_t i = 0; i < t->content_count; i++)
		if (span_eq(t->contents[i], content))
			return;
	if (t->content_count < CONTENTS_MAX)
		t->contents[t->content_count++] = content;
	else
		document_damaged(&t->d);
}

/* --- MAPI properties --- */

static bool
take(struct span *in, size_t len, struct span *out)
{
	if (len > in->len) {
		*in = SPAN_NONE;
		return false;
	}
	*out = span_first(*in, len);
	*in = span_from(*in, len);
	return true;
}

static bool
take_number(struct span *in, uint32_t *value)
{
	struct span bytes;

	if (!take(in, 4, &bytes))
		return false;
	*value = le32(bytes, 0);
	return true;
}

/* Values stand at multiples of four bytes; the last may lack its padding. */
static bool
take_padded(struct span *in, size_t len, struct span *out)
{
	if (!take(in, len, out))
		return false;
	*in = span_from(*in, (4 - len % 4) % 4);
	return true;
}

static size_t
fixed_size(unsigned type)
{
	switch (type) {
	case TYPE_SHORT:
	case TYPE_BOOLEAN:
		return 2;
	case 0x03: /* long, float, error */
	case 0x04:
	case 0x0a:
		return 4;
	case 0x05: /* double, currency, time, 64 bits, file time */
	case 0x06:
	case 0x07:
	case 0x14:
	case 0x40:
		return 8;
	case TYPE_GUID:
		return 16;
	default:
		return 0;
	}
}

static bool
is_counted(unsigned type)
{
	return type == TYPE_OBJECT || type == TYPE_TEXT || type == TYPE_UTF16 || type == TYPE_BINARY;
}

/* A property with a number from 0x8000 on carries its name. */
static bool
skip_property_name(struct span *in)
{
	struct span guid, name;
	uint32_t kind, value;

	if (!take(in, 16, &guid) || !take_number(in, &kind) || !take_number(in, &value))
		return false;
	return kind == 0 || take_padded(in, value, &name);
}

static bool
take_values(struct span *in, struct property *p)
{
	unsigned type = p->type & ~(unsigned)TYPE_MANY;
	uint32_t count = 1, len = (uint32_t)fixed_size(type);
	bool counted = is_counted(type);

	if (!counted && len == 0)
		return false;
	if ((counted || p->type & TYPE_MANY) && !take_number(in, &count))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		struct span value;

		if ((counted && !take_number(in, &len)) || !take_padded(in, len, &value))
			return false;
		if (i == 0)
			p->value = value;
	}
	return true;
}

static bool
take_property(struct span *in, struct property *p)
{
	uint32_t tag;

	*p = (struct property){ 0 };
	if (!take_number(in, &tag))
		return false;
	p->type = tag & 0xffff;
	p->id = tag >> 16;
	return (p->id < 0x8000 || skip_property_name(in)) && take_values(in, p);
}

static struct span
property_text(struct tnef *t, const struct property *p)
{
	return p->type == TYPE_UTF16 ? utf16_to_utf8(t->d.arena, p->value, false) : p->value;
}

static void
attachment_property(struct tnef *t, const struct property *p)
{
	static const unsigned char message[16] = { 0x07, 0x03, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46 };

	switch (p->id) {
	case ID_DISPLAY_NAME:
	case ID_ATTACH_FILE_NAME:
	case ID_ATTACH_LONG_FILE_NAME:
	case ID_ATTACH_TRANSPORT_NAME:
		add_name(t, property_text(t, p));
		break;
	case ID_ATTACH_DATA:
		if (p->type == TYPE_OBJECT) {
			document_trait(&t->d, TRAIT_EMBEDDED_OBJECT);
			if (span_eq(span_first(p->value, 16), span_of((const char *)message, 16)))
				add_name(t, SPAN_LITERAL("message.tnef"));
		}
		add_content(t, p->type == TYPE_OBJECT ? span_from(p->value, 16) : p->value);
		break;
	default:
		break;
	}
}

static void
tell_rtf(struct tnef *t, struct span packed)
{
	struct buf *room = document_room(&t->d);

	if (!lzfu_decode(packed, room))
		document_damaged(&t->d);
	document_settle(&t->d, room);
	if (room->len > 0)
		document_tell(&t->d, SPAN_LITERAL("body.rtf"), buf_span(room));
	document_drop(room);
}

static void
message_property(struct tnef *t, const struct property *p)
{
	switch (p->id) {
	case ID_BODY:
		if (p->value.len > 0)
			document_tell(&t->d, SPAN_LITERAL("body.txt"), p->value);
		break;
	case ID_BODY_HTML:
		if (p->value.len > 0)
			document_tell(&t->d, SPAN_LITERAL("body.html"), p->value);
		break;
	case ID_BODY_RTF:
		if (p->value.len > 0)
			tell_rtf(t, p->value);
		break;
	default:
		break;
	}
}

static void
read_properties(struct tnef *t, struct span in, void (*told)(struct tnef *t, const struct property *p))
{
	uint32_t count;
	struct property p;

	if (!take_number(&in, &count)) {
		document_damaged(&t->d);
		return;
	}
	for (; count > 0 && !t->d.stopped; count--) {
		if (!take_property(&in, &p)) {
			document_damaged(&t->d);
			return;
		}
		told(t, &p);
	}
}

/* --- Attributes --- */

static void
read_attribute(struct tnef *t, uint32_t number, struct span value)
{
	switch (number) {
	case ATT_BODY:
		if (value.len > 1)
			document_tell(&t->d, SPAN_LITERAL("body.txt"), value);
		break;
	case ATT_MESSAGE_PROPERTIES:
		read_properties(t, value, message_property);
		break;
	case ATT_ATTACH_RENDER:
		tell_attachment(t);
		break;
	case ATT_ATTACH_TITLE:
	case ATT_ATTACH_FILE_NAME:
		add_name(t, value);
		break;
	case ATT_ATTACH_DATA:
		add_content(t, value);
		break;
	case ATT_ATTACH_PROPERTIES:
		read_properties(t, value, attachment_property);
		break;
	default:
		break;
	}
}

static unsigned
sum_of(struct span s)
{
	unsigned sum = 0;

	for (size_t i = 0; i < s.len; i++)
		sum += (unsigned char)s.data[i];
	return sum & 0xffff;
}

static void
read_attributes(struct tnef *t, struct span in)
{
	while (in.len > 0 && !t->d.stopped) {
		uint32_t len = le32(in, 5);
		struct span value = span_sub(in, 9, len);

		if (in.len < ATTRIBUTE_FRAME || len > in.len - ATTRIBUTE_FRAME) {
			document_damaged(&t->d);
			if (in.len < 9)
				return;
		} else if (le16(in, 9 + (size_t)len) != sum_of(value)) {
			document_damaged(&t->d);
		}
		read_attribute(t, le32(in, 1), value);
		in = span_from(in, ATTRIBUTE_FRAME + (size_t)len);
	}
	tell_attachment(t);
}

enum archive_result
tnef_read(struct arena *a, struct span data, struct archive_budget *budget, const struct container_sink *sink)
{
	struct tnef t = { .name_count = 0 };

	if (data.len < HEADER || le32(data, 0) != 0x223e9f78)
		return ARCHIVE_NONE;
	document_begin(&t.d, a, budget, sink);
	read_attributes(&t, span_from(data, HEADER));
	return document_end(&t.d);
}
