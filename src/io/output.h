/* What an endpoint has still to send, in order: small things gathered in one
 * block, then pieces (more octets, octets of others, ranges of files). */
#ifndef IO_OUTPUT_H
#define IO_OUTPUT_H

#include "base/buf.h"
#include "io/loop.h"

#include <sys/types.h>

struct piece;
struct output {
	struct buf head;       /* goes first; a block, or no memory */
	struct piece *pieces, *last;
	struct buf staged;     /* octets read from the file in front, for TLS */
	uint64_t pending;      /* all that is unsent */
};

void output_free(struct loop *l, struct output *o);

/* False: no memory, or the file is shorter or cannot be read. */
bool output_add(struct loop *l, struct output *o, struct span bytes);
bool output_add_static(struct loop *l, struct output *o, struct span bytes);
bool output_add_file(struct loop *l, struct output *o, int fd, uint64_t offset, uint64_t length);

/* One writev or sendfile of what is in front: the octets sent, or -1 and errno.
 * *all: it was as much as was offered, so the socket may take more. */
ssize_t output_send(struct loop *l, struct output *o, int socket, bool *all);

/* The octets in front, for SSL_write: they stay until output_drop() says how
 * many were taken. Asked again they are the same, or more. False: no memory,
 * or a file could not be read. */
bool output_peek(struct loop *l, struct output *o, struct span *front);
void output_drop(struct loop *l, struct output *o, size_t len);
/* Gives back what output_peek() read ahead. */
void output_unstage(struct loop *l, struct output *o);

#endif
