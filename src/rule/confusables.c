/* Look-alikes of Latin letters, after the idea of Unicode's confusables (UTS 39):
 * Latin letters that no decomposition makes plain, small capitals, Greek,
 * Cyrillic, Armenian, Hebrew, Cherokee, Canadian, Coptic and Lisu letters, and
 * punctuation. Large and small letters have rows of their own where they look
 * like different letters. Digits of other scripts are left to Unicode's tables,
 * and no digit is taken for a letter. */
#include "config.h"

#include "rule/confusables.h"

#include <stddef.h>
#include <stdlib.h>

struct confusable {
	uint32_t code;
	char latin[4];
};

/* Sorted by code. */
static const struct confusable confusables[] = {
	{ 0xa1, "i" }, { 0xa6, "|" }, { 0xb4, "'" }, { 0xb7, "." }, { 0xc6, "ae" }, { 0xd0, "d" }, { 0xd8, "o" },
	{ 0xde, "p" }, { 0xe6, "ae" }, { 0xf0, "d" }, { 0xf8, "o" }, { 0xfe, "p" }, { 0x110, "d" }, { 0x111, "d" },
	{ 0x126, "h" }, { 0x127, "h" }, { 0x131, "i" }, { 0x141, "l" }, { 0x142, "l" }, { 0x14a, "n" },
	{ 0x14b, "n" }, { 0x152, "oe" }, { 0x153, "oe" }, { 0x166, "t" }, { 0x167, "t" }, { 0x180, "b" },
	{ 0x181, "b" }, { 0x183, "b" }, { 0x185, "b" }, { 0x188, "c" }, { 0x18a, "d" }, { 0x18e, "e" },
	{ 0x18f, "e" }, { 0x190, "e" }, { 0x191, "f" }, { 0x192, "f" }, { 0x193, "g" }, { 0x197, "i" },
	{ 0x199, "k" }, { 0x19a, "l" }, { 0x19e, "n" }, { 0x19f, "o" }, { 0x1a4, "p" }, { 0x1a5, "p" },
	{ 0x1ac, "t" }, { 0x1ad, "t" }, { 0x1b2, "v" }, { 0x1b3, "y" }, { 0x1b4, "y" }, { 0x1b5, "z" },
	{ 0x1b6, "z" }, { 0x1bf, "p" }, { 0x1c0, "l" }, { 0x1c3, "!" }, { 0x1dd, "e" }, { 0x1e5, "g" },
	{ 0x225, "z" }, { 0x237, "j" }, { 0x244, "u" }, { 0x24b, "q" }, { 0x24d, "r" }, { 0x24f, "y" },
	{ 0x251, "a" }, { 0x253, "b" }, { 0x256, "d" }, { 0x257, "d" }, { 0x258, "e" }, { 0x259, "e" },
	{ 0x25b, "e" }, { 0x260, "g" }, { 0x261, "g" }, { 0x262, "g" }, { 0x266, "h" }, { 0x268, "i" },
	{ 0x269, "i" }, { 0x26a, "i" }, { 0x26b, "l" }, { 0x26d, "l" }, { 0x271, "m" }, { 0x272, "n" },
	{ 0x273, "n" }, { 0x274, "n" }, { 0x275, "o" }, { 0x27c, "r" }, { 0x27d, "r" }, { 0x27e, "r" },
	{ 0x280, "r" }, { 0x282, "s" }, { 0x288, "t" }, { 0x289, "u" }, { 0x28a, "u" }, { 0x28b, "v" },
	{ 0x28c, "v" }, { 0x28f, "y" }, { 0x290, "z" }, { 0x291, "z" }, { 0x299, "b" }, { 0x29c, "h" },
	{ 0x29f, "l" }, { 0x2b9, "'" }, { 0x2bc, "'" }, { 0x2d7, "-" }, { 0x37f, "j" }, { 0x391, "a" },
	{ 0x392, "b" }, { 0x395, "e" }, { 0x396, "z" }, { 0x397, "h" }, { 0x399, "i" }, { 0x39a, "k" },
	{ 0x39c, "m" }, { 0x39d, "n" }, { 0x39f, "o" }, { 0x3a1, "p" }, { 0x3a4, "t" }, { 0x3a5, "y" },
	{ 0x3a7, "x" }, { 0x3b1, "a" }, { 0x3b2, "b" }, { 0x3b3, "y" }, { 0x3b4, "d" }, { 0x3b5, "e" },
	{ 0x3b7, "n" }, { 0x3b9, "i" }, { 0x3ba, "k" }, { 0x3bc, "u" }, { 0x3bd, "v" }, { 0x3bf, "o" },
	{ 0x3c0, "n" }, { 0x3c1, "p" }, { 0x3c2, "c" }, { 0x3c3, "o" }, { 0x3c4, "t" }, { 0x3c5, "u" },
	{ 0x3c7, "x" }, { 0x3c9, "w" }, { 0x3f1, "p" }, { 0x3f2, "c" }, { 0x3f3, "j" }, { 0x3f5, "e" },
	{ 0x3f9, "c" }, { 0x404, "e" }, { 0x405, "s" }, { 0x406, "i" }, { 0x408, "j" }, { 0x410, "a" },
	{ 0x412, "b" }, { 0x413, "r" }, { 0x415, "e" }, { 0x417, "3" }, { 0x41a, "k" }, { 0x41c, "m" },
	{ 0x41d, "h" }, { 0x41e, "o" }, { 0x41f, "n" }, { 0x420, "p" }, { 0x421, "c" }, { 0x422, "t" },
	{ 0x423, "y" }, { 0x425, "x" }, { 0x427, "4" }, { 0x428, "w" }, { 0x42c, "b" }, { 0x42d, "e" },
	{ 0x430, "a" }, { 0x431, "6" }, { 0x432, "b" }, { 0x433, "r" }, { 0x435, "e" }, { 0x437, "3" },
	{ 0x43a, "k" }, { 0x43c, "m" }, { 0x43d, "h" }, { 0x43e, "o" }, { 0x43f, "n" }, { 0x440, "p" },
	{ 0x441, "c" }, { 0x442, "t" }, { 0x443, "y" }, { 0x445, "x" }, { 0x447, "4" }, { 0x448, "w" },
	{ 0x44c, "b" }, { 0x454, "e" }, { 0x455, "s" }, { 0x456, "i" }, { 0x458, "j" }, { 0x460, "w" },
	{ 0x461, "w" }, { 0x474, "v" }, { 0x475, "v" }, { 0x493, "f" }, { 0x49b, "k" }, { 0x4a1, "k" },
	{ 0x4a3, "h" }, { 0x4ab, "c" }, { 0x4ae, "y" }, { 0x4af, "y" }, { 0x4b3, "x" }, { 0x4ba, "h" },
	{ 0x4bb, "h" }, { 0x4bd, "e" }, { 0x4bf, "e" }, { 0x4c0, "l" }, { 0x4cf, "l" }, { 0x4d9, "e" },
	{ 0x4e8, "o" }, { 0x4e9, "o" }, { 0x500, "d" }, { 0x501, "d" }, { 0x51a, "q" }, { 0x51b, "q" },
	{ 0x51c, "w" }, { 0x51d, "w" }, { 0x53c, "l" }, { 0x54d, "u" }, { 0x54f, "s" }, { 0x555, "o" },
	{ 0x561, "w" }, { 0x566, "q" }, { 0x56c, "l" }, { 0x570, "h" }, { 0x572, "n" }, { 0x575, "j" },
	{ 0x578, "n" }, { 0x57c, "n" }, { 0x57d, "u" }, { 0x581, "g" }, { 0x585, "o" }, { 0x5c3, ":" },
	{ 0x5d5, "i" }, { 0x5df, "l" }, { 0x5e1, "o" }, { 0x13a0, "d" }, { 0x13a1, "r" }, { 0x13a2, "t" },
	{ 0x13a5, "i" }, { 0x13aa, "a" }, { 0x13ab, "j" }, { 0x13ac, "e" }, { 0x13b3, "w" }, { 0x13b7, "m" },
	{ 0x13bb, "h" }, { 0x13bd, "y" }, { 0x13c0, "g" }, { 0x13c2, "h" }, { 0x13c3, "z" }, { 0x13ce, "4" },
	{ 0x13cf, "b" }, { 0x13d2, "r" }, { 0x13d4, "w" }, { 0x13d5, "s" }, { 0x13d9, "v" }, { 0x13da, "s" },
	{ 0x13de, "l" }, { 0x13df, "c" }, { 0x13e2, "p" }, { 0x13e6, "k" }, { 0x13e7, "d" }, { 0x13f4, "b" },
	{ 0x142f, "v" }, { 0x144c, "u" }, { 0x144e, "n" }, { 0x1455, "c" }, { 0x146d, "p" }, { 0x148d, "j" },
	{ 0x14aa, "l" }, { 0x1515, "s" }, { 0x157c, "h" }, { 0x1587, "r" }, { 0x15b4, "f" }, { 0x15e9, "a" },
	{ 0x15ea, "d" }, { 0x15ef, "w" }, { 0x15f0, "m" }, { 0x15f4, "e" }, { 0x15f7, "b" }, { 0x166d, "x" },
	{ 0x1d00, "a" }, { 0x1d04, "c" }, { 0x1d05, "d" }, { 0x1d07, "e" }, { 0x1d0a, "j" }, { 0x1d0b, "k" },
	{ 0x1d0d, "m" }, { 0x1d0f, "o" }, { 0x1d18, "p" }, { 0x1d1b, "t" }, { 0x1d1c, "u" }, { 0x1d20, "v" },
	{ 0x1d21, "w" }, { 0x1d22, "z" }, { 0x2010, "-" }, { 0x2011, "-" }, { 0x2012, "-" }, { 0x2013, "-" },
	{ 0x2014, "-" }, { 0x2015, "-" }, { 0x2018, "'" }, { 0x2019, "'" }, { 0x201a, "," }, { 0x201b, "'" },
	{ 0x201c, "\"" }, { 0x201d, "\"" }, { 0x201e, "\"" }, { 0x201f, "\"" }, { 0x2022, "." }, { 0x2024, "." },
	{ 0x2032, "'" }, { 0x2033, "\"" }, { 0x2044, "/" }, { 0x212e, "e" }, { 0x2212, "-" }, { 0x2215, "/" },
	{ 0x2219, "." }, { 0x2223, "|" }, { 0x2228, "v" }, { 0x2229, "n" }, { 0x222a, "u" }, { 0x2236, ":" },
	{ 0x2373, "i" }, { 0x2374, "p" }, { 0x2375, "w" }, { 0x237a, "a" }, { 0x29f8, "/" }, { 0x2c80, "a" },
	{ 0x2c81, "a" }, { 0x2c82, "b" }, { 0x2c83, "b" }, { 0x2c88, "e" }, { 0x2c89, "e" }, { 0x2c8e, "h" },
	{ 0x2c8f, "h" }, { 0x2c92, "i" }, { 0x2c93, "i" }, { 0x2c94, "k" }, { 0x2c95, "k" }, { 0x2c98, "m" },
	{ 0x2c99, "m" }, { 0x2c9a, "n" }, { 0x2c9b, "n" }, { 0x2c9e, "o" }, { 0x2c9f, "o" }, { 0x2ca2, "p" },
	{ 0x2ca3, "p" }, { 0x2ca4, "c" }, { 0x2ca5, "c" }, { 0x2ca6, "t" }, { 0x2ca7, "t" }, { 0x2ca8, "y" },
	{ 0x2ca9, "y" }, { 0x2cac, "x" }, { 0x2cad, "x" }, { 0x2cb0, "w" }, { 0x2cb1, "w" }, { 0x3002, "." },
	{ 0xa4d0, "b" }, { 0xa4d1, "p" }, { 0xa4d3, "d" }, { 0xa4d4, "t" }, { 0xa4d6, "g" }, { 0xa4d7, "k" },
	{ 0xa4d9, "j" }, { 0xa4da, "c" }, { 0xa4dc, "z" }, { 0xa4dd, "f" }, { 0xa4df, "m" }, { 0xa4e0, "n" },
	{ 0xa4e1, "l" }, { 0xa4e2, "s" }, { 0xa4e3, "r" }, { 0xa4e6, "v" }, { 0xa4e7, "h" }, { 0xa4ea, "w" },
	{ 0xa4eb, "x" }, { 0xa4ec, "y" }, { 0xa4ee, "a" }, { 0xa4f0, "e" }, { 0xa4f2, "i" }, { 0xa4f3, "o" },
	{ 0xa4f4, "u" }, { 0xa730, "f" }, { 0xa731, "s" }, { 0xa789, ":" }, { 0xa7af, "q" }, { 0xfe58, "-" },
	{ 0xff61, "." },
};

/* Alphabets of signs, A to Z. */
static const uint32_t alphabets[] = {
	0x1f150, /* white on a black circle */
	0x1f170, /* white on a black square */
	0x1f1e6, /* regional indicators */
};

enum { LETTERS = 26 };

static int
compare(const void *key, const void *element)
{
	uint32_t code = *(const uint32_t *)key, other = ((const struct confusable *)element)->code;

	return (code > other) - (code < other);
}

const char *
confusable_latin(uint32_t code)
{
	static const char letters[LETTERS][2] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o",
		"p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z" };
	const struct confusable *c;

	if (code < 0x80)
		return NULL;
	for (size_t i = 0; i < sizeof(alphabets) / sizeof(alphabets[0]); i++)
		if (code >= alphabets[i] && code < alphabets[i] + LETTERS)
			return letters[code - alphabets[i]];
	c = bsearch(&code, confusables, sizeof(confusables) / sizeof(confusables[0]), sizeof(confusables[0]), compare);
	return c != NULL ? c->latin : NULL;
}
