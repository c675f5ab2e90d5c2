/* A script that hides a word, or a file, writes it as a sum of short strings.
 * Every such sum is made one string, without reading the script's language: a
 * quote, a plus and a quote with only blanks between are left out. That it may
 * take a quote that ends a string for one that begins it does no harm to who
 * only searches the result.
 *
 * Limit: no other way of joining, and no variables. */
#include "config.h"

#include "engine/script_strings.h"

#include "base/codec.h"
#include "mime/utf8.h"

static bool
is_quote(char c)
{
	return c == '"' || c == '\'' || c == '`';
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Whether the plus joins strings, with both quotes at or after `from`. */
static bool
joins(struct span text, size_t from, size_t plus, size_t *first, size_t *last)
{
	size_t before = plus, after = plus + 1;

	while (before > from && is_blank(text.data[before - 1]))
		before--;
	if (before == from || !is_quote(text.data[before - 1]))
		return false;
	while (after < text.len && is_blank(text.data[after]))
		after++;
	*first = before - 1;
	*last = after;
	return after < text.len && is_quote(text.data[after]);
}

struct span
script_join_strings(struct arena *a, struct span text)
{
	size_t taken = 0, first, last, len = 0, plus = span_find_byte(text, '+');
	char *out = NULL;

	while (plus < text.len) {
		size_t next = plus + 1, more;

		if (joins(text, taken, plus, &first, &last)) {
			if (out == NULL)
				out = arena_alloc_raw(a, text.len);
			memcpy(out + len, text.data + taken, first - taken);
			len += first - taken;
			taken = next = last + 1;
		}
		more = span_find_byte(span_from(text, next), '+');
		plus = more == SIZE_MAX ? text.len : next + more;
	}
	if (out == NULL)
		return text;
	memcpy(out + len, text.data + taken, text.len - taken);
	return span_of(out, len + text.len - taken);
}

/* --- Escapes --- */

/* So many hexadecimal digits, or up to so many; how many there are. */
static size_t
hex_number(struct span in, size_t most, uint32_t *number)
{
	size_t len = 0;

	for (*number = 0; len < most && len < in.len && hex_digit(in.data[len]) >= 0; len++)
		*number = *number << 4 | (uint32_t)hex_digit(in.data[len]);
	return len;
}

static size_t
octal_number(struct span in, uint32_t *number)
{
	size_t len = 0;

	for (*number = 0; len < 3 && len < in.len && in.data[len] >= '0' && in.data[len] <= '7' && *number < 32; len++)
		*number = *number << 3 | (uint32_t)(in.data[len] - '0');
	return len;
}

/* The length of the escape that `in` begins with, 0 when it is none. */
static size_t
escape_at(struct span in, uint32_t *code)
{
	bool percent = in.data[0] == '%';
	struct span rest = span_from(in, 2);
	size_t digits;

	if (in.len < 2)
		return 0;
	if (!percent && in.data[1] == '/') {
		*code = '/';
		return 2;
	}
	if (!percent && in.data[1] == 'x')
		return hex_number(rest, 2, code) == 2 ? 4 : 0;
	if (!percent && in.data[1] == 'u' && rest.len > 0 && rest.data[0] == '{') {
		digits = hex_number(span_from(rest, 1), 6, code);
		return digits > 0 && digits + 1 < rest.len && rest.data[digits + 1] == '}' ? digits + 4 : 0;
	}
	if (in.data[1] == 'u')
		return hex_number(rest, 4, code) == 4 ? 6 : 0;
	if (percent)
		return hex_number(span_from(in, 1), 2, code) == 2 ? 3 : 0;
	digits = octal_number(span_from(in, 1), code);
	return digits > 0 ? digits + 1 : 0;
}

/* An escape is at least as long as its character. */
struct span
script_unescape(struct arena *a, struct span text)
{
	char *out = NULL;
	size_t len = 0, taken = 0;

	for (size_t at = 0; at < text.len; at++) {
		uint32_t code = 0;
		size_t escape;

		if (text.data[at] != '\\' && text.data[at] != '%')
			continue;
		escape = escape_at(span_from(text, at), &code);
		if (escape == 0)
			continue;
		if (out == NULL)
			out = arena_alloc_raw(a, text.len + UTF8_MAX);
		memcpy(out + len, text.data + taken, at - taken);
		len += at - taken;
		len += utf8_put(code, out + len);
		taken = at + escape;
		at = taken - 1;
	}
	if (out == NULL)
		return text;
	memcpy(out + len, text.data + taken, text.len - taken);
	return span_of(out, len + text.len - taken);
}
