/* What gatepost tells of itself, printed for Prometheus (its text format
 * 0.0.4), which gatepost ctl reads too. gatepost(1) describes each metric; a
 * test fails on one that it does not. */
#ifndef DAEMON_METRICS_H
#define DAEMON_METRICS_H

#include "daemon/board.h"

void metrics_print(struct buf *out, const struct board *b);

/* Whether the master goes on: false when it has not come by for
 * HEALTH_PATIENCE_MS. now: clock_millis(). A line for people either way. */
bool health_print(struct buf *out, const struct board *b, uint64_t now);
/* Whether mail is served: the listeners are open, a proxy, a scanner and the
 * keeper are ready, and nobody asked to drain. What is missing is told. */
bool readiness_print(struct buf *out, const struct board *b, uint64_t now);
/* The longest that a master is busy: with a reload, of which compiling large
 * databases of signatures takes most. */
enum { HEALTH_PATIENCE_MS = 60 * 1000 };

#endif
