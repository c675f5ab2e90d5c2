/* The envelope of an SMTP transaction: how MAIL goes on to the upstream, and
 * what is kept of MAIL and RCPT until the message has its verdict. */
#ifndef PROXY_SMTP_ENVELOPE_H
#define PROXY_SMTP_ENVELOPE_H

#include "proxy/smtp_session.h"

/* MAIL as it goes on. without_size: the message may grow on its way, or the upstream knows no SIZE. */
void smtp_put_mail(struct buf *line, const struct smtp_command *c, bool without_size);

/* Appends what is kept of MAIL or RCPT, for smtp_split_path() once it was
 * accepted: then the text is the path, and smtp_parameters() are behind it. */
void smtp_put_path(struct buf *kept, const struct smtp_command *c);
void smtp_split_path(char *kept);
/* The path, before it is split off. */
struct span smtp_kept_path(const char *kept);

/* path, as smtp_split_path() left it, is owned from now on. False: no memory,
 * and it is still the caller's. */
bool smtp_add_recipient(struct smtp_transaction *tx, char *path);

#endif
