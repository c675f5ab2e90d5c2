/* Character references of HTML: "&amp;", "&#38;", "&#x26". */
#ifndef ENGINE_HTML_REFERENCE_H
#define ENGINE_HTML_REFERENCE_H

#include "base/arena.h"
#include "mime/utf8.h"

/* Decodes the reference at the beginning of s, which begins with "&", into out
 * and *out_len; its length, or 0 when it is none. */
size_t html_reference(struct span s, bool in_attribute, char out[UTF8_MAX], size_t *out_len);

/* The value of an attribute with its references decoded; itself where it has
 * none. */
struct span html_attribute_decode(struct arena *a, struct span value);

#endif
