/* Boundaries that some program could take from a text. */
#ifndef MIME_GUESS_H
#define MIME_GUESS_H

#include "base/arena.h"

/* Honest messages declare a dozen; each line that begins with "--" is compared
 * with all of them. */
enum { GUESSES_MAX = 64 };

struct guesses {
	struct arena *arena;
	struct span value[GUESSES_MAX];
	size_t count;
	bool empty; /* one of them is the empty text, which is not in the list */
	bool over;  /* there were more */
	size_t work;
};

/* Adds it, without the blanks at its end, unless it is there. */
void guesses_add(struct guesses *g, struct span value);
/* Adds what each "boundary" in the text, wherever it stands, could be said to
 * be: quotes, comments, escapes, RFC 2231's and RFC 2047's encodings are
 * undone, or not, or half. */
void guesses_from_text(struct guesses *g, struct span text);

/* Is this Content-Type field read by all alike as to its boundary: one, and
 * plain signs alone? */
bool boundary_is_plain(struct span field);

#endif
