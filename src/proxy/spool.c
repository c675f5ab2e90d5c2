/* The spool of one message. */
#include "config.h"

#include "proxy/spool.h"

#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/types.h>
#include <unistd.h>

enum { COPY_MOST = 1 << 30 }; /* octets sendfile is asked for at once */

void
spool_init(struct spool *s, const char *folder, uint64_t memory)
{
	*s = (struct spool){ .folder = folder, .memory = memory, .fd = -1, .reader = -1 };
}

void
spool_reset(struct spool *s)
{
	if (s->fd >= 0)
		close(s->fd);
	if (s->reader >= 0)
		close(s->reader);
	s->fd = s->reader = -1;
	s->on_disk = false;
	s->size = 0;
	buf_free(&s->bytes);
}

static bool
write_all(int fd, struct span bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.data, bytes.len);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			bytes = span_from(bytes, (size_t)n);
	}
	return true;
}

int
spool_scratch(const struct spool *s)
{
	return open(s->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static bool
to_memfd(struct spool *s)
{
	s->fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (s->fd < 0 || !write_all(s->fd, buf_span(&s->bytes)))
		return false;
	buf_free(&s->bytes);
	return true;
}

/* A file that has no name any more, and a second way to it that cannot write. */
static bool
nameless_file(struct spool *s, int *file)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/gatepost.XXXXXX", s->folder);
	*file = mkostemp(path, O_CLOEXEC);
	if (*file < 0)
		return false;
	s->reader = open(path, O_RDONLY | O_CLOEXEC);
	unlink(path);
	if (s->reader >= 0)
		return true;
	close(*file);
	return false;
}

static bool
to_disk(struct spool *s)
{
	off_t from = 0;
	int file;

	if (!nameless_file(s, &file))
		return false;
	while ((uint64_t)from < s->size) {
		ssize_t n = sendfile(file, s->fd, &from, COPY_MOST);

		if (n == 0 || (n < 0 && errno != EINTR)) {
			close(file);
			return false;
		}
	}
	close(s->fd);
	s->fd = file;
	s->on_disk = true;
	return true;
}

bool
spool_add(struct spool *s, struct span bytes)
{
	uint64_t size = s->size + bytes.len;

	if (s->fd < 0 && size <= MESSAGE_INLINE_MAX) {
		buf_add_span(&s->bytes, bytes);
		s->size = size;
		return !s->bytes.failed;
	}
	if (s->fd < 0 && !to_memfd(s))
		return false;
	if (!s->on_disk && size > s->memory && !to_disk(s))
		return false;
	s->size = size;
	return write_all(s->fd, bytes);
}

struct span
spool_bytes(const struct spool *s)
{
	return buf_span(&s->bytes);
}

ssize_t
spool_read(const struct spool *s, uint64_t offset, char *out, size_t len)
{
	ssize_t n;

	if (s->fd < 0) {
		struct span rest = span_first(span_from(buf_span(&s->bytes), (size_t)offset), len);

		memcpy(out, rest.data != NULL ? rest.data : "", rest.len);
		return (ssize_t)rest.len;
	}
	do
		n = pread(s->fd, out, len, (off_t)offset);
	while (n < 0 && errno == EINTR);
	return n;
}

void
spool_seal(struct spool *s)
{
	if (s->fd >= 0 && !s->on_disk)
		fcntl(s->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
}

int
spool_reader(const struct spool *s)
{
	return s->on_disk ? s->reader : s->fd;
}
