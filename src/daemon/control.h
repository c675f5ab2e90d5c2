/* The control socket, by which `gatepost ctl` speaks to the master: one
 * command a connection, answered by text, the first line "ok" or "error". */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include "base/buf.h"
#include "conf/report.h"
#include "io/loop.h"

struct board;
struct master;
struct control;
/* NULL, and said in the log, when the socket cannot be made: gatepost runs
 * without it. */
struct control *control_new(struct loop *l, const char *path, struct master *m);
void control_free(struct control **c);

/* The master's part. */
bool master_reload(struct master *m, struct report *report);
void master_drain(struct master *m);
const struct board *master_board(const struct master *m);

#endif
