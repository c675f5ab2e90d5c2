/* The marks of spam in a message's header. */
#ifndef REWRITE_TAG_H
#define REWRITE_TAG_H

#include "rewrite/compose.h"

/* Removes X-Spam-Flag, -Score, -Status, -Level and X-Gatepost-Incomplete where
 * the policy marks, and MIME-Ambiguity-Results where it writes that. */
void tag_remove_forged(struct edits *e, const struct compose_job *job);
/* Adds what the outcome asks for at the top: X-Spam-Flag, X-Spam-Score and
 * X-Spam-Status and the subject's prefix when it says tag, X-Spam-Status alone
 * when it would say so but for the user who allows the author, and
 * X-Gatepost-Incomplete when it is not complete, and MIME-Ambiguity-Results
 * when the policy wants it. */
void tag_add_marks(struct edits *e, const struct compose_job *job);

#endif
