/* Strings in an IMAP response (RFC 9051 4.3). */
#ifndef MIME_IMAP_TEXT_H
#define MIME_IMAP_TEXT_H

#include "mime/text.h"

/* Quoted, or where that cannot hold it (line ends, 8 bits) as a literal. NUL,
 * which neither can hold, becomes 0x80. */
void imap_add_string(struct text *out, struct span s);
/* The same; NIL where data is NULL. */
void imap_add_nstring(struct text *out, struct span s);
/* The same of a text for people: white space is one SP between words. */
void imap_add_prose(struct text *out, struct span s);

#endif
