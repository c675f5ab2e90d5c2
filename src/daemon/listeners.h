/* Listening sockets: opened by the master, kept over reloads, and accepted
 * from by every proxy. */
#ifndef DAEMON_LISTENERS_H
#define DAEMON_LISTENERS_H

#include "conf/report.h"
#include "proxy/proxy.h"

struct listen_socket {
	const char *address; /* as configured; in the generation's arena */
	enum intercept intercept;
	size_t listener;     /* index in the settings; SIZE_MAX: of metrics */
	int fd;
};

struct listen_sockets {
	struct listen_socket *items; /* in the generation's arena */
	size_t count;
};

/* All sockets of the generation; those that `old` (may be NULL) has open for
 * the same address are taken over, and those passed (daemon/passed.h) that are
 * bound to it duplicated. False with errors in the report; then nothing of old has
 * changed. */
bool listeners_open(struct listen_sockets *out, const struct generation *g, const struct listen_sockets *old,
    const struct listen_sockets *passed, struct report *report);
/* The same of those that metrics are served at. */
bool metrics_sockets_open(struct listen_sockets *out, const struct generation *g, const struct listen_sockets *old,
    const struct listen_sockets *passed, struct report *report);
/* Closes those of `old` that `now` (may be NULL) has not taken over. */
void listeners_close(const struct listen_sockets *old, const struct listen_sockets *now);

/* Accepting, in a proxy. */
struct acceptor;
struct acceptor *acceptor_new(struct proxy *p, const struct listen_sockets *sockets);
/* Accepts no more, and closes this process's sockets: a client that connected
 * to one would wait for nobody. */
void acceptor_stop(struct acceptor *a);
void acceptor_free(struct acceptor **a);

#endif
