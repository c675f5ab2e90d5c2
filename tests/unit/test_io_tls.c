/* TLS of endpoints: versions and keys, SNI, verification, resumption, and what
 * hostile peers do before, in and after the handshake. */
#include "config.h"

#include "io_certs.h"
#include "io_pair.h"

#include "io/endpoint_internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BIG = 2 * 1024 * 1024 + 33 };

static struct cert authority, plain_ec, plain_rsa, wildcard, other, stranger;
static struct tls_tickets tickets;

static int
set_up(void **state)
{
	(void)state;
	certs_begin();
	cert_make(&authority, "authority", "authority", CERT_EC, NULL, NULL);
	cert_make(&plain_ec, "ec", "mail.example.org", CERT_EC, "DNS:mail.example.org,IP:127.0.0.1", &authority);
	/* The same name, so that both are the default. */
	cert_make(&plain_rsa, "rsa", "mail.example.org", CERT_RSA, "DNS:mail.example.org", &authority);
	cert_make(&wildcard, "wildcard", "wildcard", CERT_RSA, "DNS:*.example.org", &authority);
	cert_make(&other, "other", "other", CERT_EC, "DNS:other.example.net,DNS:deep.example.org", &authority);
	cert_make(&stranger, "stranger", "stranger", CERT_EC, "DNS:mail.example.org", NULL);
	assert_true(tls_tickets_make(&tickets));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	cert_free(&authority);
	cert_free(&plain_ec);
	cert_free(&plain_rsa);
	cert_free(&wildcard);
	cert_free(&other);
	cert_free(&stranger);
	certs_end();
	return 0;
}

/* A pair whose right end is the server. */
struct tls_pair {
	struct pair p;
	struct arena *arena;
	struct listener_tls server;
	struct certificate certificates[4];
	struct upstream_tls client;
	const char *host;
	struct tls_server *tls_server;
	struct tls_client *tls_client;
};

static void
tls_begin(struct tls_pair *t)
{
	*t = (struct tls_pair){ .arena = arena_new(0), .host = "mail.example.org" };
	t->server = (struct listener_tls){ .mode = TLS_IMPLICIT, .certificates = t->certificates, .certificate_count = 1 };
	t->certificates[0] = cert_files(&plain_ec);
	t->client = (struct upstream_tls){ .mode = TLS_IMPLICIT, .verify = VERIFY_FULL, .ca = authority.certificate_file };
	pair_tcp(&t->p);
}

static void
make_contexts(struct tls_pair *t)
{
	const char *error = "";

	if (t->tls_server == NULL)
		t->tls_server = tls_server_new(t->arena, &t->server, &tickets, &error);
	if (t->tls_client == NULL)
		t->tls_client = tls_client_new(t->arena, &t->client, &error);
	assert_string_equal(error, "");
}

static void
handshake(struct tls_pair *t)
{
	make_contexts(t);
	assert_true(endpoint_accept_tls(t->p.right.e, t->tls_server));
	assert_true(endpoint_connect_tls(t->p.left.e, t->tls_client, t->host, "127.0.0.1:25"));
	run_until(&t->p, endpoint_tls(t->p.left.e) != ENDPOINT_HANDSHAKE && endpoint_tls(t->p.right.e) != ENDPOINT_HANDSHAKE);
}

static void
assert_secure(struct tls_pair *t)
{
	if (endpoint_tls(t->p.left.e) != ENDPOINT_SECURE || endpoint_tls(t->p.right.e) != ENDPOINT_SECURE)
		print_error("client: %s; server: %s\n", endpoint_tls_text(t->p.left.e), endpoint_tls_text(t->p.right.e));
	assert_int_equal(endpoint_tls(t->p.left.e), ENDPOINT_SECURE);
	assert_int_equal(endpoint_tls(t->p.right.e), ENDPOINT_SECURE);
	send_text(&t->p.left, "ping");
	run_until(&t->p, end_got(&t->p.right, "ping"));
	send_text(&t->p.right, "pong");
	run_until(&t->p, end_got(&t->p.left, "pong"));
	buf_clear(&t->p.left.got);
	buf_clear(&t->p.right.got);
}

static void
tls_end(struct tls_pair *t)
{
	pair_free(&t->p);
	arena_free(&t->arena);
}

/* A new connection with the same contexts. */
static void
reconnect(struct tls_pair *t)
{
	pair_free(&t->p);
	pair_tcp(&t->p);
	handshake(t);
}

static void
check_version(int version, const char *name, const struct cert *certificate)
{
	struct tls_pair t;

	tls_begin(&t);
	t.certificates[0] = cert_files(certificate);
	t.server.min_version = t.server.max_version = version;
	t.client.min_version = version < TLS1_2_VERSION ? TLS1_VERSION : TLS1_2_VERSION;
	t.client.verify = VERIFY_NONE;
	handshake(&t);
	assert_secure(&t);
	assert_true(span_starts(span_str(endpoint_tls_text(t.p.left.e)), name));
	assert_string_equal(endpoint_tls_text(t.p.left.e), endpoint_tls_text(t.p.right.e));
	tls_end(&t);
}

static void
test_versions(void **state)
{
	const struct cert *certificates[] = { &other, &wildcard };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		check_version(TLS1_VERSION, "TLSv1 ", certificates[i]);
		check_version(TLS1_1_VERSION, "TLSv1.1 ", certificates[i]);
		check_version(TLS1_2_VERSION, "TLSv1.2 ", certificates[i]);
		check_version(TLS1_3_VERSION, "TLSv1.3 TLS_AES_256_GCM_SHA384", certificates[i]);
	}
}

static void
test_no_common_version(void **state)
{
	struct tls_pair t;

	(void)state;
	tls_begin(&t);
	t.server.max_version = TLS1_2_VERSION;
	t.client.min_version = TLS1_3_VERSION;
	handshake(&t);
	assert_int_equal(endpoint_tls(t.p.left.e), ENDPOINT_TLS_FAILED);
	assert_string_equal(endpoint_tls_text(t.p.right.e), "TLS handshake failed: unsupported protocol");
	tls_end(&t);
}

/* The server shows the certificate that is expected for the name. */
static void
check_shown(struct tls_pair *t, const char *host, const struct cert *expected)
{
	const char *fingerprint = expected->fingerprint;

	t->host = host;
	t->client.verify = VERIFY_FINGERPRINT;
	t->client.fingerprints = (struct strings){ &fingerprint, 1 };
	t->tls_client = NULL;
	reconnect(t);
	assert_secure(t);
}

static void
test_sni(void **state)
{
	struct tls_pair t;

	(void)state;
	tls_begin(&t);
	t.certificates[1] = cert_files(&wildcard);
	t.certificates[2] = cert_files(&other);
	t.server.certificate_count = 3;
	make_contexts(&t);
	check_shown(&t, "mail.example.org", &plain_ec);
	check_shown(&t, "other.example.net", &other);
	check_shown(&t, "OTHER.example.NET", &other);
	check_shown(&t, "any.example.org", &wildcard);
	check_shown(&t, "deep.example.org", &other); /* exact goes before wildcard */
	check_shown(&t, "a.b.example.org", &plain_ec);
	check_shown(&t, "unknown.example", &plain_ec);
	check_shown(&t, "127.0.0.1", &plain_ec); /* no SNI for numbers */
	tls_end(&t);
}

/* Two certificates for one name: the client's ciphers choose. */
static void
test_two_key_types(void **state)
{
	struct tls_pair t;
	const char *ciphers[] = { "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256" };
	const struct cert *shown[] = { &plain_ec, &plain_rsa };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		tls_begin(&t);
		t.certificates[1] = cert_files(&plain_rsa);
		t.server.certificate_count = 2;
		t.server.max_version = TLS1_2_VERSION;
		t.client.ciphers = ciphers[i % 2];
		make_contexts(&t);
		check_shown(&t, i < 2 ? "mail.example.org" : "unknown.example", shown[i % 2]);
		tls_end(&t);
	}
}

static void
check_refused(struct tls_pair *t, const char *text)
{
	handshake(t);
	assert_int_equal(endpoint_tls(t->p.left.e), ENDPOINT_TLS_FAILED);
	assert_true(endpoint_broken(t->p.left.e));
	assert_string_equal(endpoint_tls_text(t->p.left.e), text);
	assert_false(endpoint_write(t->p.left.e, SPAN_LITERAL("secret")));
	tls_end(t);
}

static void
test_verification(void **state)
{
	struct tls_pair t;
	const char *wrong = other.fingerprint;

	(void)state;
	tls_begin(&t);
	t.host = "127.0.0.1";
	handshake(&t);
	assert_secure(&t);
	tls_end(&t);

	tls_begin(&t);
	t.host = "127.0.0.1";
	t.client.server_name = "mail.example.org";
	handshake(&t);
	assert_secure(&t);
	tls_end(&t);

	tls_begin(&t);
	t.host = "mail.example.org.";
	handshake(&t);
	assert_secure(&t);
	tls_end(&t);

	tls_begin(&t);
	t.host = "mail.example.net";
	check_refused(&t, "TLS handshake failed: hostname mismatch");

	tls_begin(&t);
	t.host = "127.0.0.2";
	check_refused(&t, "TLS handshake failed: IP address mismatch");

	tls_begin(&t);
	t.certificates[0] = cert_files(&stranger);
	check_refused(&t, "TLS handshake failed: self-signed certificate");

	tls_begin(&t);
	t.client.verify = VERIFY_FINGERPRINT;
	t.client.fingerprints = (struct strings){ &wrong, 1 };
	check_refused(&t, "TLS handshake failed: the certificate's fingerprint is not among those configured");

	tls_begin(&t);
	t.certificates[0] = cert_files(&stranger);
	t.client.verify = VERIFY_NONE;
	handshake(&t);
	assert_secure(&t);
	tls_end(&t);
}

/* What a certificate lacks that nobody asks for is no reason of what fails later. */
static void
test_reason_without_verification(void **state)
{
	struct tls_pair t;

	(void)state;
	tls_begin(&t);
	t.certificates[0] = cert_files(&stranger);
	t.server.max_version = TLS1_2_VERSION;
	t.client.verify = VERIFY_NONE;
	make_contexts(&t);
	assert_true(endpoint_accept_tls(t.p.right.e, t.tls_server));
	SSL_set_verify(t.p.right.e->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	assert_true(endpoint_connect_tls(t.p.left.e, t.tls_client, t.host, "127.0.0.1:25"));
	run_until(&t.p, endpoint_tls(t.p.left.e) != ENDPOINT_HANDSHAKE);
	assert_int_equal(endpoint_tls(t.p.left.e), ENDPOINT_TLS_FAILED);
	assert_non_null(strstr(endpoint_tls_text(t.p.left.e), "alert handshake failure"));
	tls_end(&t);
}

/* Without a name there is nothing to verify, so it does not begin. */
static void
test_no_name(void **state)
{
	struct tls_pair t;

	(void)state;
	tls_begin(&t);
	make_contexts(&t);
	assert_false(endpoint_connect_tls(t.p.left.e, t.tls_client, NULL, "unix"));
	assert_true(endpoint_broken(t.p.left.e));
	tls_end(&t);
}

static bool
resumed(const struct tls_pair *t)
{
	return SSL_session_reused(t->p.left.e->ssl) == 1;
}

static void
check_resumption(int version)
{
	struct tls_pair t;
	struct tls_tickets others;
	const char *error = "";

	tls_begin(&t);
	t.server.max_version = version;
	handshake(&t);
	assert_secure(&t);
	assert_false(resumed(&t));
	reconnect(&t);
	assert_secure(&t);
	assert_true(resumed(&t));

	/* Another server with the same keys: another proxy, or after a reload. */
	t.tls_server = NULL;
	reconnect(&t);
	assert_secure(&t);
	assert_true(resumed(&t));

	/* What was verified for one name is not offered to another. */
	t.host = "127.0.0.1";
	reconnect(&t);
	assert_secure(&t);
	assert_false(resumed(&t));

	assert_true(tls_tickets_make(&others));
	t.tls_server = tls_server_new(t.arena, &t.server, &others, &error);
	assert_non_null(t.tls_server);
	reconnect(&t);
	assert_secure(&t);
	assert_false(resumed(&t));
	tls_end(&t);
}

static void
test_resumption(void **state)
{
	(void)state;
	check_resumption(TLS1_2_VERSION);
	check_resumption(TLS1_3_VERSION);
}

/* A server at which something else than a TLS client speaks. */
static void
check_noise(const char *noise, const char *text)
{
	struct tls_pair t;

	tls_begin(&t);
	make_contexts(&t);
	assert_true(endpoint_accept_tls(t.p.right.e, t.tls_server));
	send_text(&t.p.left, noise);
	endpoint_close(&t.p.left.e);
	run_until(&t.p, endpoint_tls(t.p.right.e) == ENDPOINT_TLS_FAILED);
	assert_string_equal(endpoint_tls_text(t.p.right.e), text);
	assert_true(endpoint_broken(t.p.right.e));
	assert_int_equal(endpoint_input(t.p.right.e).len, 0);
	endpoint_close(&t.p.right.e);
	tls_end(&t);
}

static void
test_noise(void **state)
{
	(void)state;
	check_noise("GET / HTTP/1.1\r\nHost: mail\r\n\r\n", "TLS handshake failed: http request");
	check_noise("EHLO plain.example.org\r\n", "TLS handshake failed: wrong version number");
	check_noise("", "TLS handshake failed: the peer closed the connection");
	check_noise("\x16\x03\x01", "TLS handshake failed: the peer closed the connection");
}

/* What came before the handshake is gone after it. */
static void
test_injection(void **state)
{
	struct tls_pair t;

	(void)state;
	tls_begin(&t);
	make_contexts(&t);
	t.p.right.keep = true;
	send_text(&t.p.left, "STARTTLS\r\nMAIL FROM:<injected@example.org>\r\n");
	run_until(&t.p, endpoint_input(t.p.right.e).len > 0);
	endpoint_consume(t.p.right.e, 10);
	assert_true(endpoint_accept_tls(t.p.right.e, t.tls_server));
	assert_int_equal(endpoint_input(t.p.right.e).len, 0);
	t.p.right.keep = false;
	assert_true(endpoint_connect_tls(t.p.left.e, t.tls_client, t.host, "key"));
	run_until(&t.p, endpoint_tls(t.p.left.e) == ENDPOINT_SECURE && endpoint_tls(t.p.right.e) == ENDPOINT_SECURE);
	assert_secure(&t);
	tls_end(&t);
}

/* What was written before the handshake goes first, in the clear. */
static void
test_plaintext_goes_first(void **state)
{
	struct tls_pair t;
	struct buf pattern = { 0 };

	(void)state;
	tls_begin(&t);
	make_contexts(&t);
	fill_pattern(&pattern, 6 * BIG);
	assert_true(endpoint_write_static(t.p.right.e, buf_span(&pattern)));
	endpoint_flush(t.p.right.e);
	assert_true(endpoint_pending(t.p.right.e) > 0);
	assert_true(endpoint_accept_tls(t.p.right.e, t.tls_server));
	run_until(&t.p, t.p.left.got.len == pattern.len);
	assert_memory_equal(t.p.left.got.data, pattern.data, pattern.len);
	buf_clear(&t.p.left.got);
	assert_true(endpoint_connect_tls(t.p.left.e, t.tls_client, t.host, "key"));
	run_until(&t.p, endpoint_tls(t.p.left.e) == ENDPOINT_SECURE && endpoint_tls(t.p.right.e) == ENDPOINT_SECURE);
	assert_secure(&t);
	buf_free(&pattern);
	tls_end(&t);
}

static void
test_no_writing_in_handshake(void **state)
{
	struct tls_pair t;

	(void)state;
	tls_begin(&t);
	make_contexts(&t);
	assert_true(endpoint_accept_tls(t.p.right.e, t.tls_server));
	assert_false(endpoint_write(t.p.right.e, SPAN_LITERAL("220 too early\r\n")));
	assert_true(endpoint_broken(t.p.right.e));
	run_until(&t.p, t.p.right.calls == 1);
	tls_end(&t);
}

static void
queue_all_kinds(struct end *end, struct span all, int file, struct buf *expected)
{
	assert_true(endpoint_write(end->e, SPAN_LITERAL("begin")));
	assert_true(endpoint_write_file(end->e, file, 9, 5000));
	assert_true(endpoint_write_file(end->e, file, 1, all.len - 1));
	assert_true(endpoint_write(end->e, span_first(all, 200 * 1024)));
	assert_true(endpoint_write_static(end->e, all));
	assert_true(endpoint_write(end->e, SPAN_LITERAL("end")));
	buf_add_str(expected, "begin");
	buf_add_span(expected, span_first(span_from(all, 9), 5000));
	buf_add_span(expected, span_from(all, 1));
	buf_add_span(expected, span_first(all, 200 * 1024));
	buf_add_span(expected, all);
	buf_add_str(expected, "end");
}

/* Much, both ways at once, to readers that stop at times. */
static void
test_much(void **state)
{
	struct tls_pair t;
	struct buf pattern = { 0 }, expected = { 0 };
	int file;

	(void)state;
	tls_begin(&t);
	handshake(&t);
	assert_secure(&t);
	fill_pattern(&pattern, BIG);
	file = pattern_file(buf_span(&pattern));
	queue_all_kinds(&t.p.left, buf_span(&pattern), file, &expected);
	buf_clear(&expected);
	queue_all_kinds(&t.p.right, buf_span(&pattern), file, &expected);
	close(file);
	endpoint_pause(t.p.right.e, true);
	endpoint_flush(t.p.left.e);
	assert_true(endpoint_pending(t.p.left.e) > 0);
	endpoint_flush(t.p.right.e);
	run_until(&t.p, t.p.left.got.len == expected.len);
	endpoint_pause(t.p.right.e, false);
	run_until(&t.p, t.p.right.got.len == expected.len);
	assert_memory_equal(t.p.left.got.data, expected.data, expected.len);
	assert_memory_equal(t.p.right.got.data, expected.data, expected.len);
	buf_free(&pattern);
	buf_free(&expected);
	tls_end(&t);
}

/* What OpenSSL has read but the endpoint had no room for is not forgotten. */
static void
test_reading_stops_when_full(void **state)
{
	struct tls_pair t;
	struct buf pattern = { 0 };

	(void)state;
	tls_begin(&t);
	handshake(&t);
	assert_secure(&t);
	fill_pattern(&pattern, ENDPOINT_INPUT_MAX + 1000);
	t.p.right.keep = true;
	assert_true(endpoint_write(t.p.left.e, buf_span(&pattern)));
	endpoint_flush(t.p.left.e);
	run_until(&t.p, endpoint_input(t.p.right.e).len == ENDPOINT_INPUT_MAX);
	endpoint_consume(t.p.right.e, 999);
	run_until(&t.p, endpoint_input(t.p.right.e).len == ENDPOINT_INPUT_MAX);
	endpoint_pause(t.p.right.e, true);
	endpoint_consume(t.p.right.e, ENDPOINT_INPUT_MAX);
	endpoint_pause(t.p.right.e, false);
	run_until(&t.p, endpoint_input(t.p.right.e).len == 1);
	assert_int_equal(endpoint_input(t.p.right.e).data[0], pattern.data[pattern.len - 1]);
	buf_free(&pattern);
	tls_end(&t);
}

static void
check_close(int version)
{
	struct tls_pair t;
	struct buf pattern = { 0 };

	tls_begin(&t);
	t.server.max_version = version;
	handshake(&t);
	assert_secure(&t);
	fill_pattern(&pattern, 4 * BIG);
	endpoint_pause(t.p.left.e, true);
	assert_true(endpoint_write_static(t.p.right.e, buf_span(&pattern)));
	endpoint_flush(t.p.right.e);
	endpoint_close(&t.p.right.e);
	endpoint_pause(t.p.left.e, false);
	run_until(&t.p, endpoint_eof(t.p.left.e));
	assert_false(endpoint_broken(t.p.left.e));
	assert_int_equal(t.p.left.got.len, pattern.len);
	assert_memory_equal(t.p.left.got.data, pattern.data, pattern.len);
	buf_free(&pattern);
	tls_end(&t);
}

static void
test_close(void **state)
{
	(void)state;
	check_close(TLS1_2_VERSION);
	check_close(TLS1_3_VERSION);
}

/* Many programs just close; what they said before counts. */
static void
test_close_without_notify(void **state)
{
	struct tls_pair t;

	(void)state;
	tls_begin(&t);
	handshake(&t);
	assert_secure(&t);
	send_text(&t.p.left, "QUIT\r\n");
	assert_int_equal(shutdown(t.p.left.e->fd, SHUT_WR), 0);
	run_until(&t.p, endpoint_eof(t.p.right.e));
	assert_true(end_got(&t.p.right, "QUIT\r\n"));
	assert_false(endpoint_broken(t.p.right.e));
	tls_end(&t);
}

/* A certificate the client refuses: the server learns why. */
static void
test_alert_arrives(void **state)
{
	struct tls_pair t;

	(void)state;
	tls_begin(&t);
	t.certificates[0] = cert_files(&stranger);
	t.server.max_version = TLS1_2_VERSION;
	make_contexts(&t);
	assert_true(endpoint_accept_tls(t.p.right.e, t.tls_server));
	assert_true(endpoint_connect_tls(t.p.left.e, t.tls_client, t.host, "key"));
	run_until(&t.p, endpoint_tls(t.p.left.e) == ENDPOINT_TLS_FAILED);
	endpoint_close(&t.p.left.e);
	run_until(&t.p, endpoint_tls(t.p.right.e) == ENDPOINT_TLS_FAILED);
	assert_string_equal(endpoint_tls_text(t.p.right.e), "TLS handshake failed: tlsv1 alert unknown ca");
	tls_end(&t);
}

static void
abort_in_handshake(struct end *end)
{
	if (endpoint_tls(end->e) == ENDPOINT_SECURE)
		endpoint_abort(&end->e);
}

static void
test_abort_when_secure(void **state)
{
	struct tls_pair t;

	(void)state;
	tls_begin(&t);
	t.p.right.act = abort_in_handshake;
	make_contexts(&t);
	assert_true(endpoint_accept_tls(t.p.right.e, t.tls_server));
	assert_true(endpoint_connect_tls(t.p.left.e, t.tls_client, t.host, "key"));
	run_until(&t.p, t.p.right.e == NULL && endpoint_eof(t.p.left.e));
	tls_end(&t);
}

static void
test_close_in_handshake(void **state)
{
	struct tls_pair t;

	(void)state;
	tls_begin(&t);
	make_contexts(&t);
	assert_true(endpoint_accept_tls(t.p.right.e, t.tls_server));
	endpoint_close(&t.p.right.e);
	assert_true(endpoint_connect_tls(t.p.left.e, t.tls_client, t.host, "key"));
	run_until(&t.p, endpoint_tls(t.p.left.e) == ENDPOINT_TLS_FAILED);
	tls_end(&t);
}

/* R13: KeyUpdates without end, by either side. */
static void
flood_with_key_updates(struct end *from, struct end *to, struct pair *p)
{
	for (int i = 0; i < 1000 && !endpoint_broken(to->e); i++) {
		SSL_key_update(from->e->ssl, SSL_KEY_UPDATE_REQUESTED);
		ERR_clear_error();
		if (SSL_do_handshake(from->e->ssl) != 1)
			break;
	}
	run_until(p, endpoint_broken(to->e));
	ERR_clear_error();
}

static void
test_key_update_flood(void **state)
{
	struct tls_pair t;

	(void)state;
	tls_begin(&t);
	handshake(&t);
	assert_secure(&t);
	flood_with_key_updates(&t.p.left, &t.p.right, &t.p);
	tls_end(&t);
	tls_begin(&t);
	handshake(&t);
	assert_secure(&t);
	flood_with_key_updates(&t.p.right, &t.p.left, &t.p);
	tls_end(&t);
}

/* A few are what the protocol asks for. */
static void
test_key_update(void **state)
{
	struct tls_pair t;

	(void)state;
	tls_begin(&t);
	handshake(&t);
	assert_secure(&t);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(SSL_key_update(t.p.left.e->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
		assert_secure(&t);
	}
	tls_end(&t);
}

/* R13. */
static void
test_renegotiation_is_refused(void **state)
{
	struct tls_pair t;

	(void)state;
	tls_begin(&t);
	t.server.max_version = TLS1_2_VERSION;
	handshake(&t);
	assert_secure(&t);
	SSL_clear_options(t.p.left.e->ssl, SSL_OP_NO_RENEGOTIATION);
	assert_int_equal(SSL_renegotiate(t.p.left.e->ssl), 1);
	SSL_do_handshake(t.p.left.e->ssl);
	run_until(&t.p, endpoint_broken(t.p.left.e));
	assert_false(SSL_session_reused(t.p.right.e->ssl));
	assert_int_equal(SSL_is_init_finished(t.p.right.e->ssl), 1);
	ERR_clear_error();
	tls_end(&t);
}

/* R13: a server that asks for it (HelloRequest) again and again. */
static void
test_requests_to_renegotiate(void **state)
{
	struct tls_pair t;

	(void)state;
	tls_begin(&t);
	t.server.max_version = TLS1_2_VERSION;
	handshake(&t);
	assert_secure(&t);
	SSL_clear_options(t.p.right.e->ssl, SSL_OP_NO_RENEGOTIATION);
	for (int i = 0; i < 1000; i++) {
		SSL_renegotiate(t.p.right.e->ssl);
		SSL_do_handshake(t.p.right.e->ssl);
		ERR_clear_error();
	}
	run_until(&t.p, endpoint_broken(t.p.left.e) || endpoint_eof(t.p.left.e));
	assert_int_equal(SSL_is_init_finished(t.p.left.e->ssl), 1);
	tls_end(&t);
}

static void
expect_error(const char *error, const char *file, const char *reason)
{
	char text[2 * CERT_PATH_SIZE];

	snprintf(text, sizeof(text), "%s: %s", file, reason);
	assert_string_equal(error, text);
}

static void
write_encrypted_key(char path[CERT_PATH_SIZE])
{
	FILE *f;

	certs_path(path, "encrypted.key");
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, plain_ec.key, EVP_aes_256_cbc(), (const unsigned char *)"pw", 2, NULL, NULL), 1);
	fclose(f);
}

static void
test_bad_settings(void **state)
{
	struct arena *a = arena_new(0);
	struct certificate files = cert_files(&plain_ec);
	struct listener_tls server = { .certificates = &files, .certificate_count = 1 };
	struct upstream_tls client = { .verify = VERIFY_FULL, .ca = "/nonexistent/ca.pem" };
	char encrypted[CERT_PATH_SIZE];
	const char *error = NULL;

	(void)state;
	assert_null(tls_client_new(a, &client, &error));
	expect_error(error, "/nonexistent/ca.pem", "No such file or directory");
	files.certificate = "/nonexistent/cert.pem";
	assert_null(tls_server_new(a, &server, &tickets, &error));
	expect_error(error, "/nonexistent/cert.pem", "No such file or directory");
	files = (struct certificate){ plain_ec.certificate_file, other.key_file };
	assert_null(tls_server_new(a, &server, &tickets, &error));
	expect_error(error, other.key_file, arena_printf(a, "not the key of %s", plain_ec.certificate_file));
	files = (struct certificate){ plain_ec.key_file, plain_ec.key_file };
	assert_null(tls_server_new(a, &server, &tickets, &error));
	expect_error(error, plain_ec.key_file, "no start line");
	write_encrypted_key(encrypted);
	files = (struct certificate){ plain_ec.certificate_file, encrypted };
	assert_null(tls_server_new(a, &server, &tickets, &error));
	assert_true(span_starts(span_str(error), encrypted));
	files = cert_files(&plain_ec);
	server.ciphers = "NONSENSE";
	assert_null(tls_server_new(a, &server, &tickets, &error));
	expect_error(error, "NONSENSE", "no cipher match");
	server.ciphers = "HIGH";
	server.ciphersuites = "TLS_NONSENSE";
	assert_null(tls_server_new(a, &server, &tickets, &error));
	expect_error(error, "TLS_NONSENSE", "no cipher match");
	server.certificate_count = 0;
	assert_null(tls_server_new(a, &server, &tickets, &error));
	assert_string_equal(error, "TLS needs a certificate");
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_no_common_version),
		cmocka_unit_test(test_sni),
		cmocka_unit_test(test_two_key_types),
		cmocka_unit_test(test_verification),
		cmocka_unit_test(test_reason_without_verification),
		cmocka_unit_test(test_no_name),
		cmocka_unit_test(test_resumption),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_injection),
		cmocka_unit_test(test_plaintext_goes_first),
		cmocka_unit_test(test_no_writing_in_handshake),
		cmocka_unit_test(test_much),
		cmocka_unit_test(test_reading_stops_when_full),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_close_without_notify),
		cmocka_unit_test(test_alert_arrives),
		cmocka_unit_test(test_abort_when_secure),
		cmocka_unit_test(test_close_in_handshake),
		cmocka_unit_test(test_key_update_flood),
		cmocka_unit_test(test_key_update),
		cmocka_unit_test(test_renegotiation_is_refused),
		cmocka_unit_test(test_requests_to_renegotiate),
		cmocka_unit_test(test_bad_settings),
	};

	return cmocka_run_group_tests_name("io/tls", tests, set_up, tear_down);
}
