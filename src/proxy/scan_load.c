/* A page for each scanner, so that the others' can be unmapped. */
#include "config.h"

#include "proxy/scan_load.h"

#include "base/clock.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct place {
	_Atomic uint64_t job, since;
	_Atomic uint64_t last; /* job of the scanner before */
};

struct scan_load {
	char *map;
	size_t scanners, page;
};

struct scan_load *
scan_load_new(size_t scanners)
{
	struct scan_load *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->scanners = scanners;
	l->page = (size_t)sysconf(_SC_PAGESIZE);
	l->map = mmap(NULL, scanners * l->page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (l->map == MAP_FAILED) {
		free(l);
		return NULL;
	}
	return l;
}

void
scan_load_free(struct scan_load **l)
{
	if (*l != NULL)
		munmap((*l)->map, (*l)->scanners * (*l)->page);
	free(*l);
	*l = NULL;
}

static struct place *
place_of(const struct scan_load *l, size_t scanner)
{
	return (struct place *)(void *)(l->map + scanner * l->page);
}

void
scan_load_own(struct scan_load *l, size_t scanner)
{
	struct place *p = place_of(l, scanner);

	for (size_t i = 0; i < l->scanners; i++)
		if (i != scanner)
			munmap(place_of(l, i), l->page);
	atomic_store_explicit(&p->last, atomic_load_explicit(&p->job, memory_order_relaxed), memory_order_relaxed);
	scan_load_tell(l, scanner, 0);
}

void
scan_load_tell(struct scan_load *l, size_t scanner, uint64_t job)
{
	struct place *p = place_of(l, scanner);

	atomic_store_explicit(&p->since, clock_millis(), memory_order_relaxed);
	atomic_store_explicit(&p->job, job, memory_order_release);
}

uint64_t
scan_load_job(const struct scan_load *l, size_t scanner, uint64_t *since)
{
	const struct place *p = place_of(l, scanner);
	uint64_t job = atomic_load_explicit(&p->job, memory_order_acquire);

	*since = atomic_load_explicit(&p->since, memory_order_relaxed);
	return job;
}

void
scan_load_ends(const struct scan_load *l, size_t scanner, uint64_t jobs[SCAN_LOAD_ENDS])
{
	const struct place *p = place_of(l, scanner);

	jobs[0] = atomic_load_explicit(&p->job, memory_order_acquire);
	jobs[1] = atomic_load_explicit(&p->last, memory_order_relaxed);
}
