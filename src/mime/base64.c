/* Base64 bodies (RFC 2045 6.8), read leniently: characters that are not of the
 * alphabet are skipped, and padding ends a group, not the body, so that joined
 * base64 texts are decoded one after the other.
 *
 * A clean line is taken eight characters at a time, each through one table
 * look-up, and the test for strangers is one for all eight; only what fails
 * it, ends of lines above all, is looked at character by character. */
#include "config.h"

#include "mime/decode.h"

#include <endian.h>

enum { NO = 0xff };

static const unsigned char digit[256] = {
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 62, NO, NO, NO, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, NO, NO, NO,
	NO, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, NO,
	NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
};

/* A group in the making: the bits of `count` characters. */
struct group {
	uint32_t bits;
	unsigned count;
};

/* Writes the whole bytes that a group cut short has. */
static size_t
flush_group(struct group *g, char *out)
{
	size_t len = g->count > 1 ? g->count - 1 : 0;

	g->bits <<= 6 * (4 - g->count);
	for (size_t i = 0; i < len; i++)
		out[i] = (char)(g->bits >> (16 - 8 * i));
	*g = (struct group){ 0 };
	return len;
}

/* Whole groups while all characters are of the alphabet. Writes up to eight
 * bytes for six, never further than the input is long. */
static const unsigned char *
decode_clean(const unsigned char *in, const unsigned char *end, char **out)
{
	char *o = *out;

	for (; end - in >= 8; in += 8, o += 6) {
		unsigned a = digit[in[0]], b = digit[in[1]], c = digit[in[2]], d = digit[in[3]];
		unsigned e = digit[in[4]], f = digit[in[5]], g = digit[in[6]], h = digit[in[7]];
		uint64_t bits;

		if (((a | b | c | d | e | f | g | h) & 0x80) != 0)
			break;
		bits = (uint64_t)(a << 18 | b << 12 | c << 6 | d) << 40;
		bits |= (uint64_t)(e << 18 | f << 12 | g << 6 | h) << 16;
		bits = htobe64(bits);
		memcpy(o, &bits, sizeof(bits));
	}
	for (; end - in >= 4; in += 4, o += 3) {
		unsigned a = digit[in[0]], b = digit[in[1]], c = digit[in[2]], d = digit[in[3]];

		if (((a | b | c | d) & 0x80) != 0)
			break;
		o[0] = (char)(a << 2 | b >> 4);
		o[1] = (char)(b << 4 | c >> 2);
		o[2] = (char)(c << 6 | d);
	}
	*out = o;
	return in;
}

size_t
base64_decode(struct span in, char *out, bool *strict)
{
	const unsigned char *at = (const unsigned char *)in.data, *end;
	char *o = out;
	struct group g = { 0 };
	bool padded = false;

	*strict = true;
	if (in.len == 0)
		return 0;
	end = at + in.len;
	while (at < end) {
		unsigned char c;

		if (g.count == 0) {
			at = decode_clean(at, end, &o);
			if (at == end)
				break;
		}
		c = *at++;
		if (digit[c] != NO) {
			if (padded)
				*strict = false;
			g.bits = g.bits << 6 | digit[c];
			if (++g.count == 4)
				o += flush_group(&g, o);
		} else if (c == '=') {
			if (g.count == 1 || (g.count == 0 && !padded))
				*strict = false;
			padded = true;
			o += flush_group(&g, o);
		} else if (c != '\r' && c != '\n' && c != ' ' && c != '\t') {
			*strict = false;
		}
	}
	if (g.count > 0) {
		*strict = false;
		o += flush_group(&g, o);
	}
	return (size_t)(o - out);
}
