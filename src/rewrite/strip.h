/* Parts replaced by a notice. */
#ifndef REWRITE_STRIP_H
#define REWRITE_STRIP_H

#include "rewrite/compose.h"

/* The parts of outcome->strips. Each keeps its place and section number; what
 * may not be changed inside (signed, encrypted, a message that is itself
 * encoded) is removed whole. */
void strip_parts(struct edits *e, const struct compose_job *job);
/* The whole content of the message; its header but for Content-* stays. */
void strip_message(struct edits *e, const struct compose_job *job, struct span text);

#endif
