/* Edits are regions over an untouched original: (offset, length, replacement),
 * sorted, not overlapping. Whoever writes a message out streams original and
 * replacements and knows no MIME. */
#ifndef REWRITE_EDIT_H
#define REWRITE_EDIT_H

#include "base/arena.h"

struct edit {
	uint64_t offset, length;  /* in the original; length 0 inserts */
	struct span replacement;
};

struct edits {
	struct arena *arena;
	struct edit *items; /* sorted by offset once edits_finish() ran */
	size_t count, cap;
};

void edits_init(struct edits *e, struct arena *a);
/* The replacement must live as long as the arena. */
void edits_add(struct edits *e, uint64_t offset, uint64_t length, struct span replacement);
/* Sorts; an edit inside another is dropped (the outer one wins); inserts at
 * one offset keep their order and come before what is replaced there. Of two
 * that overlap in part the first keeps its replacement and grows over the
 * second: what either removes is removed. */
void edits_finish(struct edits *e);
/* Octets of the message after the edits. */
uint64_t edits_apply_size(const struct edits *e, uint64_t original);
/* Sorted, apart from each other and within a message of that size. Asked of
 * edits that came from another process. */
bool edits_valid(const struct edit *items, size_t count, uint64_t original_size);
/* A copy in the arena, the replacements too. */
const struct edit *edits_copy(struct arena *a, const struct edit *items, size_t count);
/* Calls piece() for each run of bytes in turn: `original` true = bytes.len
 * octets of the message from offset on (bytes.data is NULL), else `bytes` is a
 * replacement. Returns false when piece() did, which stops it, or, before the
 * first call, when the edits are not valid. */
bool edits_stream(const struct edit *items, size_t count, uint64_t original_size,
    bool (*piece)(void *context, bool original, uint64_t offset, struct span bytes), void *context);

#endif
