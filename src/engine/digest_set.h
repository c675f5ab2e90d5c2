/* A set of digests of one kind, each with a number. For signature.c. */
#ifndef ENGINE_DIGEST_SET_H
#define ENGINE_DIGEST_SET_H

#include "engine/signature.h"

/* Zero-initialised is empty. */
struct digest_set {
	unsigned char *records; /* digest, then the number as it lies in memory */
	size_t count, cap;      /* of records */
};

void digest_set_add(struct arena *a, struct digest_set *s, enum digest_kind kind, const unsigned char *digest,
    uint32_t number);
/* After the last add, before the first find. */
void digest_set_sort(struct digest_set *s, enum digest_kind kind);
/* Calls found for each record of this digest. */
void digest_set_find(const struct digest_set *s, enum digest_kind kind, const unsigned char *digest,
    void (*found)(void *context, uint32_t number), void *context);

#endif
