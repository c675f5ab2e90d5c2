/* Lines that some program could take for delimiters. */
#ifndef MIME_SUSPECTS_H
#define MIME_SUSPECTS_H

#include "mime/guess.h"

/* Whose delimiter: a guess, or one of these. */
enum { SUSPECT_EMPTY = GUESSES_MAX, SUSPECT_NONE, SUSPECT_IDS }; /* the boundary ""; no boundary */

struct suspect {
	const char *line, *next; /* with the blanks in front; the line behind it */
	size_t id;               /* of the boundary */
	bool exact;              /* nothing else stands on the line */
	bool final;
	size_t next_same, next_exact; /* the next of that boundary, and of any, that is exact; the count for none */
};

struct suspects {
	struct span text;
	struct suspect *list; /* in the order of the text */
	size_t count, cap;
};

/* All in the text: "--" and a guess, or "--" and anything that Content- fields
 * follow, which becomes a guess. Linear. False when there are more than `most`. */
bool suspects_find(struct suspects *s, struct guesses *g, struct span text, size_t most);
/* Where the ith begins; the end of the text for i = count. */
const char *suspect_line(const struct suspects *s, size_t i);

/* Do fields follow, one of the first of them Content-? Any field? */
bool suspects_content_follows(const char *at, const char *end);
bool suspects_header_follows(const char *at, const char *end);

/* The next line, at or behind `from`, that begins with a Content- field; the end
 * of the text where none does. */
const char *suspects_next_fields(struct span text, const char *from);

#endif
