/* Hexadecimal and base64, as text for replies, headers and logs. */
#include "config.h"

#include "base/codec.h"

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
hex_encode(struct span s, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < s.len; i++) {
		*out++ = digits[(unsigned char)s.data[i] >> 4];
		*out++ = digits[(unsigned char)s.data[i] & 15];
	}
	*out = '\0';
}

int
hex_digit(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void
encode_group(struct buf *out, const unsigned char *in, size_t len)
{
	uint32_t v = (uint32_t)in[0] << 16 | (len > 1 ? (uint32_t)in[1] << 8 : 0) | (len > 2 ? in[2] : 0);
	char group[4] = { base64_digits[v >> 18], base64_digits[v >> 12 & 63],
		len > 1 ? base64_digits[v >> 6 & 63] : '=', len > 2 ? base64_digits[v & 63] : '=' };

	buf_add(out, group, 4);
}

void
base64_encode(struct buf *out, struct span s, size_t line_len)
{
	size_t column = 0;

	for (size_t i = 0; i < s.len; i += 3) {
		if (line_len > 0 && column == line_len) {
			buf_add_str(out, "\r\n");
			column = 0;
		}
		encode_group(out, (const unsigned char *)s.data + i, s.len - i < 3 ? s.len - i : 3);
		column += 4;
	}
}

static int
base64_value(char c)
{
	const char *at = c != '\0' ? memchr(base64_digits, c, 64) : NULL;

	return at != NULL ? (int)(at - base64_digits) : -1;
}

bool
base64_decode_strict(struct buf *out, struct span s)
{
	size_t pad = 0;

	if (s.len % 4 != 0)
		return false;
	while (pad < 2 && pad < s.len && s.data[s.len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < s.len; i += 4) {
		size_t used = i + 4 == s.len ? 4 - pad : 4;
		uint32_t v = 0;

		for (size_t j = 0; j < 4; j++) {
			int digit = j < used ? base64_value(s.data[i + j]) : 0;

			if (digit < 0)
				return false;
			v = v << 6 | (uint32_t)digit;
		}
		char bytes[3] = { (char)(v >> 16), (char)(v >> 8), (char)v };
		buf_add(out, bytes, used - 1);
	}
	return !out->failed;
}
