/* The literals of which every match of an expression must contain one. */
#ifndef ENGINE_REGEX_LITERAL_H
#define ENGINE_REGEX_LITERAL_H

#include "base/arena.h"

enum {
	REGEX_LITERAL_MIN = 3,
	REGEX_LITERALS_MAX = 48, /* alternatives; more would be found in most texts anyway */
};

struct regex_literals {
	struct span items[REGEX_LITERALS_MAX];
	size_t count;    /* 0: none could be found */
	size_t shortest; /* octets of the shortest item */
	bool words;      /* one is of letters alone, and may be a word of many texts */
	/* A letter in one has a case beyond ASCII (k: U+212A, s: U+017F): in a
	 * text with such a character the literals need not be there. */
	bool folds;
};

/* pattern: one that PCRE2 accepted with UTF, without its delimiters. nocase,
 * extended: the flags i and x. The literals have REGEX_LITERAL_MIN to LITERAL_MAX
 * bytes, in lower case with nocase, and lie in the arena; none when in doubt. */
void regex_literals_find(struct arena *a, struct span pattern, bool nocase, bool extended,
    struct regex_literals *out);

#endif
