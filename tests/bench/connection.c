/* Blocking connections. Both ends send without Nagle's delay, so a delay that
 * is measured was made by what stands between them. */
#include "config.h"

#include "connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	READ_SIZE = 256 * 1024, /* one read takes what the socket holds */
	BACKLOG = 1024,
	PARTS_MAX = 4,
};

static struct sockaddr_in
local_address(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

int
listen_at(uint16_t port)
{
	struct sockaddr_in a = local_address(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	close(fd);
	return -1;
}

uint16_t
port_of(int listener)
{
	struct sockaddr_in a = { 0 };
	socklen_t len = sizeof(a);

	getsockname(listener, (struct sockaddr *)&a, &len);
	return ntohs(a.sin_port);
}

void
connections_allow_many(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

void
connection_init(struct connection *c, int fd)
{
	int on = 1;

	*c = (struct connection){ .fd = fd };
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

bool
connection_open(struct connection *c, uint16_t port)
{
	struct sockaddr_in a = local_address(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	connection_init(c, fd);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return true;
	connection_close(c);
	return false;
}

static bool
prepare_tls(struct connection *c, SSL_CTX *context)
{
	c->tls = SSL_new(context);
	return c->tls != NULL && SSL_set_fd(c->tls, c->fd) == 1;
}

bool
connection_start_tls(struct connection *c, SSL_CTX *context)
{
	return prepare_tls(c, context) && SSL_connect(c->tls) == 1;
}

bool
connection_accept_tls(struct connection *c, SSL_CTX *context)
{
	return prepare_tls(c, context) && SSL_accept(c->tls) == 1;
}

void
connection_close(struct connection *c)
{
	SSL_free(c->tls);
	if (c->fd >= 0)
		close(c->fd);
	buf_free(&c->in);
	*c = (struct connection){ .fd = -1 };
}

/* Takes what was sent off the parts. */
static void
advance(struct iovec *parts, size_t count, size_t sent)
{
	for (size_t i = 0; i < count && sent > 0; i++) {
		size_t n = sent < parts[i].iov_len ? sent : parts[i].iov_len;

		parts[i].iov_base = (char *)parts[i].iov_base + n;
		parts[i].iov_len -= n;
		sent -= n;
	}
}

static bool
send_plain(int fd, const struct span *spans, size_t count)
{
	struct iovec parts[PARTS_MAX];
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = count };
	size_t left = 0;

	for (size_t i = 0; i < count; i++) {
		parts[i] = (struct iovec){ (char *)spans[i].data, spans[i].len };
		left += spans[i].len;
	}
	while (left > 0) {
		ssize_t n = sendmsg(fd, &m, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			advance(parts, count, (size_t)n);
			left -= (size_t)n;
		}
	}
	return true;
}

bool
connection_send(struct connection *c, const struct span *parts, size_t count)
{
	size_t written;

	if (count > PARTS_MAX)
		return false;
	if (c->tls == NULL)
		return send_plain(c->fd, parts, count);
	for (size_t i = 0; i < count; i++)
		if (parts[i].len > 0 && SSL_write_ex(c->tls, parts[i].data, parts[i].len, &written) != 1)
			return false;
	return true;
}

bool
connection_send_text(struct connection *c, const char *text)
{
	struct span part = span_str(text);

	return connection_send(c, &part, 1);
}

bool
connection_fill(struct connection *c)
{
	char *room = buf_reserve(&c->in, READ_SIZE);
	size_t got = 0;
	ssize_t n;

	if (room == NULL)
		return false;
	if (c->tls != NULL) {
		if (SSL_read_ex(c->tls, room, READ_SIZE, &got) != 1)
			return false;
	} else {
		do
			n = recv(c->fd, room, READ_SIZE, 0);
		while (n < 0 && errno == EINTR);
		if (n <= 0)
			return false;
		got = (size_t)n;
	}
	buf_commit(&c->in, got);
	return true;
}

bool
connection_line(struct connection *c, struct span *line)
{
	size_t end;

	while ((end = span_find_byte(buf_span(&c->in), '\n')) == SIZE_MAX)
		if (!connection_fill(c))
			return false;
	*line = span_trim(span_first(buf_span(&c->in), end));
	buf_consume(&c->in, end + 1);
	return true;
}
