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

	if (n->hex.data[h] != '*') {
		char close = n->hex.data[h] == '{' ? '}' : ']';

		next = (size_t)((const char *)memchr(at, close, n->hex.len) - n->hex.data) + 1;
		if (*at != '-') {
			low = strtoul(at, &end, 10);
			at = end;
		}
		high = *at == close ? low : at[1] == close ? SIZE_MAX : strtoul(at + 1, NULL, 10);
	}
	for (unsigned long gap = low; gap <= high && d + gap <= n->data.len; gap++)
		if (matches_from(n, next, d + gap))
			return true;
	return false;
}

static bool
is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* Whether (B), (L) or (W) stands there, and not alternatives such as (B0|b1). */
static bool
is_kind(const struct naive *n, size_t h)
{
	return is_one_of(n->hex.data[h + 1], "BLW") && n->hex.data[h + 2] == ')';
}

/* (B), (L) and (W) at the ends of a run take nothing, elsewhere what they name. */
static bool
kind_matches(struct naive *n, size_t h, size_t d, bool negated)
{
	static const char before[] = " -/_.<@", behind[] = " -/_\r\n\"'=>";
	size_t next = h + 3, size = n->data.len, open = negated ? h - 1 : h;
	bool first = open == 0 || is_one_of(n->hex.data[open - 1], "*}]");
	bool last = !first && (next == n->hex.len || is_one_of(n->hex.data[next], "*{["));
	char kind = n->hex.data[h + 1], c;
	bool line, good;

	if (d == (first ? 0 : size))
		return (first || last) && !negated && matches_from(n, next, d);
	c = n->data.data[first ? d - 1 : d];
	line = c == '\n' || (!first && c == '\r' && d + 1 < size && n->data.data[d + 1] == '\n');
	if (kind == 'B')
		good = (!last && is_one_of(c, before)) || (!first && is_one_of(c, behind));
	else
		good = kind == 'L' ? line : !ascii_is_alnum(c);
	if (good == negated)
		return false;
	if (first || last)
		return matches_from(n, next, d);
	return matches_from(n, next, d + (kind == 'L' && c == '\r' && !negated ? 2 : 1));
}

/* None of the alternatives, all of one length. */
static bool
negation_matches(struct naive *n, size_t h, size_t d)
{
	size_t close = (size_t)((const char *)memchr(n->hex.data + h, ')', n->hex.len - h) - n->hex.data), len = 0;

	while (n->hex.data[h + 1 + len] != '|' && n->hex.data[h + 1 + len] != ')')
		len++;
	if (d + len / 2 > n->data.len)
		return false;
	for (size_t i = h + 1; i < close; i += len + 1) {
		size_t same = 0;

		while (same < len && byte_is(n, i + same, d + same / 2))
			same += 2;
		if (same == len)
			return false;
	}
	return matches_from(n, close + 1, d + len / 2);
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
	case '[':
		good = gap_matches(n, h, d);
		break;
	case '!':
		good = is_kind(n, h + 1) ? kind_matches(n, h + 1, d, true) : negation_matches(n, h + 1, d);
		break;
	case '(':
		good = is_kind(n, h) ? kind_matches(n, h, d, false) : group_matches(n, h, d);
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
