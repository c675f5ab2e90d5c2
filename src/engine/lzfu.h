/* RTF as Outlook compresses it (MS-OXRTFCP). */
#ifndef ENGINE_LZFU_H
#define ENGINE_LZFU_H

#include "base/buf.h"

/* Appends the text of the compressed or stored stream. False when it is none,
 * or ends early; what could be read stands in out. */
bool lzfu_decode(struct span in, struct buf *out);

#endif
