/* Messages between processes: a datagram is one octet that says how it
 * travels, then the octets themselves; or, when they are many, nothing, and
 * the first descriptor is a memfd that holds them.
 *
 * The other process may have been taken over by a hostile message. So a
 * receiver believes nothing: a memfd is read, not mapped, must be a regular
 * file, and must not be larger than PACKET_DATA_MAX. */
#include "config.h"

#include "io/packet.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
	/* Some inline packets may wait before a sender is told AGAIN. */
	SEND_BUFFER = 1024 * 1024,
	CONTROL_SIZE = CMSG_SPACE((PACKET_FDS + 1) * sizeof(int)),
	/* Memory above this is not kept for the next packet. */
	KEEP_MAX = 1024 * 1024,
	/* Where there is none in half a second, there will be none so soon. */
	SURE_TRIES = 50,
	SURE_REST_NS = 10 * 1000 * 1000,
};
static const char INLINE = 'i', MEMFD = 'm';

bool
packet_pair(int fds[2], bool first_nonblocking, bool second_nonblocking)
{
	int size = SEND_BUFFER;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return false;
	for (int i = 0; i < 2; i++)
		if (setsockopt(fds[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) != 0)
			setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if ((!first_nonblocking || fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0) &&
	    (!second_nonblocking || fcntl(fds[1], F_SETFL, O_NONBLOCK) == 0))
		return true;
	close(fds[0]);
	close(fds[1]);
	return false;
}

static enum packet_result
send_datagram(int socket, struct iovec *parts, size_t part_count, const int *fds, size_t fd_count)
{
	union {
		struct cmsghdr header;
		char bytes[CONTROL_SIZE];
	} control = { 0 };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = part_count };
	ssize_t n;

	if (fd_count > 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, fd_count * sizeof(int));
	}
	do
		n = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return PACKET_SENT;
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == ETOOMANYREFS ? PACKET_AGAIN : PACKET_FAILED;
}

static enum packet_result
send_memfd(int socket, struct span head, struct span body, const int *fds, size_t fd_count)
{
	struct iovec kind = { (void *)(uintptr_t)&MEMFD, 1 };
	int all[PACKET_FDS + 1];
	enum packet_result result = PACKET_FAILED;

	all[0] = memfd_create("packet", MFD_CLOEXEC);
	if (all[0] < 0)
		return PACKET_FAILED;
	for (size_t i = 0; i < fd_count; i++)
		all[i + 1] = fds[i];
	if (write_all(all[0], head) && write_all(all[0], body))
		result = send_datagram(socket, &kind, 1, all, fd_count + 1);
	close(all[0]);
	return result;
}

enum packet_result
packet_send(int socket, struct span head, struct span body, const int *fds, size_t fd_count)
{
	struct iovec parts[3] = {
		{ (void *)(uintptr_t)&INLINE, 1 },
		{ (void *)(uintptr_t)head.data, head.len },
		{ (void *)(uintptr_t)body.data, body.len },
	};
	enum packet_result result;

	if (fd_count > PACKET_FDS)
		return PACKET_FAILED;
	if (head.len > PACKET_INLINE_MAX || body.len > PACKET_INLINE_MAX - head.len)
		return send_memfd(socket, head, body, fds, fd_count);
	result = send_datagram(socket, parts, 3, fds, fd_count);
	/* The socket's buffer, or the kernel's memory, is too small for it. */
	if (result == PACKET_FAILED && (errno == EMSGSIZE || errno == ENOBUFS))
		result = send_memfd(socket, head, body, fds, fd_count);
	return result;
}

static bool
is_short(void)
{
	return errno == ENOMEM || errno == ENOBUFS || errno == EMFILE || errno == ENFILE;
}

enum packet_result
packet_send_surely(int socket, struct span head, struct span body, const int *fds, size_t fd_count)
{
	const struct timespec rest = { .tv_nsec = SURE_REST_NS };
	enum packet_result result = packet_send(socket, head, body, fds, fd_count);

	for (int tries = 1; result == PACKET_FAILED && is_short() && tries < SURE_TRIES; tries++) {
		nanosleep(&rest, NULL);
		result = packet_send(socket, head, body, fds, fd_count);
	}
	return result;
}

static void
close_fds(struct packet *p)
{
	for (int i = 0; i < PACKET_FDS; i++) {
		if (p->fds[i] >= 0)
			close(p->fds[i]);
		p->fds[i] = -1;
	}
}

void
packet_init(struct packet *p)
{
	buf_init(&p->data, PACKET_DATA_MAX);
	p->lost = false;
	for (int i = 0; i < PACKET_FDS; i++)
		p->fds[i] = -1;
}

void
packet_free(struct packet *p)
{
	close_fds(p);
	buf_free(&p->data);
}

/* Takes the descriptors out of the message: how many there were. */
static size_t
take_fds(struct msghdr *message, int fds[PACKET_FDS + 1])
{
	size_t count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(c), count * sizeof(int));
	}
	return count;
}

static bool
read_memfd(int fd, struct buf *data)
{
	struct stat status;
	size_t left;
	char *to;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > PACKET_DATA_MAX)
		return false;
	left = (size_t)status.st_size;
	to = buf_reserve(data, left);
	if (to == NULL)
		return false;
	while (left > 0) {
		ssize_t n = pread(fd, to + data->len, left, (off_t)data->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		buf_commit(data, (size_t)n);
		left -= (size_t)n;
	}
	return true;
}

/* What recvmsg() brought becomes the packet. False: it is not one of ours. */
static bool
unpack(struct packet *p, char kind, size_t len, const int *fds, size_t count)
{
	bool memfd = kind == MEMFD, good;

	if (memfd) {
		good = count > 0 && read_memfd(fds[0], &p->data);
		if (count > 0)
			close(fds[0]);
		fds += count > 0;
		count -= count > 0;
	} else {
		good = kind == INLINE;
		buf_commit(&p->data, len);
	}
	for (size_t i = 0; i < count; i++) {
		if (i < PACKET_FDS)
			p->fds[i] = fds[i];
		else
			close(fds[i]);
	}
	return good && count <= PACKET_FDS;
}

static bool
none_now(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOMEM || errno == ENOBUFS;
}

/* That the peer ended and had not read all of ours is told before its last words. */
static ssize_t
receive(int socket, struct msghdr *message)
{
	bool reset = false;
	ssize_t n;

	for (;;) {
		n = recvmsg(socket, message, MSG_CMSG_CLOEXEC);
		if (n >= 0 || (errno != EINTR && (errno != ECONNRESET || reset)))
			return n;
		reset = errno == ECONNRESET;
	}
}

int
packet_receive(int socket, struct packet *p)
{
	union {
		struct cmsghdr header;
		char bytes[CONTROL_SIZE];
	} control;
	int fds[PACKET_FDS + 1];
	char kind = 0;
	struct iovec parts[2] = { { &kind, 1 } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2, .msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	ssize_t n;

	close_fds(p);
	buf_clear(&p->data);
	p->lost = false;
	if (p->data.cap > KEEP_MAX)
		buf_shrink(&p->data);
	parts[1].iov_base = buf_reserve(&p->data, PACKET_INLINE_MAX);
	parts[1].iov_len = PACKET_INLINE_MAX;
	if (parts[1].iov_base == NULL) {
		buf_clear(&p->data);
		return 0;
	}
	n = receive(socket, &message);
	if (n < 0 && none_now())
		return 0;
	if (n < 0) {
		p->lost = errno != ECONNRESET; /* which says that the other end is closed */
		return -1;
	}
	if (unpack(p, kind, n > 0 ? (size_t)n - 1 : 0, fds, take_fds(&message, fds)) && n > 0 &&
	    (message.msg_flags & MSG_TRUNC) == 0)
		return 1;
	p->lost = n > 0;
	close_fds(p);
	return -1;
}

void *
packet_map(const struct packet *p, size_t fd, uint64_t size)
{
	struct stat st;
	void *mapped;

	if (fd >= PACKET_FDS || p->fds[fd] < 0 || fstat(p->fds[fd], &st) != 0 || (uint64_t)st.st_size < size || size == 0)
		return NULL;
	/* All of it will be read: mapped at once it costs a tenth of what faults do. */
	mapped = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED | MAP_POPULATE, p->fds[fd], 0);
	return mapped != MAP_FAILED ? mapped : NULL;
}
