/* The one line that a message leaves in the log. */
#ifndef PROXY_SMTP_LOG_H
#define PROXY_SMTP_LOG_H

#include "base/log.h"
#include "proxy/smtp_session.h"

/* Begins a line that tells whose session it is, so that what an address does
 * can be followed; log_end() ends it. No credential goes into it. */
void smtp_log_begin(struct log_entry *e, const struct smtp_session *s, enum log_level level, const char *event);
/* The same, whole. */
void smtp_log_event(const struct smtp_session *s, enum log_level level, const char *event, const char *msg);

/* reply: the one that the client is told, without CRLF. */
void smtp_log_message(struct smtp_session *s, struct span reply);

#endif
