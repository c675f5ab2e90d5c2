/* The plain loop of a process that serves the proxies' requests one by one:
 * scanner and keeper. */
#ifndef DAEMON_LINKS_H
#define DAEMON_LINKS_H

#include <stdbool.h>
#include <stdint.h>

struct links_work {
	void *context; /* of all that follow */
	/* Something came by the link; false: it is done with. */
	bool (*serve)(void *context, int link);
	bool outlives_master; /* as long as there is a link */
	/* Somebody is at the door, a listening socket; -1 = there is none. */
	int door;
	void (*hear)(void *context, int door);
	/* Called before each wait, which then ends after so many milliseconds.
	 * NULL = there is nothing to be done in between. */
	uint64_t (*rest)(void *context);
};

/* Says CHANNEL_READY, takes links from the channel and serves them. Returns
 * when the channel said DRAIN, and no link is left. When the master is gone:
 * the same, or at once unless the work outlives it. */
void links_serve(int channel, const struct links_work *work);

#endif
