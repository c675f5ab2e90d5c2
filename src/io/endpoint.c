/* Endpoints: a socket, its unread input, its unsent output, a deadline.
 *
 * The socket is watched for input by one persistent event, so a message
 * costs no epoll_ctl. One recv() of up to a block is made for each event; what
 * is left makes the event come again. Output is attempted at once when the
 * session flushes, and watched for only when the socket is full.
 * Where input lies is endpoint_input.c's affair.
 *
 * A session may do anything inside ready(), even abort this endpoint: the
 * descriptor is closed at once, the memory is freed when ready() has returned.
 * ready() is never called from inside another function of this file.
 *
 * Closing is patient: what is unsent goes out, then FIN, then whatever the
 * peer still sends is dropped until its FIN. Closing a socket with unread
 * octets would send RST, which may destroy our last reply on its way.
 *
 * Known limits: while a paused endpoint is not read, a peer that left is not
 * noticed; the deadline is. */
#include "config.h"

#include "io/endpoint.h"

#include "io/endpoint_internal.h"
#include "io/tls_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SEND_TURN = 1024 * 1024 }; /* what one endpoint may send before others have their turn */

static void on_read(evutil_socket_t fd, short what, void *context);
static void on_write(evutil_socket_t fd, short what, void *context);
static void on_wake(evutil_socket_t fd, short what, void *context);
static void on_deadline(void *context);

struct endpoint *
endpoint_new(struct loop *l, int fd, void (*ready)(void *context), void *context)
{
	struct endpoint *e = calloc(1, sizeof(*e));
	int on = 1;

	if (e != NULL)
		e->timer = timer_new(l, on_deadline, e);
	if (e == NULL || e->timer == NULL) {
		free(e);
		close(fd);
		return NULL;
	}
	e->loop = l;
	e->fd = fd;
	e->ready = ready;
	e->context = context;
	/* Fails on a UNIX socket, which does not need it. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	event_assign(&e->read, loop_base(l), fd, EV_READ | EV_PERSIST, on_read, e);
	event_assign(&e->write, loop_base(l), fd, EV_WRITE | EV_PERSIST, on_write, e);
	event_assign(&e->wake, loop_base(l), -1, 0, on_wake, e);
	endpoint_watch_input(e);
	return e;
}

static void
tear_down(struct endpoint *e)
{
	if (e->fd < 0)
		return;
	event_del(&e->read);
	event_del(&e->write);
	event_del(&e->wake);
	timer_free(&e->timer);
	tls_ssl_free(&e->ssl);
	if (e->lingerer.link != NULL)
		lingerer_remove(e->loop, &e->lingerer);
	close(e->fd);
	e->fd = -1;
	endpoint_give_input_back(e);
	output_free(e->loop, &e->out);
	deflate_endpoint_free(e);
}

/* The only end of an endpoint. */
static void
destroy(struct endpoint *e)
{
	tear_down(e);
	if (e->busy) {
		e->dead = true;
		return;
	}
	free(e->tls_text);
	free(e);
}

void
endpoint_abort(struct endpoint **e)
{
	if (*e != NULL)
		destroy(*e);
	*e = NULL;
}

static bool
has_room(const struct endpoint *e)
{
	return !e->paused && e->in.len < ENDPOINT_INPUT_MAX;
}

/* Input that no socket announces. */
static bool
has_more(const struct endpoint *e)
{
	return !e->closing && !e->broken && has_room(e) && (deflate_endpoint_holds(e) || (e->more && e->reading));
}

void
endpoint_watch_input(struct endpoint *e)
{
	bool wanted = !e->broken && !e->eof && (e->closing || e->tls == ENDPOINT_HANDSHAKE || has_room(e));

	if (has_more(e))
		event_active(&e->wake, EV_TIMEOUT, 1);
	if (wanted == e->reading)
		return;
	e->reading = wanted;
	if (!wanted)
		event_del(&e->read);
	else if (event_add(&e->read, NULL) != 0)
		endpoint_break(e);
	else if (e->more)
		event_active(&e->wake, EV_TIMEOUT, 1);
}

void
endpoint_watch_output(struct endpoint *e, bool wanted)
{
	if (wanted == e->writing)
		return;
	e->writing = wanted;
	if (!wanted)
		event_del(&e->write);
	else if (event_add(&e->write, NULL) != 0)
		endpoint_break(e);
}

void
endpoint_wake(struct endpoint *e)
{
	e->news = true;
	event_active(&e->wake, EV_TIMEOUT, 1);
}

void
endpoint_break(struct endpoint *e)
{
	if (e->broken)
		return;
	e->broken = true;
	if (e->reading)
		event_del(&e->read);
	if (e->writing)
		event_del(&e->write);
	e->reading = e->writing = false;
	output_free(e->loop, &e->out);
	if (e->deflate != NULL)
		output_free(e->loop, endpoint_output(e));
	endpoint_wake(e);
}

/* Calls ready() and does what it put off. */
static void
report(struct endpoint *e)
{
	e->news = false;
	if (e->closing)
		return;
	e->busy = true;
	e->ready(e->context);
	e->busy = false;
	if (e->dead) {
		destroy(e);
		return;
	}
	endpoint_settle_input(e);
	if (!e->closing)
		endpoint_watch_input(e);
	if (has_more(e))
		event_active(&e->wake, EV_TIMEOUT, 1);
}

static bool
would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

void
endpoint_count(struct endpoint *e, struct endpoint_traffic *traffic)
{
	e->traffic = traffic;
}

void
endpoint_count_sent(struct endpoint *e, size_t octets)
{
	if (e->traffic != NULL)
		atomic_fetch_add_explicit(&e->traffic->sent, octets, memory_order_relaxed);
}

static bool
receive_plain(struct endpoint *e)
{
	size_t len;
	char *room = endpoint_receive_room(e, &len);
	ssize_t n;

	if (room == NULL)
		return true;
	n = recv(e->fd, room, len, 0);
	if (n < 0 && would_block())
		return false;
	if (n < 0)
		endpoint_break(e);
	else if (n == 0)
		e->eof = true;
	else
		endpoint_received(e, (size_t)n);
	return true;
}

static bool
receive(struct endpoint *e)
{
	bool holds = deflate_endpoint_holds(e), news = false;

	if ((e->eof && !holds) || e->broken)
		return false;
	if (e->tls == ENDPOINT_HANDSHAKE)
		return e->tls_begun && tls_endpoint_handshake(e);
	if (!has_room(e))
		return false;
	if (!holds)
		news = e->tls == ENDPOINT_SECURE ? tls_endpoint_receive(e) : receive_plain(e);
	if (e->deflate != NULL && !e->broken)
		news = deflate_endpoint_expand(e);
	endpoint_watch_input(e);
	return news;
}

/* Drops what a peer still sends after our FIN. */
static void
linger(struct endpoint *e)
{
	struct buf scratch;
	ssize_t n;

	if (!block_take(e->loop, &scratch)) {
		destroy(e);
		return;
	}
	n = recv(e->fd, scratch.data, scratch.cap, 0);
	block_give(e->loop, &scratch);
	if (n > 0 || (n < 0 && would_block()))
		return;
	e->eof = true;
	if (e->sent)
		destroy(e);
	else
		endpoint_watch_input(e);
}

static void
on_read(evutil_socket_t fd, short what, void *context)
{
	struct endpoint *e = context;

	(void)fd, (void)what;
	if (e->closing)
		linger(e);
	else if (receive(e))
		report(e);
	else
		endpoint_settle_input(e);
}

/* True when all is sent. */
static bool
send_plain(struct endpoint *e)
{
	bool all = true;

	endpoint_fill_output(e);
	for (size_t turn = 0; e->out.pending > 0 && all && turn < SEND_TURN;) {
		ssize_t n = output_send(e->loop, &e->out, e->fd, &all);

		if (n < 0 && !would_block()) {
			endpoint_break(e);
			return true;
		}
		if (n < 0)
			break;
		endpoint_count_sent(e, (size_t)n);
		turn += (size_t)n + endpoint_fill_output(e);
	}
	if (!e->broken)
		endpoint_watch_output(e, endpoint_pending(e) > 0);
	return endpoint_pending(e) == 0;
}

static void
send_some(struct endpoint *e)
{
	if (e->broken)
		return;
	if (e->tls == ENDPOINT_SECURE)
		tls_endpoint_send(e);
	else if (e->tls == ENDPOINT_PLAIN || !e->tls_begun)
		send_plain(e);
}

/* Closing: when the last octet is sent says so, and waits for the peer's FIN. */
static void
finish(struct endpoint *e)
{
	if (e->broken && (e->sent || e->tls != ENDPOINT_TLS_FAILED)) {
		destroy(e);
		return;
	}
	if (e->sent || endpoint_pending(e) > 0)
		return;
	tls_endpoint_shutdown(e);
	e->sent = true;
	lingerer_sent(e->loop, &e->lingerer);
	if (shutdown(e->fd, SHUT_WR) != 0 || e->eof) {
		destroy(e);
		return;
	}
	/* After a failed handshake too: the alert has to arrive. */
	e->broken = false;
	endpoint_watch_output(e, false);
	endpoint_watch_input(e);
	if (e->broken)
		destroy(e);
}

static void
on_write(evutil_socket_t fd, short what, void *context)
{
	struct endpoint *e = context;
	bool news = false;

	(void)fd, (void)what;
	if (e->tls == ENDPOINT_HANDSHAKE && !e->tls_begun) {
		if (send_plain(e) && !e->broken)
			e->tls_begun = true;
	}
	if (e->tls == ENDPOINT_HANDSHAKE)
		news = e->tls_begun && tls_endpoint_handshake(e);
	else {
		if (e->read_blocked && !e->closing)
			news = receive(e);
		send_some(e);
		news = news || endpoint_pending(e) == 0;
	}
	if (e->closing)
		finish(e);
	else if (news)
		report(e);
}

static void
on_wake(evutil_socket_t fd, short what, void *context)
{
	struct endpoint *e = context;
	bool news = e->news;

	(void)fd, (void)what;
	if (e->closing) {
		finish(e);
		return;
	}
	if (has_more(e))
		news = receive(e) || news;
	if (news)
		report(e);
	else
		endpoint_settle_input(e);
}

static void
on_deadline(void *context)
{
	struct endpoint *e = context;

	if (e->closing) {
		destroy(e);
		return;
	}
	e->expired = true;
	report(e);
}

static void
end_lingering(struct lingerer *node)
{
	destroy((struct endpoint *)(void *)((char *)node - offsetof(struct endpoint, lingerer)));
}

void
endpoint_close(struct endpoint **closed)
{
	struct endpoint *e = *closed;

	*closed = NULL;
	if (e == NULL)
		return;
	e->closing = true;
	e->lingerer.end = end_lingering;
	lingerer_add(e->loop, &e->lingerer);
	e->more = false;
	endpoint_give_input_back(e);
	timer_at(e->timer, loop_now(e->loop) + ENDPOINT_LINGER_MS);
	if (e->tls == ENDPOINT_HANDSHAKE) {
		destroy(e);
		return;
	}
	endpoint_watch_input(e);
	send_some(e);
	finish(e);
}

void
endpoint_pause(struct endpoint *e, bool paused)
{
	e->paused = paused;
	endpoint_watch_input(e);
}

/* Nothing may be written in a handshake: it could overtake it. */
static bool
may_write(struct endpoint *e)
{
	if (e->tls == ENDPOINT_HANDSHAKE)
		endpoint_break(e);
	return !e->broken;
}

static bool
written(struct endpoint *e, bool done)
{
	if (!done)
		endpoint_break(e);
	return done;
}

bool
endpoint_write(struct endpoint *e, struct span bytes)
{
	return may_write(e) && written(e, output_add(e->loop, endpoint_output(e), bytes));
}

bool
endpoint_write_buf(struct endpoint *e, const struct buf *b)
{
	return may_write(e) && written(e, !b->failed && output_add(e->loop, endpoint_output(e), buf_span(b)));
}

bool
endpoint_write_static(struct endpoint *e, struct span bytes)
{
	return may_write(e) && written(e, output_add_static(e->loop, endpoint_output(e), bytes));
}

bool
endpoint_write_file(struct endpoint *e, int fd, uint64_t offset, uint64_t length)
{
	return may_write(e) && written(e, output_add_file(e->loop, endpoint_output(e), fd, offset, length));
}

void
endpoint_flush(struct endpoint *e)
{
	if (endpoint_pending(e) > 0 && !e->writing)
		send_some(e);
}

uint64_t
endpoint_pending(const struct endpoint *e)
{
	return e->out.pending + deflate_endpoint_pending(e);
}

bool
endpoint_eof(const struct endpoint *e)
{
	return e->eof && !deflate_endpoint_holds(e);
}

bool
endpoint_broken(const struct endpoint *e)
{
	return e->broken;
}

const char *
endpoint_fault(const struct endpoint *e)
{
	return e->fault;
}

void
endpoint_deadline(struct endpoint *e, uint64_t when)
{
	e->expired = false;
	timer_at(e->timer, when);
}

bool
endpoint_expired(const struct endpoint *e)
{
	return e->expired;
}

void
endpoint_idle(struct endpoint *e)
{
	/* Inside ready() the caller may still hold a span of the input. */
	if (!e->busy)
		endpoint_settle_input(e);
}
