/* What the master and its children say to each other: small messages over a
 * SEQPACKET pair, some with a descriptor. */
#ifndef DAEMON_CHANNEL_H
#define DAEMON_CHANNEL_H

#include "io/packet.h"

enum channel_kind {
	CHANNEL_READY,        /* child: it serves */
	CHANNEL_LINK_SCANNER, /* to a proxy: a link to scanner `index` */
	CHANNEL_LINK_KEEPER,  /* to a proxy: a link to the keeper */
	CHANNEL_LINK_PROXY,   /* to scanner and keeper: a link to a proxy */
	CHANNEL_RETIRE,       /* to a proxy: no new sessions; end with the last one */
	CHANNEL_DRAIN,        /* to a child: finish what there is, then end; sessions end where nothing is lost */
	CHANNEL_KEEPER_LEAVES, /* to a proxy: no more to this keeper; a link to the next one comes */
	CHANNEL_STUCK,        /* proxy: scanner `index`, or CHANNEL_KEEPER, cannot be spoken with */
	CHANNEL_REFUSED,      /* child: its cage refused system call `index` */
	/* Child, now and then (daemon/self.h): */
	CHANNEL_MEMORY,           /* it has `index` KiB */
	CHANNEL_DESCRIPTORS,      /* it has `index` of them open */
	CHANNEL_DESCRIPTORS_MOST, /* it may have `index` */
};
#define CHANNEL_KEEPER UINT32_MAX

struct channel_message {
	enum channel_kind kind;
	uint32_t index;
	int fd; /* -1 = none; the receiver owns it */
};

/* False: the other side is gone. The descriptor is not closed. A handler of
 * signals may call it. */
bool channel_send(int channel, enum channel_kind kind, uint32_t index, int fd);
/* The same for the master, whose words are said once: a child that missed one would wait for it,
 * or not end. Not for children, whose cages have no way to wait. */
bool channel_tell(int channel, enum channel_kind kind, uint32_t index, int fd);
/* 1, 0 (nothing now) or -1 (the other side is gone). */
int channel_receive(int channel, struct packet *p, struct channel_message *m);

#endif
