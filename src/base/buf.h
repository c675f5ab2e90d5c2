/* A growable buffer: bytes are appended at the end and consumed at the front.
 *
 * A failed allocation, or growth past `limit`, sets `failed` and leaves the
 * contents as they were; the flag sticks, so a caller may append many times
 * and ask once. Zero-initialise, or use buf_init(); release with buf_free(). */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/span.h"

struct buf {
	char *data;
	size_t len;   /* unread bytes begin at data + start */
	size_t start; /* consumed, reclaimed when room is needed */
	size_t cap;
	size_t limit; /* most unread bytes it may hold; 0 = no limit */
	bool failed;
	bool secret; /* what it held is wiped before its memory goes */
};

void buf_init(struct buf *b, size_t limit);
/* For what may be a password: wiped whenever it is cleared, moved or freed. */
void buf_init_secret(struct buf *b, size_t limit);
void buf_free(struct buf *b);
/* Forgets the contents and the failure, keeps the memory. */
void buf_clear(struct buf *b);
/* Gives back the memory that holds nothing: all of it when the buffer is empty. */
void buf_shrink(struct buf *b);

/* Room for `len` more bytes; NULL on failure. buf_commit() makes the written
 * ones part of the contents. */
char *buf_reserve(struct buf *b, size_t len);
void buf_commit(struct buf *b, size_t len);

void buf_add(struct buf *b, const void *data, size_t len);
void buf_add_span(struct buf *b, struct span s);
void buf_add_str(struct buf *b, const char *text);
void buf_add_byte(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The unread bytes; valid until the next call that adds. */
static inline struct span
buf_span(const struct buf *b)
{
	return b->len > 0 ? span_of(b->data + b->start, b->len) : span_of(b->data, 0);
}

/* Drops len bytes (at most all) from the front. */
void buf_consume(struct buf *b, size_t len);

/* The contents as a NUL-terminated string owned by the buffer, "" on failure.
 * The NUL is not counted by the limit. */
const char *buf_str(struct buf *b);

/* Fixed-width little-endian numbers and counted bytes, for the messages
 * between gatepost's own processes. */
void buf_put_u32(struct buf *b, uint32_t value);
void buf_put_u64(struct buf *b, uint64_t value);
void buf_put_span(struct buf *b, struct span s);

/* The inverse: each takes its value off *in and returns false, leaving *in
 * empty, when it is short; so a caller may take many values and look at the
 * last result. Taken spans point into *in. */
bool take_u32(struct span *in, uint32_t *value);
bool take_u64(struct span *in, uint64_t *value);
bool take_span(struct span *in, struct span *value);

#endif
