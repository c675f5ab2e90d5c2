/* Header fields written anew. For renew.c. */
#ifndef REWRITE_RENEW_FIELDS_H
#define REWRITE_RENEW_FIELDS_H

#include "mime/message.h"
#include "rewrite/text.h"

/* The fields of a message's header that say nothing of its content, and
 * MIME-Version. */
void fields_write_other(struct text *out, const struct mime_part *root, struct span eol);
/* Content-* as they were read, but Content-Transfer-Encoding. boundary: of a
 * multipart, else NULL. */
void fields_write_content(struct text *out, const struct mime_part *part, const char *boundary, struct span eol);

#endif
