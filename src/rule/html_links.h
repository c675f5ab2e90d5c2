/* Links in the attributes and style sheets of HTML. */
#ifndef RULE_HTML_LINKS_H
#define RULE_HTML_LINKS_H

#include "base/arena.h"

struct html_links {
	struct arena *arena;
	struct span base; /* what relative links begin at, or empty */
	void (*link)(void *context, struct span uri);
	void *context;
};

/* Each link in an attribute's value, which is as written. */
void html_links_take(struct html_links *l, struct span name, struct span value);
/* <base href>. */
void html_links_set_base(struct html_links *l, struct span value);
/* url() and @import of a style sheet. */
void html_links_take_css(struct html_links *l, struct span css);

#endif
