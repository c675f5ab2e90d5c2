/* A script that hides a word, or a file, writes it as a sum of short strings.
 * Every such sum is made one string, without reading the script's language: a
 * quote, a plus and a quote with only blanks between are left out. That it may
 * take a quote that ends a string for one that begins it does no harm to who
 * only searches the result.
 *
 * Limit: no other way of joining, and no variables. */
#include "config.h"

#include "engine/script_strings.h"

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
