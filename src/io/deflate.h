/* Raw DEFLATE (RFC 1951), as RFC 4978 has it on a connection: what one compresses
 * and hands over can be read at once, and refers to what came before. Octets only,
 * no sockets. */
#ifndef IO_DEFLATE_H
#define IO_DEFLATE_H

#include "base/span.h"

/* Takes what was compressed; false: there is no room for it. */
typedef bool deflate_put(void *context, struct span octets);

/* What compresses, one for all connections: each piece is compressed by itself, so
 * that no connection keeps the 256 KiB which that takes. */
struct compressor;
/* NULL: no memory. */
struct compressor *compressor_new(void);
void compressor_free(struct compressor **c);
/* Between these two it belongs to one connection: a piece begins, and ends so that
 * the peer can read all of it. False: put() returned that. */
void compressor_begin(struct compressor *c);
bool compressor_add(struct compressor *c, struct span plain, deflate_put *put, void *context);
bool compressor_end(struct compressor *c, deflate_put *put, void *context);

/* What expands the octets of one peer. At rest it holds no more than the octets that
 * may be referred to, at most 32 KiB: those that came, if they were fewer. */
struct expander;
/* NULL: no memory. */
struct expander *expander_new(void);
void expander_free(struct expander **x);
/* Expands what is at the front of *in, which it takes off, to `to`: *len octets of
 * room, then those that came. Returns NULL, or why that is impossible (static): the
 * connection is of no more use. All of *in is taken, or all the room is used. */
const char *expander_run(struct expander *x, struct span *in, char *to, size_t *len);
/* More may come out, without more going in. */
bool expander_holds(const struct expander *x);

#endif
