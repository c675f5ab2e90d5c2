/* Where a message is held while it is judged: in a buffer up to
 * MESSAGE_INLINE_MAX, then in a memfd, then (above `memory` octets) in a file
 * without a name. So a large message costs no process heap, and nothing is
 * left behind whatever dies. */
#ifndef PROXY_SPOOL_H
#define PROXY_SPOOL_H

#include "base/buf.h"

#include <sys/types.h>

struct spool {
	const char *folder; /* for files; lives on */
	uint64_t memory;    /* octets above which a file is used */
	struct buf bytes;   /* up to MESSAGE_INLINE_MAX */
	int fd;             /* memfd or file, -1 while in `bytes` */
	int reader;         /* the file, opened for reading only; -1 without one */
	bool on_disk;
	uint64_t size;
};

void spool_init(struct spool *s, const char *folder, uint64_t memory);
/* Empties it for the next message. */
void spool_reset(struct spool *s);
/* False when there is no room: memory is out or the disk is full. */
bool spool_add(struct spool *s, struct span bytes);
/* The message when it is held in the buffer: s->fd < 0. */
struct span spool_bytes(const struct spool *s);
/* Reads up to len octets at offset; the number read, 0 at the end, -1 on error. */
ssize_t spool_read(const struct spool *s, uint64_t offset, char *out, size_t len);
/* Nobody may change a memfd any more, not even whom it is passed to. */
void spool_seal(struct spool *s);
/* A descriptor for another process, which can read the message by it and (once
 * sealed) do no more. Owned by the spool; -1 while in the buffer. */
int spool_reader(const struct spool *s);
/* An empty file without a name in the same folder; -1 on error. */
int spool_scratch(const struct spool *s);

#endif
