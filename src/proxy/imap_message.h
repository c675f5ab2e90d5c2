/* Messages in an IMAP session: those that APPEND brings, and those that FETCH
 * shows. */
#ifndef PROXY_IMAP_MESSAGE_H
#define PROXY_IMAP_MESSAGE_H

#include "proxy/imap_session.h"

struct imap_append_job;
void imap_append_free(struct imap_append_job **job);

/* imap_overlay.c: the first line of a FETCH response, whose *used octets are
 * still in the input. */
enum outcome imap_begin_fetch(struct imap_session *s, const struct imap_line *line, const struct imap_response *r,
    size_t used);
/* One that does not fit the input is put together first. */
enum outcome imap_join_fetch(struct imap_session *s);

/* imap_judge.c: octets of the message that was asked for came. */
void imap_message_goes_on(struct imap_session *s);

#endif
