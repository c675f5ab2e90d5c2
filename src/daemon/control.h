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

/* An answer that was put off; fd is closed. */
void control_answer(int fd, bool ok, const char *text);

/* The master's part. */
bool master_reload(struct master *m, struct report *report);
void master_drain(struct master *m);
/* asker gets its answer by control_answer() when it is known; -1: nobody asks. False
 * and *why when it cannot begin; then asker is not taken. */
bool master_upgrade(struct master *m, int asker, const char **why);
const struct board *master_board(const struct master *m);

#endif
