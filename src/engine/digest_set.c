/* Digests as one sorted array of records without padding: 28 bytes for an MD5,
 * and a set of a million is 28 MB. It is searched by halving, which takes twenty
 * comparisons once for a content. Where all digests are told with the size of
 * their content, few contents have one of the sizes, and of the others no
 * digest is computed. */
#include "config.h"

#include "engine/digest_set.h"

#include <stdlib.h>

struct tail {
	uint64_t size;
	uint32_t number;
} __attribute__((packed));

static size_t
record_size(enum digest_kind kind)
{
	return digest_size(kind) + sizeof(struct tail);
}

void
digest_set_add(struct arena *a, struct digest_set *s, enum digest_kind kind, const unsigned char *digest, uint64_t size,
    uint32_t number)
{
	struct tail tail = { size, number };
	unsigned char *record;

	s->records = arena_grow(a, s->records, record_size(kind), &s->cap, s->count + 1);
	record = s->records + s->count++ * record_size(kind);
	memcpy(record, digest, digest_size(kind));
	memcpy(record + digest_size(kind), &tail, sizeof(tail));
}

static struct tail
tail_of(const struct digest_set *s, enum digest_kind kind, size_t record)
{
	struct tail tail;

	memcpy(&tail, s->records + record * record_size(kind) + digest_size(kind), sizeof(tail));
	return tail;
}

static int
compare(const void *x, const void *y, void *size)
{
	return memcmp(x, y, *(const size_t *)size);
}

static int
compare_sizes(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

	return (a > b) - (a < b);
}

static void
collect_sizes(struct arena *a, struct digest_set *s, enum digest_kind kind)
{
	size_t kept = 0;

	s->sizes = ARENA_ARRAY(a, uint64_t, s->count);
	for (size_t i = 0; i < s->count; i++) {
		s->sizes[s->size_count] = tail_of(s, kind, i).size;
		s->any_size |= s->sizes[s->size_count] == DIGEST_ANY_SIZE;
		s->size_count += s->sizes[s->size_count] != DIGEST_ANY_SIZE;
	}
	if (s->size_count > 1)
		qsort(s->sizes, s->size_count, sizeof(*s->sizes), compare_sizes);
	for (size_t i = 0; i < s->size_count; i++)
		if (kept == 0 || s->sizes[i] != s->sizes[kept - 1])
			s->sizes[kept++] = s->sizes[i];
	s->size_count = kept;
}

void
digest_set_sort(struct arena *a, struct digest_set *s, enum digest_kind kind)
{
	size_t size = record_size(kind);

	if (s->count == 0)
		return;
	qsort_r(s->records, s->count, size, compare, &size);
	collect_sizes(a, s, kind);
}

bool
digest_set_has_size(const struct digest_set *s, uint64_t size)
{
	return s->any_size ||
	    (s->size_count > 0 && bsearch(&size, s->sizes, s->size_count, sizeof(size), compare_sizes) != NULL);
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
digest_set_find(const struct digest_set *s, enum digest_kind kind, const unsigned char *digest, uint64_t size,
    void (*found)(void *context, uint32_t number), void *context)
{
	for (size_t i = lower_bound(s, kind, digest); i < s->count; i++) {
		struct tail tail;

		if (memcmp(s->records + i * record_size(kind), digest, digest_size(kind)) != 0)
			break;
		tail = tail_of(s, kind, i);
		if (tail.size == size || tail.size == DIGEST_ANY_SIZE)
			found(context, tail.number);
	}
}
