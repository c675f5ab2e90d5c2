/* The plain loop of a process that serves the proxies' requests one by one:
 * scanner and keeper. */
#ifndef DAEMON_LINKS_H
#define DAEMON_LINKS_H

#include <stdbool.h>

/* Says CHANNEL_READY, takes links from the channel and calls serve() for each
 * link that has something; serve() returns false when the link is done with.
 * Returns when the channel said DRAIN, and no link is left. When the master is
 * gone: the same, or at once unless it outlives the master. */
void links_serve(int channel, bool outlives_master, bool (*serve)(void *context, int link), void *context);

#endif
