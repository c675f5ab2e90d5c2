/* Named character references of HTML. */
#ifndef RULE_HTML_ENTITIES_H
#define RULE_HTML_ENTITIES_H

#include "base/span.h"

enum { HTML_ENTITY_MAX = 24 }; /* no name is longer */

/* The character of "eacute" (without & and ;), or 0. No character's UTF-8 is
 * longer than its reference, & included. */
uint32_t html_entity(struct span name);

#endif
