/* The spool of one message.
 *
 * A segment is a memfd that is mapped here for writing and then sealed: who
 * gets the descriptor can map it for reading and do no more, while we go on
 * writing through the mapping. So a segment can be used for one message after
 * another without giving its pages back and having them zeroed again. */
#include "config.h"

#include "proxy/spool.h"

#include "base/file.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010 /* Linux 5.1 */
#endif

enum {
	KEPT_ALL = 64 * 1024 * 1024, /* octets of segments at rest, a process: a few large messages */
	KEPT_MS = 10 * 1000,         /* without use, then they are given back */
};
static const uint64_t segments_most = 256 * 1024 * 1024; /* octets of all segments in use, a process */

struct spool_segment {
	SLIST_ENTRY(spool_segment) others;
	int fd;
	char *map;
	size_t cap, touched;
};

struct spool_pool {
	struct loop *loop;
	struct timer *idle;
	const char *folder;
	uint64_t memory;
	SLIST_HEAD(, spool_segment) resting;
	uint64_t rest, in_use;
};

static void
segment_free(struct spool_segment *g)
{
	munmap(g->map, g->cap);
	close(g->fd);
	free(g);
}

static void
free_resting(void *context)
{
	struct spool_pool *p = context;
	struct spool_segment *g;

	while ((g = SLIST_FIRST(&p->resting)) != NULL) {
		SLIST_REMOVE_HEAD(&p->resting, others);
		segment_free(g);
	}
	p->rest = 0;
}

struct spool_pool *
spool_pool_new(struct loop *l, const char *folder, uint64_t memory)
{
	struct spool_pool *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->loop = l;
	p->folder = folder;
	p->memory = memory;
	p->idle = timer_new(l, free_resting, p);
	if (p->idle == NULL)
		spool_pool_free(&p);
	return p;
}

void
spool_pool_free(struct spool_pool **pool)
{
	if (*pool == NULL)
		return;
	free_resting(*pool);
	timer_free(&(*pool)->idle);
	free(*pool);
	*pool = NULL;
}

static bool
segment_map(struct spool_segment *g)
{
	if (ftruncate(g->fd, (off_t)g->cap) != 0)
		return false;
	g->map = mmap(NULL, g->cap, PROT_READ | PROT_WRITE, MAP_SHARED, g->fd, 0);
	if (g->map == MAP_FAILED)
		return false;
	if (fcntl(g->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) == 0)
		return true;
	munmap(g->map, g->cap);
	return false;
}

static struct spool_segment *
segment_new(size_t cap)
{
	struct spool_segment *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	g->cap = cap;
	g->fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (g->fd >= 0 && segment_map(g))
		return g;
	if (g->fd >= 0)
		close(g->fd);
	free(g);
	return NULL;
}

static struct spool_segment *
segment_take(struct spool_pool *p)
{
	struct spool_segment *g = SLIST_FIRST(&p->resting);

	if (g == NULL)
		return segment_new((size_t)p->memory + MESSAGE_INLINE_MAX);
	SLIST_REMOVE_HEAD(&p->resting, others);
	p->rest -= g->touched;
	return g;
}

static void
segment_give_back(struct spool_pool *p, struct spool_segment *g, bool shared)
{
	if (shared || p->rest + g->touched > KEPT_ALL) {
		segment_free(g);
		return;
	}
	p->rest += g->touched;
	SLIST_INSERT_HEAD(&p->resting, g, others);
	timer_at(p->idle, loop_now(p->loop) + KEPT_MS);
}

void
spool_init(struct spool *s, struct spool_pool *pool)
{
	*s = (struct spool){ .pool = pool, .file = -1, .file_reader = -1 };
}

static void
leave_segment(struct spool *s, bool shared)
{
	s->pool->in_use -= s->size;
	segment_give_back(s->pool, s->segment, shared);
	s->segment = NULL;
}

void
spool_reset(struct spool *s, bool shared)
{
	if (s->segment != NULL)
		leave_segment(s, shared || s->astray);
	if (s->map != NULL)
		munmap(s->map, (size_t)s->size);
	if (s->file >= 0)
		close(s->file);
	if (s->file_reader >= 0)
		close(s->file_reader);
	buf_free(&s->bytes);
	spool_init(s, s->pool);
}

int
spool_scratch(const struct spool *s)
{
	return open(s->pool->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

/* A file that has no name any more, and a second way to it that cannot write. */
static bool
nameless_file(struct spool *s)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/gatepost.XXXXXX", s->pool->folder);
	s->file = mkostemp(path, O_CLOEXEC);
	if (s->file < 0)
		return false;
	s->file_reader = open(path, O_RDONLY | O_CLOEXEC);
	unlink(path);
	return s->file_reader >= 0;
}

static bool
to_file(struct spool *s)
{
	struct span so_far = spool_bytes(s);

	if (!nameless_file(s) || !write_all(s->file, so_far))
		return false;
	if (s->segment != NULL)
		leave_segment(s, false);
	buf_free(&s->bytes);
	return true;
}

static void
put_in_segment(struct spool *s, struct span bytes)
{
	if (bytes.len > 0)
		memcpy(s->segment->map + s->size, bytes.data, bytes.len);
	s->size += bytes.len;
	s->pool->in_use += bytes.len;
	if (s->size > s->segment->touched)
		s->segment->touched = s->size;
}

static bool
to_segment(struct spool *s)
{
	struct span so_far = buf_span(&s->bytes);

	s->segment = segment_take(s->pool);
	if (s->segment == NULL)
		return false;
	s->size = 0;
	put_in_segment(s, so_far);
	buf_free(&s->bytes);
	return true;
}

static bool
fits_segment(const struct spool *s, uint64_t size, size_t more)
{
	return s->file < 0 && size <= s->pool->memory && s->pool->in_use + more <= segments_most;
}

bool
spool_add(struct spool *s, struct span bytes)
{
	uint64_t size = s->size + bytes.len;

	if (bytes.len == 0)
		return true;
	if (s->file < 0 && s->segment == NULL && size <= MESSAGE_INLINE_MAX) {
		buf_add_span(&s->bytes, bytes);
		s->size = size;
		return !s->bytes.failed;
	}
	if (fits_segment(s, size, bytes.len) && (s->segment != NULL || to_segment(s))) {
		put_in_segment(s, bytes);
		return true;
	}
	if (s->file < 0 && !to_file(s))
		return false;
	s->size = size;
	return write_all(s->file, bytes);
}

struct span
spool_bytes(const struct spool *s)
{
	if (s->segment != NULL)
		return span_of(s->segment->map, (size_t)s->size);
	return s->file < 0 ? span_of(s->bytes.data != NULL ? buf_span(&s->bytes).data : "", (size_t)s->size) : SPAN_NONE;
}

struct span
spool_map(struct spool *s)
{
	void *map;

	if (s->file < 0)
		return spool_bytes(s);
	map = s->map != NULL ? s->map : mmap(NULL, (size_t)s->size, PROT_READ, MAP_SHARED, s->file_reader, 0);
	if (map == MAP_FAILED)
		return SPAN_NONE;
	s->map = map;
	return span_of(s->map, (size_t)s->size);
}

int
spool_file(const struct spool *s)
{
	return s->file;
}

ssize_t
spool_read(const struct spool *s, uint64_t offset, char *out, size_t len)
{
	ssize_t n;

	do
		n = pread(s->file, out, len, (off_t)offset);
	while (n < 0 && errno == EINTR);
	return n;
}

int
spool_reader(const struct spool *s)
{
	return s->segment != NULL ? s->segment->fd : s->file_reader;
}
