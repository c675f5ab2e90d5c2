/* What is common to a message's coming and going. */
#ifndef PROXY_SMTP_MESSAGE_H
#define PROXY_SMTP_MESSAGE_H

#include "proxy/smtp_session.h"

/* The message ends here with a reply of our own (once for each recipient with
 * LMTP): logged, the transaction reset on both sides. */
enum outcome smtp_refuse_message(struct smtp_session *s, const char *text);

#endif
