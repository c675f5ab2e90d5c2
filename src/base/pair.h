/* Two bytes at a distance, looked for at many places at a time: the first step
 * of a search for what has both (span.c). */
#ifndef BASE_PAIR_H
#define BASE_PAIR_H

#include "base/span.h"

enum { PAIR_BLOCK = 32 };

/* A place fits when its byte, or'ed with first_mask, is the first, and the byte
 * `distance` on, or'ed with second_mask, the second. A mask is 0x20 for a letter,
 * in lower case, of which both cases are meant, and else 0. */
struct pair {
	size_t distance;
	unsigned char first, first_mask, second, second_mask;
};

/* Whether this machine can. */
bool pair_has_avx2(void);
/* The first place at or after `from` that fits, or SIZE_MAX. The text is at least
 * PAIR_BLOCK and the distance long, and `from` lies in it. */
size_t pair_find_avx2(const struct pair *p, struct span text, size_t from);

#endif
