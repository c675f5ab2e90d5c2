/* What the endpoints need of the TLS contexts. */
#ifndef IO_TLS_INTERNAL_H
#define IO_TLS_INTERNAL_H

#include "io/tls.h"

#include <openssl/ssl.h>

/* What servers and clients have in common: versions and ciphers, with the
 * security level of 0 that TLS 1.0 needs. What of it OpenSSL refuses; NULL: nothing. */
const char *tls_context_common(SSL_CTX *ctx, int min_version, int max_version, const char *ciphers, const char *ciphersuites);
/* Loads a certificate with its chain, and its key. False and *error as in io/tls.h. */
bool tls_context_identity(SSL_CTX *ctx, struct arena *a, const char *certificate, const char *key, const char **error);
/* "FILE: what OpenSSL says" in the arena. */
const char *tls_error(struct arena *a, const char *file);

/* Whether OpenSSL had all the memory that it asked for between the two; *error where not. */
void tls_memory_begin(void);
bool tls_memory_sufficed(const char **error);

/* A connection yet without a socket; NULL: no memory, or (client) no name to verify. */
SSL *tls_server_ssl(const struct tls_server *s);
SSL *tls_client_ssl(const struct tls_client *c, const char *host, const char *peer_key);
/* The session that a client offered is not offered again. */
void tls_client_forget(SSL *ssl);
void tls_ssl_free(SSL **ssl);

#endif
