/* See io_pair.h. */
#include "config.h"

#include "io_pair.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* Far more than any test needs; only a hang reaches it. */
enum { WATCHDOG_MS = 60000 };

static void
on_watchdog(void *context)
{
	(void)context;
	print_error("the awaited event did not come\n");
	abort();
}

void
pair_loop(struct pair *p)
{
	*p = (struct pair){ .loop = loop_new() };
	assert_non_null(p->loop);
	p->watchdog = timer_new(p->loop, on_watchdog, p);
	assert_non_null(p->watchdog);
	timer_at(p->watchdog, loop_now(p->loop) + WATCHDOG_MS);
}

static void
on_ready(void *context)
{
	struct end *end = context;

	end->calls++;
	if (!end->keep) {
		buf_add_span(&end->got, endpoint_input(end->e));
		endpoint_consume(end->e, endpoint_input(end->e).len);
	}
	if (end->act != NULL)
		end->act(end);
	loop_stop(end->loop);
}

void
end_begin(struct loop *l, struct end *end, int fd)
{
	*end = (struct end){ .loop = l };
	end->e = endpoint_new(l, fd, on_ready, end);
	assert_non_null(end->e);
}

void
tcp_pair(int fds[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(listener >= 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fds[0], (struct sockaddr *)&at, len), 0);
	fds[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(fds[1] >= 0);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	close(listener);
}

void
pair_tcp(struct pair *p)
{
	int fds[2];

	pair_loop(p);
	tcp_pair(fds);
	end_begin(p->loop, &p->left, fds[0]);
	end_begin(p->loop, &p->right, fds[1]);
}

int
pair_raw(struct pair *p)
{
	int fds[2];

	pair_loop(p);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	end_begin(p->loop, &p->left, fds[0]);
	return fds[1];
}

void
pair_free(struct pair *p)
{
	endpoint_abort(&p->left.e);
	endpoint_abort(&p->right.e);
	buf_free(&p->left.got);
	buf_free(&p->right.got);
	timer_free(&p->watchdog);
	loop_free(&p->loop);
}

void
send_text(struct end *end, const char *text)
{
	assert_true(endpoint_write(end->e, span_str(text)));
	endpoint_flush(end->e);
}

bool
end_got(const struct end *end, const char *text)
{
	return span_is(buf_span(&end->got), text);
}

void
fill_pattern(struct buf *out, size_t len)
{
	uint32_t x = 2463534242u;

	while (out->len < len) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		buf_add(out, &x, len - out->len < sizeof(x) ? len - out->len : sizeof(x));
	}
	assert_false(out->failed);
}

int
pattern_file(struct span bytes)
{
	int fd = memfd_create("pattern", MFD_CLOEXEC);

	assert_true(fd >= 0);
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.data, bytes.len);

		assert_true(n > 0);
		bytes = span_from(bytes, (size_t)n);
	}
	return fd;
}
