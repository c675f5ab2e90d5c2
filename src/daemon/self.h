/* What a process says of itself: how much memory and how many descriptors it
 * has. The master does not look, for its unit file leaves it no right to look
 * into processes of another account. */
#ifndef DAEMON_SELF_H
#define DAEMON_SELF_H

#include <stdint.h>

enum { SELF_TELL_MS = 3000 }; /* several times within any monitoring system's interval */

struct self {
	uint64_t memory; /* octets, resident; 0 = the kernel does not say */
	uint64_t descriptors, descriptors_most;
};

/* Before the cage is closed, and after limits are set: what is needed later is
 * opened. Once in a process, also where it was done before its fork. */
void self_begin(void);
/* The limit of descriptors was changed since. */
void self_note_limit(void);
void self_look(struct self *s);
/* By the channel to the master, who hears CHANNEL_MEMORY and what follows it.
 * Nothing is sent, and nobody waits, while the master does not listen. */
void self_tell(int channel);

#endif
