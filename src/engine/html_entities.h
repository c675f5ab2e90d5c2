/* Named character references of HTML. */
#ifndef ENGINE_HTML_ENTITIES_H
#define ENGINE_HTML_ENTITIES_H

#include "base/span.h"

enum {
	HTML_ENTITY_MAX = 31,     /* no name is longer */
	HTML_ENTITY_BARE_MIN = 2, /* names that need no semicolon */
	HTML_ENTITY_BARE_MAX = 6,
};

/* The character of "eacute" (without & and ;), or 0. No character's UTF-8 is
 * longer than its reference, & included. */
uint32_t html_entity(struct span name);
/* The same of the longest name at the beginning of the text that needs no
 * semicolon; its length in *len. */
uint32_t html_entity_at(struct span text, size_t *len);

#endif
