/* The stack of open elements, each with what it makes of the text inside it.
 * Elements that need no end tag are ended by the next of their kind, and an end
 * tag ends what is open inside its element, but nothing beyond the cell or table
 * that it is in (WHATWG 13.2.6, without its adoption agency).
 *
 * What cannot be undone by an element inside: display none, no opacity, out of
 * the window, no height and overflow hidden, mso-hide, the attribute `hidden`.
 * What can: visibility, font-size, colours. */
#include "config.h"

#include "rule/hiding.h"

enum {
	HIDING_DEPTH_MAX = 512, /* as browsers have it; elements deeper look like the one they are in */
	WHITE = 0xffffff,
	LINK_BLUE = 0x0000ee,
	IMPLIED_REACH = 32, /* how far out an element is ended that has no end tag */
	STYLES = 16,        /* style attributes that are remembered, each by its length */
};

struct look {
	bool gone, unseen, tiny;
	bool hidden; /* by these, or as the colours are too near */
	uint32_t colour, background;
};

struct level {
	const struct html_element *element;
	uint32_t name; /* hash; 0 for a comment */
	struct look look;
};

/* A style attribute and what it declares: in a page few are written again and again. */
struct known_style {
	struct span text;
	struct css_style style;
};

struct hiding {
	struct css_sheet *sheet;
	struct known_style styles[STYLES];
	unsigned depth;
	size_t beyond; /* open elements that are too deep */
	struct level levels[HIDING_DEPTH_MAX]; /* [0] is the page */
};

struct hiding *
hiding_new(struct arena *a)
{
	static const struct html_element page = { NULL, ELEMENT_SCOPE };
	struct hiding *h = arena_alloc_raw(a, sizeof(*h));

	h->sheet = css_sheet_new(a);
	memset(h->styles, 0, sizeof(h->styles));
	h->depth = 1;
	h->beyond = 0;
	h->levels[0] = (struct level){ .element = &page, .look = { .background = WHITE } };
	return h;
}

void
hiding_read_sheet(struct hiding *h, struct span css)
{
	css_sheet_read(h->sheet, css);
}

static uint32_t
hash_of(struct span name)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (unsigned char)ascii_lower(name.data[i])) * 16777619u;
	return hash | 1;
}

/* The attributes of HTML, which any style wins over. */
static void
apply_attributes(struct look *look, const struct html_element *element, const struct html_looks *l)
{
	look->gone |= l->hidden || (element->flags & ELEMENT_UNSEEN) != 0;
	if (l->link && (element->flags & ELEMENT_LINK) != 0)
		look->colour = LINK_BLUE;
	if (l->text.len > 0)
		look->colour = css_attribute_colour(l->text);
	if (l->color.len > 0)
		look->colour = css_attribute_colour(l->color);
	if (l->bgcolor.len > 0)
		look->background = css_attribute_colour(l->bgcolor);
	if (l->background.len > 0)
		look->background = CSS_UNKNOWN;
}

static bool
is_set(const struct css_style *s, enum css_property p)
{
	return (s->set & 1u << p) != 0;
}

static void
apply_style(struct look *look, const struct css_style *s)
{
	look->gone |= is_set(s, CSS_DISPLAY) && s->value[CSS_DISPLAY] == 1;
	look->gone |= is_set(s, CSS_OPACITY) && s->value[CSS_OPACITY] == 1;
	look->gone |= is_set(s, CSS_MSO_HIDE) && s->value[CSS_MSO_HIDE] == 1;
	look->gone |= is_set(s, CSS_AWAY);
	look->gone |= is_set(s, CSS_FLAT) && is_set(s, CSS_OVERFLOW) && s->value[CSS_OVERFLOW] == 1;
	if (is_set(s, CSS_VISIBILITY))
		look->unseen = s->value[CSS_VISIBILITY] == 1;
	if (is_set(s, CSS_FONT_SIZE) && s->value[CSS_FONT_SIZE] != CSS_SIZE_RELATIVE)
		look->tiny = s->value[CSS_FONT_SIZE] == CSS_SIZE_TINY;
	if (is_set(s, CSS_COLOUR))
		look->colour = s->value[CSS_COLOUR];
	if (is_set(s, CSS_BACKGROUND) && s->value[CSS_BACKGROUND] != CSS_TRANSPARENT)
		look->background = s->value[CSS_BACKGROUND];
}

static void
push(struct hiding *h, uint32_t name, const struct html_element *element, struct look look)
{
	if (h->depth == HIDING_DEPTH_MAX) {
		h->beyond++;
		return;
	}
	look.hidden = look.gone || look.unseen || look.tiny || css_colours_are_near(look.colour, look.background);
	h->levels[h->depth++] = (struct level){ element, name, look };
}

/* Ends the innermost open element of that name among `reach` ones, if the search
 * does not come to a scope before; `through`: scopes are no bar. */
static void
pop(struct hiding *h, uint32_t name, bool through, unsigned reach)
{
	unsigned depth = h->depth, least = reach < h->depth ? h->depth - reach : 1;

	while (depth > least && h->levels[depth - 1].name != name) {
		if (h->levels[depth - 1].name == 0 ||
		    (!through && (h->levels[depth - 1].element->flags & ELEMENT_SCOPE) != 0))
			return;
		depth--;
	}
	if (depth == least)
		return;
	h->depth = depth - 1;
	h->beyond = 0;
}

static bool
is_one_of(const struct html_element *e, const char *one, const char *other)
{
	return e->name != NULL && (strcmp(e->name, one) == 0 || strcmp(e->name, other) == 0);
}

/* Ends the cell that is open in the innermost table. A cell is a scope itself,
 * so pop() would not look beyond it. */
static void
end_cell(struct hiding *h)
{
	for (unsigned depth = h->depth; depth > 1; depth--) {
		const struct html_element *e = h->levels[depth - 1].element;

		if (h->levels[depth - 1].name == 0 || is_one_of(e, "table", "template"))
			return;
		if (is_one_of(e, "td", "th")) {
			h->depth = depth - 1;
			h->beyond = 0;
			return;
		}
	}
}

/* Ends what the beginning of this element ends. */
static void
end_implied(struct hiding *h, uint32_t name, const struct html_element *element)
{
	bool row = is_one_of(element, "tr", "tr");

	if ((element->flags & ELEMENT_BLOCK) != 0)
		pop(h, hash_of(SPAN_LITERAL("p")), false, IMPLIED_REACH);
	if (row || is_one_of(element, "td", "th"))
		end_cell(h);
	if ((element->flags & ELEMENT_ITEM) != 0 && (row || (element->flags & ELEMENT_SCOPE) == 0))
		pop(h, name, false, IMPLIED_REACH);
}

static const struct css_style *
style_of(struct hiding *h, struct span text)
{
	struct known_style *known = &h->styles[text.len % STYLES];

	if (!span_eq(known->text, text)) {
		*known = (struct known_style){ .text = text };
		css_declarations(text, &known->style);
	}
	return &known->style;
}

void
hiding_open(struct hiding *h, struct span name, const struct html_element *element,
    const struct html_looks *looks)
{
	uint32_t hash;
	struct look look;
	struct css_style style = { 0 };

	if ((element->flags & (ELEMENT_VOID | ELEMENT_CODE)) != 0)
		return;
	hash = hash_of(name);
	end_implied(h, hash, element);
	look = h->levels[h->depth - 1].look;
	apply_attributes(&look, element, looks);
	if (!css_sheet_is_empty(h->sheet))
		css_sheet_apply(h->sheet, name, looks->id, looks->class, &style);
	if (looks->style.len > 0)
		css_merge(&style, style_of(h, looks->style));
	if (style.set != 0)
		apply_style(&look, &style);
	push(h, hash, element, look);
}

void
hiding_close(struct hiding *h, struct span name, const struct html_element *element)
{
	if (h->beyond > 0)
		h->beyond--;
	else
		pop(h, hash_of(name), (element->flags & ELEMENT_SCOPE) != 0 || is_one_of(element, "tr", "tr"),
		    HIDING_DEPTH_MAX);
}

void
hiding_open_comment(struct hiding *h)
{
	static const struct html_element comment = { NULL, ELEMENT_SCOPE };
	struct look look = h->levels[h->depth - 1].look;

	look.gone = true;
	push(h, 0, &comment, look);
}

void
hiding_close_comment(struct hiding *h)
{
	unsigned depth = h->depth;

	while (depth > 1 && h->levels[depth - 1].name != 0)
		depth--;
	if (depth == 1)
		return;
	h->depth = depth - 1;
	h->beyond = 0;
}

bool
hiding_is_on(const struct hiding *h)
{
	return h->levels[h->depth - 1].look.hidden;
}
