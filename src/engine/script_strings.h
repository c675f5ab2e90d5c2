/* Strings that a script has in pieces. */
#ifndef ENGINE_SCRIPT_STRINGS_H
#define ENGINE_SCRIPT_STRINGS_H

#include "base/arena.h"

/* The text with "a" + 'b' as "ab'", whatever the quotes; itself where nothing is joined. Linear. */
struct span script_join_strings(struct arena *a, struct span text);

#endif
