/* Strings that a script has in pieces, or in escapes. */
#ifndef ENGINE_SCRIPT_STRINGS_H
#define ENGINE_SCRIPT_STRINGS_H

#include "base/arena.h"

/* The text with "a" + 'b' as "ab'", whatever the quotes; itself where nothing is joined. Linear. */
struct span script_join_strings(struct arena *a, struct span text);

/* The text with the escapes of strings (\x41, \u0041, \u{41}, \101, \/) and those that unescape() undoes (%41, %u0041)
 * as the characters that they stand for, in UTF-8; itself where there are none. Linear. */
struct span script_unescape(struct arena *a, struct span text);

#endif
