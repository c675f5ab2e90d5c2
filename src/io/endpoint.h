/* One side of a conversation: a connected socket with buffers, TLS on demand
 * and a deadline. Sessions speak only to this; they never see a descriptor or
 * an SSL.
 *
 * Everything that happens (bytes came, output drained, TLS finished or failed,
 * peer closed, deadline passed) calls ready(context); the session then looks.
 * It is never called from inside another function here: output that
 * endpoint_flush() sends at once is drained without a call.
 * Reading stops while the input buffer is full or the endpoint is paused.
 * TCP_NODELAY is on; output is gathered and written by one writev or SSL_write
 * when the session flushes. */
#ifndef IO_ENDPOINT_H
#define IO_ENDPOINT_H

#include "base/buf.h"
#include "base/limits.h"
#include "io/loop.h"
#include "io/tls.h"

#include <stdatomic.h>

struct endpoint;

/* Octets as they pass under TLS, compressed where they are; shared by many
 * endpoints, perhaps by processes. */
struct endpoint_traffic {
	atomic_ullong received, sent;
};

enum { ENDPOINT_INPUT_MAX = INPUT_MAX }; /* unread bytes before reading stops */

/* fd: connected, non-blocking, owned from now on. NULL: no memory (fd closed). */
struct endpoint *endpoint_new(struct loop *l, int fd, void (*ready)(void *context), void *context);
/* What goes to and fro is added there from now on; it outlives the endpoint. */
void endpoint_count(struct endpoint *e, struct endpoint_traffic *traffic);
/* Closes at once, what is unsent is lost; clears *e. Safe inside ready(). */
void endpoint_abort(struct endpoint **e);
/* Sends what is pending (for at most ENDPOINT_LINGER_MS), shuts down TLS and the
 * socket properly, then frees itself; ready() is not called any more; clears *closed. */
void endpoint_close(struct endpoint **closed);
enum { ENDPOINT_LINGER_MS = 5000 };

/* Unread bytes; consume with endpoint_consume(). They stay where they are, even
 * consumed ones, until ready() returns, or outside of it until the loop's turn ends. */
struct span endpoint_input(const struct endpoint *e);
void endpoint_consume(struct endpoint *e, size_t len);
/* Drops all unread bytes: before TLS nothing said earlier counts. */
size_t endpoint_discard_input(struct endpoint *e);
void endpoint_pause(struct endpoint *e, bool paused);

/* Output: queued; endpoint_flush() tries to send now, and what is left goes as
 * the socket takes it. A file range is sent by sendfile (or through TLS); the
 * descriptor is not taken. False: the endpoint is broken, now (no memory; the file
 * is shorter, or cannot be read; a handshake runs) or already. */
bool endpoint_write(struct endpoint *e, struct span bytes);
/* What was put together in a buffer; one that has failed breaks the endpoint. */
bool endpoint_write_buf(struct endpoint *e, const struct buf *b);
/* Without copying: the bytes must live until endpoint_pending() is 0 or the endpoint is gone. */
bool endpoint_write_static(struct endpoint *e, struct span bytes);
bool endpoint_write_file(struct endpoint *e, int fd, uint64_t offset, uint64_t length);
void endpoint_flush(struct endpoint *e);
uint64_t endpoint_pending(const struct endpoint *e);

/* TLS. What was written before is sent first, as plaintext; unread input is
 * discarded; the handshake runs by itself, and nothing may be written until
 * ready() tells that it ended. A failed one leaves the endpoint broken; close
 * it (not abort), and the peer learns why. False: it cannot begin (no memory, no
 * name to verify, the endpoint is broken); the endpoint is broken. */
enum endpoint_tls { ENDPOINT_PLAIN, ENDPOINT_HANDSHAKE, ENDPOINT_SECURE, ENDPOINT_TLS_FAILED };
bool endpoint_accept_tls(struct endpoint *e, const struct tls_server *tls);
/* The same on a connection that has TLS from its first byte: the unread input,
 * come behind a PROXY header, is the beginning of the handshake. */
bool endpoint_accept_tls_early(struct endpoint *e, const struct tls_server *tls);
/* peer_key: names the server for resumption of sessions ("host:port"). */
bool endpoint_connect_tls(struct endpoint *e, const struct tls_client *tls, const char *host, const char *peer_key);
enum endpoint_tls endpoint_tls(const struct endpoint *e);
/* "TLSv1.3 TLS_AES_256_GCM_SHA384", or why the handshake or verification
 * failed; "" for plain. Lives as long as the endpoint. */
const char *endpoint_tls_text(const struct endpoint *e);
/* OpenSSL's TLS1_3_VERSION and so on; 0 when it is not secure. */
int endpoint_tls_version(const struct endpoint *e);

/* DEFLATE either way (RFC 4978), until the end: what was written before is sent as it
 * is, unread input is compressed already. Output that is flushed together is
 * compressed together. False: no memory, a handshake runs, or it is active. */
bool endpoint_deflate(struct endpoint *e);
bool endpoint_deflates(const struct endpoint *e);
/* Why the endpoint is broken, where the peer's compressed data is the reason; or
 * NULL. Static. */
const char *endpoint_fault(const struct endpoint *e);

/* The peer is gone for reading (FIN; the unread input remains) or altogether
 * (error, reset). */
bool endpoint_eof(const struct endpoint *e);
bool endpoint_broken(const struct endpoint *e);

/* ready() is called when `when` (loop_now() milliseconds) passes and
 * endpoint_expired() is true until the deadline is set anew; 0 = none. */
void endpoint_deadline(struct endpoint *e, uint64_t when);
bool endpoint_expired(const struct endpoint *e);

/* Buffers are given back while nothing happens. */
void endpoint_idle(struct endpoint *e);

#endif
