/* Which characters are not seen. A spammer puts them inside words, where they
 * keep an expression from matching and nobody from reading. */
#include "config.h"

#include "rule/characters.h"

#include "mime/utf8.h"

struct range {
	uint32_t first, last;
};

static const struct range invisible[] = {
	{ 0xad, 0xad },       /* soft hyphen */
	{ 0x34f, 0x34f },     /* combining grapheme joiner */
	{ 0x61c, 0x61c },     /* Arabic letter mark */
	{ 0x115f, 0x1160 },   /* Hangul fillers */
	{ 0x17b4, 0x17b5 },   /* Khmer inherent vowels */
	{ 0x180b, 0x180f },   /* Mongolian selectors and vowel separator */
	{ 0x200b, 0x200f },   /* zero width, marks of direction */
	{ 0x202a, 0x202e },   /* embeddings and overrides of direction */
	{ 0x2060, 0x206f },   /* word joiner, invisible operators, isolates */
	{ 0x3164, 0x3164 },   /* Hangul filler */
	{ 0xfe00, 0xfe0f },   /* variation selectors */
	{ 0xfeff, 0xfeff },   /* byte order mark */
	{ 0xffa0, 0xffa0 },   /* halfwidth Hangul filler */
	{ 0xfff9, 0xfffb },   /* interlinear annotations */
	{ 0x1bca0, 0x1bca3 }, /* shorthand format controls */
	{ 0x1d173, 0x1d17a }, /* musical format controls */
	{ 0xe0000, 0xe0fff }, /* tags and more selectors */
};

static const struct range blank[] = {
	{ '\t', '\r' }, { ' ', ' ' }, { 0x85, 0x85 }, { 0xa0, 0xa0 }, { 0x1680, 0x1680 }, { 0x2000, 0x200a },
	{ 0x2028, 0x2029 }, { 0x202f, 0x202f }, { 0x205f, 0x205f }, { 0x3000, 0x3000 },
};

static bool
is_in(uint32_t code, const struct range *ranges, size_t count)
{
	size_t i = 0;

	while (i < count && code > ranges[i].last)
		i++;
	return i < count && code >= ranges[i].first;
}

bool
character_is_invisible(uint32_t code)
{
	return code >= 0xad && is_in(code, invisible, sizeof(invisible) / sizeof(invisible[0]));
}

bool
character_is_blank(uint32_t code)
{
	return is_in(code, blank, sizeof(blank) / sizeof(blank[0]));
}

/* The offset of the first invisible character, or the length. Malformed bytes
 * are stepped over. */
static size_t
visible_prefix(struct span text, size_t *len)
{
	size_t at = 0;

	for (;;) {
		at += utf8_ascii_prefix(span_from(text, at));
		if (at == text.len)
			return at;
		*len = utf8_char(span_from(text, at));
		if (*len > 0 && character_is_invisible(utf8_code(text.data + at, *len)))
			return at;
		at += *len > 0 ? *len : 1;
	}
}

struct span
text_without_invisible(struct arena *a, struct span text)
{
	size_t skip = 0, run = visible_prefix(text, &skip), len = 0;
	char *out;

	if (run == text.len)
		return text;
	out = arena_alloc_raw(a, text.len);
	for (;;) {
		memcpy(out + len, text.data, run);
		len += run;
		text = span_from(text, run);
		if (text.len == 0)
			return span_of(out, len);
		text = span_from(text, skip);
		run = visible_prefix(text, &skip);
	}
}
