/* Colours as CSS (Color 4) and the attributes of HTML write them: names, #rgb,
 * #rrggbb, with or without an alpha, rgb() and rgba() of numbers and percents,
 * hsl() of lightness 0 and 100 only, and in attributes digits without "#". */
#include "config.h"

#include "rule/css.h"

#include <stdlib.h>

#include "base/codec.h"

struct named_colour {
	const char *name;
	uint32_t rgb;
};

/* Sorted by name. */
static const struct named_colour named[] = {
	{ "aliceblue", 0xf0f8ff }, { "antiquewhite", 0xfaebd7 }, { "aqua", 0x00ffff }, { "aquamarine", 0x7fffd4 },
	{ "azure", 0xf0ffff }, { "beige", 0xf5f5dc }, { "bisque", 0xffe4c4 }, { "black", 0x000000 },
	{ "blanchedalmond", 0xffebcd }, { "blue", 0x0000ff }, { "blueviolet", 0x8a2be2 }, { "brown", 0xa52a2a },
	{ "burlywood", 0xdeb887 }, { "cadetblue", 0x5f9ea0 }, { "chartreuse", 0x7fff00 }, { "chocolate", 0xd2691e },
	{ "coral", 0xff7f50 }, { "cornflowerblue", 0x6495ed }, { "cornsilk", 0xfff8dc }, { "crimson", 0xdc143c },
	{ "cyan", 0x00ffff }, { "darkblue", 0x00008b }, { "darkcyan", 0x008b8b }, { "darkgoldenrod", 0xb8860b },
	{ "darkgray", 0xa9a9a9 }, { "darkgreen", 0x006400 }, { "darkgrey", 0xa9a9a9 }, { "darkkhaki", 0xbdb76b },
	{ "darkmagenta", 0x8b008b }, { "darkolivegreen", 0x556b2f }, { "darkorange", 0xff8c00 },
	{ "darkorchid", 0x9932cc }, { "darkred", 0x8b0000 }, { "darksalmon", 0xe9967a }, { "darkseagreen", 0x8fbc8f },
	{ "darkslateblue", 0x483d8b }, { "darkslategray", 0x2f4f4f }, { "darkslategrey", 0x2f4f4f },
	{ "darkturquoise", 0x00ced1 }, { "darkviolet", 0x9400d3 }, { "deeppink", 0xff1493 },
	{ "deepskyblue", 0x00bfff }, { "dimgray", 0x696969 }, { "dimgrey", 0x696969 }, { "dodgerblue", 0x1e90ff },
	{ "firebrick", 0xb22222 }, { "floralwhite", 0xfffaf0 }, { "forestgreen", 0x228b22 }, { "fuchsia", 0xff00ff },
	{ "gainsboro", 0xdcdcdc }, { "ghostwhite", 0xf8f8ff }, { "gold", 0xffd700 }, { "goldenrod", 0xdaa520 },
	{ "gray", 0x808080 }, { "green", 0x008000 }, { "greenyellow", 0xadff2f }, { "grey", 0x808080 },
	{ "honeydew", 0xf0fff0 }, { "hotpink", 0xff69b4 }, { "indianred", 0xcd5c5c }, { "indigo", 0x4b0082 },
	{ "ivory", 0xfffff0 }, { "khaki", 0xf0e68c }, { "lavender", 0xe6e6fa }, { "lavenderblush", 0xfff0f5 },
	{ "lawngreen", 0x7cfc00 }, { "lemonchiffon", 0xfffacd }, { "lightblue", 0xadd8e6 },
	{ "lightcoral", 0xf08080 }, { "lightcyan", 0xe0ffff }, { "lightgoldenrodyellow", 0xfafad2 },
	{ "lightgray", 0xd3d3d3 }, { "lightgreen", 0x90ee90 }, { "lightgrey", 0xd3d3d3 }, { "lightpink", 0xffb6c1 },
	{ "lightsalmon", 0xffa07a }, { "lightseagreen", 0x20b2aa }, { "lightskyblue", 0x87cefa },
	{ "lightslategray", 0x778899 }, { "lightslategrey", 0x778899 }, { "lightsteelblue", 0xb0c4de },
	{ "lightyellow", 0xffffe0 }, { "lime", 0x00ff00 }, { "limegreen", 0x32cd32 }, { "linen", 0xfaf0e6 },
	{ "magenta", 0xff00ff }, { "maroon", 0x800000 }, { "mediumaquamarine", 0x66cdaa }, { "mediumblue", 0x0000cd },
	{ "mediumorchid", 0xba55d3 }, { "mediumpurple", 0x9370db }, { "mediumseagreen", 0x3cb371 },
	{ "mediumslateblue", 0x7b68ee }, { "mediumspringgreen", 0x00fa9a }, { "mediumturquoise", 0x48d1cc },
	{ "mediumvioletred", 0xc71585 }, { "midnightblue", 0x191970 }, { "mintcream", 0xf5fffa },
	{ "mistyrose", 0xffe4e1 }, { "moccasin", 0xffe4b5 }, { "navajowhite", 0xffdead }, { "navy", 0x000080 },
	{ "oldlace", 0xfdf5e6 }, { "olive", 0x808000 }, { "olivedrab", 0x6b8e23 }, { "orange", 0xffa500 },
	{ "orangered", 0xff4500 }, { "orchid", 0xda70d6 }, { "palegoldenrod", 0xeee8aa }, { "palegreen", 0x98fb98 },
	{ "paleturquoise", 0xafeeee }, { "palevioletred", 0xdb7093 }, { "papayawhip", 0xffefd5 },
	{ "peachpuff", 0xffdab9 }, { "peru", 0xcd853f }, { "pink", 0xffc0cb }, { "plum", 0xdda0dd },
	{ "powderblue", 0xb0e0e6 }, { "purple", 0x800080 }, { "rebeccapurple", 0x663399 }, { "red", 0xff0000 },
	{ "rosybrown", 0xbc8f8f }, { "royalblue", 0x4169e1 }, { "saddlebrown", 0x8b4513 }, { "salmon", 0xfa8072 },
	{ "sandybrown", 0xf4a460 }, { "seagreen", 0x2e8b57 }, { "seashell", 0xfff5ee }, { "sienna", 0xa0522d },
	{ "silver", 0xc0c0c0 }, { "skyblue", 0x87ceeb }, { "slateblue", 0x6a5acd }, { "slategray", 0x708090 },
	{ "slategrey", 0x708090 }, { "snow", 0xfffafa }, { "springgreen", 0x00ff7f }, { "steelblue", 0x4682b4 },
	{ "tan", 0xd2b48c }, { "teal", 0x008080 }, { "thistle", 0xd8bfd8 }, { "tomato", 0xff6347 },
	{ "turquoise", 0x40e0d0 }, { "violet", 0xee82ee }, { "wheat", 0xf5deb3 }, { "white", 0xffffff },
	{ "whitesmoke", 0xf5f5f5 }, { "yellow", 0xffff00 }, { "yellowgreen", 0x9acd32 },
};

enum {
	CHANNELS = 4,          /* red, green, blue, alpha */
	ALPHA_SEEN_LEAST = 13, /* of 255: less is hardly seen */
};

static int
compare(const void *key, const void *element)
{
	const struct span *name = key;
	const struct named_colour *c = element;
	int order = strncmp(name->data, c->name, name->len);

	return order != 0 ? order : -(c->name[name->len] != '\0');
}

static uint32_t
colour_of(const unsigned channel[CHANNELS])
{
	if (channel[3] < ALPHA_SEEN_LEAST)
		return CSS_TRANSPARENT;
	return channel[0] << 16 | channel[1] << 8 | channel[2];
}

static uint32_t
hex_colour(struct span digits)
{
	unsigned channel[CHANNELS] = { 0, 0, 0, 255 };
	size_t wide = digits.len > 4 ? 2 : 1;

	if (digits.len != 3 && digits.len != 4 && digits.len != 6 && digits.len != 8)
		return CSS_UNKNOWN;
	for (size_t i = 0; i < digits.len; i++)
		if (hex_digit(digits.data[i]) < 0)
			return CSS_UNKNOWN;
	for (size_t i = 0; i < digits.len / wide; i++) {
		unsigned high = (unsigned)hex_digit(digits.data[i * wide]);

		channel[i] = high << 4 | (wide == 2 ? (unsigned)hex_digit(digits.data[i * 2 + 1]) : high);
	}
	return colour_of(channel);
}

/* A number or a percentage of `whole`, rounded down, cut to 0 to 255. */
static unsigned
channel_value(struct span text, double whole, double scale)
{
	double number;
	struct span unit;

	if (!css_number(text, &number, &unit))
		return 255;
	number = span_is(unit, "%") ? number * whole / 100 : number * scale;
	return number <= 0 ? 0 : number >= 255 ? 255 : (unsigned)number;
}

/* What stands in the brackets of rgb() and rgba(). */
static uint32_t
rgb_colour(struct span inside)
{
	unsigned channel[CHANNELS] = { 0, 0, 0, 255 };
	size_t count = 0;

	while (inside.len > 0 && count < CHANNELS) {
		size_t at = 0;

		while (at < inside.len && strchr(" ,/)", inside.data[at]) == NULL)
			at++;
		if (at > 0) {
			channel[count] = channel_value(span_first(inside, at), 255, count < 3 ? 1 : 255);
			count++;
		}
		inside = span_from(inside, at + 1);
	}
	return count >= 3 ? colour_of(channel) : CSS_UNKNOWN;
}

uint32_t
css_colour(struct span text)
{
	const struct named_colour *c = NULL;
	size_t open = span_find_byte(text, '(');

	if (span_starts(text, "#"))
		return hex_colour(span_from(text, 1));
	if (span_starts(text, "rgb") && open != SIZE_MAX)
		return rgb_colour(span_from(text, open + 1));
	if (span_is(text, "transparent"))
		return CSS_TRANSPARENT;
	if (text.len > 0 && memchr(text.data, '\0', text.len) == NULL)
		c = bsearch(&text, named, sizeof(named) / sizeof(named[0]), sizeof(named[0]), compare);
	return c != NULL ? c->rgb : CSS_UNKNOWN;
}

uint32_t
css_attribute_colour(struct span text)
{
	uint32_t colour = css_colour(text);

	return colour == CSS_UNKNOWN ? hex_colour(text) : colour;
}

bool
css_colours_are_near(uint32_t a, uint32_t b)
{
	enum { NEAR = 24 }; /* the sum over three channels of 255 that no eye tells apart */
	unsigned distance = 0;

	if (a == CSS_TRANSPARENT)
		return true;
	if (a == CSS_UNKNOWN || b == CSS_UNKNOWN || b == CSS_TRANSPARENT)
		return false;
	for (unsigned shift = 0; shift < 24; shift += 8)
		distance += (unsigned)abs((int)(a >> shift & 0xff) - (int)(b >> shift & 0xff));
	return distance <= NEAR;
}
