/* POP3 replies (RFC 1939 3): a line of status, and the end of a multi-line reply
 * that is passed on as it stands. */
#ifndef WIRE_POP3_REPLY_H
#define WIRE_POP3_REPLY_H

#include "base/span.h"

enum pop3_status {
	POP3_OK,       /* "+OK" */
	POP3_ERR,      /* "-ERR" */
	POP3_CONTINUE, /* "+": a turn of an AUTH exchange (RFC 5034 4) */
};

/* Lives in the input that it was taken from. */
struct pop3_reply {
	enum pop3_status status;
	struct span line; /* without its CRLF */
	struct span text; /* behind the status and one SP */
};

/* Takes one reply line off the front of the upstream's input. 1: *r is it, *used
 * its octets with CRLF, at most `limit`. 0: incomplete. -1: not POP3 (no end
 * within `limit` octets, one in bare LF, another status, bare CR, NUL): the
 * connection is of no more use; *why is a short static text for the log.
 * *used is 0 but after 1. */
int pop3_reply_take(struct span input, size_t limit, struct pop3_reply *r, size_t *used, const char **why);

/* Looks for the end of a multi-line reply behind its first line: "." CRLF at its
 * start or after CRLF, which is where mail_unstuff() sees it too. */
struct pop3_tail {
	unsigned state;
};
void pop3_tail_init(struct pop3_tail *t);
/* 1: the end was found, *used octets of `in` belong to the reply, its terminator
 * included; what follows is not looked at, now or in a later call. 0: all was
 * used, more is to come. The result does not depend on how the octets are cut.
 * Fast: sixteen octets at a time. */
int pop3_tail_find(struct pop3_tail *t, struct span in, size_t *used);

#endif
