/* A body overwritten in place, in its encoding. For preserve.c, which tells what
 * that means. */
#ifndef REWRITE_PRESERVE_BODY_H
#define REWRITE_PRESERVE_BODY_H

#include "mime/message.h"
#include "rewrite/edit.h"

enum {
	/* Octets of quoted-printable in one message that have a replacement of their
	 * own, for their fill is no blank: many times what people read. */
	QUOTED_EXACT_MAX = 64 * 1024,
};

struct overwriting {
	struct edits *edits;
	struct span message;
	size_t quoted_room; /* QUOTED_EXACT_MAX at first */
};

/* Adds the edits that make of the body, which lies in the message, the first of
 * the texts that has room in it, and blanks. */
void overwrite_body(struct overwriting *o, struct span body, enum mime_encoding encoding, const struct span *texts,
    size_t text_count);
/* The same of octets that are not encoded, or not so that it could be kept up.
 * open: what is before them is a header only if they are no part of one. */
void overwrite_lines(struct overwriting *o, struct span lines, bool open, const struct span *texts, size_t text_count);

#endif
