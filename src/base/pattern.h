/* A pattern of `*` and `?` that must fit the whole of a text. */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include "base/span.h"

/* "*" is any run of octets, "?" any one; ASCII case is ignored. At most the
 * product of both lengths is the work. */
bool pattern_matches(struct span pattern, struct span text);

#endif
