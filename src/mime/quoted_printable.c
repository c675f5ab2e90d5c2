/* Quoted-printable bodies (RFC 2045 6.7) and the Q encoding of header words
 * (RFC 2047 4.2), read leniently: an "=" that begins nothing stands for
 * itself, lower-case digits count.
 *
 * A body is read line by line, because white space before the end of a line
 * is not part of the text; inside a line memchr() finds the next "=". */
#include "config.h"

#include "mime/decode.h"
#include "mime/quoted_printable.h"

/* The value of a hexadecimal digit and 1; 0 of what is none. */
static const unsigned char digit[256] = {
	['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
	['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
	['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

/* The byte that "=XY" at `at` stands for, or -1. */
static inline int
escaped(const char *at, const char *end, unsigned *flaws)
{
	unsigned high, low;

	if (end - at < 3)
		return -1;
	high = digit[(unsigned char)at[1]];
	low = digit[(unsigned char)at[2]];
	if (high == 0 || low == 0)
		return -1;
	if (at[1] >= 'a' || at[2] >= 'a')
		*flaws |= QUOTED_LOWER;
	return (int)((high - 1) << 4 | (low - 1));
}

/* Of a "=" at `at` that begins no escape: would it, if octets over 127 were digits?
 * There is a program that looks their values up in memory which is not its table. */
static bool
has_high_digit(const char *at, const char *end)
{
	bool high, low;

	if (end - at < 3)
		return false;
	high = (unsigned char)at[1] > 0x7f;
	low = (unsigned char)at[2] > 0x7f;
	return (high || low) && (high || digit[(unsigned char)at[1]] > 0) && (low || digit[(unsigned char)at[2]] > 0);
}

/* What is wrong with the "=" at `at`, which begins no escape. */
static unsigned
flaws_of_escape(const char *at, const char *end)
{
	return QUOTED_ESCAPE_BAD | (end - at > 1 && at[1] == '\0' ? QUOTED_NUL : 0) |
	       (has_high_digit(at, end) ? QUOTED_HIGH : 0);
}

/* A line without its end and the white space before. */
static size_t
decode_line(struct span line, char *out, unsigned *flaws)
{
	const char *at = line.data, *end = span_end(line);
	char *o = out;

	while (at < end) {
		const char *equals = memchr(at, '=', (size_t)(end - at));
		size_t plain = (size_t)((equals != NULL ? equals : end) - at);

		memcpy(o, at, plain);
		o += plain;
		at += plain;
		while (at < end && *at == '=') { /* where there is one there are more */
			int byte = escaped(at, end, flaws);

			if (byte < 0)
				*flaws |= flaws_of_escape(at, end);
			*o++ = byte < 0 ? '=' : (char)byte;
			at += byte < 0 ? 1 : 3;
		}
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
quoted_printable_decode_flaws(struct span in, char *out, unsigned *flaws)
{
	bool crlf = false, soft_lf = false;
	char *o = out;

	*flaws = 0;
	while (in.len > 0) {
		size_t at = span_find_byte(in, '\n'), blanks;
		struct span line = span_first(in, at), end;
		bool ends_crlf = at != SIZE_MAX && line.len > 0 && line.data[line.len - 1] == '\r';

		crlf |= ends_crlf;
		line.len -= ends_crlf;
		end = at == SIZE_MAX ? span_from(in, in.len) : span_of(span_end(line), at + 1 - line.len);
		in = span_from(in, at == SIZE_MAX ? in.len : at + 1);
		blanks = line.len;
		line = without_blanks(line);
		blanks -= line.len;
		if (line.len > 0 && line.data[line.len - 1] == '=') {
			soft_lf |= !ends_crlf && end.len > 0;
			if (blanks > 0)
				*flaws |= QUOTED_SOFT_BLANKS;
			o += decode_line(span_first(line, line.len - 1), o, flaws);
			continue;
		}
		if (blanks > 0)
			*flaws |= QUOTED_BLANKS;
		o += decode_line(line, o, flaws);
		memcpy(o, end.data, end.len);
		o += end.len;
	}
	if (crlf && soft_lf)
		*flaws |= QUOTED_SOFT_LF;
	return (size_t)(o - out);
}

bool
quoted_printable_is_strict(unsigned flaws)
{
	return (flaws & (QUOTED_ESCAPE_BAD | QUOTED_LOWER)) == 0;
}

size_t
quoted_printable_decode(struct span in, char *out, bool *strict)
{
	unsigned flaws;
	size_t len = quoted_printable_decode_flaws(in, out, &flaws);

	*strict = quoted_printable_is_strict(flaws);
	return len;
}

size_t
q_word_decode(struct span in, char *out)
{
	char *o = out;
	unsigned flaws = 0;

	while (in.len > 0) {
		int byte = in.data[0] == '=' ? escaped(in.data, span_end(in), &flaws) : -1;

		if (byte >= 0)
			*o++ = (char)byte;
		else
			*o++ = in.data[0] == '_' ? ' ' : in.data[0];
		in = span_from(in, byte >= 0 ? 3 : 1);
	}
	return (size_t)(o - out);
}
