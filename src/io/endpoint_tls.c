/* TLS of an endpoint: OpenSSL directly on the non-blocking socket.
 *
 * OpenSSL reads ahead, so a whole record costs one read(); what it then holds
 * that found no room is remembered in `more`, because the socket will not
 * announce it again. Its buffers are released when empty.
 *
 * After the handshake a peer may send more handshake messages (tickets,
 * KeyUpdate), each of which costs us more than him; they are counted, and
 * one SSL_read() handles no more of them than one read brought. */
#include "config.h"

#include "io/endpoint_internal.h"
#include "io/tls_internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	/* Handshake messages from a peer in the whole life of a connection. A
	 * handshake has about ten; a KeyUpdate is due after 2^24 records. */
	HANDSHAKE_MESSAGES_MAX = 128,
	/* What one endpoint may send before others have their turn. */
	SEND_TURN = 1024 * 1024,
};

static void
set_text(struct endpoint *e, const char *what, const char *detail)
{
	char *text;

	if (asprintf(&text, "%s%s%s", what, detail[0] != '\0' ? " " : "", detail) < 0)
		return;
	free(e->tls_text);
	e->tls_text = text;
}

static void
count_messages(int writing, int version, int type, const void *data, size_t len, SSL *ssl, void *context)
{
	struct endpoint *e = context;

	(void)version, (void)data, (void)len, (void)ssl;
	if (!writing && type == SSL3_RT_HANDSHAKE)
		e->handshakes++;
}

/* The reason of a failure, without the library's decoration. */
static const char *
reason(const SSL *ssl)
{
	/* OpenSSL looks at certificates also where it is not to mind them. */
	long verified = SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE ? SSL_get_verify_result(ssl) : X509_V_OK;
	unsigned long code = ERR_peek_error();
	const char *text = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);

	if (verified == X509_V_ERR_CERT_REJECTED)
		return "the certificate's fingerprint is not among those configured";
	if (verified != X509_V_OK)
		return X509_verify_cert_error_string(verified);
	if (code != 0 && text != NULL)
		return text;
	return errno != 0 ? strerror(errno) : "the peer closed the connection";
}

static void
handshake_failed(struct endpoint *e)
{
	set_text(e, "TLS handshake failed:", reason(e->ssl));
	ERR_clear_error();
	if (!SSL_is_server(e->ssl))
		tls_client_forget(e->ssl);
	e->tls = ENDPOINT_TLS_FAILED;
	endpoint_break(e);
}

static void
handshake_done(struct endpoint *e)
{
	e->tls = ENDPOINT_SECURE;
	set_text(e, SSL_get_version(e->ssl), SSL_get_cipher_name(e->ssl));
	e->more = SSL_has_pending(e->ssl) == 1;
	endpoint_watch_output(e, false);
	endpoint_watch_input(e);
}

/* Bytes of the handshake that came before TLS began are read from memory; then
 * comes the socket. True: it has just been changed to. */
static bool
change_to_socket(struct endpoint *e)
{
	BIO *socket;

	if (!e->tls_early || BIO_pending(SSL_get_rbio(e->ssl)) > 0)
		return false;
	e->tls_early = false;
	socket = BIO_new_socket(e->fd, BIO_NOCLOSE);
	if (socket == NULL)
		return false;
	SSL_set0_rbio(e->ssl, socket);
	return true;
}

bool
tls_endpoint_handshake(struct endpoint *e)
{
	int result;

	ERR_clear_error();
	errno = 0;
	do
		result = SSL_do_handshake(e->ssl);
	while (result != 1 && SSL_get_error(e->ssl, result) == SSL_ERROR_WANT_READ && change_to_socket(e));
	if (result == 1 && e->tls_early && !change_to_socket(e))
		result = -1;
	if (result == 1) {
		handshake_done(e);
		return true;
	}
	switch (SSL_get_error(e->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		endpoint_watch_output(e, false);
		return false;
	case SSL_ERROR_WANT_WRITE:
		endpoint_watch_output(e, true);
		return false;
	default:
		handshake_failed(e);
		return true;
	}
}

/* After a call that did not succeed. True: the connection ended one way or another. */
static bool
read_stopped(struct endpoint *e)
{
	e->more = false;
	switch (SSL_get_error(e->ssl, 0)) {
	case SSL_ERROR_WANT_READ:
		break;
	case SSL_ERROR_WANT_WRITE:
		e->read_blocked = true;
		endpoint_watch_output(e, true);
		break;
	case SSL_ERROR_ZERO_RETURN:
		e->eof = true;
		return true;
	default:
		ERR_clear_error();
		endpoint_break(e);
		return true;
	}
	return false;
}

bool
tls_endpoint_receive(struct endpoint *e)
{
	size_t room, got;
	char *to = endpoint_receive_room(e, &room);
	bool news = false;

	if (to == NULL)
		return true;
	ERR_clear_error();
	e->read_blocked = false;
	do {
		if (SSL_read_ex(e->ssl, to, room, &got) != 1) {
			news = read_stopped(e) || news;
			break;
		}
		endpoint_received(e, got);
		to += got;
		room -= got;
		news = true;
		e->more = SSL_has_pending(e->ssl) == 1;
	} while (e->more && room > 0);
	if (e->handshakes > HANDSHAKE_MESSAGES_MAX) {
		endpoint_break(e);
		return true;
	}
	return news;
}

/* True: `front` was taken, at least in part. */
static bool
write_front(struct endpoint *e, struct span front, size_t *sent)
{
	if (SSL_write_ex(e->ssl, front.data, front.len, sent) == 1)
		return true;
	switch (SSL_get_error(e->ssl, 0)) {
	case SSL_ERROR_WANT_WRITE:
	case SSL_ERROR_WANT_READ:
		endpoint_watch_output(e, true);
		break;
	default:
		ERR_clear_error();
		endpoint_break(e);
	}
	return false;
}

void
tls_endpoint_send(struct endpoint *e)
{
	struct span front;
	size_t sent, turn = 0;

	ERR_clear_error();
	endpoint_fill_output(e);
	while (e->out.pending > 0 && turn < SEND_TURN) {
		if (!output_peek(e->loop, &e->out, &front)) {
			endpoint_break(e);
			return;
		}
		if (!write_front(e, front, &sent))
			break;
		output_drop(e->loop, &e->out, sent);
		endpoint_count_sent(e, sent);
		turn += sent + endpoint_fill_output(e);
	}
	output_unstage(e->loop, &e->out);
	if (!e->broken)
		endpoint_watch_output(e, endpoint_pending(e) > 0 || e->read_blocked);
}

void
tls_endpoint_shutdown(struct endpoint *e)
{
	if (e->tls != ENDPOINT_SECURE)
		return;
	ERR_clear_error();
	SSL_shutdown(e->ssl);
	ERR_clear_error();
}

static bool
set_early(struct endpoint *e, SSL *ssl, struct span early)
{
	BIO *memory = BIO_new(BIO_s_mem());

	if (memory == NULL || BIO_write(memory, early.data, (int)early.len) != (int)early.len) {
		BIO_free(memory);
		return false;
	}
	BIO_set_mem_eof_return(memory, -1);
	SSL_set0_rbio(ssl, memory);
	e->tls_early = true;
	return true;
}

static bool
begin(struct endpoint *e, SSL *ssl)
{
	endpoint_discard_input(e);
	if (e->broken || e->eof || e->tls != ENDPOINT_PLAIN || ssl == NULL || SSL_set_fd(ssl, e->fd) != 1) {
		tls_ssl_free(&ssl);
		endpoint_break(e);
		return false;
	}
	SSL_set_msg_callback(ssl, count_messages);
	SSL_set_msg_callback_arg(ssl, e);
	e->ssl = ssl;
	e->tls = ENDPOINT_HANDSHAKE;
	/* What is still unsent is plaintext and goes first. */
	endpoint_flush(e);
	e->tls_begun = e->out.pending == 0;
	endpoint_watch_input(e);
	return !e->broken;
}

bool
endpoint_accept_tls(struct endpoint *e, const struct tls_server *tls)
{
	SSL *ssl = tls_server_ssl(tls);

	if (ssl != NULL)
		SSL_set_accept_state(ssl);
	return begin(e, ssl);
}

bool
endpoint_accept_tls_early(struct endpoint *e, const struct tls_server *tls)
{
	struct buf early = { 0 };
	bool ok;

	buf_add_span(&early, endpoint_input(e));
	ok = !early.failed && endpoint_accept_tls(e, tls) && (early.len == 0 || set_early(e, e->ssl, buf_span(&early)));
	buf_free(&early);
	if (!ok)
		endpoint_break(e);
	else if (e->tls_early && e->tls_begun && tls_endpoint_handshake(e))
		endpoint_wake(e);
	return ok;
}

bool
endpoint_connect_tls(struct endpoint *e, const struct tls_client *tls, const char *host, const char *peer_key)
{
	SSL *ssl = tls_client_ssl(tls, host, peer_key);

	if (ssl != NULL)
		SSL_set_connect_state(ssl);
	if (!begin(e, ssl))
		return false;
	if (e->tls_begun && tls_endpoint_handshake(e))
		endpoint_wake(e);
	return true;
}

enum endpoint_tls
endpoint_tls(const struct endpoint *e)
{
	return e->tls;
}

int
endpoint_tls_version(const struct endpoint *e)
{
	return e->tls == ENDPOINT_SECURE ? SSL_version(e->ssl) : 0;
}

const char *
endpoint_tls_text(const struct endpoint *e)
{
	return e->tls_text != NULL ? e->tls_text : "";
}
