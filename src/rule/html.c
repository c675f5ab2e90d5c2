/* HTML to text in one pass that never goes back: as the tokenizer of the HTML
 * standard (WHATWG 13.2.5), without building a tree. Where the standard and a
 * lenient reader may differ (an unclosed comment or quote swallows the rest),
 * the standard is followed, as browsers and mail programs do.
 *
 * Limits: style sheets are not applied, so text that CSS hides is seen; that
 * is what spam filters want. `pre` is collapsed like other text. */
#include "config.h"

#include "rule/html.h"

#include "base/codec.h"
#include "rule/html_entities.h"
#include "rule/uri.h"

struct html {
	struct arena *arena;
	struct span in; /* what is not yet read */
	char *out;
	size_t len;
	char blank;     /* ' ' or '\n' that goes before the next visible character, or 0 */
	void (*link)(void *context, struct span uri);
	void *context;
};

static const char *const blocks[] = { "address", "article", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt",
	"footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "li", "ol", "option", "p", "pre",
	"section", "table", "td", "th", "title", "tr", "ul", NULL };

/* Their contents are code. */
static const char *const dropped[] = { "script", "style", NULL };

/* UTF-8 of characters that are not seen. */
static const char *const invisible[] = {
	"\xc2\xad",     /* soft hyphen */
	"\xcd\x8f",     /* combining grapheme joiner */
	"\xe2\x80\x8b", /* zero width space */
	"\xe2\x80\x8c", /* zero width non-joiner */
	"\xe2\x80\x8d", /* zero width joiner */
	"\xe2\x81\xa0", /* word joiner */
	"\xef\xbb\xbf", /* byte order mark */
	NULL,
};

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_letter(char c)
{
	return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

static bool
is_one_of(struct span name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (name.len > 0 && ascii_lower(name.data[0]) == **names && span_is_nocase(name, *names))
			return true;
	return false;
}

static void
put_blank(struct html *h, char blank)
{
	if (h->blank != '\n')
		h->blank = blank;
}

/* One character's bytes. */
static void
put(struct html *h, struct span character)
{
	if (is_space(character.data[0]) || span_eq(character, SPAN_LITERAL("\xc2\xa0"))) {
		put_blank(h, ' ');
		return;
	}
	if ((unsigned char)character.data[0] >= 0x80 && is_one_of(character, invisible))
		return;
	if (h->blank != 0 && h->len > 0)
		h->out[h->len++] = h->blank;
	h->blank = 0;
	memcpy(h->out + h->len, character.data, character.len);
	h->len += character.len;
}

/* Length of the character at the beginning, as its first byte tells; what is
 * malformed is a character a byte. */
static size_t
character_length(struct span s)
{
	unsigned char lead = (unsigned char)s.data[0];
	size_t len = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 1;

	if (len > s.len)
		return 1;
	for (size_t i = 1; i < len; i++)
		if ((s.data[i] & 0xc0) != 0x80)
			return 1;
	return len;
}

static size_t
utf8_put(uint32_t code, char out[4])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* Numbers 128 to 159 mean windows-1252 (WHATWG 13.2.5.80); what is no
 * character is U+FFFD. */
static uint32_t
code_meant(uint32_t code)
{
	static const uint16_t windows_1252[32] = { 0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030,
		0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc,
		0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178 };

	if (code >= 0x80 && code < 0xa0)
		return windows_1252[code - 0x80];
	return code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0xfffd : code;
}

/* "&#123;" or "&#x7b;", also without the semicolon: its length, or 0. */
static size_t
numeric_reference(struct span s, uint32_t *code)
{
	bool hex = s.len > 2 && ascii_lower(s.data[2]) == 'x';
	size_t first = hex ? 3 : 2, at = first;
	uint32_t value = 0;

	for (; at < s.len; at++) {
		int digit = hex_digit(s.data[at]);

		if (digit < 0 || (!hex && digit > 9))
			break;
		if (value <= 0x10ffff)
			value = value * (hex ? 16 : 10) + (uint32_t)digit;
	}
	if (at == first)
		return 0;
	*code = code_meant(value);
	return at < s.len && s.data[at] == ';' ? at + 1 : at;
}

/* "&amp;"; the semicolon may be missing in text, not in an attribute, where
 * "?a=1&copy=2" is common. */
static size_t
named_reference(struct span s, bool in_attribute, uint32_t *code)
{
	size_t at = 1;

	while (at < s.len && at <= HTML_ENTITY_MAX && ascii_is_alnum(s.data[at]))
		at++;
	*code = html_entity(span_of(s.data + 1, at - 1));
	if (*code == 0)
		return 0;
	if (at < s.len && s.data[at] == ';')
		return at + 1;
	return in_attribute ? 0 : at;
}

/* The character reference at the beginning of s: its length, or 0. */
static size_t
reference(struct span s, bool in_attribute, char out[4], size_t *out_len)
{
	uint32_t code = 0;
	size_t len = s.len > 1 && s.data[1] == '#' ? numeric_reference(s, &code) : named_reference(s, in_attribute, &code);

	if (len > 0)
		*out_len = utf8_put(code, out);
	return len;
}

static void
advance(struct html *h, size_t len)
{
	h->in = span_from(h->in, len);
}

static void
skip_past(struct html *h, const char *end)
{
	size_t at = span_find_nocase(h->in, span_str(end));

	advance(h, at == SIZE_MAX ? h->in.len : at + strlen(end));
}

/* h->in begins behind "<!--". */
static void
take_comment(struct html *h)
{
	size_t at = 0;

	if (span_starts(h->in, ">") || span_starts(h->in, "->"))
		at = h->in.data[0] == '>' ? 0 : 1;
	else
		for (; at < h->in.len; at++) {
			struct span rest = span_from(h->in, at);

			if (span_starts(rest, "-->") || span_starts(rest, "--!>")) {
				at += rest.data[2] == '>' ? 2 : 3;
				break;
			}
		}
	advance(h, at + 1);
}

/* Browsers drop line ends and tabs from links, so do we. */
static void
take_links(struct html *h, struct span value)
{
	char *out;
	size_t len = 0;

	if (h->link == NULL || (span_find_byte(value, ':') == SIZE_MAX && span_find_byte(value, '&') == SIZE_MAX))
		return;
	out = arena_alloc_raw(h->arena, value.len);
	while (value.len > 0) {
		size_t put_len = 1, used = value.data[0] == '&' ? reference(value, true, out + len, &put_len) : 0;

		if (used == 0) {
			out[len] = value.data[0];
			used = 1;
		}
		if (strchr("\t\r\n", out[len]) == NULL || out[len] == '\0')
			len += put_len;
		value = span_from(value, used);
	}
	uri_find(span_of(out, len), h->link, h->context);
}

static void
skip_spaces(struct html *h, bool slashes)
{
	size_t at = 0;

	while (at < h->in.len && (is_space(h->in.data[at]) || (slashes && h->in.data[at] == '/')))
		at++;
	advance(h, at);
}

static struct span
take_value(struct html *h)
{
	struct span value;
	size_t at = 0;

	if (h->in.len > 0 && (h->in.data[0] == '"' || h->in.data[0] == '\'')) {
		char quote = h->in.data[0];

		advance(h, 1);
		at = span_find_byte(h->in, quote);
		value = span_first(h->in, at);
		advance(h, at == SIZE_MAX ? h->in.len : at + 1);
		return value;
	}
	while (at < h->in.len && !is_space(h->in.data[at]) && h->in.data[at] != '>')
		at++;
	value = span_first(h->in, at);
	advance(h, at);
	return value;
}

/* Everything up to the tag's ">". */
static void
take_attributes(struct html *h)
{
	for (;;) {
		size_t at = 0;

		skip_spaces(h, true);
		if (h->in.len == 0 || h->in.data[0] == '>')
			break;
		/* A "=" at the beginning is part of the name. */
		do
			at++;
		while (at < h->in.len && !is_space(h->in.data[at]) && strchr("/>=", h->in.data[at]) == NULL);
		advance(h, at);
		skip_spaces(h, false);
		if (h->in.len == 0 || h->in.data[0] != '=')
			continue;
		advance(h, 1);
		skip_spaces(h, false);
		take_links(h, take_value(h));
	}
	advance(h, 1);
}

/* h->in begins at the tag's name. */
static void
take_tag(struct html *h, bool end_tag)
{
	struct span name;
	size_t at = 0;

	while (at < h->in.len && !is_space(h->in.data[at]) && h->in.data[at] != '/' && h->in.data[at] != '>')
		at++;
	name = span_first(h->in, at);
	advance(h, at);
	take_attributes(h);
	if (is_one_of(name, blocks))
		put_blank(h, '\n');
	if (end_tag || !is_one_of(name, dropped))
		return;
	at = span_find_nocase(h->in, ascii_lower(name.data[1]) == 'c' ? SPAN_LITERAL("</script") : SPAN_LITERAL("</style"));
	advance(h, at == SIZE_MAX ? h->in.len : at);
}

/* h->in begins at "<". */
static void
take_markup(struct html *h)
{
	struct span rest = span_from(h->in, 1);
	bool end_tag = span_starts(rest, "/");

	if (span_starts(rest, "!--")) {
		advance(h, 4);
		take_comment(h);
	} else if (span_starts(rest, "!") || span_starts(rest, "?")) {
		skip_past(h, ">");
	} else if (rest.len > end_tag && is_letter(rest.data[end_tag])) {
		advance(h, 1 + end_tag);
		take_tag(h, end_tag);
	} else if (end_tag) {
		skip_past(h, ">");
	} else {
		put(h, span_first(h->in, 1));
		advance(h, 1);
	}
}

static void
take_character(struct html *h)
{
	char decoded[4];
	size_t len = 0, decoded_len = 0;

	if (h->in.data[0] == '&')
		len = reference(h->in, false, decoded, &decoded_len);
	if (len > 0) {
		put(h, span_of(decoded, decoded_len));
	} else {
		len = character_length(h->in);
		put(h, span_first(h->in, len));
	}
	advance(h, len);
}

/* How many octets are visible ASCII that means itself. */
static size_t
plain_run(struct span s)
{
	size_t i = 0;

	while (i < s.len && s.data[i] > ' ' && s.data[i] < 0x7f && s.data[i] != '<' && s.data[i] != '&')
		i++;
	return i;
}

static void
take_text(struct html *h)
{
	size_t run = plain_run(h->in);

	if (run == 0) {
		take_character(h);
		return;
	}
	put(h, span_first(h->in, run));
	advance(h, run);
}

struct span
html_text(struct arena *a, struct span html, void (*link)(void *context, struct span uri), void *context)
{
	struct html h = { .arena = a, .in = html, .link = link, .context = context };

	h.out = arena_alloc_raw(a, html.len + 1);
	while (h.in.len > 0) {
		if (h.in.data[0] == '<')
			take_markup(&h);
		else
			take_text(&h);
	}
	return span_of(h.out, h.len);
}
