/* Bodies with their transfer encoding undone: the strict reading of each. */
#include "config.h"

#include "mime/decode.h"

#include "mime/base64.h"
#include "mime/defects.h"
#include "mime/embedded.h"
#include "mime/readings.h"

static size_t
decode_base64(struct decoding *d, struct span in, char *room)
{
	size_t len = base64_decode_flaws(in, room, &d->base64);

	if (base64_is_strict(&d->base64))
		return len;
	defect_add(d->message, d->part, (d->base64.kinds & BASE64_PAD_INSIDE) != 0 ? DEFECT_BASE64_AFTER_PADDING :
	    DEFECT_BASE64_MALFORMED);
	return len;
}

static char *
room_for(const struct decoding *d, size_t len)
{
	char *room = scratch_room(d->scratch, len > 0 ? len : 1);

	if (room == NULL)
		arena_give_up(d->message->arena, "no room to decode a body");
	return room;
}

/* The parser may have done it. */
static struct span
decode_quoted_printable(struct decoding *d, struct span in)
{
	const struct mime_decoded *kept = d->part->decoded;
	struct span text;

	if (kept != NULL && kept->body.data == in.data && kept->body.len == in.len) {
		text = kept->text;
		d->quoted = kept->flaws;
	} else {
		char *room = room_for(d, in.len);

		text = span_of(room, quoted_printable_decode_flaws(in, room, &d->quoted));
	}
	if (!quoted_printable_is_strict(d->quoted))
		defect_add(d->message, d->part, DEFECT_QUOTED_PRINTABLE_MALFORMED);
	if ((d->quoted & QUOTED_HIGH) != 0)
		defect_add(d->message, d->part, DEFECT_QUOTED_PRINTABLE_UNDEFINED);
	return text;
}

/* Without "begin" it may be lines that are meant so, or anything. */
static struct span
decode_uuencode(struct decoding *d, struct span in, char *room)
{
	struct span name, rest;
	bool strict;
	size_t len = uudecode(in, room, &name, &rest, &strict);

	d->headless = len == SIZE_MAX;
	if (d->headless || !strict)
		defect_add(d->message, d->part, DEFECT_UUENCODE_MALFORMED);
	d->odd_lines = !d->headless && uu_has_odd_lines(in);
	if (!d->headless)
		return span_of(room, len);
	return uu_is_likely(in) ? span_of(room, uudecode_lines(in, room, in.len, &strict)) : in;
}

static size_t
decode_yenc(struct decoding *d, struct span in, char *room)
{
	bool strict;
	size_t len = yenc_decode(in, false, room, &strict, &d->dot_stuffed);

	if (!strict)
		defect_add(d->message, d->part, DEFECT_YENC_MALFORMED);
	return len;
}

static struct span
decode_binhex(struct decoding *d, struct span in)
{
	size_t length = binhex_length(in), most = in.len * BINHEX_RATIO_MAX;
	size_t room = length < most ? length : most;

	binhex_decode(in, room_for(d, room), room, &d->binhex);
	if (d->binhex.cut)
		defect_over_limit(d->message, d->part, DEFECT_LIMIT_DECODED);
	if (!d->binhex.strict)
		defect_add(d->message, d->part, DEFECT_BINHEX_MALFORMED);
	return d->binhex.data;
}

struct span
decoding_begin(struct decoding *d, enum mime_encoding encoding)
{
	struct span body = d->part->body;
	char *room;

	if (encoding == ENCODING_IDENTITY || encoding == ENCODING_UNKNOWN || body.len == 0)
		return body;
	if (encoding == ENCODING_BINHEX)
		return decode_binhex(d, body);
	if (encoding == ENCODING_QUOTED_PRINTABLE)
		return decode_quoted_printable(d, body);
	room = room_for(d, body.len);
	switch (encoding) {
	case ENCODING_BASE64:
		return span_of(room, decode_base64(d, body, room));
	case ENCODING_YENC:
		return span_of(room, decode_yenc(d, body, room));
	default:
		return decode_uuencode(d, body, room);
	}
}

struct span
mime_decode_body(struct mime_message *m, const struct mime_part *part, enum mime_encoding encoding,
    struct scratch *scratch)
{
	struct decoding d = { .message = m, .part = part, .scratch = scratch };

	return decoding_begin(&d, encoding);
}
