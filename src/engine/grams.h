/* Windows of fixed bytes looked for at once in a text, by sampling. */
#ifndef ENGINE_GRAMS_H
#define ENGINE_GRAMS_H

#include "base/arena.h"

/* How a window is looked for: of its bytes, `gram` at a time are held against
 * every `stride`-th place of the text. */
enum gram_kind { GRAM_LONG, GRAM_MIDDLE, GRAM_SHORT, GRAM_PAIR, GRAM_KINDS };
enum { GRAM_MAX = 8, GRAM_STRIDE_MAX = 4 };
struct gram_shape {
	unsigned gram, stride;
	unsigned window; /* bytes: gram + stride - 1 */
};
extern const struct gram_shape gram_shapes[GRAM_KINDS];

/* The bytes of one gram as a number; 0x20, the bit of a letter's case, is set
 * in each. */
uint64_t gram_key(const unsigned char *bytes, unsigned gram);
/* 64 bits, of which the upper ones are the better. */
static inline uint64_t
gram_hash(uint64_t key)
{
	return key * 0x9e3779b97f4a7c15u; /* 2^64 by the golden ratio: Fibonacci hashing */
}

struct gram_item {
	const unsigned char *window; /* of its kind's length */
	enum gram_kind kind;
};

struct grams;
/* Compiles; lives in the arena, and is only read from then on. Windows are
 * not kept. */
struct grams *grams_compile(struct arena *a, const struct gram_item *items, size_t count);

/* Calls candidate(context, index, at) for every place `at` where the window of
 * item `index` lies, in either case of its letters, once a place; and for a few
 * where it does not. candidate returns false to stop, and so does this. */
bool grams_scan(const struct grams *g, struct span text, bool (*candidate)(void *context, uint32_t index, size_t at),
    void *context);

#endif
