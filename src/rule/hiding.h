/* What is seen of a page: told the tags in their order, it knows whether the
 * text that follows is shown. */
#ifndef RULE_HIDING_H
#define RULE_HIDING_H

#include "rule/css.h"
#include "rule/html_elements.h"

/* The attributes that matter, decoded; empty where there is none. */
struct html_looks {
	struct span style, class, id, bgcolor, color, text, background;
	bool hidden, link; /* link: an href */
};

struct hiding;
struct hiding *hiding_new(struct arena *a);
/* Rules of a <style> element. */
void hiding_read_sheet(struct hiding *h, struct span css);
void hiding_open(struct hiding *h, struct span name, const struct html_element *element,
    const struct html_looks *looks);
void hiding_close(struct hiding *h, struct span name, const struct html_element *element);
/* A comment that only some programs read as markup, and its end. */
void hiding_open_comment(struct hiding *h);
void hiding_close_comment(struct hiding *h);
/* Whether text is hidden here. */
bool hiding_is_on(const struct hiding *h);

#endif
