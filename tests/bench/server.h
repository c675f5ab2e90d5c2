/* What the servers behind the measured programs share: a free port of
 * 127.0.0.1 and a thread for each connection. */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include "connection.h"

/* Holds one conversation; the connection is closed when it returns. */
typedef void conversation(struct connection *c, void *context);

/* What STARTTLS and its like need, from a file of certificate and key; NULL on an error. */
SSL_CTX *server_tls(const char *path);
/* Prints "port=N" and serves until a signal ends the program. The result is
 * the program's exit status: it only comes back after an error, told by `name`. */
int serve(const char *name, conversation *hold, void *context);

#endif
