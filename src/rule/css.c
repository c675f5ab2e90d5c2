/* Declarations of CSS: "name: value; …" (Syntax 3). Each name and value is
 * brought into a small buffer in lower case, without comments and with escapes
 * undone, since "d\69splay" hides as well as "display" does; what does not fit
 * is cut, which no value that matters here comes near to.
 *
 * Limits: lengths in percent, em and the like are measured against nothing;
 * calc() and var() are not computed. */
#include "config.h"

#include "rule/css.h"

#include <stdlib.h>

#include "base/codec.h"

enum {
	NAME_MAX_LEN = 32,
	VALUE_MAX_LEN = 160,
	NUMBER_MAX_LEN = 24,
	EXACT_DIGITS_MAX = 9, /* of a number of 32 bits */
	ESCAPE_DIGITS_MAX = 6,
	OFF_SCREEN = 900, /* pixels or so to the left or above: out of any window */
};

struct text_buffer {
	char *data;
	size_t len, cap;
};

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void
put(struct text_buffer *b, char c)
{
	if (is_space(c)) {
		if (b->len == 0 || b->data[b->len - 1] == ' ')
			return;
		c = ' ';
	}
	if (b->len < b->cap)
		b->data[b->len++] = ascii_lower(c);
}

struct span
css_after_comment(struct span text)
{
	size_t end;

	if (!span_starts(text, "/*"))
		return text;
	end = span_find(span_from(text, 2), SPAN_LITERAL("*/"));
	return end == SIZE_MAX ? span_from(text, text.len) : span_from(text, end + 4);
}

/* The character after the backslash that text begins with. */
static struct span
take_escape(struct text_buffer *b, struct span text)
{
	unsigned code = 0;
	size_t digits = 0;

	text = span_from(text, 1);
	while (digits < text.len && digits < ESCAPE_DIGITS_MAX && hex_digit(text.data[digits]) >= 0)
		code = code << 4 | (unsigned)hex_digit(text.data[digits++]);
	if (digits == 0) {
		if (text.len > 0)
			put(b, text.data[0]);
		return span_from(text, 1);
	}
	put(b, code > 0 && code < 0x80 ? (char)code : '?');
	return span_from(text, digits + (digits < text.len && is_space(text.data[digits])));
}

/* What means nothing but itself, in small letters: its length. */
static size_t
take_plain(struct text_buffer *b, struct span text)
{
	static const bool plain[256] = { ['a' ... 'z'] = true, ['0' ... '9'] = true, ['-'] = true, ['.'] = true,
		['#'] = true, ['%'] = true };
	size_t len = 0;

	while (len < text.len && plain[(unsigned char)text.data[len]]) {
		if (b->len < b->cap)
			b->data[b->len++] = text.data[len];
		len++;
	}
	return len;
}

/* Copies up to one of `ends`, outside of quotes and brackets; returns what is
 * left, from that end on. */
static struct span
take_until(struct text_buffer *b, struct span text, const char *ends)
{
	unsigned brackets = 0;
	char quote = 0;

	while (text = span_from(text, take_plain(b, text)), text.len > 0) {
		char c = text.data[0];

		if (quote == 0 && span_starts(text, "/*")) {
			text = css_after_comment(text);
			continue;
		}
		if (c == '\\') {
			text = take_escape(b, text);
			continue;
		}
		if (quote == 0 && brackets == 0 && c != '\0' && strchr(ends, c) != NULL)
			break;
		if (quote != 0)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '(')
			brackets++;
		else if (c == ')' && brackets > 0)
			brackets--;
		put(b, c);
		text = span_from(text, 1);
	}
	if (b->len > 0 && b->data[b->len - 1] == ' ')
		b->len--;
	return text;
}

/* Most have few digits and nothing else. */
static double
number_of(const char *digits)
{
	uint32_t value = 0;
	size_t len = 0;

	for (; ascii_is_digit(digits[len]); len++)
		value = value * 10 + (uint32_t)(digits[len] - '0');
	return len <= EXACT_DIGITS_MAX && digits[len] == '\0' ? value : strtod(digits, NULL);
}

bool
css_number(struct span text, double *number, struct span *unit)
{
	char digits[NUMBER_MAX_LEN + 1];
	size_t len = 0;

	while (len < text.len && len < NUMBER_MAX_LEN &&
	    (ascii_is_digit(text.data[len]) || memchr("+-.", text.data[len], 3) != NULL)) {
		digits[len] = text.data[len];
		len++;
	}
	digits[len] = '\0';
	if (strpbrk(digits, "0123456789") == NULL)
		return false;
	*number = number_of(digits);
	*unit = span_from(text, len);
	return true;
}

/* Pixels, roughly; false when it is measured against something else. */
static bool
pixels(struct span value, double *out)
{
	struct span unit;

	if (!css_number(value, out, &unit))
		return false;
	if (span_starts(unit, "em") || span_starts(unit, "rem"))
		*out *= 16;
	else if (span_starts(unit, "in"))
		*out *= 96;
	else if (span_starts(unit, "cm"))
		*out *= 38;
	else if (span_starts(unit, "%") || span_starts(unit, "v"))
		*out *= 10;
	return true;
}

static uint32_t
is_none(struct span value)
{
	return span_starts(value, "none");
}

static uint32_t
is_hidden(struct span value)
{
	return span_starts(value, "hidden") || span_starts(value, "collapse");
}

static uint32_t
is_cut(struct span value)
{
	return span_starts(value, "hidden") || span_starts(value, "clip");
}

static uint32_t
is_all(struct span value)
{
	return span_starts(value, "all");
}

static uint32_t
is_see_through(struct span value)
{
	double number;
	struct span unit;

	return css_number(value, &number, &unit) && number <= (span_is(unit, "%") ? 5 : 0.05);
}

static uint32_t
is_away(struct span value)
{
	double number;

	return pixels(value, &number) && number <= -OFF_SCREEN;
}

static uint32_t
is_flat(struct span value)
{
	double number;

	return pixels(value, &number) && number >= 0 && number <= 1;
}

static uint32_t
font_size(struct span value)
{
	double number;
	struct span unit;

	if (!css_number(value, &number, &unit))
		return span_starts(value, "inherit") || span_starts(value, "smaller") || span_starts(value, "larger") ?
		    CSS_SIZE_RELATIVE : CSS_SIZE_READABLE;
	if (span_starts(unit, "%") || span_starts(unit, "em")) {
		number *= span_starts(unit, "%") ? 0.16 : 16;
		return number <= 1.6 ? CSS_SIZE_TINY : CSS_SIZE_RELATIVE;
	}
	return pixels(value, &number) && number <= 1 ? CSS_SIZE_TINY : CSS_SIZE_READABLE;
}

/* "font: bold 0/0 Arial": the first word that is a length. */
static uint32_t
font_shorthand(struct span value)
{
	struct span word;

	while (span_split(&value, ' ', &word)) {
		double number;
		struct span unit;

		if (css_number(word, &number, &unit) && (unit.len > 0 || number == 0))
			return font_size(word);
	}
	return CSS_SIZE_READABLE;
}

static uint32_t
colour(struct span value)
{
	return css_colour(span_first(value, span_find_byte(value, '!')));
}

/* The colour among the words of a background; unknown with a picture. */
static uint32_t
background(struct span value)
{
	struct span word;

	if (span_find(value, SPAN_LITERAL("url(")) != SIZE_MAX || span_find(value, SPAN_LITERAL("gradient(")) != SIZE_MAX)
		return CSS_UNKNOWN;
	if (span_starts(value, "rgb"))
		return colour(value);
	while (span_split(&value, ' ', &word)) {
		uint32_t c = css_colour(word);

		if (c != CSS_UNKNOWN)
			return c;
	}
	return CSS_TRANSPARENT;
}

static uint32_t
background_picture(struct span value)
{
	return span_starts(value, "none") ? CSS_TRANSPARENT : CSS_UNKNOWN;
}

static const struct {
	const char *name;
	enum css_property property;
	uint32_t (*read)(struct span value);
} properties[] = {
	{ "background", CSS_BACKGROUND, background },
	{ "background-color", CSS_BACKGROUND, colour },
	{ "background-image", CSS_BACKGROUND, background_picture },
	{ "bottom", CSS_AWAY, is_away },
	{ "color", CSS_COLOUR, colour },
	{ "display", CSS_DISPLAY, is_none },
	{ "font", CSS_FONT_SIZE, font_shorthand },
	{ "font-size", CSS_FONT_SIZE, font_size },
	{ "height", CSS_FLAT, is_flat },
	{ "left", CSS_AWAY, is_away },
	{ "margin-left", CSS_AWAY, is_away },
	{ "margin-top", CSS_AWAY, is_away },
	{ "max-height", CSS_FLAT, is_flat },
	{ "max-width", CSS_FLAT, is_flat },
	{ "mso-hide", CSS_MSO_HIDE, is_all },
	{ "opacity", CSS_OPACITY, is_see_through },
	{ "overflow", CSS_OVERFLOW, is_cut },
	{ "right", CSS_AWAY, is_away },
	{ "text-indent", CSS_AWAY, is_away },
	{ "top", CSS_AWAY, is_away },
	{ "visibility", CSS_VISIBILITY, is_hidden },
	{ "width", CSS_FLAT, is_flat },
};

/* Several properties move or flatten; one of them is enough, so "width: 5px"
 * does not undo "height: 0". */
static bool
adds_up(enum css_property p)
{
	return p == CSS_AWAY || p == CSS_FLAT;
}

static void
declare(struct css_style *style, struct span name, struct span value)
{
	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++) {
		enum css_property p = properties[i].property;
		struct css_style one = { .set = (uint16_t)(1u << p) };

		if (name.len == 0 || name.data[0] != properties[i].name[0] || !span_is(name, properties[i].name))
			continue;
		one.value[p] = properties[i].read(value);
		if (adds_up(p) && one.value[p] == 0)
			return;
		if (p == CSS_COLOUR && one.value[p] == CSS_UNKNOWN && span_starts(value, "inherit"))
			return;
		if (span_find(value, SPAN_LITERAL("!important")) != SIZE_MAX ||
		    span_find(value, SPAN_LITERAL("! important")) != SIZE_MAX)
			one.important = one.set;
		css_merge(style, &one);
		return;
	}
}

void
css_merge(struct css_style *style, const struct css_style *from)
{
	uint16_t wins = from->set & (uint16_t)(~style->important | from->important);

	for (unsigned p = 0; p < CSS_PROPERTIES; p++)
		if ((wins & 1u << p) != 0)
			style->value[p] = from->value[p];
	style->set |= wins;
	style->important |= from->important;
}

void
css_declarations(struct span text, struct css_style *style)
{
	while (text.len > 0) {
		char name[NAME_MAX_LEN], value[VALUE_MAX_LEN];
		struct text_buffer n = { name, 0, sizeof(name) }, v = { value, 0, sizeof(value) };

		text = take_until(&n, text, ":;");
		if (text.len > 0 && text.data[0] == ':')
			text = take_until(&v, span_from(text, 1), ";");
		text = span_from(text, 1);
		declare(style, span_of(name, n.len), span_of(value, v.len));
	}
}
