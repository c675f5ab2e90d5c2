/* What a session leaves in the log: a line for each message, and one for each
 * command that was refused. */
#ifndef PROXY_SMTP_LOG_H
#define PROXY_SMTP_LOG_H

#include "base/log.h"
#include "proxy/smtp_session.h"

/* reply: the one that the client is told, without CRLF. By LMTP of the recipients
 * that were not answered for yet. */
void smtp_log_message(struct smtp_session *s, struct span reply);
/* The same of the upstream's final reply, once it is taken off tx.replies: by LMTP it is
 * that recipient's. */
void smtp_log_answer(struct smtp_session *s, struct span reply);

/* The upstream's reply in s->reply, where it refuses. command: MAIL, say; "" for
 * the connection as a whole. path: of MAIL and RCPT, else empty. */
void smtp_log_refusal(struct smtp_session *s, const char *command, struct span path);
/* Our own. reply: without CRLF. */
void smtp_log_own_refusal(struct smtp_session *s, const char *command, struct span path, const char *reply);

#endif
