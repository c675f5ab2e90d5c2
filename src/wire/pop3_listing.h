/* What POP3 tells about messages: the lines of LIST and UIDL (RFC 1939 5, 7), and
 * how much of a message TOP shows. */
#ifndef WIRE_POP3_LISTING_H
#define WIRE_POP3_LISTING_H

#include "base/span.h"

enum { POP3_UID_MAX = 255 }; /* RFC 1939 7 asks for 70 at most; some servers have longer ones */

/* Takes a line off a multi-line reply, behind its first one. 1: *line is it,
 * without its CRLF and a dot that was stuffed, *used its octets, at most `limit`.
 * 2: the end, "." CRLF, of *used octets. 0: incomplete. -1: no end within `limit`
 * octets. *used is 0 but after 1 and 2. CR and LF apart from each other are
 * octets of a line like others. */
int pop3_listing_line(struct span input, size_t limit, struct span *line, size_t *used);

/* "number octets" in a line of LIST, or in the text of its +OK for one message.
 * What follows behind another SP is ignored. False: malformed. */
bool pop3_listing_scan(struct span line, uint64_t *number, uint64_t *octets);
/* "number uid" in a line of UIDL, or in the text of its +OK for one message; *uid,
 * within line, is 1 to POP3_UID_MAX octets 0x21 to 0x7e. False: malformed. */
bool pop3_listing_uid(struct span line, uint64_t *number, struct span *uid);
/* "count octets" in the text of STAT's +OK; the count may be 0, else as above. */
bool pop3_listing_stat(struct span text, uint64_t *count, uint64_t *octets);

/* Which octets of a message TOP shows: its header, the empty line and so many
 * lines of the body (RFC 1939 7). Lines end in LF, whether CR stands before it or
 * not; the header ends at the first line that is empty. */
struct pop3_top {
	uint64_t lines; /* of the body, still to come */
	unsigned state;
};
void pop3_top_init(struct pop3_top *t, uint64_t lines);
/* in: of the message, not stuffed. 1: the end was reached, *used octets of `in`
 * belong to it, none of a later call. 0: all do, and more is to come. The result
 * does not depend on how the octets are cut. */
int pop3_top_take(struct pop3_top *t, struct span in, size_t *used);

#endif
