/* A mapping of a descriptor that grows, for decoded bodies.
 *
 * It stays mapped from one body to the next, since mapping and touching fresh
 * pages costs more than decoding into them. Past SCRATCH_KEPT it shrinks again
 * as soon as a body fits, so one large attachment does not hold its memory.
 *
 * Limit: when the descriptor is a file and its disk is full, writing to the
 * mapping ends the process (SIGBUS), as a broken message would. */
#include "config.h"

#include "mime/decode.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	SCRATCH_STEP = 64 * 1024, /* grows by multiples of it */
	SCRATCH_KEPT = 8 * 1024 * 1024,
};

struct scratch {
	int fd;
	char *map;
	size_t cap;
};

struct scratch *
scratch_new(int fd)
{
	struct scratch *s = calloc(1, sizeof(*s));

	if (fd < 0)
		fd = memfd_create("gatepost-scratch", MFD_CLOEXEC);
	if (s == NULL || fd < 0) {
		if (fd >= 0)
			close(fd);
		free(s);
		return NULL;
	}
	s->fd = fd;
	return s;
}

void
scratch_free(struct scratch **s)
{
	if (*s == NULL)
		return;
	if ((*s)->map != NULL)
		munmap((*s)->map, (*s)->cap);
	close((*s)->fd);
	free(*s);
	*s = NULL;
}

/* The file is made longer before the mapping and shorter after it, so that no
 * page of the mapping is ever past the end. */
static bool
resize(struct scratch *s, size_t cap)
{
	void *map;

	if (cap > s->cap && ftruncate(s->fd, (off_t)cap) != 0)
		return false;
	if (s->map == NULL)
		map = mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	else
		map = mremap(s->map, s->cap, cap, MREMAP_MAYMOVE);
	if (map == MAP_FAILED)
		return false;
	s->map = map;
	if (cap < s->cap && ftruncate(s->fd, (off_t)cap) != 0)
		return false;
	s->cap = cap;
	return true;
}

char *
scratch_room(struct scratch *s, size_t len)
{
	size_t cap = len < SCRATCH_STEP ? SCRATCH_STEP : (len + SCRATCH_STEP - 1) / SCRATCH_STEP * SCRATCH_STEP;

	if (len > SIZE_MAX / 2)
		return NULL;
	if (cap > s->cap)
		return resize(s, cap) ? s->map : NULL;
	if (s->cap > SCRATCH_KEPT && len <= SCRATCH_KEPT)
		return resize(s, SCRATCH_KEPT) ? s->map : NULL;
	return s->map;
}
