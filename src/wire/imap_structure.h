/* BODY and BODYSTRUCTURE (RFC 3501 7.4.2, RFC 9051 7.5.2) as a tree of parts. */
#ifndef WIRE_IMAP_STRUCTURE_H
#define WIRE_IMAP_STRUCTURE_H

#include "wire/imap_token.h"

enum {
	/* As the mime folder reads (nesting), and what a hostile server may make us keep. */
	IMAP_STRUCTURE_DEPTH_MAX = IMAP_DEPTH_MAX / 2,
	IMAP_STRUCTURE_PARTS_MAX = 10000,
	IMAP_STRUCTURE_PARAMETERS_MAX = 1000, /* of one part */
};

struct imap_parameter {
	struct span name, value;
};

/* NIL is data == NULL. */
struct imap_part {
	struct span type, subtype; /* a multipart's type is "multipart", which servers do not write */
	struct imap_parameter *parameters;
	size_t parameter_count;
	/* Of parts that are no multipart: */
	struct span id, description, encoding;
	uint64_t octets;
	bool has_lines; /* text/..., message/rfc822 and message/global that tell an envelope */
	uint64_t lines;
	struct span envelope; /* of message/rfc822, as written; else empty */
	/* Of BODYSTRUCTURE; all may be NIL or missing: */
	struct span md5; /* of no multipart */
	struct span disposition;
	struct imap_parameter *disposition_parameters;
	size_t disposition_parameter_count;
	/* A multipart's parts, or the one body of message/rfc822. */
	struct imap_part *children, *next;
};

/* Takes a structure off the cursor, literals joined. Returns NULL, c->failed set,
 * where it is none or passes a limit above. All lies in `a` and in the unit.
 * Language, location and extensions are read over. */
struct imap_part *imap_take_structure(struct imap_cursor *c, struct arena *a);

#endif
