/* What an IMAP server says of a message: ENVELOPE, BODY and BODYSTRUCTURE
 * (RFC 9051 7.5.2, RFC 3501 7.4.2), of the strict reading.
 *
 * IMAP knows parts by the bytes of the message. So a multipart or message that
 * is encoded has no parts here, nor has message/global, which is a message to
 * IMAP4rev2 only. The grammar wants a part in every multipart and a message in
 * every message/rfc822: where there is none, an empty text/plain is the one
 * part, and a text/plain that is the whole body is the message. What IMAP says
 * by scan/sections.h agrees with that. */
#ifndef MIME_IMAP_STRUCTURE_H
#define MIME_IMAP_STRUCTURE_H

#include "mime/message.h"
#include "mime/text.h"

/* "(date subject from sender reply-to to cc bcc in-reply-to message-id)" of the
 * header of `root`, the root of a message. */
void imap_print_envelope(struct text *out, const struct mime_part *root);
/* The parenthesized list of the structure, with extension data for BODYSTRUCTURE
 * and without for BODY. */
void imap_print_body(struct text *out, const struct mime_message *m, bool extensible);

enum imap_kind { IMAP_BASIC, IMAP_TEXT, IMAP_MULTIPART, IMAP_MESSAGE };
enum imap_kind imap_kind(const struct mime_part *part);
/* The transfer encoding as it is told. */
struct span imap_encoding(struct arena *arena, const struct mime_part *part);
/* The first part of a multipart, or the root of the message inside, where the
 * bytes of the message have it; NULL: none, or the part is neither. */
const struct mime_part *imap_children(const struct mime_part *part);
/* The next of a multipart. What stands behind its final delimiter is no part. */
const struct mime_part *imap_next(const struct mime_part *part);

#endif
