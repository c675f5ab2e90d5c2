/* Where uuencoded files stand in a text. */
#ifndef MIME_UUENCODE_H
#define MIME_UUENCODE_H

#include "base/span.h"

struct uu_file {
	struct span name;
	struct span whole; /* from "begin" to after the line "end" */
	struct span lines; /* what is between */
	bool finished;     /* "end" was found; else it goes to the end of the text */
};

/* The first file in `text`; false when there is none. */
bool uu_find(struct span text, struct uu_file *file);

#endif
