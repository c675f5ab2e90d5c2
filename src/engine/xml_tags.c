/* XML, tag by tag. Prefixes are dropped, because a document may choose its own;
 * comments, instructions and CDATA are no tags, whatever stands in them.
 * References are the five of XML and numbers; those beyond ASCII become "?",
 * for nothing that is looked for has any. */
#include "config.h"

#include "engine/xml_tags.h"

#include "engine/document.h"

/* Where the tag that begins at 0 ends: the ">" outside of quotes. */
static size_t
tag_end(struct span in)
{
	char quote = '\0';

	for (size_t i = 1; i < in.len; i++) {
		char c = in.data[i];

		if (quote != '\0') {
			if (c == quote)
				quote = '\0';
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '>') {
			return i;
		}
	}
	return in.len;
}

static bool
ends_name(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '>' || c == '=' || (c == '/');
}

static struct span
without_prefix(struct span name)
{
	size_t colon = span_find_byte(name, ':');

	return colon == SIZE_MAX ? name : span_from(name, colon + 1);
}

static const struct {
	struct span begins, ends;
	bool text; /* what is between is text as it stands */
} no_tags[] = {
	{ { "<!--", 4 }, { "-->", 3 }, false },
	{ { "<![CDATA[", 9 }, { "]]>", 3 }, true },
	{ { "<?", 2 }, { "?>", 2 }, false },
};

/* The length of what begins like a tag and is none, 0 for a tag; *text is what it adds to the text around it. */
static size_t
no_tag(struct span in, struct span *text)
{
	for (size_t i = 0; i < sizeof(no_tags) / sizeof(no_tags[0]); i++) {
		size_t begin = no_tags[i].begins.len, end;

		if (in.len < begin || memcmp(in.data, no_tags[i].begins.data, begin) != 0)
			continue;
		end = span_find(span_from(in, begin), no_tags[i].ends);
		*text = no_tags[i].text ? span_sub(in, begin, end) : SPAN_NONE;
		return end == SIZE_MAX ? in.len : begin + end + no_tags[i].ends.len;
	}
	return 0;
}

/* Where the next tag begins; SIZE_MAX when there is none. */
static size_t
find_tag(struct span in)
{
	size_t at = 0, found;

	while ((found = span_find_byte(span_from(in, at), '<')) != SIZE_MAX) {
		struct span text;
		size_t len = no_tag(span_from(in, at + found), &text);

		at += found + len;
		if (len == 0)
			return at;
	}
	return SIZE_MAX;
}

bool
xml_next(struct span *in, struct xml_tag *tag)
{
	size_t start = find_tag(*in), end, name_end;
	struct span inside;
	bool closes;

	if (start == SIZE_MAX) {
		*in = SPAN_NONE;
		return false;
	}
	*in = span_from(*in, start);
	end = tag_end(*in);
	inside = span_sub(*in, 1, end - 1);
	*in = span_from(*in, end + 1);
	closes = span_starts(inside, "/");
	name_end = closes;
	while (name_end < inside.len && !ends_name(inside.data[name_end]))
		name_end++;
	tag->attributes = span_from(inside, name_end);
	tag->name = closes ? span_first(inside, name_end) : without_prefix(span_first(inside, name_end));
	tag->text = span_first(*in, find_tag(*in));
	return true;
}

static char
reference(struct span name)
{
	static const struct {
		const char *name;
		char c;
	} named[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' } };
	unsigned value = 0, base = 10;

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (span_is(name, named[i].name))
			return named[i].c;
	if (!span_starts(name, "#"))
		return '\0';
	name = span_from(name, 1);
	if (span_starts_nocase(name, "x")) {
		name = span_from(name, 1);
		base = 16;
	}
	for (size_t i = 0; i < name.len && value < 0x110000; i++) {
		char c = ascii_lower(name.data[i]);
		unsigned digit = ascii_is_digit(c) ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;

		if (digit >= base)
			return '\0';
		value = value * base + digit;
	}
	return value > 0 && value < 0x80 ? (char)value : '?';
}

struct span
xml_text(struct arena *a, struct span raw)
{
	enum { REFERENCE_MAX = 12 };
	char *out, *at;

	if (span_find_byte(raw, '&') == SIZE_MAX && span_find_byte(raw, '<') == SIZE_MAX)
		return raw;
	out = at = arena_alloc_raw(a, raw.len + 1);
	while (raw.len > 0) {
		struct span text = SPAN_NONE;
		size_t passed = raw.data[0] == '<' ? no_tag(raw, &text) : 0;
		size_t end = raw.data[0] == '&' ? span_find_byte(span_first(raw, REFERENCE_MAX), ';') : SIZE_MAX;
		char c = end != SIZE_MAX ? reference(span_sub(raw, 1, end - 1)) : '\0';

		if (passed > 0) {
			if (text.len > 0)
				memcpy(at, text.data, text.len);
			at += text.len;
			raw = span_from(raw, passed);
			continue;
		}
		*at++ = c != '\0' ? c : raw.data[0];
		raw = span_from(raw, c != '\0' ? end + 1 : 1);
	}
	return span_of(out, (size_t)(at - out));
}

struct span
xml_attribute(struct arena *a, const struct xml_tag *tag, const char *name)
{
	struct span in = tag->attributes;

	for (;;) {
		size_t equals = span_find_byte(in, '='), start, end;
		struct span key, value;

		if (equals == SIZE_MAX)
			return SPAN_NONE;
		key = span_trim(span_first(in, equals));
		for (start = key.len; start > 0 && !ends_name(key.data[start - 1]) && key.data[start - 1] != ':'; start--)
			;
		value = span_trim(span_from(in, equals + 1));
		if (value.len == 0 || (value.data[0] != '"' && value.data[0] != '\''))
			return SPAN_NONE;
		end = span_find_byte(span_from(value, 1), value.data[0]);
		if (span_is(span_from(key, start), name))
			return xml_text(a, span_sub(value, 1, end));
		if (end == SIZE_MAX)
			return SPAN_NONE;
		in = span_from(value, end + 2);
	}
}

struct span
xml_in_utf8(struct arena *a, struct span raw)
{
	if (span_starts(raw, "\xff\xfe"))
		return utf16_to_utf8(a, span_from(raw, 2), false);
	if (span_starts(raw, "\xfe\xff"))
		return utf16_to_utf8(a, span_from(raw, 2), true);
	if (raw.len > 3 && raw.data[0] == '<' && raw.data[1] == '\0')
		return utf16_to_utf8(a, raw, false);
	if (raw.len > 3 && raw.data[0] == '\0' && raw.data[1] == '<')
		return utf16_to_utf8(a, raw, true);
	return raw;
}
