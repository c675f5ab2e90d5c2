/* What is wrong with a configuration: errors with their place, all of them
 * collected before anybody is told. */
#ifndef CONF_REPORT_H
#define CONF_REPORT_H

#include "base/arena.h"
#include "base/buf.h"

#include <stdio.h>

/* A place in a file; line and column count from 1, 0 = the file as such. */
struct mark {
	const char *file;
	size_t line, column;
};

struct report {
	struct arena *arena;
	struct report_error *first, **last;
	size_t count;
};

struct report_error {
	struct report_error *next;
	struct mark mark;
	const char *message;
};

void report_init(struct report *r, struct arena *a);
/* An error that is in the report already is not added again: a file of rules
 * is read once for each policy that has it. The report outlives what it is
 * about: the file's name is copied. */
void report_add(struct report *r, struct mark mark, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* One line an error: `file:line:column: message`, no control characters in it. */
void report_put(struct buf *out, const struct report *r);
void report_print(const struct report *r, FILE *out);

/* The candidate nearest to `word` by edit distance, or NULL when none is near
 * enough to be what was meant. candidates end with NULL. */
const char *nearest_word(const char *word, const char *const *candidates);

#endif
