/* Messages between gatepost's processes: one SEQPACKET datagram each, with up
 * to PACKET_FDS descriptors. What is larger than PACKET_INLINE_MAX travels as a memfd, unseen
 * by the callers. */
#ifndef IO_PACKET_H
#define IO_PACKET_H

#include "base/buf.h"

enum {
	PACKET_FDS = 3,
	PACKET_INLINE_MAX = 128 * 1024, /* under net.core.wmem_default with the kernel's overhead */
	/* No honest packet is larger: a few times the largest message that is
	 * usually allowed. */
	PACKET_DATA_MAX = 256 * 1024 * 1024,
};

/* A connected pair, close-on-exec, non-blocking as asked, send buffers raised. */
bool packet_pair(int fds[2], bool first_nonblocking, bool second_nonblocking);

enum packet_result { PACKET_SENT, PACKET_AGAIN, PACKET_FAILED };
/* head and body are gathered; fds are not closed. AGAIN: the queue is full. */
enum packet_result packet_send(int socket, struct span head, struct span body, const int *fds, size_t fd_count);
/* The same for what is said once and must not be lost: a shortage of memory or descriptors is
 * waited out, for up to half a second, in which the process does nothing else. */
enum packet_result packet_send_surely(int socket, struct span head, struct span body, const int *fds, size_t fd_count);

struct packet {
	struct buf data;       /* head and body in one */
	int fds[PACKET_FDS];   /* owned; -1 where none, or where this process has no room for it */
	bool lost;             /* after -1: something came and could not be taken; the other end may live */
};
void packet_init(struct packet *p);
void packet_free(struct packet *p); /* closes the descriptors that are left */
/* 1: a packet; 0: none now (non-blocking, or no memory for it yet); -1: closed or
 * broken. Reuses p's memory. */
int packet_receive(int socket, struct packet *p);
/* The first `size` octets behind a descriptor of the packet, mapped for
 * reading; munmap(2) gives them back. NULL when there is no such descriptor or
 * it has less. */
void *packet_map(const struct packet *p, size_t fd, uint64_t size);

#endif
