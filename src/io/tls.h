/* TLS contexts from the settings (OpenSSL 3). Made by the master while it can
 * still read keys, inherited by the proxies: so tickets of one proxy resume at
 * another. */
#ifndef IO_TLS_H
#define IO_TLS_H

#include "conf/settings.h"

/* Before all else that is asked of OpenSSL: a context that memory was short for is none. */
void tls_watch_memory(void);

struct tls_server; /* one listener's: contexts for all its certificates, chosen by SNI */
struct tls_client; /* one upstream's: verification and its sessions for resumption */

/* Secrets that outlive a reload, so that tickets stay good. */
struct tls_tickets {
	unsigned char keys[80]; /* OpenSSL's layout */
};
bool tls_tickets_make(struct tls_tickets *t);

/* NULL and *error (a text in the arena, naming the file) when it cannot be. A
 * min_version under TLS 1.2 lowers OpenSSL's security level to 0, for that
 * listener alone, unless ciphers are given. No renegotiation, no compression,
 * partial writes, released buffers. Freed with the arena. */
struct tls_server *tls_server_new(struct arena *a, const struct listener_tls *settings,
    const struct tls_tickets *tickets, const char **error);
struct tls_client *tls_client_new(struct arena *a, const struct upstream_tls *settings, const char **error);

#endif
