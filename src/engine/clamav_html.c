/* HTML as ClamAV has it before it looks for signatures, in two forms. The one
 * is clean: lower case, comments and declarations gone, one space for any
 * blanks and none behind a tag, double quotes around values, entities as the
 * characters of Latin-1 that they mean; in scripts and styles no blanks at all.
 * The other has the words only: what stands outside of tags, and where links
 * and images lead to, as written.
 *
 * ClamAV's third form, scripts with their variables renamed, is not made; nor
 * is what it makes of octets over 127 among the words. */
#include "config.h"

#include "base/codec.h"
#include "engine/clamav_db.h"

enum {
	NAME_MAX_LEN = 16,   /* of tags and attributes that are looked for */
	ENTITY_MAX_LEN = 10, /* between & and ; */
	AT_ONCE = 1024,      /* ClamAV looks so far for what kind a file is */
};

struct writer {
	char *data;
	size_t len, room;
};

struct html {
	struct span rest;
	struct writer clean, words;
	bool blank;          /* further blanks are not written to `clean` */
};

static void
put(struct writer *w, char c)
{
	if (w->len < w->room)
		w->data[w->len++] = c;
}

/* Words are told apart by one space. */
static void
end_word(struct html *h)
{
	if (h->words.len == 0 || h->words.data[h->words.len - 1] != ' ')
		put(&h->words, ' ');
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

static void
put_clean(struct html *h, char c)
{
	put(&h->clean, ascii_lower(c));
	h->blank = false;
}

static void
put_blank(struct html *h)
{
	if (!h->blank)
		put(&h->clean, ' ');
	h->blank = true;
}

/* --- Entities --- */

/* From U+00A0 on. */
static const char *const latin1[] = {
	"nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo", "not", "shy", "reg",
	"macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot", "cedil", "sup1", "ordm", "raquo", "frac14",
	"frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave",
	"Eacute", "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute", "Ocirc", "Otilde",
	"Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN", "szlig", "agrave", "aacute", "acirc",
	"atilde", "auml", "aring", "aelig", "ccedil", "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml",
	"eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc", "uuml",
	"yacute", "thorn", "yuml",
};

static bool
named_entity(struct span name, uint32_t *code)
{
	static const struct {
		const char *name;
		char c;
	} marks[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' } };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (span_is(name, marks[i].name)) {
			*code = (uint32_t)marks[i].c;
			return true;
		}
	for (size_t i = 0; i < sizeof(latin1) / sizeof(latin1[0]); i++)
		if (span_is(name, latin1[i])) {
			*code = 0xa0 + (uint32_t)i;
			return true;
		}
	return false;
}

/* Behind the #: digits, or x and hexadecimal ones. */
static bool
numeric_entity(struct span digits, uint32_t *code)
{
	bool hex = span_starts_nocase(digits, "x");

	if (hex)
		digits = span_from(digits, 1);
	*code = 0;
	for (size_t i = 0; i < digits.len; i++) {
		int digit = hex_digit(digits.data[i]);

		if (digit < 0 || (!hex && digit > 9))
			return false;
		*code = *code * (hex ? 16 : 10) + (uint32_t)digit;
	}
	return digits.len > 0 && *code <= 0x10ffff;
}

/* Takes the entity that begins *rest, with its semicolon; false when it is
 * none that is known, of which only the & is taken. */
static bool
take_entity(struct span *rest, uint32_t *code)
{
	struct span text = span_from(*rest, 1);
	size_t len = span_starts(text, "#") ? 1 : 0;
	bool numeric = len == 1, closed;

	while (len < text.len && len < ENTITY_MAX_LEN && ascii_is_alnum(text.data[len]))
		len++;
	closed = len < text.len && text.data[len] == ';';
	*rest = text;
	if (numeric ? !numeric_entity(span_from(span_first(text, len), 1), code)
	            : !closed || !named_entity(span_first(text, len), code))
		return false;
	*rest = span_from(text, len + closed);
	return true;
}

/* Beyond Latin-1 an entity stays one. */
static void
put_code(struct html *h, uint32_t code)
{
	static const char digits[] = "0123456789abcdef";
	int shift = 20;

	if (code < 0x100) {
		put_clean(h, (char)(unsigned char)code);
		return;
	}
	put_clean(h, '&');
	put_clean(h, '#');
	put_clean(h, 'x');
	while (code >> shift == 0)
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		put_clean(h, digits[code >> shift & 15]);
	put_clean(h, ';');
}

static void
entity(struct html *h)
{
	uint32_t code;

	if (take_entity(&h->rest, &code)) {
		put_code(h, code);
	} else {
		put_clean(h, '&');
		for (; h->rest.len > 0 && ascii_is_alnum(h->rest.data[0]); h->rest = span_from(h->rest, 1))
			put_clean(h, h->rest.data[0]);
		if (h->rest.len > 0 && h->rest.data[0] == ';') {
			put_clean(h, ';');
			h->rest = span_from(h->rest, 1);
		}
	}
	end_word(h);
}

/* --- Tags --- */

struct name {
	char text[NAME_MAX_LEN + 1]; /* "" when it is longer */
	size_t len;
};

static void
name_add(struct name *n, char c)
{
	if (n->len < NAME_MAX_LEN)
		n->text[n->len++] = ascii_lower(c);
	else
		n->len = NAME_MAX_LEN + 1;
	n->text[n->len <= NAME_MAX_LEN ? n->len : 0] = '\0';
}

static bool
is_link(const struct name *tag, const struct name *attribute)
{
	return (strcmp(tag->text, "a") == 0 && strcmp(attribute->text, "href") == 0) ||
	    (strcmp(tag->text, "img") == 0 && strcmp(attribute->text, "src") == 0);
}

/* The octets of a value, without quotes; *after is what follows it. */
static struct span
take_value(struct span *rest, bool *quoted)
{
	struct span value;
	size_t len = 0;

	while (rest->len > 0 && is_blank(rest->data[0]))
		*rest = span_from(*rest, 1);
	*quoted = rest->len > 0 && (rest->data[0] == '"' || rest->data[0] == '\'');
	if (*quoted) {
		char quote = rest->data[0];

		*rest = span_from(*rest, 1);
		value = span_first(*rest, span_find_byte(*rest, quote));
		*rest = span_from(*rest, value.len + 1);
		return value;
	}
	while (len < rest->len && !is_blank(rest->data[len]) && rest->data[len] != '>')
		len++;
	value = span_first(*rest, len);
	*rest = span_from(*rest, len);
	return value;
}

static void
value_write(struct html *h, struct span value, bool quoted, bool link)
{
	if (quoted)
		put_clean(h, '"');
	if (link)
		end_word(h);
	while (value.len > 0) {
		char c = value.data[0];
		uint32_t code = (unsigned char)c;

		if (c != '&' || !take_entity(&value, &code))
			value = c == '&' ? value : span_from(value, 1);
		if (link)
			put(&h->words, c == '\'' ? '"' : (char)(unsigned char)code);
		if (is_blank(c))
			put_blank(h);
		else if (c == '\'')
			put_clean(h, '"');
		else
			put_code(h, code);
	}
	if (quoted)
		put_clean(h, '"');
}

/* Takes a tag up to its `>`, or to the next `<`. */
static void
tag_write(struct html *h, struct name *tag)
{
	struct name attribute = { .len = 0 };
	bool in_name = true, gap = false;

	put_clean(h, '<');
	h->rest = span_from(h->rest, 1);
	while (h->rest.len > 0 && is_blank(h->rest.data[0]))
		h->rest = span_from(h->rest, 1);
	while (h->rest.len > 0 && h->rest.data[0] != '<') {
		char c = h->rest.data[0];

		h->rest = span_from(h->rest, 1);
		if (c == '>') {
			put_clean(h, '>');
			break;
		}
		if (is_blank(c)) {
			gap = true;
			in_name = false;
		} else if (c == '=') {
			bool quoted;
			struct span value;

			put_clean(h, '=');
			value = take_value(&h->rest, &quoted);
			h->blank = false;
			value_write(h, value, quoted, is_link(tag, &attribute));
			gap = in_name = false;
		} else {
			if (gap) {
				put(&h->clean, ' ');
				attribute.len = 0;
			}
			gap = false;
			name_add(in_name ? tag : &attribute, c);
			put_clean(h, c);
		}
	}
	h->blank = true;
	end_word(h);
}

/* The inside of <script> and <style>: no blanks, no words. */
static void
raw_write(struct html *h, const char *end)
{
	while (h->rest.len > 0 && !(h->rest.data[0] == '<' && span_starts_nocase(span_from(h->rest, 1), end))) {
		char c = h->rest.data[0];

		if (!is_blank(c))
			put_clean(h, c == '\'' ? '"' : c);
		h->rest = span_from(h->rest, 1);
	}
}

/* <!-- comment -->, <!declaration>; without an end to the end of the text. */
static void
declaration_skip(struct html *h)
{
	bool comment = span_starts(h->rest, "<!--");
	struct span end = comment ? SPAN_LITERAL("-->") : SPAN_LITERAL(">");
	struct span inside = span_from(h->rest, comment ? 4 : 2);
	size_t at = span_find(inside, end);

	h->rest = at == SIZE_MAX ? span_from(inside, inside.len) : span_from(inside, at + end.len);
	h->blank = true;
	end_word(h);
}

static void
markup(struct html *h)
{
	struct name tag = { .len = 0 };

	if (span_starts(h->rest, "<!")) {
		declaration_skip(h);
		return;
	}
	tag_write(h, &tag);
	if (strcmp(tag.text, "script") == 0)
		raw_write(h, "/script");
	else if (strcmp(tag.text, "style") == 0)
		raw_write(h, "/style");
}

static void
text_write(struct html *h, char c)
{
	h->rest = span_from(h->rest, 1);
	if (is_blank(c)) {
		put_blank(h);
		end_word(h);
		return;
	}
	put_clean(h, c);
	put(&h->words, ascii_lower(c));
}

/* A value's quotes, an entity's notation and a tag's space can each make one
 * octet more of what takes at least two. */
static size_t
form_room(size_t len)
{
	return 2 * len + 8;
}

size_t
clam_html_room(size_t len)
{
	return 2 * form_room(len);
}

struct clam_html
clam_html_normal(struct span html, char *out) /* NOLINT(readability-non-const-parameter): writers hold it */
{
	size_t room = form_room(html.len);
	struct html h = {
		.rest = html,
		.clean = { .data = out, .room = room },
		.words = { .data = out + room, .room = room },
	};

	while (h.rest.len > 0) {
		if (h.rest.data[0] == '<')
			markup(&h);
		else if (h.rest.data[0] == '&')
			entity(&h);
		else
			text_write(&h, h.rest.data[0]);
	}
	end_word(&h);
	if (html.len > 0 && html.data[html.len - 1] == '\n' && h.clean.len > 0 && h.clean.data[h.clean.len - 1] == ' ')
		h.clean.len--;
	return (struct clam_html){ span_of(h.clean.data, h.clean.len), span_of(h.words.data, h.words.len) };
}

/* --- Whether it is HTML --- */

bool
clam_html_is(struct span text, bool *at_once)
{
	static const char *const tags[] = { "html>", "head>", "iframe", "img", "object", "script", "table" };
	struct span rest = text;
	bool link = false;
	size_t at;

	while ((at = span_find_byte(rest, '<')) != SIZE_MAX) {
		rest = span_from(rest, at + 1);
		*at_once = (size_t)(rest.data - text.data) < AT_ONCE;
		for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
			if (span_starts_nocase(rest, tags[i]))
				return true;
		if (!link && span_starts_nocase(rest, "a")) {
			size_t href = span_find_nocase(rest, SPAN_LITERAL("href"));

			link = true;
			*at_once = href != SIZE_MAX && (size_t)(rest.data - text.data) + href < AT_ONCE;
			if (href != SIZE_MAX)
				return true;
		}
	}
	return false;
}
