/* The proxy process: sessions in an event loop. */
#ifndef DAEMON_PROXY_PROCESS_H
#define DAEMON_PROXY_PROCESS_H

#include "daemon/listeners.h"

/* What a proxy shares with the others, made by the master. */
struct proxy_place {
	const struct generation *generation;
	const struct listen_sockets *sockets;
	struct census *census;
	const struct scan_load *load;
	struct stats *stats;
	struct stats_gauges *gauges;
	size_t index;
};

/* How often one that has drained looks whether the last replies are sent. */
enum { LINGER_LOOK_MS = 20 };

/* A proxy in that loop, accepting. NULL when the kernel or memory refuses.
 * stuck as in scan_port_new(). */
struct proxy *proxy_host_new(struct loop *l, const struct proxy_place *place,
    void (*stuck)(void *context, uint32_t scanner), void (*keeper_lost)(void *context), void *context);
void proxy_host_free(struct proxy **p);

/* The life of a proxy process; never returns. */
_Noreturn void proxy_process(const struct proxy_place *place, int channel);

#endif
