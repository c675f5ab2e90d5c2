/* What a loop does for its endpoints: it lends them memory, and knows those
 * that nobody else does. */
#ifndef IO_LOOP_INTERNAL_H
#define IO_LOOP_INTERNAL_H

#include "base/buf.h"
#include "io/loop.h"

/* Blocks of memory that endpoints lend each other, so that one at rest owns
 * none and a busy one asks malloc() for none. The size is what one recv() or
 * send() moves; a socket buffer seldom holds more. */
enum { BLOCK_SIZE = 64 * 1024 };
/* Makes *b, which holds no memory, an empty buffer of BLOCK_SIZE octets. False: no memory. */
bool block_take(struct loop *l, struct buf *b);
/* Takes b's memory back, whatever its size; what it held is lost. */
void block_give(struct loop *l, struct buf *b);

/* The one that all endpoints of the loop use, one after the other. NULL: no memory. */
struct compressor *loop_compressor(struct loop *l);

/* A closed endpoint that is still sending; loop_free() ends it. */
struct lingerer {
	struct lingerer *next, **link;
	void (*end)(struct lingerer *self); /* removes it */
	bool sent; /* only the peer's end of the connection is awaited */
};
/* All was sent: nobody need wait for it any more. */
void lingerer_sent(struct loop *l, struct lingerer *node);
void lingerer_add(struct loop *l, struct lingerer *node);
void lingerer_remove(struct loop *l, struct lingerer *node);

#endif
