/* Blocks of memory that the endpoints of a loop lend each other, so that an
 * endpoint at rest owns none and a busy one asks malloc() for none. */
#ifndef IO_BLOCK_H
#define IO_BLOCK_H

#include "base/buf.h"
#include "io/loop.h"

/* What one recv() or send() moves; a socket buffer seldom holds more. */
enum { BLOCK_SIZE = 64 * 1024 };

/* Makes *b, which holds no memory, an empty buffer of BLOCK_SIZE octets. False: no memory. */
bool block_take(struct loop *l, struct buf *b);
/* Takes b's memory back, whatever its size; what it held is lost. */
void block_give(struct loop *l, struct buf *b);

#endif
