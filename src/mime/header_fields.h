/* Fields of a header as IMAP is asked for them (RFC 9051 6.4.5.1). */
#ifndef MIME_HEADER_FIELDS_H
#define MIME_HEADER_FIELDS_H

#include "mime/text.h"

/* HEADER.FIELDS and, with `others`, HEADER.FIELDS.NOT: the
 * fields of `head`, a header with its final empty line, whose name is among
 * `names` or is not, ASCII case ignored, in their order and with that empty
 * line, or one where it has none. A line that is no field has all of it for a
 * name. Reads lines and no MIME; the work grows with the length of head. */
void header_fields(struct text *out, struct span head, const struct span *names, size_t count, bool others);

#endif
