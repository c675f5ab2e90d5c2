/* Characters by what a reader sees of them. */
#ifndef RULE_CHARACTERS_H
#define RULE_CHARACTERS_H

#include "base/arena.h"

/* Not seen at all: soft hyphens, zero width, joiners, fillers, variation
 * selectors, tags and controls of direction (Unicode's Default_Ignorable). */
bool character_is_invisible(uint32_t code);
/* A blank of some width, or a line end. */
bool character_is_blank(uint32_t code);

/* UTF-8 without its invisible characters; itself where it has none. */
struct span text_without_invisible(struct arena *a, struct span text);

#endif
