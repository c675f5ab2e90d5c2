/* HTML as a reader of mail sees it: for rules, not for display. */
#ifndef RULE_HTML_H
#define RULE_HTML_H

#include "base/arena.h"

/* The text of UTF-8 HTML, in the arena: tags, comments, scripts and styles
 * dropped, character references decoded, white space collapsed to one blank,
 * a line end where a block begins or ends, and invisible characters (soft
 * hyphen, zero width) dropped. So "lot<b></b>t&#101;ry" is "lottery".
 * link() is called with each link (uri.h) in the decoded values of attributes;
 * NULL = none. Linear; the text is never longer than html. */
struct span html_text(struct arena *a, struct span html, void (*link)(void *context, struct span uri), void *context);

#endif
