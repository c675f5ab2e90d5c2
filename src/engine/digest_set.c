/* Digests as one sorted array of records without padding: 20 bytes for an MD5,
 * and a set of a million is 20 MB. It is searched by halving. */
#include "config.h"

#include "engine/digest_set.h"

#include <stdlib.h>

static size_t
record_size(enum digest_kind kind)
{
	return digest_size(kind) + sizeof(uint32_t);
}

void
digest_set_add(struct arena *a, struct digest_set *s, enum digest_kind kind, const unsigned char *digest, uint32_t number)
{
	size_t size = record_size(kind);
	unsigned char *record;

	s->records = arena_grow(a, s->records, size, &s->cap, s->count + 1);
	record = s->records + s->count++ * size;
	memcpy(record, digest, digest_size(kind));
	memcpy(record + digest_size(kind), &number, sizeof(number));
}

static int
compare(const void *x, const void *y, void *size)
{
	return memcmp(x, y, *(const size_t *)size);
}

void
digest_set_sort(struct digest_set *s, enum digest_kind kind)
{
	size_t size = record_size(kind);

	if (s->count > 1)
		qsort_r(s->records, s->count, size, compare, &size);
}

/* The first record that is not less than the digest. */
static size_t
lower_bound(const struct digest_set *s, enum digest_kind kind, const unsigned char *digest)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(s->records + middle * record_size(kind), digest, digest_size(kind)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
digest_set_find(const struct digest_set *s, enum digest_kind kind, const unsigned char *digest,
    void (*found)(void *context, uint32_t number), void *context)
{
	for (size_t i = lower_bound(s, kind, digest); i < s->count; i++) {
		const unsigned char *record = s->records + i * record_size(kind);
		uint32_t number;

		if (memcmp(record, digest, digest_size(kind)) != 0)
			break;
		memcpy(&number, record + digest_size(kind), sizeof(number));
		found(context, number);
	}
}
