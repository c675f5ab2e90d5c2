/* Listening sockets that the service manager has opened, sd_listen_fds(3): it holds them
 * while gatepost is started anew, and who connects meanwhile waits. The master keeps all
 * of them as long as it lives, for a listener that comes with a later configuration could
 * not open its own; each listener at such an address has a duplicate. */
#ifndef DAEMON_PASSED_H
#define DAEMON_PASSED_H

#include "daemon/listeners.h"

enum { PASSED_MAX = 1024 }; /* no honest service has more */

/* Those that the environment names, which does not from then on; all that lives in the
 * arena. What is no listening stream socket is told, and closed. */
void passed_take(struct listen_sockets *out, struct arena *a);
/* One more, that another gatepost had. */
void passed_add(struct listen_sockets *out, struct arena *a, int fd);
/* A duplicate of one at this address that is not in `out` yet; -1: there is none. */
int passed_find(const struct listen_sockets *passed, const struct listen_sockets *out, const struct address *address);
/* Warns of each that is neither in a nor in b: its clients wait for nobody. */
void passed_tell_unused(const struct listen_sockets *passed, const struct listen_sockets *a,
    const struct listen_sockets *b);

#endif
