/* Lines of a conversation: commands, and turns of an authentication. */
#ifndef WIRE_LINE_H
#define WIRE_LINE_H

#include "base/span.h"

/* Takes one line off the front of input. 1: *line is it without its end, *used
 * the octets with it, at most `limit`. 0: incomplete. -1: no end within `limit`
 * octets; *used octets, never the LF, may be dropped, and the line taken next is
 * the remainder of this one. A line that ends in LF alone, or holds CR, is
 * taken but *clean is false. */
int line_take(struct span input, size_t limit, struct span *line, size_t *used, bool *clean);

#endif
