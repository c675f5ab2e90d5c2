/* Delimiter lines of multiparts (RFC 2046 5.1.1), wherever they may stand. */
#ifndef MIME_BOUNDARY_H
#define MIME_BOUNDARY_H

#include "base/span.h"

/* The multiparts being read, innermost first. */
struct boundary {
	struct boundary *outer;
	struct span value;
	bool closed; /* its final delimiter was seen: matches last */
};

struct delimiter {
	const struct boundary *of; /* NULL: none */
	bool final;
	bool junk;        /* more than the boundary stands on the line */
	bool padded;      /* blanks do, which is allowed */
	const char *line; /* where the line begins, and where the next one does */
	const char *next;
	/* Of what delimiter_find() went over. */
	bool indented; /* a line that were a delimiter but for blanks, or a bare CR, before it */
	bool fields;   /* a line that begins with a Content- field */
	bool longer;   /* or with one of a longer name, as X-Content-Type */
};

/* Is the line at `line` a delimiter of one of them? */
bool delimiter_at(const struct boundary *open, const char *line, const char *end, struct delimiter *d);

/* The first one in the text from `from`, the start of a line, to `end`; false,
 * and d->line = end, when there is none. */
bool delimiter_find(const struct boundary *open, const char *from, const char *end, struct delimiter *d);

#endif
