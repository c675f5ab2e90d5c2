/* What IMAP is told of a rewritten message, all of it computed where its bytes
 * may be read, for a proxy that answers in the place of the server. */
#ifndef SCAN_IMAP_VIEW_H
#define SCAN_IMAP_VIEW_H

#include "mime/imap_section.h"

enum {
	/* Octets of each of the three texts and of the sections. An honest
	 * structure has 200 octets a part; this is for over a thousand. */
	SCAN_STRUCTURE_MAX = 256 * 1024,
};

struct scan_imap {
	struct span envelope, body, bodystructure; /* each a parenthesized list */
	struct imap_section *sections;
	uint64_t octets; /* RFC822.SIZE */
	bool too_large;  /* over SCAN_STRUCTURE_MAX: nothing but octets is told */
};

/* Of a message as it is shown to the reader. All lives in the arena. */
void scan_imap_view(struct arena *a, struct span message, const struct mime_limits *limits,
    struct scan_imap *out);

/* For the way between processes. Spans of a decoded value point into *in, which
 * is moved past it. False: malformed. */
void scan_imap_encode(struct buf *out, const struct scan_imap *v);
bool scan_imap_decode(struct arena *a, struct span *in, struct scan_imap *v);

#endif
