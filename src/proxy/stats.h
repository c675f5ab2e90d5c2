/* Counters of one proxy, in memory shared with the master: `gatepost ctl
 * status` adds them up. Each is written by one process only. */
#ifndef PROXY_STATS_H
#define PROXY_STATS_H

#include "conf/settings.h"

#include <stdatomic.h>

enum { STATS_VERDICTS = VERDICT_REJECT + 1 };

struct stats {
	atomic_ullong connections, sessions, messages, octets, failures;
	atomic_ullong verdicts[STATS_VERDICTS];
};

static inline void
stats_add(atomic_ullong *counter, unsigned long long n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

#endif
