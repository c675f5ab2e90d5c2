/* HTML to text in one pass that never goes back: as the tokenizer of the HTML
 * standard (WHATWG 13.2.5), without building a tree. Where the standard and a
 * lenient reader may differ (an unclosed comment or quote swallows the rest),
 * the standard is followed, as browsers and mail programs do.
 *
 * Where it is asked what is hidden, the style sheets are read before, and the
 * open elements are kept track of (hiding.h).
 *
 * Limits: `pre` is collapsed like other text; scripts are not run. */
#include "config.h"

#include "rule/html.h"

#include "base/lanes.h"
#include "engine/html_reference.h"
#include "rule/characters.h"
#include "rule/hiding.h"
#include "rule/html_links.h"
#include "rule/uri.h"

struct html {
	struct arena *arena;
	struct span in; /* what is not yet read */
	char *out;
	size_t len;
	char blank;     /* ' ' or '\n' that goes before the next visible character, or 0 */
	bool blank_hidden;
	struct hiding *hiding; /* NULL when it is not asked for */
	bool hidden;
	struct html_page page;
	size_t run_cap;
	const struct html_wanted *wanted;
	struct html_links links;
	bool in_href;        /* the attribute that is being read is one of <a> */
	struct span anchor;  /* where the open <a> leads, or empty, */
	size_t anchor_start; /* and where its text begins */
	bool in_comment;     /* for single programs, that is read as markup */
	const char *comment_end; /* where comments end that begin before, or NULL */
};

enum byte_class { BYTE_PLAIN, BYTE_BLANK, BYTE_OTHER };

static enum byte_class
class_of(char c)
{
	static const char classes[256] = {
		['\t'] = BYTE_BLANK, ['\n'] = BYTE_BLANK, ['\v'] = BYTE_BLANK, ['\f'] = BYTE_BLANK, ['\r'] = BYTE_BLANK,
		[' '] = BYTE_BLANK, ['<'] = BYTE_OTHER, ['&'] = BYTE_OTHER, [0x80 ... 0xff] = BYTE_OTHER,
	};

	return (enum byte_class)classes[(unsigned char)c];
}

static bool
is_space(char c)
{
	return class_of(c) == BYTE_BLANK;
}

static bool
is_letter(char c)
{
	return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

static void
put_blank(struct html *h, char blank)
{
	if (h->blank == 0)
		h->blank_hidden = h->hidden;
	else
		h->blank_hidden &= h->hidden;
	if (h->blank != '\n')
		h->blank = blank;
}

static void
look_again(struct html *h)
{
	h->hidden = h->hiding != NULL && hiding_is_on(h->hiding);
}

/* What is put from here on is hidden, or not. */
static void
mark(struct html *h, bool hidden)
{
	struct html_page *p = &h->page;
	bool before = p->run_count > 0 && p->runs[p->run_count - 1].hidden;

	if (hidden == before)
		return;
	p->runs = arena_grow(h->arena, p->runs, sizeof(*p->runs), &h->run_cap, p->run_count + 1);
	p->runs[p->run_count++] = (struct html_run){ h->len, hidden };
}

/* Bytes of visible characters, and single blanks between; `count`: of them, which
 * matters where they are hidden. */
static void
put(struct html *h, struct span text, size_t count)
{
	if (h->blank != 0 && h->len > 0) {
		mark(h, h->blank_hidden);
		h->out[h->len++] = h->blank;
	}
	h->blank = 0;
	mark(h, h->hidden);
	if (h->hidden)
		h->page.hidden += count;
	memcpy(h->out + h->len, text.data, text.len);
	h->len += text.len;
}

static void
put_character(struct html *h, struct span character)
{
	uint32_t code = utf8_code(character.data, character.len);

	if (character_is_blank(code))
		put_blank(h, ' ');
	else if (!character_is_invisible(code))
		put(h, character, 1);
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

/* What stands before the comment's end, and in *len its length with the end;
 * text begins behind "<!--". */
static struct span
comment_inside(struct span text, size_t *len)
{
	size_t at = 0, dash;

	if (span_starts(text, ">") || span_starts(text, "->")) {
		*len = text.data[0] == '>' ? 1 : 2;
		return SPAN_NONE;
	}
	while ((dash = span_find_byte(span_from(text, at), '-')) != SIZE_MAX) {
		struct span rest = span_from(text, at + dash);

		if (span_starts(rest, "-->") || span_starts(rest, "--!>")) {
			*len = at + dash + (rest.data[2] == '>' ? 3 : 4);
			return span_first(text, at + dash);
		}
		at += dash + 1;
	}
	*len = text.len;
	return text;
}

/* "<!--[if mso]>": what follows, up to the comment's end, is markup to some. It
 * is read as such here, and "<![endif]-->" ends it. */
static void
take_comment(struct html *h)
{
	size_t len;
	struct span inside;

	/* One that is left by "<![endif]" is not searched for its end again. */
	if (h->comment_end != NULL && h->in.data < h->comment_end) {
		len = (size_t)(h->comment_end - h->in.data);
		inside = span_first(h->in, len);
	} else {
		inside = comment_inside(h->in, &len);
		h->comment_end = h->in.data + len;
	}
	if (!span_starts_nocase(inside, "[if") || span_find_byte(inside, '>') == SIZE_MAX) {
		advance(h, len);
		return;
	}
	h->in_comment = true;
	if (h->hiding != NULL)
		hiding_open_comment(h->hiding);
	look_again(h);
	skip_past(h, ">");
}

static void
leave_comment(struct html *h)
{
	h->in_comment = false;
	if (h->hiding != NULL)
		hiding_close_comment(h->hiding);
	look_again(h);
}

static void
tell_link(void *context, struct span uri)
{
	struct html *h = context;

	if (h->in_href && h->anchor.len == 0) {
		h->anchor = uri;
		h->anchor_start = h->len;
	} else {
		h->wanted->link(h->wanted->context, uri, SPAN_NONE);
	}
}

static void
end_anchor(struct html *h)
{
	if (h->anchor.len > 0)
		h->wanted->link(h->wanted->context, h->anchor,
		    span_trim(span_of(h->out + h->anchor_start, h->len - h->anchor_start)));
	h->anchor = SPAN_NONE;
}

/* The looks' attribute of that name, or NULL. */
static struct span *
look_of(struct html_looks *l, struct span name)
{
	const struct {
		const char *name;
		struct span *value;
	} known[] = { { "style", &l->style }, { "class", &l->class }, { "id", &l->id }, { "bgcolor", &l->bgcolor },
		{ "color", &l->color }, { "text", &l->text }, { "background", &l->background } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (name.len > 0 && known[i].name[0] == ascii_lower(name.data[0]) && span_is_nocase(name, known[i].name))
			return known[i].value;
	return NULL;
}

/* Of two attributes of one name the first counts. */
static void
take_look(struct html *h, struct html_looks *l, struct span name, struct span value)
{
	struct span *look = look_of(l, name);

	if (look != NULL && look->len == 0)
		*look = span_trim(html_attribute_decode(h->arena, value));
	else if (span_is_nocase(name, "hidden"))
		l->hidden = true;
	else if (span_is_nocase(name, "href"))
		l->link = true;
}

static void
take_attribute(struct html *h, const struct html_element *element, struct html_looks *looks, struct span name,
    struct span value)
{
	if (h->hiding != NULL)
		take_look(h, looks, name, value);
	if (h->wanted->link == NULL || value.len == 0)
		return;
	h->in_href = (element->flags & ELEMENT_LINK) != 0 && span_is_nocase(name, "href");
	if (element->name != NULL && strcmp(element->name, "base") == 0 && span_is_nocase(name, "href"))
		html_links_set_base(&h->links, value);
	html_links_take(&h->links, name, value);
	h->in_href = false;
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
take_attributes(struct html *h, const struct html_element *element, struct html_looks *looks)
{
	for (;;) {
		struct span name, value = SPAN_NONE;
		size_t at = 0;

		skip_spaces(h, true);
		if (h->in.len == 0 || h->in.data[0] == '>')
			break;
		/* A "=" at the beginning is part of the name. */
		do
			at++;
		while (at < h->in.len && !is_space(h->in.data[at]) && h->in.data[at] != '/' && h->in.data[at] != '>' &&
		    h->in.data[at] != '=');
		name = span_first(h->in, at);
		advance(h, at);
		skip_spaces(h, false);
		if (h->in.len > 0 && h->in.data[0] == '=') {
			advance(h, 1);
			skip_spaces(h, false);
			value = take_value(h);
		}
		take_attribute(h, element, looks, name, value);
	}
	advance(h, 1);
}

static void
take_code(struct html *h, const struct html_element *element)
{
	bool style = strcmp(element->name, "style") == 0;
	size_t at = span_find_nocase(h->in, style ? SPAN_LITERAL("</style") : SPAN_LITERAL("</script"));

	if (style && h->wanted->link != NULL)
		html_links_take_css(&h->links, span_first(h->in, at));
	advance(h, at == SIZE_MAX ? h->in.len : at);
}

/* h->in begins at the tag's name. */
static void
take_tag(struct html *h, bool end_tag)
{
	struct html_looks looks = { 0 };
	const struct html_element *element;
	struct span name;
	size_t at = 0;

	while (at < h->in.len && !is_space(h->in.data[at]) && h->in.data[at] != '/' && h->in.data[at] != '>')
		at++;
	name = span_first(h->in, at);
	advance(h, at);
	element = html_element_find(name);
	if ((element->flags & ELEMENT_LINK) != 0)
		end_anchor(h);
	take_attributes(h, element, &looks);
	/* The line end is hidden with the element. */
	if (h->hiding != NULL && !end_tag)
		hiding_open(h->hiding, name, element, &looks);
	look_again(h);
	if ((element->flags & ELEMENT_BLOCK) != 0)
		put_blank(h, '\n');
	if (h->hiding != NULL && end_tag)
		hiding_close(h->hiding, name, element);
	look_again(h);
	if (!end_tag && (element->flags & ELEMENT_CODE) != 0)
		take_code(h, element);
}

/* h->in begins at "<". */
static void
take_markup(struct html *h)
{
	struct span rest = span_from(h->in, 1);
	bool end_tag = rest.len > 0 && rest.data[0] == '/';

	if (rest.len > end_tag && is_letter(rest.data[end_tag])) {
		advance(h, 1 + end_tag);
		take_tag(h, end_tag);
	} else if (h->in_comment && span_starts(rest, "!--")) {
		/* Comments do not nest: "<!-->" and the end of "<!-- x -->" end it. */
		advance(h, 2);
		skip_past(h, "-->");
		leave_comment(h);
	} else if (span_starts(rest, "!--")) {
		advance(h, 4);
		take_comment(h);
	} else if (span_starts(rest, "!") || span_starts(rest, "?")) {
		if (h->in_comment && span_starts_nocase(rest, "![endif"))
			leave_comment(h);
		skip_past(h, ">");
	} else if (end_tag) {
		skip_past(h, ">");
	} else {
		put(h, span_first(h->in, 1), 1);
		advance(h, 1);
	}
}

/* A reference, or a character beyond ASCII; malformed bytes are one each. */
static void
take_character(struct html *h)
{
	char decoded[UTF8_MAX];
	size_t len = 0, decoded_len = 0;

	if (h->in.data[0] == '&')
		len = html_reference(h->in, false, decoded, &decoded_len);
	if (len > 0) {
		put_character(h, span_of(decoded, decoded_len));
		advance(h, len);
		return;
	}
	len = utf8_char(h->in);
	if (len > 0)
		put_character(h, span_first(h->in, len));
	else
		put(h, span_first(h->in, 1), 1);
	advance(h, len > 0 ? len : 1);
}

/* Is there nothing but that in a piece, and one more octet? */
static bool
is_plain(const char *at)
{
	lanes v = lanes_at(at), space = lanes_between(v, ' ', ' ');

	return !lanes_any(lanes_between(v, '\t', '\r') | lanes_between(v, '<', '<') | lanes_between(v, '&', '&') |
	    lanes_between(v, 0x80, 0xff) | (space & lanes_between(lanes_at(at + 1), ' ', ' ')));
}

/* How much is ASCII that means itself, with single blanks between words. */
static size_t
plain_run(struct span s)
{
	size_t i = 0;

	for (;;) {
		while (s.len - i > LANES && is_plain(s.data + i) && class_of(s.data[i + LANES - 1]) == BYTE_PLAIN)
			i += LANES;
		while (i < s.len && class_of(s.data[i]) == BYTE_PLAIN)
			i++;
		if (i == 0 || i + 1 >= s.len || s.data[i] != ' ' || class_of(s.data[i + 1]) != BYTE_PLAIN)
			return i;
		i++;
	}
}

static size_t
count_visible(struct span run)
{
	size_t count = 0;

	for (size_t i = 0; i < run.len; i++)
		count += run.data[i] != ' ';
	return count;
}

static void
take_text(struct html *h)
{
	size_t length, end;
	struct span run;

	if (is_space(h->in.data[0])) {
		put_blank(h, ' ');
		skip_spaces(h, false);
		return;
	}
	if (h->in_comment && span_starts(h->in, "-->")) {
		leave_comment(h);
		advance(h, 3);
		return;
	}
	length = plain_run(h->in);
	if (length == 0) {
		take_character(h);
		return;
	}
	if (h->in_comment && (end = span_find(span_first(h->in, length), SPAN_LITERAL("-->"))) != SIZE_MAX)
		length = plain_run(span_first(h->in, end));
	run = span_first(h->in, length);
	put(h, run, h->hidden ? count_visible(run) : 0);
	advance(h, length);
}

/* The rules of all <style> elements, as those further down count above, too.
 * Those in comments are for single programs. */
static void
read_sheets(struct html *h, struct span html)
{
	size_t at, len;

	while ((at = span_find_byte(html, '<')) != SIZE_MAX) {
		html = span_from(html, at + 1);
		if (span_starts(html, "!--")) {
			comment_inside(span_from(html, 3), &len);
			html = span_from(html, 3 + len);
		} else if (span_starts_nocase(html, "style")) {
			len = span_find_nocase(html, SPAN_LITERAL("</style"));
			at = span_find_byte(span_first(html, len), '>');
			if (at != SIZE_MAX)
				hiding_read_sheet(h->hiding, span_from(span_first(html, len), at + 1));
			html = span_from(html, len);
		}
	}
}

struct html_page
html_page_read(struct arena *a, struct span html, const struct html_wanted *wanted)
{
	struct html h = { .arena = a, .in = html, .wanted = wanted };

	h.links = (struct html_links){ .arena = a, .link = tell_link, .context = &h };
	h.out = arena_alloc_raw(a, html.len + 1);
	if (wanted->hiding) {
		h.hiding = hiding_new(a);
		read_sheets(&h, html);
	}
	while (h.in.len > 0) {
		if (h.in.data[0] == '<')
			take_markup(&h);
		else
			take_text(&h);
	}
	end_anchor(&h);
	h.page.text = span_of(h.out, h.len);
	return h.page;
}
