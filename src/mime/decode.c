/* Bodies with their transfer encoding undone. */
#include "config.h"

#include "mime/decode.h"
#include "mime/defects.h"

/* Groups after a "=" that are not just the end of the lines. */
static bool
goes_on_after_padding(struct span body)
{
	size_t at = span_find_byte(body, '=');

	for (; at < body.len; at++)
		if (ascii_is_alnum(body.data[at]) || body.data[at] == '+' || body.data[at] == '/')
			return true;
	return false;
}

static struct span
decode_base64(struct mime_message *m, const struct mime_part *part, char *room)
{
	bool strict;
	size_t len = base64_decode(part->body, room, &strict);

	if (strict)
		return span_of(room, len);
	if (goes_on_after_padding(part->body))
		defect_add(m, part, DEFECT_BASE64_AFTER_PADDING);
	else
		defect_add(m, part, DEFECT_BASE64_MALFORMED);
	return span_of(room, len);
}

static struct span
decode_quoted_printable(struct mime_message *m, const struct mime_part *part, char *room)
{
	bool strict;
	size_t len = quoted_printable_decode(part->body, room, &strict);

	if (!strict)
		defect_add(m, part, DEFECT_QUOTED_PRINTABLE_MALFORMED);
	return span_of(room, len);
}

static struct span
decode_uuencode(struct mime_message *m, const struct mime_part *part, char *room)
{
	struct span name, rest;
	bool strict;
	size_t len = uudecode(part->body, room, &name, &rest, &strict);

	if (len == SIZE_MAX || !strict)
		defect_add(m, part, DEFECT_UUENCODE_MALFORMED);
	return len == SIZE_MAX ? part->body : span_of(room, len);
}

struct span
mime_decode_body(struct mime_message *m, const struct mime_part *part, enum mime_encoding encoding,
    struct scratch *scratch)
{
	char *room;

	if (encoding == ENCODING_IDENTITY || encoding == ENCODING_UNKNOWN || part->body.len == 0)
		return part->body;
	room = scratch_room(scratch, part->body.len);
	if (room == NULL)
		arena_give_up(m->arena, "no room to decode a body");
	switch (encoding) {
	case ENCODING_BASE64:
		return decode_base64(m, part, room);
	case ENCODING_QUOTED_PRINTABLE:
		return decode_quoted_printable(m, part, room);
	default:
		return decode_uuencode(m, part, room);
	}
}
