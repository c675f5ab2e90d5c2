/* TLS contexts for upstreams: verification, and sessions for resumption.
 *
 * Full verification wants a chain to the configured authority and the
 * server's name (or, when that is a number, its address) in the certificate. A
 * fingerprint is compared with the leaf alone: who pins a certificate needs
 * no chain, no name and no date.
 *
 * The last session of each server is kept and offered to it again, under a key
 * that holds the name it was verified for. Each proxy has its own few. */
#include "config.h"

#include "io/tls.h"

#include "base/codec.h"
#include "io/tls_internal.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* An upstream has one or two addresses; the rest is for what was intercepted. */
enum { SAVED_SESSIONS = 32 };

struct saved {
	char *key;
	SSL_SESSION *session;
};

struct tls_client {
	SSL_CTX *ctx;
	enum tls_verify verify;
	const char *server_name;
	struct strings fingerprints;
	struct saved saved[SAVED_SESSIONS];
	size_t next; /* the oldest */
};

static void
client_free(void *object)
{
	struct tls_client *c = object;

	for (size_t i = 0; i < SAVED_SESSIONS; i++) {
		free(c->saved[i].key);
		SSL_SESSION_free(c->saved[i].session);
	}
	SSL_CTX_free(c->ctx);
}

static struct saved *
find_saved(struct tls_client *c, const char *key)
{
	for (size_t i = 0; i < SAVED_SESSIONS; i++)
		if (c->saved[i].key != NULL && strcmp(c->saved[i].key, key) == 0)
			return &c->saved[i];
	return NULL;
}

/* OpenSSL has a session that can be resumed; 1 = we keep the reference. */
static int
on_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls_client *c = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	const char *key = SSL_get_app_data(ssl);
	struct saved *slot = find_saved(c, key);

	if (slot == NULL) {
		char *copy = strdup(key);

		if (copy == NULL)
			return 0;
		slot = &c->saved[c->next++ % SAVED_SESSIONS];
		free(slot->key);
		slot->key = copy;
	}
	SSL_SESSION_free(slot->session);
	slot->session = session;
	return 1;
}

void
tls_client_forget(SSL *ssl)
{
	struct tls_client *c = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	struct saved *slot = find_saved(c, SSL_get_app_data(ssl));

	if (slot == NULL)
		return;
	SSL_SESSION_free(slot->session);
	slot->session = NULL;
}

static int
on_verify_fingerprint(X509_STORE_CTX *store, void *context)
{
	const struct tls_client *c = context;
	const X509 *leaf = X509_STORE_CTX_get0_cert(store);
	unsigned char digest[EVP_MAX_MD_SIZE];
	char text[2 * EVP_MAX_MD_SIZE + 1];
	unsigned len = 0;

	if (leaf != NULL && X509_digest(leaf, EVP_sha256(), digest, &len) == 1) {
		hex_encode(span_of((const char *)digest, len), text);
		for (size_t i = 0; i < c->fingerprints.count; i++)
			if (strcmp(c->fingerprints.items[i], text) == 0)
				return 1;
	}
	X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
	return 0;
}

static bool
load_authority(SSL_CTX *ctx, const char *ca)
{
	struct stat status;

	if (ca == NULL)
		return SSL_CTX_set_default_verify_paths(ctx) == 1;
	if (stat(ca, &status) == 0 && S_ISDIR(status.st_mode))
		return SSL_CTX_load_verify_dir(ctx, ca) == 1;
	return SSL_CTX_load_verify_file(ctx, ca) == 1;
}

static bool
set_verification(struct tls_client *c, struct arena *a, const struct upstream_tls *settings, const char **error)
{
	SSL_CTX_set_verify(c->ctx, settings->verify == VERIFY_NONE ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	if (settings->verify == VERIFY_FINGERPRINT)
		SSL_CTX_set_cert_verify_callback(c->ctx, on_verify_fingerprint, c);
	if (settings->verify == VERIFY_FULL && !load_authority(c->ctx, settings->ca)) {
		*error = tls_error(a, settings->ca != NULL ? settings->ca : "the system's certificates");
		return false;
	}
	return true;
}

struct tls_client *
tls_client_new(struct arena *a, const struct upstream_tls *settings, const char **error)
{
	struct tls_client *c = ARENA_NEW(a, struct tls_client);
	const char *refused;

	ERR_clear_error();
	tls_memory_begin();
	c->verify = settings->verify;
	c->server_name = settings->server_name;
	c->fingerprints = settings->fingerprints;
	c->ctx = SSL_CTX_new(TLS_client_method());
	arena_defer(a, client_free, c);
	refused = c->ctx == NULL ? "tls" : tls_context_common(c->ctx, settings->min_version, 0, settings->ciphers, NULL);
	if (refused != NULL) {
		*error = tls_error(a, refused);
		return NULL;
	}
	if (!set_verification(c, a, settings, error))
		return NULL;
	if (settings->certificate != NULL &&
	    !tls_context_identity(c->ctx, a, settings->certificate, settings->key, error))
		return NULL;
	SSL_CTX_set_app_data(c->ctx, c);
	SSL_CTX_set_session_cache_mode(c->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(c->ctx, on_session);
	return tls_memory_sufficed(error) ? c : NULL;
}

static bool
is_number(const char *host)
{
	unsigned char address[16];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* What the server is asked for by SNI, and must prove to be. The dot at the end of a name, by
 * which resolvers do not try the domains of this machine behind it, is no part of it there
 * (RFC 6066, 3). */
static bool
name_server(SSL *ssl, const struct tls_client *c, const char *host)
{
	bool verify = c->verify == VERIFY_FULL;
	size_t len = host != NULL ? strlen(host) : 0;
	char name[256];

	if (host == NULL)
		return !verify;
	if (len > 0 && len < sizeof(name) && host[len - 1] == '.') {
		snprintf(name, sizeof(name), "%.*s", (int)len - 1, host);
		host = name;
	}
	if (is_number(host))
		return !verify || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	return SSL_set_tlsext_host_name(ssl, host) == 1 && (!verify || SSL_set1_host(ssl, host) == 1);
}

SSL *
tls_client_ssl(const struct tls_client *c, const char *host, const char *peer_key)
{
	const char *name = c->server_name != NULL ? c->server_name : host;
	SSL *ssl = SSL_new(c->ctx);
	struct saved *slot;
	char *key = NULL;

	if (ssl == NULL)
		return NULL;
	if (asprintf(&key, "%s %s", name != NULL ? name : "", peer_key) < 0)
		key = NULL;
	if (key == NULL || SSL_set_app_data(ssl, key) != 1) {
		free(key);
		SSL_free(ssl);
		return NULL;
	}
	if (!name_server(ssl, c, name)) {
		tls_ssl_free(&ssl);
		return NULL;
	}
	slot = find_saved(SSL_CTX_get_app_data(c->ctx), key);
	if (slot != NULL && slot->session != NULL)
		SSL_set_session(ssl, slot->session);
	return ssl;
}

void
tls_ssl_free(SSL **ssl)
{
	char *key;

	if (*ssl == NULL)
		return;
	key = SSL_get_app_data(*ssl);
	/* OpenSSL thinks ill of a session whose connection was cut, and would
	 * not resume it. */
	if (SSL_is_init_finished(*ssl))
		SSL_set_shutdown(*ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(*ssl);
	free(key);
	*ssl = NULL;
}
