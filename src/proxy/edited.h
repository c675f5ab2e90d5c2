/* A message as it is passed on: an original that nobody writes to, in memory or
 * in a file, with edits over it. */
#ifndef PROXY_EDITED_H
#define PROXY_EDITED_H

#include "rewrite/edit.h"
#include "wire/mail_data.h"

struct edited {
	struct span memory;   /* the original, or data == NULL: */
	int file;             /* in this file, from `base` on */
	uint64_t base, size;  /* size: octets of the original */
	const struct edit *edits; /* as edits_valid() says */
	size_t edit_count;
	/* Between calls, zero at first. */
	size_t edit;          /* the next one */
	uint64_t offset;      /* in the original */
};

/* Gives the next run to the sink: 1, or 0 at the end, or -1 when the original
 * cannot be read. Runs of an original in memory lie there; others, and what the
 * edits put in, live during the call. */
int edited_next(struct edited *e, mail_sink *sink, void *context);
/* Octets of the message after the edits. */
uint64_t edited_size(const struct edited *e);
/* True when this run lies in the original in memory. */
bool edited_owns(const struct edited *e, struct span run);

#endif
