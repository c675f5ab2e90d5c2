/* Header fields written anew. For renew.c. */
#ifndef REWRITE_RENEW_FIELDS_H
#define REWRITE_RENEW_FIELDS_H

#include "mime/message.h"
#include "rewrite/text.h"

/* The fields of a message's header that say nothing of its content, and
 * MIME-Version. */
void fields_write_other(struct text *out, const struct mime_part *root, struct span eol);
/* The type that was read, or one that says what the part is where that cannot
 * be written or is of another kind. */
const char *fields_type_of(const struct mime_part *part);
/* Content-* as they were read, but Content-Transfer-Encoding, and with that
 * type. boundary: of a multipart, else NULL. */
void fields_write_content(struct text *out, const struct mime_part *part, const char *type, const char *boundary,
    struct span eol);
/* Is the text a header, or several with empty lines between? */
bool text_is_fields(struct span text);

#endif
