/* Addresses of peers, listening sockets, and the PROXY protocol. */
#ifndef IO_PEER_H
#define IO_PEER_H

#include "base/arena.h"
#include "base/buf.h"
#include "conf/settings.h"

#include <sys/socket.h>

struct peer {
	struct sockaddr_storage address;
	socklen_t len;
};

enum { PEER_TEXT_SIZE = 64 };
/* "192.0.2.1", "2001:db8::1", "unix"; the port apart. */
void peer_text(const struct peer *p, char out[PEER_TEXT_SIZE]);
uint16_t peer_port(const struct peer *p);
/* 16 bytes, IPv4 mapped; all zero for a UNIX socket. */
void peer_bytes(const struct peer *p, unsigned char out[16]);
bool peer_is_v4(const struct peer *p); /* mapped ones too */
bool peer_is_same(const struct peer *a, const struct peer *b); /* address and port, not of UNIX sockets */

/* A listening, non-blocking, close-on-exec socket; -1 and *error (static or in
 * the arena). "*" listens on one dual-stack socket. IP_TRANSPARENT with
 * INTERCEPT_TPROXY. A stale UNIX socket is replaced. */
int listen_open(struct arena *a, const struct address *address, enum intercept intercept, const char **error);

/* Whether a listening socket that somebody else opened is one for this address. "*" is
 * [::] that hears IPv4 too, or 0.0.0.0. Names are resolved, as for listen_open(). */
bool listen_is_at(int fd, const struct address *address);
/* Makes such a one as listen_open() does. It is closed where that fails. */
int listen_adopt(struct arena *a, const struct address *address, int fd, enum intercept intercept,
    const char **error);
/* Where it is bound to, for the log, "[::]:25"; in the arena or static. */
const char *listen_name(struct arena *a, int fd);

/* Where the client wanted to go before it was intercepted: SO_ORIGINAL_DST
 * after REDIRECT, the socket's own name under TPROXY. False, and out->len 0,
 * when unknown, or when it is the listener itself (a loop). TPROXY does not
 * tell a client that was intercepted from one that came straight to the
 * listener's port: that port must be closed to clients. */
bool peer_original_destination(int fd, enum intercept intercept, struct peer *out);

/* PROXY protocol (haproxy's proxy-protocol.txt, versions 1 and 2).
 * Parses a header at the start of input: 1 = *source and *destination are set
 * (source->len == 0 for UNKNOWN/LOCAL), *used octets; 0 = incomplete; -1 = not one.
 * Never looks past PROXY_HEADER_MAX octets. */
enum { PROXY_HEADER_MAX = 4096 };
int proxy_header_parse(struct span input, struct peer *source, struct peer *destination, size_t *used);
void proxy_header_print(struct buf *out, enum proxy_header version, const struct peer *source,
    const struct peer *destination);

/* Who is connected, in memory shared by all proxies: limits hold for the whole
 * program. Each proxy writes only its own slot; the master clears the slot of
 * a dead one. Not exact under races by a few connections; never leaks. */
struct census;
/* connections: how many different clients one proxy can count, 0 = 65536.
 * Before the fork; NULL = no memory. */
struct census *census_new(size_t proxies, size_t connections);
void census_free(struct census **c);
/* From now on whom `other` has counts in c too, for this process; other lives as long
 * as c. Once more does nothing. */
void census_add(struct census *c, struct census *other);
enum census_result { CENSUS_WELCOME, CENSUS_FULL, CENSUS_CLIENT_FULL };
/* most, most_per_client: 0 = no limit. */
enum census_result census_enter(struct census *c, size_t proxy, const unsigned char client[16], uint64_t most,
    uint64_t most_per_client);
void census_leave(struct census *c, size_t proxy, const unsigned char client[16]);
void census_clear(struct census *c, size_t proxy);
/* With those of others. */
uint64_t census_total(const struct census *c);

#endif
