/* Base64 bodies (RFC 2045 6.8), read leniently: characters that are not of the
 * alphabet are skipped, and padding ends a group, not the body, so that joined
 * base64 texts are decoded one after the other.
 *
 * A clean line is taken eight characters at a time, each through one look-up
 * in the table of its place, which gives its bits where the three octets want
 * them; the test for strangers is one for all eight. Only what fails it, ends
 * of lines above all, is looked at character by character. On CPUs with AVX2
 * it is 32 at a time (base64_avx2.c). */
#include "config.h"

#include "mime/base64.h"
#include "mime/decode.h"

#include <endian.h>

enum { NO = 0xff };

const unsigned char base64_digit[256] = {
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

/* Writes seven bytes for six, never further than the input is long. */
const unsigned char *
base64_groups(const unsigned char *in, const unsigned char *end, char **out)
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
		unsigned a = base64_digit[in[0]], b = base64_digit[in[1]], c = base64_digit[in[2]], d = base64_digit[in[3]];

		if (((a | b | c | d) & 0x80) != 0)
			break;
		o[0] = (char)(a << 2 | b >> 4);
		o[1] = (char)(b << 4 | c >> 2);
		o[2] = (char)(c << 6 | d);
	}
	*out = o;
	return in;
}

/* A body while it is read. */
struct body {
	const unsigned char *begin;
	char *out;
	struct group group;
	unsigned pads_due;  /* "=" that the last group still wants */
	bool padded;        /* "=" was seen and no data since */
	bool empty_line;    /* the last line was one */
	struct base64_flaws *flaws;
};

static void
note(struct body *b, enum base64_flaw kind, size_t *first, const unsigned char *at)
{
	b->flaws->kinds |= kind;
	if ((size_t)(at - b->begin) < *first)
		*first = (size_t)(at - b->begin);
}

/* Data at `at`, after padding or an empty line perhaps. */
static void
note_data(struct body *b, const unsigned char *at)
{
	if (b->pads_due > 0)
		b->flaws->kinds |= BASE64_PAD_ODD;
	if (b->padded)
		note(b, BASE64_PAD_INSIDE, &b->flaws->tail_at, at);
	if (b->empty_line)
		note(b, BASE64_EMPTY_LINE, &b->flaws->after_empty, at);
	b->padded = b->empty_line = false;
	b->pads_due = 0;
}

static void
take_pad(struct body *b, const unsigned char *at)
{
	struct base64_flaws *f = b->flaws;

	if ((size_t)(at - b->begin) < f->pad_at)
		f->pad_at = (size_t)(at - b->begin);
	if (b->group.count >= 2)
		b->pads_due = 4 - b->group.count;
	if (b->pads_due == 0)
		f->kinds |= BASE64_PAD_ODD;
	else
		b->pads_due--;
	b->padded = true;
	b->out += flush_group(&b->group, b->out);
}

/* The end of a line at `at`: past it and all that follow at once. */
static const unsigned char *
take_line_ends(struct body *b, const unsigned char *at, const unsigned char *end)
{
	const unsigned char *begin = at;
	size_t lines = 0;

	if (b->group.count > 0)
		b->flaws->kinds |= BASE64_SPLIT;
	for (; at < end && (*at == '\r' || *at == '\n'); at++)
		lines += *at == '\n';
	if (lines > 1 && begin > b->begin) {
		b->empty_line = true;
		if ((b->flaws->kinds & BASE64_EMPTY_LINE) == 0)
			b->flaws->empty_at = (size_t)(begin - b->begin);
	}
	return at;
}

static void
take_stranger(struct body *b, const unsigned char *at)
{
	if (*at == ' ' || *at == '\t') {
		note(b, BASE64_BLANK, &b->flaws->blank_at, at);
		return;
	}
	if (*at == '-' || *at == '_')
		b->flaws->kinds |= BASE64_URL_SAFE;
	note(b, BASE64_JUNK, &b->flaws->junk_at, at);
}

size_t
base64_decode_flaws(struct span in, char *out, struct base64_flaws *flaws)
{
	const unsigned char *at = (const unsigned char *)in.data, *end;
	const unsigned char *(*groups)(const unsigned char *, const unsigned char *, char **) =
	    base64_has_avx2() ? base64_groups_avx2 : base64_groups;
	struct body b = { .begin = at, .out = out, .flaws = flaws };

	*flaws = (struct base64_flaws){ .junk_at = in.len, .blank_at = in.len, .pad_at = in.len, .tail_at = in.len,
		.empty_at = in.len, .after_empty = in.len };
	if (in.len == 0)
		return 0;
	end = at + in.len;
	while (at < end) {
		if (base64_digit[*at] != NO) {
			if (b.padded || b.empty_line)
				note_data(&b, at);
			if (b.group.count == 0) {
				const unsigned char *begin = at;

				at = groups(at, end, &b.out);
				if (at > begin)
					continue;
			}
			b.group.bits = b.group.bits << 6 | base64_digit[*at++];
			if (++b.group.count == 4)
				b.out += flush_group(&b.group, b.out);
		} else if (*at == '\r' || *at == '\n') {
			at = take_line_ends(&b, at, end);
		} else if (*at == '=') {
			take_pad(&b, at++);
		} else {
			take_stranger(&b, at++);
		}
	}
	if (b.pads_due > 0)
		flaws->kinds |= BASE64_PAD_ODD;
	if (b.group.count > 0)
		flaws->kinds |= BASE64_CUT;
	b.out += flush_group(&b.group, b.out);
	return (size_t)(b.out - out);
}

bool
base64_is_strict(const struct base64_flaws *flaws)
{
	return (flaws->kinds & ~(unsigned)(BASE64_BLANK | BASE64_SPLIT | BASE64_EMPTY_LINE)) == 0;
}

size_t
base64_decode(struct span in, char *out, bool *strict)
{
	struct base64_flaws flaws;
	size_t len = base64_decode_flaws(in, out, &flaws);

	*strict = base64_is_strict(&flaws);
	return len;
}
