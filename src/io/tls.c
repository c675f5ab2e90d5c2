/* TLS contexts for listeners.
 *
 * One context serves a listener. It holds the default certificate; when the
 * client's server name (SNI) matches others, they take its place for that
 * connection, all that match, so that an RSA and an ECDSA certificate for the
 * same name may stand side by side and OpenSSL picks by what the client can
 * verify. Names are compared by X509_check_host(): subject alternative names,
 * or else the common name; an exact name goes before a wildcard.
 *
 * Resumption is by tickets alone, whose keys all proxies share.
 *
 * Known limits: each handshake with SNI looks at every certificate, which is
 * fine for dozens, not for thousands. Encrypted keys are refused. No OCSP
 * stapling. */
#include "config.h"

#include "io/tls.h"

#include "io/tls_internal.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

struct tls_server {
	SSL_CTX *ctx;
	SSL_CTX **identities; /* each only to hold one certificate, its chain and key */
	size_t count;
};

/* The first that is asked of OpenSSL: where there was no memory for what all of it uses, it
 * would use that nevertheless. */
bool
tls_tickets_make(struct tls_tickets *t)
{
	return OSSL_LIB_CTX_get0_global_default() != NULL && RAND_bytes(t->keys, sizeof(t->keys)) == 1;
}

const char *
tls_error(struct arena *a, const char *file)
{
	unsigned long code = ERR_peek_error();
	const char *reason = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);

	ERR_clear_error();
	return arena_printf(a, "%s: %s", file, reason != NULL ? reason : "cannot be used for TLS");
}

/* The key loads but is another's, or does not load. */
static const char *
key_error(struct arena *a, const char *certificate, const char *key)
{
	unsigned long code = ERR_peek_error();
	int library = ERR_GET_LIB(code);
	bool other = library == ERR_LIB_X509 ||
	    (library == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_NO_CERTIFICATE_ASSIGNED);

	if (!other && library != ERR_LIB_OSSL_DECODER)
		return tls_error(a, key);
	ERR_clear_error();
	return other ? arena_printf(a, "%s: not the key of %s", key, certificate) :
		       arena_printf(a, "%s: no private key without a passphrase is in it", key);
}

static void
free_context(void *ctx)
{
	SSL_CTX_free(ctx);
}

static int
no_password(char *buffer, int size, int writing, void *context) /* NOLINT(readability-non-const-parameter): its type */
{
	(void)buffer, (void)size, (void)writing, (void)context;
	return 0;
}

const char *
tls_context_common(SSL_CTX *ctx, int min_version, int max_version, const char *ciphers, const char *ciphersuites)
{
	if (ciphers == NULL && min_version != 0 && min_version < TLS1_2_VERSION)
		ciphers = "DEFAULT@SECLEVEL=0";
	/* Many mail programs close without close_notify; SMTP, POP3 and IMAP
	 * say themselves where a message ends. */
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF |
	    SSL_OP_CLEANSE_PLAINTEXT); /* it may be a password */
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	/* A flood of KeyUpdates must not keep SSL_read() to itself. */
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	/* A record by one read, not its header and its body by two. */
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_default_passwd_cb(ctx, no_password);
	if ((min_version != 0 && SSL_CTX_set_min_proto_version(ctx, min_version) != 1) ||
	    (max_version != 0 && SSL_CTX_set_max_proto_version(ctx, max_version) != 1))
		return "tls";
	if (ciphers != NULL && SSL_CTX_set_cipher_list(ctx, ciphers) != 1)
		return ciphers;
	return ciphersuites == NULL || SSL_CTX_set_ciphersuites(ctx, ciphersuites) == 1 ? NULL : ciphersuites;
}

bool
tls_context_identity(SSL_CTX *ctx, struct arena *a, const char *certificate, const char *key, const char **error)
{
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1) {
		*error = tls_error(a, certificate);
		return false;
	}
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ctx) != 1) {
		*error = key_error(a, certificate, key);
		return false;
	}
	return true;
}

static bool
names_host(SSL_CTX *identity, const char *host, unsigned flags)
{
	X509 *leaf = SSL_CTX_get0_certificate(identity);

	return leaf != NULL && X509_check_host(leaf, host, 0, flags, NULL) == 1;
}

static bool
use_identity(SSL *ssl, SSL_CTX *identity)
{
	STACK_OF(X509) *chain = NULL;

	SSL_CTX_get0_chain_certs(identity, &chain);
	return SSL_use_cert_and_key(ssl, SSL_CTX_get0_certificate(identity), SSL_CTX_get0_privatekey(identity), chain, 1) == 1;
}

/* Puts all certificates that name the host in place of the default.
 * Returns false when there is none. */
static bool
choose(const struct tls_server *s, SSL *ssl, const char *host, unsigned flags)
{
	bool chosen = false;

	for (size_t i = 0; i < s->count; i++) {
		if (!names_host(s->identities[i], host, flags))
			continue;
		if (!chosen)
			SSL_certs_clear(ssl);
		chosen = true;
		if (!use_identity(ssl, s->identities[i]))
			return false;
	}
	return chosen;
}

static int
on_certificate(SSL *ssl, void *context)
{
	const struct tls_server *s = context;
	const char *host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	if (host != NULL && s->count > 1 && !choose(s, ssl, host, X509_CHECK_FLAG_NO_WILDCARDS))
		choose(s, ssl, host, 0);
	ERR_clear_error();
	return 1;
}

/* A context of the listener's versions, ciphers and security level. */
static SSL_CTX *
context_new(struct arena *a, const struct listener_tls *settings, const char **error)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	const char *refused;

	if (ctx == NULL) {
		*error = tls_error(a, "tls");
		return NULL;
	}
	arena_defer(a, free_context, ctx);
	refused = tls_context_common(ctx, settings->min_version, settings->max_version, settings->ciphers,
	    settings->ciphersuites);
	if (refused != NULL)
		*error = tls_error(a, refused);
	return refused == NULL ? ctx : NULL;
}

static bool
load_identities(struct tls_server *s, struct arena *a, const struct listener_tls *settings, const char **error)
{
	s->identities = ARENA_ARRAY(a, SSL_CTX *, settings->certificate_count);
	for (; s->count < settings->certificate_count; s->count++) {
		const struct certificate *files = &settings->certificates[s->count];
		SSL_CTX *ctx = context_new(a, settings, error);

		if (ctx == NULL || !tls_context_identity(ctx, a, files->certificate, files->key, error))
			return false;
		s->identities[s->count] = ctx;
	}
	return true;
}

static bool
same_subject(SSL_CTX *one, SSL_CTX *other)
{
	return X509_NAME_cmp(X509_get_subject_name(SSL_CTX_get0_certificate(one)),
	           X509_get_subject_name(SSL_CTX_get0_certificate(other))) == 0;
}

/* The default: the first certificate, and those of another key type for the same subject. */
static bool
use_default(struct tls_server *s, const struct certificate *first, struct arena *a, const char **error)
{
	int type = EVP_PKEY_get_base_id(SSL_CTX_get0_privatekey(s->identities[0]));

	if (!tls_context_identity(s->ctx, a, first->certificate, first->key, error))
		return false;
	for (size_t i = 1; i < s->count; i++) {
		EVP_PKEY *key = SSL_CTX_get0_privatekey(s->identities[i]);
		STACK_OF(X509) *chain = NULL;

		if (EVP_PKEY_get_base_id(key) == type || !same_subject(s->identities[0], s->identities[i]))
			continue;
		SSL_CTX_get0_chain_certs(s->identities[i], &chain);
		SSL_CTX_use_cert_and_key(s->ctx, SSL_CTX_get0_certificate(s->identities[i]), key, chain, 0);
	}
	return true;
}

static bool
set_up_resumption(SSL_CTX *ctx, const struct tls_tickets *tickets, const char **error)
{
	static const unsigned char session_context[] = "gatepost";

	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_session_id_context(ctx, session_context, sizeof(session_context) - 1);
	if (SSL_CTX_set_tlsext_ticket_keys(ctx, (void *)(uintptr_t)tickets->keys, sizeof(tickets->keys)) == 1)
		return true;
	*error = "OpenSSL refuses the keys for session tickets";
	return false;
}

struct tls_server *
tls_server_new(struct arena *a, const struct listener_tls *settings, const struct tls_tickets *tickets,
    const char **error)
{
	struct tls_server *s = ARENA_NEW(a, struct tls_server);

	tls_memory_begin();
	if (settings->certificate_count == 0) {
		*error = "TLS needs a certificate";
		return NULL;
	}
	s->ctx = context_new(a, settings, error);
	if (s->ctx == NULL || !load_identities(s, a, settings, error) ||
	    !use_default(s, &settings->certificates[0], a, error) || !set_up_resumption(s->ctx, tickets, error))
		return NULL;
	SSL_CTX_set_dh_auto(s->ctx, 1);
	SSL_CTX_set_options(s->ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_cert_cb(s->ctx, on_certificate, s);
	return tls_memory_sufficed(error) ? s : NULL;
}

SSL *
tls_server_ssl(const struct tls_server *s)
{
	return SSL_new(s->ctx);
}
