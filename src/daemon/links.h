/* The plain loop of a process that serves the proxies' requests one by one:
 * scanner and keeper. */
#ifndef DAEMON_LINKS_H
#define DAEMON_LINKS_H

#include "io/packet.h"

#include <stdbool.h>
#include <stdint.h>

enum link_state {
	LINK_GOOD,
	LINK_ENDED,  /* the proxy is gone, or speaks nonsense */
	LINK_FAILED, /* a request was lost, or an answer: the proxy waits for it in vain */
};

struct links_work {
	void *context; /* of all that follow */
	/* Something came by the link. */
	enum link_state (*serve)(void *context, int link);
	bool outlives_master; /* as long as there is a link */
	/* Somebody is at the door, a listening socket; -1 = there is none. */
	int door;
	void (*hear)(void *context, int door);
	/* Called before each wait, which then ends after so many milliseconds.
	 * NULL = there is nothing to be done in between. */
	uint64_t (*rest)(void *context);
};

/* Of a link that gave no packet: packet_receive()'s 0 or -1. */
enum link_state link_state_of(int got, const struct packet *p);
/* Sends an answer, head and body; nothing of it is sent when the head's buffer has failed. */
enum link_state link_answer(int link, const struct buf *head, struct span body);

/* Says CHANNEL_READY, takes links from the channel and serves them. False at
 * once when one has failed: the process had better end, for all links are made
 * anew for the one that takes its place. True when the channel said DRAIN, and no
 * link is left. When the master is gone: the same, or at once unless the work
 * outlives it. */
bool links_serve(int channel, const struct links_work *work);

#endif
