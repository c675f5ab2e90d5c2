/* Expressions made wider, to be searched for by an engine that is fast for many
 * at once and knows less of Perl's syntax and of Unicode than PCRE2 does. What
 * it finds PCRE2 confirms.
 *
 * Places (^ $ \A \Z \z and lookarounds) are left out, except for \b and \B:
 * without them more is matched, never less. Groups of all kinds become (?:…);
 * lazy and possessive quantifiers become greedy, which match the same or more. So
 * nothing is left of which two engines could think differently: where a line
 * ends, what a group captured, how much to give back. Whatever else is not known
 * for certain gives up the whole expression.
 *
 * Characters beyond ASCII are one byte in the text that is searched, so that `.`,
 * [^…], \W, \S and \D match one as they do with PCRE2; so does one that is named,
 * whichever it is. With the flag u \w, \d and \s may match any, and where a word
 * ends is not known, so \b is left out too. In caseless matching ASCII's letters
 * have two cases beyond ASCII, K (KELVIN SIGN) and S (LONG S): a text that holds
 * these is not searched, and an expression that names one is given up. */
#include "config.h"

#include "engine/regex_wider.h"

#include "base/codec.h"
#include "mime/utf8.h"

enum {
	GROUP_DEPTH_MAX = 64,
	GROWTH_MAX = 4, /* one byte becomes \xHH at most, and two [\w\xHH] */
	CODE_DIGITS_MAX = 6,
	BEYOND_ASCII = '\x80',
	LONG_S = 0x17f,
	KELVIN_SIGN = 0x212a,
};
#define ANY_BEYOND_ASCII "\\x80"

struct widening {
	struct span rest;
	char *out;
	size_t len;
	unsigned depth;
	bool unicode;
	bool doubtful;
};

/* What a quantifier would repeat. */
enum atom { ATOM_NONE, ATOM_PLACE, ATOM_TEXT };

static void write_group(struct widening *w);

static char
take(struct widening *w)
{
	char c = w->rest.len > 0 ? w->rest.data[0] : '\0';

	w->doubtful |= w->rest.len == 0;
	w->rest = span_from(w->rest, 1);
	return c;
}

static bool
take_if(struct widening *w, const char *text)
{
	if (!span_starts(w->rest, text))
		return false;
	w->rest = span_from(w->rest, strlen(text));
	return true;
}

static void
put(struct widening *w, char c)
{
	w->out[w->len++] = c;
}

static void
put_text(struct widening *w, const char *text)
{
	while (*text != '\0')
		put(w, *text++);
}

/* A character that stands for itself, within classes and without. */
static void
put_character(struct widening *w, uint32_t code)
{
	char digits[3], c = (char)code;

	if (code >= 0x80) {
		w->doubtful |= code == LONG_S || code == KELVIN_SIGN;
		put_text(w, ANY_BEYOND_ASCII);
	} else if (ascii_is_alnum(c)) {
		put(w, c);
	} else {
		hex_encode(span_of(&c, 1), digits);
		put_text(w, "\\x");
		put_text(w, digits);
	}
}

/* The character whose first byte was taken. */
static uint32_t
rest_of_character(struct widening *w, char first)
{
	struct span all;
	size_t len;

	if ((unsigned char)first < 0x80)
		return (unsigned char)first;
	all = span_of(w->rest.data - 1, w->rest.len + 1);
	len = utf8_char(all);
	w->doubtful |= len == 0;
	w->rest = span_from(w->rest, len > 0 ? len - 1 : 0);
	return len > 0 ? utf8_code(all.data, len) : 0;
}

/* --- Escapes --- */

/* HH or {H…}; the x is taken. */
static uint32_t
take_number(struct widening *w)
{
	bool braces = take_if(w, "{");
	uint32_t code = 0;
	size_t digits = 0;

	while (w->rest.len > 0 && hex_digit(w->rest.data[0]) >= 0 && digits < (braces ? CODE_DIGITS_MAX : 2)) {
		code = code << 4 | (uint32_t)hex_digit(take(w));
		digits++;
	}
	w->doubtful |= braces ? digits == 0 || !take_if(w, "}") : digits != 2;
	return code;
}

/* What \ and c stand for within classes and without: a character or a kind. */
static void
write_escaped(struct widening *w, char c)
{
	static const char names[] = "tnrfea", values[] = "\t\n\r\f\033\a";
	const char *name;

	if (c == 'x') {
		put_character(w, take_number(w));
	} else if (c != '\0' && strchr("dDwWsS", c) != NULL) {
		put(w, '\\');
		put(w, c);
		if (w->unicode && strchr("dws", c) != NULL)
			put_text(w, ANY_BEYOND_ASCII);
	} else if (c != '\0' && (name = strchr(names, c)) != NULL) {
		put_character(w, (unsigned char)values[name - names]);
	} else if ((unsigned char)c < 0x80 && !ascii_is_alnum(c)) {
		put_character(w, (unsigned char)c);
	} else {
		w->doubtful = true;
	}
}

static enum atom
write_escape(struct widening *w)
{
	char c = take(w);

	if (c == 'A' || c == 'z' || c == 'Z')
		return ATOM_PLACE;
	if (c == 'b' || c == 'B') {
		if (!w->unicode) {
			put(w, '\\');
			put(w, c);
		}
		return ATOM_PLACE;
	}
	put_text(w, w->unicode ? "[" : "");
	write_escaped(w, c);
	put_text(w, w->unicode ? "]" : "");
	return ATOM_TEXT;
}

/* --- Classes --- */

/* [:name:]; the `[` and the `:` are taken. */
static void
write_class_name(struct widening *w)
{
	w->doubtful |= w->unicode;
	put_text(w, "[:");
	while (w->rest.len > 0 && (ascii_is_alnum(w->rest.data[0]) || w->rest.data[0] == '^'))
		put(w, take(w));
	w->doubtful |= !take_if(w, ":]");
	put_text(w, ":]");
}

/* Of characters beyond ASCII none stands at the end of a range, which may hold
 * others that have a case in ASCII; and none in a class of all but some, nor does
 * a kind of which it is not known what it leaves out. */
static void
check_member(struct widening *w, struct span member, bool after_dash, bool negated)
{
	bool beyond = span_ends_nocase(member, ANY_BEYOND_ASCII);

	w->doubtful |= beyond && (negated || after_dash || span_starts(w->rest, "-"));
	w->doubtful |= negated && w->unicode && member.len == 2 && member.data[0] == '\\';
}

static void
write_member(struct widening *w, bool negated)
{
	size_t before = w->len;
	bool after_dash = w->out[before - 1] == '-';
	char c = take(w);

	if (c == '-')
		put(w, c);
	else if (c == '[' && take_if(w, ":"))
		write_class_name(w);
	else if (c == '[' && (span_starts(w->rest, ".") || span_starts(w->rest, "=")))
		w->doubtful = true;
	else if (c == '\\' && take_if(w, "b"))
		put_character(w, '\b');
	else if (c == '\\')
		write_escaped(w, take(w));
	else
		put_character(w, rest_of_character(w, c));
	check_member(w, span_of(w->out + before, w->len - before), after_dash, negated);
}

static void
write_class(struct widening *w)
{
	bool negated = take_if(w, "^");

	put_text(w, negated ? "[^" : "[");
	if (take_if(w, "]"))
		put_character(w, ']');
	while (!w->doubtful && !take_if(w, "]")) {
		w->doubtful |= w->rest.len == 0;
		if (!w->doubtful)
			write_member(w, negated);
	}
	put(w, ']');
}

/* --- Quantifiers --- */

/* {n}, {n,} and {n,m}; the brace is taken. */
static void
write_braces(struct widening *w)
{
	unsigned commas = 0, digits = 0;

	put(w, '{');
	while (!w->doubtful && !take_if(w, "}")) {
		char c = take(w);

		commas += c == ',';
		digits += commas == 0;
		w->doubtful |= (!ascii_is_digit(c) && c != ',') || commas > 1;
		put(w, c);
	}
	w->doubtful |= digits == 0;
	put(w, '}');
}

static bool
at_quantifier(const struct widening *w)
{
	return w->rest.len > 0 && w->rest.data[0] != '\0' && strchr("*+?{", w->rest.data[0]) != NULL;
}

static void
write_quantifier(struct widening *w, enum atom atom)
{
	if (!at_quantifier(w))
		return;
	if (atom != ATOM_TEXT) {
		w->doubtful = true;
		return;
	}
	if (take_if(w, "{"))
		write_braces(w);
	else
		put(w, take(w));
	if (!take_if(w, "+"))
		take_if(w, "?");
	w->doubtful |= at_quantifier(w);
}

/* --- Groups --- */

/* A lookaround is read and forgotten. */
static enum atom
write_parentheses(struct widening *w)
{
	static const char *const lookarounds[] = { "?=", "?!", "?<=", "?<!" };
	size_t before = w->len;
	bool kept = true;

	for (size_t i = 0; i < sizeof(lookarounds) / sizeof(lookarounds[0]) && kept; i++)
		kept = !take_if(w, lookarounds[i]);
	if (kept && !take_if(w, "?:") && !take_if(w, "?>"))
		w->doubtful |= span_starts(w->rest, "?") || span_starts(w->rest, "*");
	put_text(w, "(?:");
	write_group(w);
	w->doubtful |= !take_if(w, ")");
	put(w, ')');
	if (!kept)
		w->len = before;
	return kept ? ATOM_TEXT : ATOM_PLACE;
}

static enum atom
write_item(struct widening *w)
{
	char c = take(w);

	switch (c) {
	case '\\':
		return write_escape(w);
	case '[':
		write_class(w);
		return ATOM_TEXT;
	case '(':
		return write_parentheses(w);
	case '^':
	case '$':
		return ATOM_PLACE;
	case '|':
		put(w, c);
		return ATOM_NONE;
	case '.':
		put(w, c);
		return ATOM_TEXT;
	case '*':
	case '+':
	case '?':
	case '{':
		w->doubtful = true;
		return ATOM_NONE;
	default:
		put_character(w, rest_of_character(w, c));
		return ATOM_TEXT;
	}
}

/* Up to the `)` that closes the group, or the end. */
static void
write_group(struct widening *w)
{
	if (++w->depth > GROUP_DEPTH_MAX)
		w->doubtful = true;
	while (!w->doubtful && w->rest.len > 0 && w->rest.data[0] != ')') {
		enum atom atom = write_item(w);

		write_quantifier(w, atom);
	}
	w->depth--;
}

bool
regex_widen(struct arena *a, struct span pattern, bool unicode, struct span *wider)
{
	struct widening w = { .rest = pattern, .unicode = unicode };

	w.out = arena_alloc_raw(a, pattern.len * GROWTH_MAX + 1);
	write_group(&w);
	*wider = span_of(w.out, w.len);
	return !w.doubtful && w.rest.len == 0;
}

/* --- Text --- */

static bool
folds_to_ascii(struct span character)
{
	return span_is(character, "\xc5\xbf") || span_is(character, "\xe2\x84\xaa");
}

size_t
text_narrow(struct span text, char *out)
{
	size_t len = 0;

	while (text.len > 0) {
		size_t plain = utf8_ascii_prefix(text), size;

		memcpy(out + len, text.data, plain);
		len += plain;
		text = span_from(text, plain);
		if (text.len == 0)
			break;
		size = utf8_char(text);
		if (folds_to_ascii(span_first(text, size)))
			return SIZE_MAX;
		out[len++] = BEYOND_ASCII;
		text = span_from(text, size > 0 ? size : 1);
	}
	return len;
}
