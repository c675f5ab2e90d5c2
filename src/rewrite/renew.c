/* Writing a message anew, part by part, as its tree has it.
 *
 * A delimiter is made of the message's own digest, and no line of a body may
 * begin with two dashes unless it is encoded, so that nothing in the message
 * can be taken for one. A text stays readable where each of its lines can be
 * sent as it is and is nothing that programs look for in texts; everything
 * else becomes base64, which all programs read alike. */
#include "config.h"

#include "rewrite/renew.h"

#include "base/codec.h"
#include "engine/signature.h"
#include "rewrite/compose.h"
#include "rewrite/flow.h"
#include "rewrite/renew_fields.h"

enum {
	BASE64_LINE = 76,       /* RFC 2045 6.8 */
	CHUNK = 57 * 1024,      /* of whole lines of base64 */
	KEY_MAX = 16,           /* octets of the digest's hexadecimal in a boundary */
	BASE64_TAKES = 57,      /* octets for a line, */
	BASE64_ADDS = 21,       /* to which that adds so many, its end too */
	PART_ROOM = 512,        /* for a delimiter and the fields of a part */
};

struct renewing {
	struct mime_message *message;
	struct scratch *scratch;
	struct span eol;
	struct text out;
	char key[2 * DIGEST_MAX + 1];
	unsigned boundaries;
};

static void write_entity(struct renewing *r, const struct mime_part *part, bool root);

static void
put(struct renewing *r, const char *s)
{
	text_add(&r->out, span_str(s));
}

static void
end_line(struct renewing *r)
{
	text_add(&r->out, r->eol);
}

static bool
line_is_printable(struct span line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.data[i] != '\t' && (line.data[i] < ' ' || line.data[i] > '~'))
			return false;
	return true;
}

/* Lines that all end as the message's do. */
static bool
can_stay_text(const struct renewing *r, struct span text)
{
	while (text.len > 0) {
		size_t newline = span_find_byte(text, '\n');
		struct span line = span_first(text, newline);

		if (newline == SIZE_MAX)
			return line_is_printable(line) && !line_is_special(line);
		if (r->eol.len == 2) {
			if (line.len == 0 || line.data[line.len - 1] != '\r')
				return false;
			line.len--;
		}
		if (!line_is_printable(line) || line_is_special(line))
			return false;
		text = span_from(text, newline + 1);
	}
	return true;
}

static void
release_buf(void *object)
{
	buf_free(object);
}

static void
write_base64(struct renewing *r, struct span content)
{
	struct buf *lines = ARENA_NEW(r->message->arena, struct buf);

	arena_defer(r->message->arena, release_buf, lines);
	while (content.len > 0) {
		struct span chunk = span_first(content, CHUNK);

		buf_clear(lines);
		base64_encode(lines, chunk, BASE64_LINE);
		if (lines->failed)
			arena_give_up(r->message->arena, "out of memory");
		text_add_lines(&r->out, buf_span(lines), r->eol);
		content = span_from(content, chunk.len);
		if (content.len > 0)
			end_line(r);
	}
}

/* Kinds of message that are known to hold none. */
static bool
is_report(const char *type)
{
	static const char *const reports[] = { "message/delivery-status", "message/disposition-notification",
		"message/feedback-report", "message/global-delivery-status" };

	for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++)
		if (strcmp(type, reports[i]) == 0)
			return true;
	return false;
}

/* Some programs open every kind of message. What is none for us stays such a
 * kind only where it is a report, of fields alone, or where it is not to be
 * looked at whole, for then the message is not delivered. */
static const char *
leaf_type(const struct renewing *r, const struct mime_part *part, struct span content)
{
	const char *type = fields_type_of(part);

	if (!span_starts(span_str(type), "message/") || strcmp(type, "message/partial") == 0 ||
	    strcmp(type, "message/external-body") == 0)
		return type;
	return is_report(type) && text_is_fields(content) && can_stay_text(r, content) ? type : "application/octet-stream";
}

static void
write_leaf(struct renewing *r, const struct mime_part *part)
{
	struct mime_bodies b;
	const char *type;
	bool text;

	mime_bodies_begin(&b, r->message, part, r->scratch);
	if (!mime_bodies_next(&b))
		b.content = SPAN_NONE;
	type = leaf_type(r, part, b.content);
	text = (span_starts(span_str(type), "text/") || span_starts(span_str(type), "message/")) &&
	    can_stay_text(r, b.content);
	fields_write_content(&r->out, part, type, NULL, r->eol);
	put(r, text ? "Content-Transfer-Encoding: 7bit" : "Content-Transfer-Encoding: base64");
	end_line(r);
	end_line(r);
	if (text)
		text_add(&r->out, b.content);
	else
		write_base64(r, b.content);
}

static void
write_delimiter(struct renewing *r, const char *boundary, const char *after)
{
	end_line(r);
	text_printf(&r->out, "--%s%s", boundary, after);
	end_line(r);
}

static const char *
new_boundary(struct renewing *r)
{
	return arena_printf(r->message->arena, "=_gatepost_%.*s_%u", KEY_MAX, r->key, ++r->boundaries);
}

static void
write_multipart(struct renewing *r, const struct mime_part *part)
{
	const char *boundary = new_boundary(r);

	fields_write_content(&r->out, part, fields_type_of(part), boundary, r->eol);
	end_line(r);
	for (const struct mime_part *p = part->first_child; p != NULL; p = p->next) {
		write_delimiter(r, boundary, "");
		write_entity(r, p, false);
	}
	write_delimiter(r, boundary, "--");
}

/* Header and body; of the root of a message also the fields that are not the
 * content's. */
static void
write_entity(struct renewing *r, const struct mime_part *part, bool root)
{
	if (root)
		fields_write_other(&r->out, part, r->eol);
	switch (part->kind) {
	case PART_MULTIPART:
		write_multipart(r, part);
		break;
	case PART_MESSAGE:
		fields_write_content(&r->out, part, fields_type_of(part), NULL, r->eol);
		end_line(r);
		write_entity(r, part->first_child, true);
		break;
	case PART_LEAF:
		write_leaf(r, part);
		break;
	}
}

/* For all of it in base64, the fields of its parts, and their delimiters. */
static size_t
room_for(const struct mime_message *m)
{
	return m->raw.len + m->raw.len / BASE64_TAKES * BASE64_ADDS + m->part_count * PART_ROOM + PART_ROOM;
}

struct span
renew_message(struct mime_message *m, struct scratch *scratch)
{
	struct renewing r = { .message = m, .scratch = scratch, .eol = line_end_of(m->raw), .out = { .arena = m->arena } };
	unsigned char digest[DIGEST_MAX] = { 0 };

	if (!digest_of(DIGEST_SHA256, m->raw, digest))
		arena_give_up(m->arena, "no digest to be had");
	text_reserve(&r.out, room_for(m));
	hex_encode(span_of((const char *)digest, digest_size(DIGEST_SHA256)), r.key);
	write_entity(&r, m->root, true);
	if (r.out.data[r.out.len - 1] != '\n')
		end_line(&r);
	return text_span(&r.out);
}
