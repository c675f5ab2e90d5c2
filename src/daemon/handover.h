/* What a master says to the one that takes its place, which it starts itself, and
 * which may be of another version: a SEQPACKET pair, whose end the new one finds by
 * its number in the environment. */
#ifndef DAEMON_HANDOVER_H
#define DAEMON_HANDOVER_H

#include "daemon/children.h"
#include "io/packet.h"

enum handover_kind {
	/* The old one's, in this order. */
	HANDOVER_LISTENER = 1, /* a listening socket; the text is its address */
	HANDOVER_TRANSPARENT,  /* the same, of a listener with intercept: tproxy */
	HANDOVER_METRICS,      /* the same, where metrics are served */
	HANDOVER_ALL,          /* there are no more sockets */
	HANDOVER_YOURS,        /* it has left the control socket */
	HANDOVER_KEEPER_ENDED, /* the quarantine is free */
	HANDOVER_LINK,         /* of a proxy of the old one to the new one's keeper */
	/* The new one's. */
	HANDOVER_FAILED,       /* the text says why */
	HANDOVER_READY,        /* its proxies and scanners serve; the text is KEEP_FRAME_VERSION as a number */
	HANDOVER_TAKEN,        /* it listens at the control socket: the old one takes no more sessions */
	HANDOVER_KEEPER_THERE, /* links to it are wanted */
	HANDOVER_KEEPER_LEAVES,
	HANDOVER_END,          /* the old one's sessions are to end */
	/* The old one's, before HANDOVER_ALL: what the service manager passed; no text. */
	HANDOVER_PASSED,
};

struct handover_message {
	enum handover_kind kind;
	struct span text; /* in the packet */
	int fd;           /* -1 = none; the receiver owns it */
};

/* False: the other side is gone, or its queue is full. The descriptor is not closed. */
bool handover_send(int channel, enum handover_kind kind, struct span text, int fd);
/* 1, 0 (nothing now) or -1 (the other side is gone). */
int handover_receive(int channel, struct packet *p, struct handover_message *m);

/* Starts `program` as a gatepost that runs `file` and gives it the sockets of that
 * realm. The channel to it; -1 and *error (static, or strerror()). */
int handover_start(const char *program, const char *file, const struct realm *r, pid_t *pid, const char **error);

/* In the one that was started: the channel, -1 where nobody hands anything over. */
int handover_find(void);
/* Waits for the sockets, which are then in r->sockets and r->metrics as those of an
 * old realm, and in *passed. False: they did not come. */
bool handover_take_sockets(int channel, struct arena *a, struct realm *r, struct listen_sockets *passed);

#endif
