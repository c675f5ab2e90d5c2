/* The limit of open descriptors, which most systems set low so that old
 * programs are not surprised, with leave to raise it. */
#ifndef DAEMON_DESCRIPTORS_H
#define DAEMON_DESCRIPTORS_H

#include "conf/settings.h"

/* How many one proxy may need, were it the one that has all of limits.connections. */
uint64_t descriptors_needed(const struct settings *s);
/* Raises the limit to that, for this process and those that it will fork, as far
 * as the system lets it be raised; what that is too little for is told in the log.
 * A limit that is high enough stays. */
void descriptors_allow(const struct settings *s);

#endif
