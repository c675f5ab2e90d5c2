/* One end of a connection of SMTP, POP3 or IMAP, with blocking I/O: the load tools have a
 * thread for each connection, for it is not they that are measured. */
#ifndef BENCH_CONNECTION_H
#define BENCH_CONNECTION_H

#include "base/buf.h"

#include <openssl/ssl.h>

struct connection {
	int fd;      /* -1 = closed */
	SSL *tls;    /* NULL = plain */
	struct buf in;
};

/* A listening socket of 127.0.0.1; port 0 takes a free one. -1 on error. */
int listen_at(uint16_t port);
uint16_t port_of(int listener);
/* As many descriptors as this process may have. */
void connections_allow_many(void);
/* fd is owned by the connection from now on. */
void connection_init(struct connection *c, int fd);
/* To 127.0.0.1; false when nobody listens. */
bool connection_open(struct connection *c, uint16_t port);
/* The client's handshake, in which no certificate is verified, and the server's. */
bool connection_start_tls(struct connection *c, SSL_CTX *context);
bool connection_accept_tls(struct connection *c, SSL_CTX *context);
void connection_close(struct connection *c);

/* All parts, in one write where the kernel takes them. False: the peer is gone. */
bool connection_send(struct connection *c, const struct span *parts, size_t count);
bool connection_send_text(struct connection *c, const char *text);
/* Waits for more input; false at the end. */
bool connection_fill(struct connection *c);
/* Takes a line, without its CRLF; lives until the next call. */
bool connection_line(struct connection *c, struct span *line);

#endif
