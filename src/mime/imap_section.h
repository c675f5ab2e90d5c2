/* The sections of a message (RFC 9051 6.4.5.1): which bytes of it are BODY[1.2],
 * BODY[1.2.MIME] and their like. The list is made where MIME is read, and is all
 * that is needed where bytes are served. */
#ifndef MIME_IMAP_SECTION_H
#define MIME_IMAP_SECTION_H

#include "base/buf.h"
#include "mime/message.h"
#include "mime/text.h"

struct imap_range {
	uint64_t at, len; /* in octets of the message */
};

struct imap_section {
	struct imap_section *next;
	struct span path; /* "1.2"; empty: the message itself */
	bool message;     /* it is one, and has HEADER and TEXT */
	struct imap_range whole, mime; /* mime: its header as a part; the message itself has none */
	struct imap_range header, text;
};

/* All of them, in the arena of m; what imap_print_body() tells is so numbered. */
struct imap_section *imap_sections(const struct mime_message *m);

enum imap_section_kind { IMAP_SECTION_WHOLE, IMAP_SECTION_MIME, IMAP_SECTION_HEADER, IMAP_SECTION_TEXT };
/* False: there is no such section. path is as it was written, without the kind. */
bool imap_section_find(const struct imap_section *sections, struct span path, enum imap_section_kind kind,
    struct imap_range *out);

/* For the way between processes. Decoded paths point into *in, which must be
 * valid; the list lives in the arena. False: malformed, or a range that is not
 * within `octets`. */
void imap_sections_encode(struct buf *out, const struct imap_section *sections);
bool imap_sections_decode(struct arena *a, struct span in, uint64_t octets, struct imap_section **out);

/* HEADER.FIELDS and, with `others`, HEADER.FIELDS.NOT (RFC 9051 6.4.5.1): the
 * fields of `head`, a header with its final empty line, whose name is among
 * `names` or is not, ASCII case ignored, in their order and with that empty
 * line, or one where it has none. A line that is no field has all of it for a
 * name. Reads lines and no MIME; the work grows with the length of head. */
void imap_header_fields(struct text *out, struct span head, const struct span *names, size_t count,
    bool others);

#endif
