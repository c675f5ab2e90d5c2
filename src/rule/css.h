/* As much of CSS as tells whether text is seen. */
#ifndef RULE_CSS_H
#define RULE_CSS_H

#include "base/arena.h"

/* A colour is 0xRRGGBB or one of these. */
enum { CSS_TRANSPARENT = 0x1000000, CSS_UNKNOWN = 0x2000000 };

/* What is told of a property: 0 or 1, or what stands behind it. */
enum css_property {
	CSS_DISPLAY,    /* 1: none */
	CSS_VISIBILITY, /* 1: hidden or collapse */
	CSS_FONT_SIZE,  /* enum css_size */
	CSS_OPACITY,    /* 1: not seen */
	CSS_AWAY,       /* 1: moved off the screen */
	CSS_FLAT,       /* 1: no height or no width */
	CSS_OVERFLOW,   /* 1: what does not fit is not shown */
	CSS_MSO_HIDE,   /* 1: all */
	CSS_COLOUR,     /* a colour */
	CSS_BACKGROUND, /* a colour; CSS_UNKNOWN where there is a picture */
	CSS_PROPERTIES
};
enum css_size { CSS_SIZE_READABLE, CSS_SIZE_TINY, CSS_SIZE_RELATIVE /* as readable as what is around */ };

struct css_style {
	uint16_t set, important; /* bits by property */
	uint32_t value[CSS_PROPERTIES];
};

/* css.c. Adds the declarations of a style attribute or of a rule's block. */
void css_declarations(struct span text, struct css_style *style);
/* What `from` sets and `style` has not as more important. */
void css_merge(struct css_style *style, const struct css_style *from);
/* "1.5em": the number and its unit; false when there is none. */
bool css_number(struct span text, double *number, struct span *unit);
/* Without the comment at the beginning, where there is one. */
struct span css_after_comment(struct span text);

/* css_colour.c. In lower case. */
uint32_t css_colour(struct span text);
/* The same of bgcolor and its like, where "#" may be missing. */
uint32_t css_attribute_colour(struct span text);
/* Whether text of colour a is not seen on b. */
bool css_colours_are_near(uint32_t a, uint32_t b);

/* css_sheet.c: the rules of <style> elements. Selectors of one element (tag,
 * classes, id) count, also below ancestors that are plain tags; others, and
 * blocks that hold for some devices only, are passed over. */
struct css_sheet;
struct css_sheet *css_sheet_new(struct arena *a);
void css_sheet_read(struct css_sheet *sheet, struct span text);
bool css_sheet_is_empty(const struct css_sheet *sheet);
/* Adds what the rules say of an element; later and closer ones win. */
void css_sheet_apply(struct css_sheet *sheet, struct span tag, struct span id, struct span classes,
    struct css_style *style);

#endif
