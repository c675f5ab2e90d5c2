#include "config.h"

#include "naive_signature.h"

#include "base/codec.h"

#include <stdlib.h>

struct naive {
	struct span hex, data;
	bool failed[NAIVE_HEX_MAX + 1][NAIVE_DATA_MAX + 1]; /* from this character at this byte */
};

static bool
nibble_is(char digit, unsigned value)
{
	return digit == '?' || (unsigned)hex_digit(digit) == value;
}

static bool
byte_is(const struct naive *n, size_t h, size_t d)
{
	unsigned char c;

	if (d >= n->data.len)
		return false;
	c = (unsigned char)n->data.data[d];
	return nibble_is(n->hex.data[h], c >> 4) && nibble_is(n->hex.data[h + 1], c & 15);
}

static bool matches_from(struct naive *n, size_t h, size_t d);

static bool
gap_matches(struct naive *n, size_t h, size_t d)
{
	const char *at = n->hex.data + h + 1;
	char *end;
	unsigned long low = 0, high = SIZE_MAX;
	size_t next = h + 1;

	if (n->hex.data[h] == '{') {
		next = (size_t)((const char *)memchr(at, '}', n->hex.len) - n->hex.data) + 1;
		if (*at != '-') {
			low = strtoul(at, &end, 10);
			at = end;
		}
		high = *at == '}' ? low : at[1] == '}' ? SIZE_MAX : strtoul(at + 1, NULL, 10);
	}
	for (unsigned long gap = low; gap <= high && d + gap <= n->data.len; gap++)
		if (matches_from(n, next, d + gap))
			return true;
	return false;
}

static bool
group_matches(struct naive *n, size_t h, size_t d)
{
	size_t close = h;

	while (n->hex.data[close] != ')')
		close++;
	for (size_t i = h + 1; i <= close; i++) {
		size_t at = d;

		while (n->hex.data[i] != '|' && n->hex.data[i] != ')' && byte_is(n, i, at)) {
			at++;
			i += 2;
		}
		if ((n->hex.data[i] == '|' || n->hex.data[i] == ')') && matches_from(n, close + 1, at))
			return true;
		while (n->hex.data[i] != '|' && n->hex.data[i] != ')')
			i++;
	}
	return false;
}

static bool
matches_from(struct naive *n, size_t h, size_t d)
{
	bool good;

	if (h == n->hex.len)
		return true;
	if (n->failed[h][d])
		return false;
	switch (n->hex.data[h]) {
	case '*':
	case '{':
		good = gap_matches(n, h, d);
		break;
	case '(':
		good = group_matches(n, h, d);
		break;
	default:
		good = byte_is(n, h, d) && matches_from(n, h + 2, d + 1);
		break;
	}
	n->failed[h][d] = !good;
	return good;
}

bool
naive_signature_matches(struct span hex, struct span data)
{
	char text[NAIVE_HEX_MAX + 1] = "";
	struct naive n = { .hex = { text, hex.len }, .data = data };

	memcpy(text, hex.data, hex.len); /* with a NUL, for strtoul() */
	for (size_t d = 0; d <= data.len; d++)
		if (matches_from(&n, 0, d))
			return true;
	return false;
}
