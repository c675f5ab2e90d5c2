/* BinHex 4.0: files of the Macintosh in text (RFC 1741, appendix A).
 *
 * After the line "(This file must be converted with BinHex 4.0)" the data
 * stands between two colons, six bits a character. Decoded, 0x90 and a count
 * repeat the byte before, or with the count 0 stand for 0x90 itself. What comes
 * of it is a header (name, type, creator, flags, lengths), the data fork and the
 * resource fork, each followed by a checksum of two bytes. The checksums are
 * not looked at: a program that minds them shows nothing. */
#include "config.h"

#include "mime/embedded.h"

enum {
	REPEAT = 0x90,
	CRC_LEN = 2,
	AFTER_NAME = 1 + 4 + 4 + 2, /* version, type, creator, flags; then two lengths */
	LINES_TRIED = 8, /* between the mark and the data */
};

static int
value_of(char c)
{
	static const char alphabet[] = "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
	const char *at = c != '\0' ? strchr(alphabet, c) : NULL;

	return at != NULL ? (int)(at - alphabet) : -1;
}

/* After the colon that begins the data; false where there is none. */
static bool
find_data(struct span *rest)
{
	for (unsigned n = 0; n < LINES_TRIED && rest->len > 0; n++) {
		struct span line = embedded_line(rest);

		if (line.len == 0 || line.data[0] != ':')
			continue;
		*rest = span_of(line.data + 1, (size_t)(span_end(*rest) - line.data - 1));
		return true;
	}
	return false;
}

bool
binhex_begins(struct span text, struct embedded_file *file)
{
	struct span rest = text, line = embedded_line(&rest);

	if (!span_starts(line, "(This file m") || span_find(line, SPAN_LITERAL("BinHex")) == SIZE_MAX || !find_data(&rest))
		return false;
	file->name = SPAN_NONE; /* it is encoded */
	file->lines = rest;
	return true;
}

void
binhex_ends(struct span text, struct embedded_file *file)
{
	struct span rest = file->lines;
	const char *begin = rest.data, *stop = span_end(rest);

	file->finished = false;
	while (rest.len > 0) {
		struct span line = embedded_line(&rest);
		size_t colon = span_find_byte(line, ':');

		file->finished = colon != SIZE_MAX;
		if (!file->finished && !embedded_begins_at(line))
			continue;
		stop = line.data + (file->finished ? colon : 0);
		if (!file->finished)
			rest.data = stop;
		break;
	}
	file->lines = span_of(begin, (size_t)(stop - begin));
	file->whole = span_of(text.data, (size_t)(rest.data - text.data));
}

/* The stream, byte by byte as it comes. */
struct stream {
	struct span in;
	uint32_t bits;
	unsigned count; /* of bits */
	bool strict;
};

/* The next byte before runs are undone, or -1. */
static int
take_byte(struct stream *s)
{
	while (s->count < 8) {
		int value;

		if (s->in.len == 0)
			return -1;
		value = value_of(s->in.data[0]);
		if (value < 0 && s->in.data[0] != '\r' && s->in.data[0] != '\n')
			s->strict = false;
		s->in = span_from(s->in, 1);
		if (value < 0)
			continue;
		s->bits = s->bits << 6 | (unsigned)value;
		s->count += 6;
	}
	s->count -= 8;
	return (int)(s->bits >> s->count & 0xff);
}

/* As much of the stream as there is room for, and how long it all is; a NULL
 * `out` has room for nothing. */
static size_t
expand(struct stream *s, char *out, size_t room)
{
	size_t len = 0;
	int last = 0, byte;

	while ((byte = take_byte(s)) >= 0) {
		int times = 1;

		if (byte == REPEAT) {
			times = take_byte(s) - 1;
			if (times == -2)
				break;
			if (times == -1) {
				last = REPEAT;
				times = 1;
			}
		} else {
			last = byte;
		}
		for (; times > 0; times--, len++)
			if (len < room)
				out[len] = (char)last;
	}
	return len;
}

static struct span
data_of(struct span in)
{
	struct embedded_file file;

	if (embedded_find_binhex(in, &file))
		return file.lines;
	if (!find_data(&in))
		return SPAN_NONE;
	return span_first(in, span_find_byte(in, ':'));
}

static uint32_t
take_number(struct span *in)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < 4 && in->len > 0; i++) {
		n = n << 8 | (unsigned char)in->data[0];
		*in = span_from(*in, 1);
	}
	return n;
}

/* A fork and its checksum off *in; false when it is shorter than it says. */
static bool
take_fork(struct span *in, size_t len, struct span *fork)
{
	bool whole = in->len >= len && in->len - len >= CRC_LEN;

	*fork = span_first(*in, len);
	*in = span_from(span_from(*in, len), CRC_LEN);
	return whole;
}

size_t
binhex_length(struct span in)
{
	return expand(&(struct stream){ .in = data_of(in) }, NULL, 0);
}

void
binhex_decode(struct span in, char *out, size_t room, struct binhex *b)
{
	struct stream s = { .in = data_of(in), .strict = true };
	size_t total = expand(&s, out, room), data, resource;
	struct span rest = span_of(out, total < room ? total : room);

	*b = (struct binhex){ .cut = total > room, .strict = s.strict && total <= room, .stream = rest };
	if (rest.len == 0 || rest.len < 1 + (size_t)(unsigned char)rest.data[0] + AFTER_NAME + 8 + CRC_LEN) {
		b->strict = false;
		return;
	}
	b->name = span_of(rest.data + 1, (unsigned char)rest.data[0]);
	rest = span_from(rest, 1 + b->name.len + AFTER_NAME);
	data = take_number(&rest);
	resource = take_number(&rest);
	rest = b->stream = span_from(rest, CRC_LEN);
	b->strict &= take_fork(&rest, data, &b->data);
	b->strict &= take_fork(&rest, resource, &b->resource);
	b->strict &= rest.len == 0;
}
