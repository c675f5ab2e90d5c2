/* UTF-8: what is valid, and how text that is not is made so. ASCII runs, which
 * is most of mail, are stepped over many bytes at a time. */
#include "config.h"

#include "mime/utf8.h"

#include "base/lanes.h"

size_t
utf8_ascii_prefix(struct span s)
{
	size_t i = 0;
	uint64_t word;

	for (; s.len - i >= 4 * LANES; i += 4 * LANES) {
		lanes any = lanes_at(s.data + i) | lanes_at(s.data + i + LANES) | lanes_at(s.data + i + 2 * LANES) |
		    lanes_at(s.data + i + 3 * LANES);

		if (lanes_any(any & 0x80))
			break;
	}
	for (; s.len - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, s.data + i, sizeof(word));
		if ((word & 0x8080808080808080u) != 0)
			break;
	}
	while (i < s.len && (unsigned char)s.data[i] < 0x80)
		i++;
	return i;
}

static bool
continues(struct span s, size_t len)
{
	if (s.len < len)
		return false;
	for (size_t i = 1; i < len; i++)
		if (((unsigned char)s.data[i] & 0xc0) != 0x80)
			return false;
	return true;
}

size_t
utf8_char(struct span s)
{
	unsigned char first = s.len > 0 ? (unsigned char)s.data[0] : 0;
	unsigned char second = s.len > 1 ? (unsigned char)s.data[1] : 0;

	if (s.len == 0 || (first >= 0x80 && first < 0xc2) || first > 0xf4)
		return 0;
	if (first < 0x80)
		return 1;
	if (first < 0xe0)
		return continues(s, 2) ? 2 : 0;
	if (first < 0xf0) /* neither overlong nor a surrogate */
		return continues(s, 3) && (first != 0xe0 || second >= 0xa0) && (first != 0xed || second < 0xa0) ? 3 : 0;
	return continues(s, 4) && (first != 0xf0 || second >= 0x90) && (first != 0xf4 || second < 0x90) ? 4 : 0;
}

/* How many bytes in front are valid. */
static size_t
valid_prefix(struct span s)
{
	size_t at = 0, len;

	for (;;) {
		at += utf8_ascii_prefix(span_from(s, at));
		len = utf8_char(span_from(s, at));
		if (len == 0)
			return at;
		at += len;
	}
}

bool
utf8_valid(struct span s)
{
	return valid_prefix(s) == s.len;
}

uint32_t
utf8_code(const char *at, size_t len)
{
	uint32_t code = (unsigned char)at[0];

	if (len > 1)
		code &= 0xffu >> (len + 1);
	for (size_t i = 1; i < len; i++)
		code = code << 6 | ((unsigned char)at[i] & 0x3f);
	return code;
}

size_t
utf8_put(uint32_t code, char out[UTF8_MAX])
{
	size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = len - 1; i > 0; i--, code >>= 6)
		out[i] = (char)(0x80 | (code & 0x3f));
	out[0] = (char)(len == 1 ? code : (0xf00u >> len & 0xff) | code);
	return len;
}

struct span
utf8_repair(struct arena *a, struct span s)
{
	size_t valid = valid_prefix(s), len = 0;
	char *out;

	if (valid == s.len)
		return s;
	out = arena_alloc_raw(a, valid + (s.len - valid) * strlen(UTF8_REPLACEMENT));
	for (;;) {
		memcpy(out + len, s.data, valid);
		len += valid;
		s = span_from(s, valid);
		if (s.len == 0)
			return span_of(out, len);
		memcpy(out + len, UTF8_REPLACEMENT, strlen(UTF8_REPLACEMENT));
		len += strlen(UTF8_REPLACEMENT);
		s = span_from(s, 1);
		valid = valid_prefix(s);
	}
}

struct span
utf8_from_windows_1252(struct arena *a, struct span s)
{
	static const uint16_t upper[32] = {
		0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
		0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd,
		0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
		0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
	};
	size_t ascii = utf8_ascii_prefix(s), len = 0;
	char *out;

	if (ascii == s.len)
		return s;
	out = arena_alloc_raw(a, ascii + (s.len - ascii) * 3);
	while (s.len > 0) {
		unsigned c;

		memcpy(out + len, s.data, ascii);
		len += ascii;
		s = span_from(s, ascii);
		if (s.len == 0)
			break;
		c = (unsigned char)s.data[0];
		len += utf8_put(c < 0xa0 ? upper[c - 0x80] : c, out + len);
		s = span_from(s, 1);
		ascii = utf8_ascii_prefix(s);
	}
	return span_of(out, len);
}

struct span
utf8_guess(struct arena *a, struct span s)
{
	return utf8_valid(s) ? s : utf8_from_windows_1252(a, s);
}
