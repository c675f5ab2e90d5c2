/* Text that grows in an arena: what edits put in place of the original. */
#ifndef REWRITE_TEXT_H
#define REWRITE_TEXT_H

#include "base/arena.h"

struct text {
	struct arena *arena;
	char *data;
	size_t len, cap;
};

/* Room for so many octets at once, in a text that is empty. */
void text_reserve(struct text *t, size_t octets);
void text_add(struct text *t, struct span s);
void text_printf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds s, in which lines end with CRLF, with the line ends `eol`. */
void text_add_lines(struct text *t, struct span s, struct span eol);
struct span text_span(const struct text *t);

enum { SHOWN_NAME_MAX = 160 }; /* octets of a name in a notice: two lines of a screen */

/* What came from a message as it may be shown to people: UTF-8 without control
 * characters, line separators, invisible characters and changes of the writing
 * direction (each becomes '?'). What is longer than `most` octets (at least
 * 64) loses its middle, for the end of a name tells what kind of file it is. */
struct span shown_text(struct arena *a, struct span s, size_t most);
/* The same in ASCII: other characters become '?'. */
struct span shown_text_ascii(struct arena *a, struct span s, size_t most);
bool span_is_ascii(struct span s);

#endif
