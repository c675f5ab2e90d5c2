/* Orders and results as bytes. */
#ifndef DAEMON_KEEPER_WIRE_H
#define DAEMON_KEEPER_WIRE_H

#include "daemon/keeper_order.h"

/* Spans of a decoded value point into `in`. False: it is not exactly one. */
void keeper_order_encode(struct buf *out, const struct keeper_order *o);
bool keeper_order_decode(struct arena *a, struct span in, struct keeper_order *o);
void keeper_result_encode(struct buf *out, const struct keeper_result *r);
bool keeper_result_decode(struct span in, struct keeper_result *r);

#endif
