/* Content-* fields as IMAP tells them: as they are written, case and percent
 * signs too. What they mean to a reader is mime/field.h. */
#ifndef MIME_IMAP_FIELD_H
#define MIME_IMAP_FIELD_H

#include "base/arena.h"

struct imap_param {
	struct imap_param *next;
	struct span name, value; /* without quotes; pieces of RFC 2231 joined to one "name*" */
};

/* "type/subtype; name=value" or "word; name=value". */
struct imap_field {
	struct span type, subtype; /* empty: missing; without a slash the second has no data */
	struct span rest;          /* all behind the words, comments at its front left out */
	struct imap_param *params;
};

/* Of an unfolded value. What is malformed ends what is told of it. Linear but
 * for the sorting of pieces. */
void imap_field_read(struct arena *a, struct span unfolded, struct imap_field *out);

#endif
