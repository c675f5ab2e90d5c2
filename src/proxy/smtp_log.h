/* The one line that a message leaves in the log. */
#ifndef PROXY_SMTP_LOG_H
#define PROXY_SMTP_LOG_H

#include "base/log.h"
#include "proxy/smtp_session.h"

/* reply: the one that the client is told, without CRLF. */
void smtp_log_message(struct smtp_session *s, struct span reply);

#endif
