/* Edits are regions over an untouched original: (offset, length, replacement),
 * sorted, not overlapping. Whoever writes a message out streams original and
 * replacements and knows no MIME. */
#ifndef REWRITE_EDIT_H
#define REWRITE_EDIT_H

#include "base/arena.h"
#include "base/buf.h"

/* What an edit in place has behind its replacement: each
 * octet of the original by what it is, so that a long body needs no long
 * replacement. CR and LF always stay. */
enum edit_fill {
	FILL_NONE,   /* nothing: the replacement is all */
	FILL_BLANK,  /* SP */
	FILL_BASE64, /* characters of the alphabet become "A"; "=" and blanks stay, others become "*" or "_" */
	/* base64 of spaces, in lines of `line` octets with their ends: the alphabet's "ICAg" by its place in the line */
	FILL_BASE64_LINES,
	FILL_QUOTED, /* digits of escapes become "3", other characters "."; "=" and blanks stay */
};

struct edit {
	uint64_t offset, length;  /* in the original; length 0 inserts */
	struct span replacement;
	enum edit_fill fill;      /* of what is longer than the replacement */
	uint32_t line;            /* of FILL_BASE64_LINES, which are counted from the end of the replacement */
};

struct edits {
	struct arena *arena;
	struct edit *items; /* sorted by offset once edits_finish() ran */
	size_t count, cap;
};

void edits_init(struct edits *e, struct arena *a);
/* The replacement must live as long as the arena. */
void edits_add(struct edits *e, uint64_t offset, uint64_t length, struct span replacement);
/* In place: length is that of the replacement, or more where there is a fill. */
void edits_add_filled(struct edits *e, const struct edit *edit);
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
/* What an octet becomes by one of the fills for which its place does not matter. */
char edit_filled_octet(enum edit_fill fill, char c);
/* True when one has a fill. */
bool edits_filled(const struct edit *items, size_t count);
/* Also valid, and each puts as many octets as it takes: what edits_overlay()
 * wants. */
bool edits_in_place(const struct edit *items, size_t count, uint64_t original_size);
/* Makes `len` octets of the original, which begin at `offset` there, what they
 * are after the edits. In any cuts and any order, the same octet is always the
 * same. The edits are as edits_in_place() says. */
void edits_overlay(const struct edit *items, size_t count, uint64_t offset, char *bytes, size_t len);
/* Encoding for other processes and the disk. edits_take() takes what
 * edits_put() put off *in: sorted edits, whose replacements point into *in;
 * NULL when it is malformed. */
void edits_put(struct buf *out, const struct edit *items, size_t count);
const struct edit *edits_take(struct arena *a, struct span *in, size_t *count);
/* A copy in the arena, the replacements too. */
const struct edit *edits_copy(struct arena *a, const struct edit *items, size_t count);
/* Calls piece() for each run of bytes in turn: `original` true = bytes.len
 * octets of the message from offset on (bytes.data is NULL), else `bytes` is a
 * replacement. Returns false when piece() did, which stops it, or, before the
 * first call, when the edits are not valid or one has a fill. */
bool edits_stream(const struct edit *items, size_t count, uint64_t original_size,
    bool (*piece)(void *context, bool original, uint64_t offset, struct span bytes), void *context);

/* Edits over a message that comes piece by piece. Zero-initialise all but the
 * first two, which are as edits_valid() says and have no fill. */
struct edit_push {
	const struct edit *items;
	size_t count;
	size_t at;       /* the next one */
	uint64_t taken;  /* octets of the original */
	bool within;     /* what that one takes away has begun */
};
/* The message's next octets: calls piece() for what they are after the edits. */
void edits_push(struct edit_push *p, struct span octets, void (*piece)(void *context, struct span bytes), void *context);
/* No more octets come: what is put in there. */
void edits_push_end(struct edit_push *p, void (*piece)(void *context, struct span bytes), void *context);

#endif
