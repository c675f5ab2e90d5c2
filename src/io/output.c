/* The queue of unsent output.
 *
 * Nearly all output is a reply of a few hundred octets, sent at once and
 * whole: it is gathered in one block that the loop lends, and costs neither
 * malloc() nor a list. Only what does not fit there becomes a list of pieces.
 *
 * A range of a file goes by sendfile(), or is read a block at a time and given
 * to TLS. (An evbuffer would have to map the file for TLS; a disk that fails
 * would then be a SIGBUS and not an error.) A file that turns out shorter than
 * it was when queued is an error: a peer is never left waiting for octets
 * that will not come. */
#include "config.h"

#include "io/output.h"

#include "io/loop_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	/* Copying this much costs less than the list's malloc() and, for a
	 * file, than a sendfile() of its own. */
	COPY_MAX = 16 * 1024,
	/* A piece of gathered octets grows up to this. */
	PIECE_MAX = 256 * 1024,
	/* The block and some pieces go by one writev. */
	GATHER_MAX = 8,
	/* One sendfile(); so that one fast reader of a large file does not hold up the others. */
	FILE_SEND_MAX = 512 * 1024,
};

struct piece {
	struct piece *next;
	struct buf own;       /* octets of our own, or */
	struct span borrowed; /* octets of others, or */
	int fd;               /* a file, -1 = none */
	uint64_t offset, length;
};

static struct span
piece_span(const struct piece *p)
{
	return p->own.len > 0 ? buf_span(&p->own) : p->borrowed;
}

static void
piece_free(struct piece *p)
{
	if (p->fd >= 0)
		close(p->fd);
	buf_free(&p->own);
	free(p);
}

static void
drop_first_piece(struct output *o)
{
	struct piece *p = o->pieces;

	o->pieces = p->next;
	if (o->pieces == NULL)
		o->last = NULL;
	piece_free(p);
}

/* It may have been a password on its way: its memory is wiped. */
static void
drop_head(struct output *o, size_t len)
{
	if (len > 0)
		explicit_bzero(o->head.data + o->head.start, len);
	buf_consume(&o->head, len);
}

void
output_free(struct loop *l, struct output *o)
{
	while (o->pieces != NULL)
		drop_first_piece(o);
	drop_head(o, o->head.len);
	output_unstage(l, o);
	block_give(l, &o->head);
	o->pending = 0;
}

static struct piece *
piece_add(struct output *o)
{
	struct piece *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->fd = -1;
	buf_init_secret(&p->own, 0);
	if (o->last != NULL)
		o->last->next = p;
	else
		o->pieces = p;
	o->last = p;
	return p;
}

static bool
add_to_pieces(struct output *o, struct span bytes)
{
	struct piece *p = o->last;

	if (p == NULL || p->own.len == 0 || p->own.len + bytes.len > PIECE_MAX)
		p = piece_add(o);
	if (p == NULL)
		return false;
	buf_add_span(&p->own, bytes);
	return !p->own.failed;
}

/* Room behind the head for len more octets; NULL when it must be a piece. */
static char *
head_room(struct loop *l, struct output *o, size_t len)
{
	/* Never moved, so that what is dropped is all that there was. */
	if (o->pieces != NULL || len > BLOCK_SIZE - o->head.start - o->head.len)
		return NULL;
	if (o->head.data == NULL && !block_take(l, &o->head))
		return NULL;
	return buf_reserve(&o->head, len);
}

bool
output_add(struct loop *l, struct output *o, struct span bytes)
{
	char *room;

	if (bytes.len == 0)
		return true;
	room = head_room(l, o, bytes.len);
	if (room != NULL) {
		memcpy(room, bytes.data, bytes.len);
		buf_commit(&o->head, bytes.len);
	} else if (!add_to_pieces(o, bytes))
		return false;
	o->pending += bytes.len;
	return true;
}

bool
output_add_static(struct loop *l, struct output *o, struct span bytes)
{
	struct piece *p;

	if (bytes.len <= COPY_MAX)
		return output_add(l, o, bytes);
	p = piece_add(o);
	if (p == NULL)
		return false;
	p->borrowed = bytes;
	o->pending += bytes.len;
	return true;
}

static bool
read_range(int fd, char *to, size_t len, uint64_t offset)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = pread(fd, to + got, len - got, (off_t)(offset + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	return true;
}

static bool
add_range(struct output *o, int fd, uint64_t offset, uint64_t length)
{
	struct piece *p;
	struct stat status;
	uint64_t end;

	if (fstat(fd, &status) != 0 || __builtin_add_overflow(offset, length, &end) || end > (uint64_t)status.st_size)
		return false;
	p = piece_add(o);
	if (p == NULL)
		return false;
	p->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	p->offset = offset;
	p->length = length;
	o->pending += length;
	return p->fd >= 0;
}

bool
output_add_file(struct loop *l, struct output *o, int fd, uint64_t offset, uint64_t length)
{
	char *room;

	if (length == 0)
		return true;
	room = length <= COPY_MAX ? head_room(l, o, (size_t)length) : NULL;
	if (room == NULL)
		return add_range(o, fd, offset, length);
	if (!read_range(fd, room, (size_t)length, offset))
		return false;
	buf_commit(&o->head, (size_t)length);
	o->pending += length;
	return true;
}

static ssize_t
send_file(const struct piece *p, int socket, bool *all)
{
	size_t len = p->length < FILE_SEND_MAX ? (size_t)p->length : FILE_SEND_MAX;
	off_t offset = (off_t)p->offset;
	ssize_t n = sendfile(socket, p->fd, &offset, len);

	if (n == 0) {
		errno = EIO;
		return -1;
	}
	*all = n == (ssize_t)len;
	return n;
}

static ssize_t
send_octets(const struct output *o, int socket, bool *all)
{
	struct iovec parts[GATHER_MAX];
	struct msghdr message = { .msg_iov = parts };
	const struct piece *p = o->pieces;
	size_t len = o->head.len;
	ssize_t n;

	if (len > 0)
		parts[message.msg_iovlen++] = (struct iovec){ o->head.data + o->head.start, len };
	for (; p != NULL && p->fd < 0 && message.msg_iovlen < GATHER_MAX; p = p->next) {
		struct span s = piece_span(p);

		parts[message.msg_iovlen++] = (struct iovec){ (void *)(uintptr_t)s.data, s.len };
		len += s.len;
	}
	n = sendmsg(socket, &message, MSG_NOSIGNAL | (p != NULL ? MSG_MORE : 0));
	*all = n == (ssize_t)len;
	return n;
}

ssize_t
output_send(struct loop *l, struct output *o, int socket, bool *all)
{
	bool file = o->head.len == 0 && o->pieces != NULL && o->pieces->fd >= 0;
	ssize_t n = file ? send_file(o->pieces, socket, all) : send_octets(o, socket, all);

	if (n > 0)
		output_drop(l, o, (size_t)n);
	return n;
}

static bool
stage(struct loop *l, struct output *o)
{
	const struct piece *p = o->pieces;
	size_t len = p->length < BLOCK_SIZE ? (size_t)p->length : BLOCK_SIZE;

	if (o->staged.data == NULL && !block_take(l, &o->staged))
		return false;
	if (!read_range(p->fd, o->staged.data, len, p->offset))
		return false;
	buf_commit(&o->staged, len);
	return true;
}

bool
output_peek(struct loop *l, struct output *o, struct span *front)
{
	if (o->head.len > 0)
		*front = buf_span(&o->head);
	else if (o->pieces == NULL)
		*front = SPAN_NONE;
	else if (o->pieces->fd < 0)
		*front = piece_span(o->pieces);
	else if (o->staged.len == 0 && !stage(l, o))
		return false;
	else
		*front = buf_span(&o->staged);
	return true;
}

void
output_unstage(struct loop *l, struct output *o)
{
	block_give(l, &o->staged);
}

/* Takes len octets, at most all, off the piece in front. */
static size_t
piece_drop(struct output *o, struct piece *p, size_t len)
{
	if (p->fd >= 0) {
		len = len < p->length ? len : (size_t)p->length;
		p->offset += len;
		p->length -= len;
		buf_consume(&o->staged, len);
		if (p->length == 0)
			drop_first_piece(o);
		return len;
	}
	len = len < piece_span(p).len ? len : piece_span(p).len;
	if (p->own.len > 0)
		buf_consume(&p->own, len);
	else
		p->borrowed = span_from(p->borrowed, len);
	if (piece_span(p).len == 0)
		drop_first_piece(o);
	return len;
}

void
output_drop(struct loop *l, struct output *o, size_t len)
{
	size_t head = len < o->head.len ? len : o->head.len;

	o->pending -= len;
	drop_head(o, head);
	len -= head;
	while (len > 0)
		len -= piece_drop(o, o->pieces, len);
	if (o->head.len == 0 && o->head.data != NULL)
		block_give(l, &o->head);
}
