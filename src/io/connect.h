/* Reaching an upstream: names resolved without blocking (evdns, /etc/hosts
 * too), addresses tried in order, a dead one rested. */
#ifndef IO_CONNECT_H
#define IO_CONNECT_H

#include "conf/settings.h"
#include "io/loop.h"
#include "io/peer.h"

/* One process's view of all upstreams: the resolver and who is dead. */
struct upstreams;
struct upstreams *upstreams_new(struct loop *l, const struct settings *settings);
void upstreams_free(struct upstreams **u);

struct connecting;
/* fd >= 0: connected, non-blocking, TCP_NODELAY, the caller's; `address` is the
 * configured one that answered (its host serves SNI), NULL for a fixed
 * destination. fd < 0: none did, `why` (valid in the call) says the last reason. */
typedef void connected_fn(void *context, int fd, const struct address *address, const char *why);

/* Tries the addresses of upstream `index` in order, those that rest after all
 * others (a rested server may be back). Each gets connect_timeout, for
 * resolving its name and trying all that it resolves to. Calls done() later,
 * never from inside. Returns NULL when out of memory.
 * source: if not NULL, the connection comes from this address (transparent);
 * an address that is not this machine's needs CAP_NET_ADMIN. */
struct connecting *upstream_connect(struct upstreams *u, size_t index, const struct peer *source, connected_fn *done,
    void *context);
/* The same to a fixed address: an intercepted connection's destination. */
struct connecting *upstream_connect_to(struct upstreams *u, const struct peer *destination, const struct peer *source,
    uint64_t timeout, connected_fn *done, void *context);
/* done() will not be called. Clears *c. */
void connecting_cancel(struct connecting **c);

/* A server that accepted but then failed (no greeting, 421) is rested too. */
void upstream_failed(struct upstreams *u, size_t index, const struct address *address);

#endif
