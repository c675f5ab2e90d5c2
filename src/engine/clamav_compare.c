/* The sub-signature sub(>>offset#options#comparisons): a number that stands
 * near a match of another sub-signature, compared. */
#include "config.h"

#include "base/codec.h"
#include "engine/clamav_db.h"

enum { DIGITS_MAX = 18 }; /* any fewer than 20 cannot overflow */

/* Decimal, or hexadecimal behind 0x. */
static bool
read_number(struct span text, uint64_t *out)
{
	if (!span_starts_nocase(text, "0x"))
		return span_to_u64(text, out);
	text = span_from(text, 2);
	*out = 0;
	for (size_t i = 0; i < text.len; i++) {
		int digit = hex_digit(text.data[i]);

		if (digit < 0 || *out >> 60 != 0)
			return false;
		*out = *out << 4 | (uint64_t)digit;
	}
	return text.len > 0;
}

static bool
read_offset(struct span text, struct clam_compare *out)
{
	uint64_t value;
	bool forward = span_starts(text, ">>");

	if ((!forward && !span_starts(text, "<<")) || !read_number(span_from(text, 2), &value) || value > UINT32_MAX)
		return false;
	out->distance = forward ? (int64_t)value : -(int64_t)value;
	return true;
}

/* [h|d|a|i][l|b][e]size */
static bool
read_options(struct span text, struct clam_compare *out)
{
	uint64_t size;

	if (text.len == 0 || memchr("hdai", text.data[0], 4) == NULL)
		return false;
	out->kind = text.data[0];
	text = span_from(text, 1);
	if (span_starts(text, "l") || span_starts(text, "b")) {
		out->little = text.data[0] == 'l';
		out->ordered = true;
		text = span_from(text, 1);
	}
	if (span_starts(text, "e")) {
		out->exact = true;
		text = span_from(text, 1);
	}
	if (!read_number(text, &size) || size == 0 || size > DIGITS_MAX || (out->kind == 'd' && out->little))
		return false;
	out->size = (uint32_t)size;
	return out->kind != 'i' || size == 1 || size == 2 || size == 4 || size == 8;
}

static bool
read_tests(struct span text, struct clam_compare *out)
{
	struct span one;

	while (span_split(&text, ',', &one)) {
		if (out->count == 2 || one.len < 2 || memchr("<>=", one.data[0], 3) == NULL ||
		    !read_number(span_from(one, 1), &out->tests[out->count].value))
			return false;
		out->tests[out->count++].comparison = one.data[0];
	}
	return out->count > 0;
}

bool
clam_compare_parse(struct span text, struct clam_compare *out)
{
	struct span part, sub;
	uint64_t number;

	*out = (struct clam_compare){ .count = 0 };
	if (text.len < 2 || text.data[text.len - 1] != ')')
		return false;
	text.len--;
	if (!span_split(&text, '(', &sub) || !span_to_u64(sub, &number) || number >= CLAM_SUBS_MAX)
		return false;
	out->sub = (uint8_t)number;
	if (!span_split(&text, '#', &part) || !read_offset(part, out))
		return false;
	if (!span_split(&text, '#', &part) || !read_options(part, out))
		return false;
	return read_tests(text, out);
}

static uint64_t
binary_at(const struct clam_compare *c, struct span bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes.len; i++)
		value = value << 8 | (unsigned char)bytes.data[c->little ? bytes.len - 1 - i : i];
	return value;
}

/* In little order, pairs of hexadecimal digits come with the least first, and
 * before an odd number of them stands a 0. */
static uint64_t
digits_value(struct span digits, bool hex, bool little)
{
	uint64_t value = 0;

	if (!hex || !little) {
		for (size_t i = 0; i < digits.len; i++)
			value = value * (hex ? 16 : 10) + (uint64_t)hex_digit(digits.data[i]);
		return value;
	}
	for (size_t left = digits.len; left > 0; left -= left > 1 ? 2 : 1) {
		int high = left > 1 ? hex_digit(digits.data[left - 2]) : 0;

		value = value << 8 | (uint64_t)(high << 4 | hex_digit(digits.data[left - 1]));
	}
	return value;
}

/* The digits at the beginning, behind blanks; with `exact` there must be
 * nothing else. No digits are 0. */
static bool
digits_at(const struct clam_compare *c, struct span bytes, uint64_t *out)
{
	bool hex = c->kind == 'h';
	struct span text = bytes;
	size_t count = 0;

	while (text.len > 0 && memchr(" \t\r\n", text.data[0], 4) != NULL)
		text = span_from(text, 1);
	if (c->kind != 'd' && span_starts_nocase(text, "0x")) {
		text = span_from(text, 2);
		hex = true;
	}
	while (count < text.len && (hex ? hex_digit(text.data[count]) >= 0 : ascii_is_digit(text.data[count])))
		count++;
	*out = digits_value(span_first(text, count), hex, c->little);
	return !c->exact || count == bytes.len;
}

static bool
test_holds(char comparison, uint64_t value, uint64_t with)
{
	return comparison == '=' ? value == with : comparison == '<' ? value < with : value > with;
}

bool
clam_compare_holds(const struct clam_compare *c, struct span data, size_t at)
{
	int64_t start = (int64_t)at + c->distance;
	uint64_t value;
	struct span bytes;

	if (!c->ordered && c->kind != 'd' && c->kind != 'i')
		return false; /* as ClamAV decides them */
	if (start < 0 || (uint64_t)start >= data.len)
		return false;
	bytes = span_first(span_from(data, (size_t)start), c->size);
	if (bytes.len < c->size)
		return false;
	if (c->kind == 'i')
		value = binary_at(c, bytes);
	else if (!digits_at(c, bytes, &value))
		return false;
	for (uint8_t i = 0; i < c->count; i++)
		if (!test_holds(c->tests[i].comparison, value, c->tests[i].value))
			return false;
	return true;
}
