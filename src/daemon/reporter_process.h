/* The reporter: serves metrics and health by HTTP. It holds no mail and no
 * keys, reads the board alone, and can open nothing. */
#ifndef DAEMON_REPORTER_PROCESS_H
#define DAEMON_REPORTER_PROCESS_H

#include "daemon/listeners.h"

struct board;
struct http_server;

/* In that loop, at those sockets, which stay the caller's, as the board does.
 * NULL: no memory. */
struct http_server *reporter_new(struct loop *l, const struct board *b, const struct listen_sockets *sockets);

/* The life of a reporter process; never returns. */
_Noreturn void reporter_process(const struct board *b, const struct listen_sockets *sockets, int channel);

#endif
