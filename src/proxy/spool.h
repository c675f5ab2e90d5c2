/* Where a message is held while it is judged: in a buffer up to
 * MESSAGE_INLINE_MAX, then in a segment of shared memory, then (above `memory`
 * octets, or when all segments together are large) in a file without a name.
 * So a large message costs no process heap, and nothing is left behind
 * whatever dies. */
#ifndef PROXY_SPOOL_H
#define PROXY_SPOOL_H

#include "base/buf.h"
#include "io/loop.h"

#include <sys/types.h>

/* What the spools of one process share: segments are used again, for their
 * pages cost more than the bytes that go in. After some seconds without use
 * they are given back. */
struct spool_pool;
/* folder: for files, lives on. memory: octets of one message in a segment. */
struct spool_pool *spool_pool_new(struct loop *l, const char *folder, uint64_t memory);
void spool_pool_free(struct spool_pool **p);

struct spool_segment;

struct spool {
	struct spool_pool *pool;
	struct buf bytes;              /* up to MESSAGE_INLINE_MAX */
	struct spool_segment *segment; /* or here */
	int file;                      /* or here; -1 = not */
	int file_reader;               /* the file, opened for reading only */
	uint64_t size;
	char *map;                     /* the file's, or NULL */
	bool astray;                   /* a scanner may still read it that nobody waits for */
};

void spool_init(struct spool *s, struct spool_pool *pool);
/* Empties it for the next message. `shared`: another process may still read
 * the segment, so that it is not used again. */
void spool_reset(struct spool *s, bool shared);
/* False when there is no room: memory is out or the disk is full. */
bool spool_add(struct spool *s, struct span bytes);
/* The message where it is in memory; data == NULL when it is in a file. */
struct span spool_bytes(const struct spool *s);
/* All of it, a file mapped for reading; data == NULL when it cannot be. Nothing is
 * added after that; it lies there until the spool is reset. */
struct span spool_map(struct spool *s);
/* The file, or -1. */
int spool_file(const struct spool *s);
/* Reads up to len octets of the file at offset; 0 at the end, -1 on error. */
ssize_t spool_read(const struct spool *s, uint64_t offset, char *out, size_t len);
/* A descriptor by which another process can read the first `size` octets and
 * write nothing. Owned by the spool; -1 while in the buffer. */
int spool_reader(const struct spool *s);
/* An empty file without a name in the same folder; -1 on error. */
int spool_scratch(const struct spool *s);

#endif
