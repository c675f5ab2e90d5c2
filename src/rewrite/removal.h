/* Which parts of a message have to go, and what is told of each. */
#ifndef REWRITE_REMOVAL_H
#define REWRITE_REMOVAL_H

#include "rewrite/compose.h"
#include "rewrite/notice.h"

struct removal {
	const struct mime_part *unit; /* what can be removed as a whole */
	struct notice notice;
};

/* Those of outcome->strips, in the order of the message; none lies in another.
 * What may not be changed inside (signed, encrypted, a message that is itself
 * encoded) is a unit. A unit that is a shadow may begin in one that is none. */
const struct removal *removals_of(const struct compose_job *job, size_t *count);

/* A file in a text, */
bool removal_is_in_text(const struct mime_part *p);
/* and its lines, without the line end of the last. */
struct span removal_lines(const struct mime_part *p);
/* No empty line ends its header, but what follows is no field. */
bool removal_header_is_open(const struct mime_part *p);
/* The root of the message or of one inside. */
bool removal_is_message_root(const struct mime_part *p);

#endif
