/* A message written anew from one reading of it, so that there is no other. */
#ifndef REWRITE_RENEW_H
#define REWRITE_RENEW_H

#include "mime/decode.h"

/* The message in the strict reading of its structure, types, encodings, names
 * and bodies: header fields that are well-formed stay as they are, others are
 * cleaned, Content-* fields are written from what was read, each body is plain
 * text or base64. What only other readings have is gone, and a signature over
 * it is broken. In m's arena. */
struct span renew_message(struct mime_message *m, struct scratch *scratch);

#endif
