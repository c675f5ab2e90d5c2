/* Links in text: http, https, ftp (RFC 3986) and mailto (RFC 6068). */
#ifndef RULE_URI_H
#define RULE_URI_H

#include "base/span.h"

/* Calls found() for each, in order, as written; a link ends at white space,
 * quotes, brackets < > { }, and before the punctuation that ends a sentence.
 * Links do not overlap. Linear. */
void uri_find(struct span text, void (*found)(void *context, struct span uri), void *context);

#endif
