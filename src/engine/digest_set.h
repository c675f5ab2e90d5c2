/* A set of digests of one kind, each with a number. For signature.c. */
#ifndef ENGINE_DIGEST_SET_H
#define ENGINE_DIGEST_SET_H

#include "engine/signature.h"

#define DIGEST_ANY_SIZE UINT64_MAX

/* Zero-initialised is empty. */
struct digest_set {
	unsigned char *records; /* digest, number, size of the content */
	size_t count, cap;      /* of records */
	uint64_t *sizes;        /* sorted, each once; without DIGEST_ANY_SIZE */
	size_t size_count;
	bool any_size;          /* some digest stands for content of any size */
};

void digest_set_add(struct arena *a, struct digest_set *s, enum digest_kind kind, const unsigned char *digest,
    uint64_t size, uint32_t number);
/* After the last add, before the first find. */
void digest_set_sort(struct arena *a, struct digest_set *s, enum digest_kind kind);
/* Whether content of this size may be in the set at all. */
bool digest_set_has_size(const struct digest_set *s, uint64_t size);
/* Calls found for each record of this digest and size. */
void digest_set_find(const struct digest_set *s, enum digest_kind kind, const unsigned char *digest, uint64_t size,
    void (*found)(void *context, uint32_t number), void *context);

#endif
