/* Sockets as io makes them. */
#ifndef IO_SOCKETS_H
#define IO_SOCKETS_H

#include "io/peer.h"

/* False: the path is too long for a socket. */
bool peer_of_path(const char *path, struct peer *out);

/* Connections from, and listening at, addresses that are not this machine's. */
bool socket_set_transparent(int fd, int family);

/* A socket that is connected or, *pending, connecting; -1 and *reason (static), or
 * SOCKET_NONE and that where there was no socket to try it with: that says nothing
 * of the peer. source: see io/connect.h; its port is not used. */
enum { SOCKET_NONE = -2 };
int socket_connect(const struct peer *to, const struct peer *source, bool *pending, const char **reason);

#endif
