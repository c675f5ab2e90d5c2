/* Texts with something taken out or undone. */
#include "config.h"

#include "base/codec.h"
#include "mime/text.h"

struct span
text_unfolded(struct arena *a, struct span raw)
{
	struct span value = span_trim(raw);
	char *out;
	size_t len = 0;

	if (span_find_byte(value, '\n') == SIZE_MAX && span_find_byte(value, '\r') == SIZE_MAX)
		return value;
	out = arena_alloc_raw(a, value.len);
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] != '\r' && value.data[i] != '\n')
			out[len++] = value.data[i];
	return span_of(out, len);
}

struct span
text_without(struct arena *a, struct span s, const char *drop)
{
	char *out = arena_alloc_raw(a, s.len);
	bool comments = strchr(drop, '(') != NULL;
	size_t len = 0, depth = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];

		if (comments && c == '(')
			depth++;
		else if (comments && c == ')' && depth > 0)
			depth--;
		else if (depth == 0 && c != '\0' && strchr(drop, c) == NULL)
			out[len++] = c;
	}
	return span_of(out, len);
}

void
text_add_percent_decoded(struct text *t, struct span s)
{
	char *out = text_reserve(t, s.len);

	for (size_t i = 0; i < s.len; i++) {
		int high = s.len - i > 2 && s.data[i] == '%' ? hex_digit(s.data[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(s.data[i + 2]) : -1;

		*out++ = low >= 0 ? (char)(high << 4 | low) : s.data[i];
		i += low >= 0 ? 2 : 0;
	}
	t->len = (size_t)(out - t->data);
}

struct span
text_percent_decoded(struct arena *a, struct span s)
{
	struct text t = { .arena = a };

	text_add_percent_decoded(&t, s);
	return text_span(&t);
}
