/* The literal that every match of an expression must contain. */
#ifndef ENGINE_REGEX_LITERAL_H
#define ENGINE_REGEX_LITERAL_H

#include "base/arena.h"

enum { REGEX_LITERAL_MIN = 3 };

/* pattern: one that PCRE2 accepted with UTF, without its delimiters. nocase,
 * extended: the flags i and x. Returns the longest literal found, of
 * REGEX_LITERAL_MIN to LITERAL_MAX bytes, in lower case with nocase (in the
 * arena); empty when there is none, or when in doubt. */
struct span regex_literal(struct arena *a, struct span pattern, bool nocase, bool extended);

#endif
