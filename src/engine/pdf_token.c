/* Tokens of PDF. A string may hold brackets that balance; one that never ends
 * ends after STRING_MAX octets, so that not all that follows is hidden. */
#include "config.h"

#include "engine/pdf_token.h"

#include "base/codec.h"
#include "engine/document.h"

enum { STRING_MAX = 4 * 1024 * 1024 }; /* scripts are long */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\r' || c == '\n' || c == '\t' || c == '\f' || c == '\0';
}

static bool
is_delimiter(char c)
{
	return c == '(' || c == ')' || c == '<' || c == '>' || c == '[' || c == ']' || c == '{' || c == '}' || c == '/' ||
	    c == '%';
}

static void
skip_blanks(struct span *in)
{
	size_t at = 0;

	for (;;) {
		while (at < in->len && is_blank(in->data[at]))
			at++;
		if (at == in->len || in->data[at] != '%')
			break;
		while (at < in->len && in->data[at] != '\r' && in->data[at] != '\n')
			at++;
	}
	*in = span_from(*in, at);
}

/* The length of the regular characters that in begins with. */
static size_t
regular(struct span in)
{
	size_t len = 0;

	while (len < in.len && !is_blank(in.data[len]) && !is_delimiter(in.data[len]))
		len++;
	return len;
}

static void
take_name(struct span *in, struct pdf_token *t)
{
	size_t len = regular(span_from(*in, 1)), put = 0;

	t->kind = PDF_NAME;
	t->raw = span_sub(*in, 1, len);
	for (size_t i = 0; i < len && put + 1 < PDF_NAME_MAX; i++) {
		char c = t->raw.data[i];

		if (c == '#' && i + 2 < len && hex_digit(t->raw.data[i + 1]) >= 0 && hex_digit(t->raw.data[i + 2]) >= 0) {
			c = (char)(hex_digit(t->raw.data[i + 1]) << 4 | hex_digit(t->raw.data[i + 2]));
			i += 2;
		}
		t->name[put++] = c != '\0' ? c : '?';
	}
	t->name[put] = '\0';
	*in = span_from(*in, 1 + len);
}

static void
take_string(struct span *in, struct pdf_token *t)
{
	size_t depth = 0, at = 0, most = in->len < STRING_MAX ? in->len : STRING_MAX;

	do {
		char c = in->data[at++];

		if (c == '\\')
			at++;
		else if (c == '(')
			depth++;
		else if (c == ')')
			depth--;
	} while (depth > 0 && at < most);
	t->kind = PDF_STRING;
	t->raw = span_sub(*in, 1, (at < in->len ? at : in->len) - (depth == 0 ? 2 : 1));
	*in = span_from(*in, at);
}

static void
take_hex_string(struct span *in, struct pdf_token *t)
{
	size_t end = span_find_byte(*in, '>');

	t->kind = PDF_HEX_STRING;
	t->raw = span_sub(*in, 1, end == SIZE_MAX ? SIZE_MAX : end - 1);
	*in = span_from(*in, end == SIZE_MAX ? in->len : end + 1);
}

static void
take_word(struct span *in, struct pdf_token *t)
{
	size_t len = regular(*in);

	if (len == 0)
		len = 1; /* a brace, or a bracket that closes nothing */
	t->raw = span_first(*in, len);
	t->number = 0;
	t->kind = ascii_is_digit(in->data[0]) || strchr("+-.", in->data[0]) != NULL ? PDF_NUMBER : PDF_WORD;
	if (t->kind == PDF_NUMBER && !span_to_u64(t->raw, &t->number))
		t->number = 0;
	*in = span_from(*in, len);
}

bool
pdf_next(struct span *in, struct pdf_token *t)
{
	char c;
	bool twice;

	skip_blanks(in);
	t->kind = PDF_END;
	t->raw = SPAN_NONE;
	if (in->len == 0)
		return false;
	c = in->data[0];
	twice = in->len > 1 && in->data[1] == c;
	if (c == '/')
		take_name(in, t);
	else if (c == '(')
		take_string(in, t);
	else if (c == '<' && !twice)
		take_hex_string(in, t);
	else if ((c == '<' || c == '>') && twice) {
		t->kind = c == '<' ? PDF_DICT_BEGIN : PDF_DICT_END;
		*in = span_from(*in, 2);
	} else if (c == '[' || c == ']') {
		t->kind = c == '[' ? PDF_ARRAY_BEGIN : PDF_ARRAY_END;
		*in = span_from(*in, 1);
	} else {
		take_word(in, t);
	}
	return true;
}

/* --- Strings --- */

static char *
put_octal(struct span raw, size_t *at, char *out)
{
	unsigned value = 0;

	for (int digits = 0; digits < 3 && *at < raw.len && raw.data[*at] >= '0' && raw.data[*at] <= '7'; digits++)
		value = value * 8 + (unsigned)(raw.data[(*at)++] - '0');
	*out++ = (char)value;
	return out;
}

/* What stands after a backslash. */
static char *
put_escape(struct span raw, size_t *at, char *out)
{
	static const char letters[] = "nrtbf", meant[] = "\n\r\t\b\f";
	char c = raw.data[*at];
	const char *letter = c != '\0' ? strchr(letters, c) : NULL;

	if (c >= '0' && c <= '7')
		return put_octal(raw, at, out);
	(*at)++;
	if (c == '\r' || c == '\n') {
		if (c == '\r' && *at < raw.len && raw.data[*at] == '\n')
			(*at)++;
		return out;
	}
	*out++ = letter != NULL ? meant[letter - letters] : c;
	return out;
}

static struct span
literal(struct arena *a, struct span raw)
{
	char *out = arena_alloc_raw(a, raw.len + 1), *to = out;
	size_t at = 0;

	while (at < raw.len) {
		if (raw.data[at] != '\\')
			*to++ = raw.data[at++];
		else if (++at < raw.len)
			to = put_escape(raw, &at, to);
	}
	return span_of(out, (size_t)(to - out));
}

static struct span
hexadecimal(struct arena *a, struct span raw)
{
	char *out = arena_alloc_raw(a, raw.len / 2 + 1), *to = out;
	int high = -1;

	for (size_t i = 0; i < raw.len; i++) {
		int value = hex_digit(raw.data[i]);

		if (value < 0)
			continue;
		if (high < 0) {
			high = value;
			continue;
		}
		*to++ = (char)(high << 4 | value);
		high = -1;
	}
	if (high >= 0)
		*to++ = (char)(high << 4);
	return span_of(out, (size_t)(to - out));
}

struct span
pdf_string(struct arena *a, const struct pdf_token *t)
{
	return t->kind == PDF_HEX_STRING ? hexadecimal(a, t->raw) : literal(a, t->raw);
}

struct span
pdf_text(struct arena *a, struct span string)
{
	if (span_starts(string, "\xfe\xff"))
		return utf16_to_utf8(a, span_from(string, 2), true);
	if (span_starts(string, "\xff\xfe"))
		return utf16_to_utf8(a, span_from(string, 2), false);
	return span_starts(string, "\xef\xbb\xbf") ? span_from(string, 3) : string;
}
