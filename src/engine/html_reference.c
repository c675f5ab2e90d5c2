/* Character references as the HTML standard's tokenizer reads them (WHATWG
 * 13.2.5.72): a number is complete without its semicolon, a name only where it
 * is one of the old ones; and in an attribute not before a letter, digit or
 * "=", as in "?a=1&copy=2". */
#include "config.h"

#include "engine/html_reference.h"

#include "base/codec.h"
#include "engine/html_entities.h"

/* Numbers 128 to 159 mean windows-1252 (WHATWG 13.2.5.80); what is no
 * character is U+FFFD. */
static uint32_t
code_meant(uint32_t code)
{
	static const uint16_t windows_1252[32] = { 0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030,
		0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc,
		0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178 };

	if (code >= 0x80 && code < 0xa0)
		return windows_1252[code - 0x80];
	return code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0xfffd : code;
}

static size_t
numeric_reference(struct span s, uint32_t *code)
{
	bool hex = s.len > 2 && ascii_lower(s.data[2]) == 'x';
	size_t first = hex ? 3 : 2, at = first;
	uint32_t value = 0;

	for (; at < s.len; at++) {
		int digit = hex_digit(s.data[at]);

		if (digit < 0 || (!hex && digit > 9))
			break;
		if (value <= 0x10ffff)
			value = value * (hex ? 16 : 10) + (uint32_t)digit;
	}
	if (at == first)
		return 0;
	*code = code_meant(value);
	return at < s.len && s.data[at] == ';' ? at + 1 : at;
}

static size_t
named_reference(struct span s, bool in_attribute, uint32_t *code)
{
	size_t at = 1, len = 0;

	while (at < s.len && at <= HTML_ENTITY_MAX && ascii_is_alnum(s.data[at]))
		at++;
	if (at < s.len && s.data[at] == ';') {
		*code = html_entity(span_of(s.data + 1, at - 1));
		if (*code != 0)
			return at + 1;
	}
	*code = html_entity_at(span_of(s.data + 1, at - 1), &len);
	if (*code == 0)
		return 0;
	s = span_from(s, 1 + len);
	return in_attribute && s.len > 0 && (s.data[0] == '=' || ascii_is_alnum(s.data[0])) ? 0 : 1 + len;
}

size_t
html_reference(struct span s, bool in_attribute, char out[UTF8_MAX], size_t *out_len)
{
	uint32_t code = 0;
	size_t len = s.len > 1 && s.data[1] == '#' ? numeric_reference(s, &code) : named_reference(s, in_attribute, &code);

	if (len > 0)
		*out_len = utf8_put(code, out);
	return len;
}

struct span
html_attribute_decode(struct arena *a, struct span value)
{
	size_t len = 0;
	char *out;

	if (span_find_byte(value, '&') == SIZE_MAX)
		return value;
	out = arena_alloc_raw(a, value.len);
	while (value.len > 0) {
		char decoded[UTF8_MAX] = { value.data[0] };
		size_t decoded_len = 1, used = 0;

		if (value.data[0] == '&')
			used = html_reference(value, true, decoded, &decoded_len);
		memcpy(out + len, decoded, decoded_len);
		len += decoded_len;
		value = span_from(value, used > 0 ? used : 1);
	}
	return span_of(out, len);
}
