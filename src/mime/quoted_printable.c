/* Quoted-printable bodies (RFC 2045 6.7) and the Q encoding of header words
 * (RFC 2047 4.2), read leniently: an "=" that begins nothing stands for
 * itself, lower-case digits count.
 *
 * A body is read line by line, because white space before the end of a line
 * is not part of the text; inside a line memchr() finds the next "=". */
#include "config.h"

#include "base/codec.h"
#include "mime/decode.h"

/* The byte that "=XY" at `in` stands for, or -1. */
static int
escaped(struct span in, bool *strict)
{
	int high, low;

	if (in.len < 3 || (high = hex_digit(in.data[1])) < 0 || (low = hex_digit(in.data[2])) < 0)
		return -1;
	if (in.data[1] >= 'a' || in.data[2] >= 'a')
		*strict = false;
	return high << 4 | low;
}

/* A line without its end and the white space before. */
static size_t
decode_line(struct span line, char *out, bool *strict)
{
	char *o = out;

	while (line.len > 0) {
		size_t plain = span_find_byte(line, '=');
		int byte;

		if (plain == SIZE_MAX)
			plain = line.len;
		memcpy(o, line.data, plain);
		o += plain;
		line = span_from(line, plain);
		if (line.len == 0)
			break;
		byte = escaped(line, strict);
		if (byte < 0)
			*strict = false;
		*o++ = byte < 0 ? '=' : (char)byte;
		line = span_from(line, byte < 0 ? 1 : 3);
	}
	return (size_t)(o - out);
}

static struct span
without_blanks(struct span line)
{
	while (line.len > 0 && (line.data[line.len - 1] == ' ' || line.data[line.len - 1] == '\t'))
		line.len--;
	return line;
}

size_t
quoted_printable_decode(struct span in, char *out, bool *strict)
{
	char *o = out;

	*strict = true;
	while (in.len > 0) {
		size_t at = span_find_byte(in, '\n');
		struct span line = span_first(in, at), end;

		if (at != SIZE_MAX && line.len > 0 && line.data[line.len - 1] == '\r')
			line.len--;
		end = at == SIZE_MAX ? span_from(in, in.len) : span_of(span_end(line), at + 1 - line.len);
		in = span_from(in, at == SIZE_MAX ? in.len : at + 1);
		line = without_blanks(line);
		if (line.len > 0 && line.data[line.len - 1] == '=') {
			o += decode_line(span_first(line, line.len - 1), o, strict);
			continue;
		}
		o += decode_line(line, o, strict);
		memcpy(o, end.data, end.len);
		o += end.len;
	}
	return (size_t)(o - out);
}

size_t
q_word_decode(struct span in, char *out)
{
	char *o = out;
	bool strict;

	while (in.len > 0) {
		int byte = in.data[0] == '=' ? escaped(in, &strict) : -1;

		if (byte >= 0)
			*o++ = (char)byte;
		else
			*o++ = in.data[0] == '_' ? ' ' : in.data[0];
		in = span_from(in, byte >= 0 ? 3 : 1);
	}
	return (size_t)(o - out);
}
