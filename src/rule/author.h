/* Who wrote a message, as far as it says. */
#ifndef RULE_AUTHOR_H
#define RULE_AUTHOR_H

#include "mime/mailbox.h"
#include "rule/evaluate.h"

/* The addresses in the message's From fields and, by SMTP, the envelope's
 * sender: those that patterns are held against. */
void authors_of(struct arena *a, const struct mime_message *m, const struct rule_envelope *envelope,
    struct mailboxes *out);
/* True when one fits a pattern (base/pattern.h). */
bool authors_match(const struct mailboxes *authors, const struct span *patterns, size_t count);

#endif
