/* Base64 bodies (RFC 2045 6.8), read leniently: characters that are not of the
 * alphabet are skipped, and padding ends a group, not the body, so that joined
 * base64 texts are decoded one after the other.
 *
 * A clean line is taken eight characters at a time, each through one look-up
 * in the table of its place, which gives its bits where the three octets want
 * them; the test for strangers is one for all eight. Only what fails it, ends
 * of lines above all, is looked at character by character. */
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

/* The value of a character as a constant, and its bits within the three octets
 * of its group, the first octet lowest. */
#define VALUE(c) \
	((c) >= 'A' && (c) <= 'Z' ? (c) - 'A' : (c) >= 'a' && (c) <= 'z' ? (c) - 'a' + 26 : \
	 (c) >= '0' && (c) <= '9' ? (c) - '0' + 52 : (c) == '+' ? 62 : (c) == '/' ? 63 : -1)
#define OCTETS(bits) (((bits) >> 16 & 0xff) | ((bits) & 0xff00) | ((bits) & 0xff) << 16)
#define BITS(c, shift) (VALUE(c) < 0 ? STRANGER : OCTETS((uint32_t)VALUE(c) << (shift)))
#define FOUR(c, shift) BITS(c, shift), BITS((c) + 1, shift), BITS((c) + 2, shift), BITS((c) + 3, shift)
#define SIXTEEN(c, shift) \
	FOUR(c, shift), FOUR((c) + 4, shift), FOUR((c) + 8, shift), FOUR((c) + 12, shift)
#define SIXTY_FOUR(c, shift) \
	SIXTEEN(c, shift), SIXTEEN((c) + 16, shift), SIXTEEN((c) + 32, shift), SIXTEEN((c) + 48, shift)
#define ALL(shift) { SIXTY_FOUR(0, shift), SIXTY_FOUR(64, shift), SIXTY_FOUR(128, shift), SIXTY_FOUR(192, shift) }
#define STRANGER 0xff000000u

static const uint32_t place[4][256] = { ALL(18), ALL(12), ALL(6), ALL(0) };

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

static uint32_t
octets_of(const unsigned char *in)
{
	return place[0][in[0]] | place[1][in[1]] | place[2][in[2]] | place[3][in[3]];
}

static void
put_octets(char *out, uint32_t octets)
{
	octets = htole32(octets);
	memcpy(out, &octets, sizeof(octets));
}

/* Whole groups while all characters are of the alphabet. Writes seven bytes
 * for six, never further than the input is long. */
static const unsigned char *
decode_clean(const unsigned char *in, const unsigned char *end, char **out)
{
	char *o = *out;

	for (; end - in >= 8; in += 8, o += 6) {
		uint32_t first = octets_of(in), second = octets_of(in + 4);

		if (((first | second) & STRANGER) != 0)
			break;
		put_octets(o, first);
		put_octets(o + 3, second);
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
