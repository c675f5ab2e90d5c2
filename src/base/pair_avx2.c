/* Pairs of bytes on a CPU that has AVX2: both are compared at 32 places at a time,
 * and whether any place of four such blocks fits is one test, so that text without
 * one costs an instruction for six octets. What is left at the end is looked at
 * together with some of what stands before it. */
#include "config.h"

#include "base/pair.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

enum { BLOCKS = 4 };

bool
pair_has_avx2(void)
{
	return __builtin_cpu_supports("avx2") != 0;
}

struct wanted {
	__m256i first, first_mask, second, second_mask;
	size_t distance;
};

/* 0xff at each place that fits. */
__attribute__((target("avx2"))) static inline __m256i
fits(const struct wanted *w, const char *at)
{
	__m256i one = _mm256_loadu_si256((const __m256i *)(const void *)at);
	__m256i two = _mm256_loadu_si256((const __m256i *)(const void *)(at + w->distance));

	return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_or_si256(one, w->first_mask), w->first),
	    _mm256_cmpeq_epi8(_mm256_or_si256(two, w->second_mask), w->second));
}

__attribute__((target("avx2"))) static inline uint32_t
places(const struct wanted *w, const char *at)
{
	return (uint32_t)_mm256_movemask_epi8(fits(w, at));
}

__attribute__((target("avx2"))) static inline bool
fits_none(const struct wanted *w, const char *at)
{
	__m256i any = _mm256_or_si256(_mm256_or_si256(fits(w, at), fits(w, at + PAIR_BLOCK)),
	    _mm256_or_si256(fits(w, at + 2 * PAIR_BLOCK), fits(w, at + 3 * PAIR_BLOCK)));

	return _mm256_testz_si256(any, any) != 0;
}

__attribute__((target("avx2"))) size_t
pair_find_avx2(const struct pair *p, struct span text, size_t from)
{
	const struct wanted w = { _mm256_set1_epi8((char)p->first), _mm256_set1_epi8((char)p->first_mask),
		_mm256_set1_epi8((char)p->second), _mm256_set1_epi8((char)p->second_mask), p->distance };
	const char *at = text.data + from, *last = span_end(text) - p->distance - PAIR_BLOCK;
	uint32_t found;

	while (at <= last) {
		while (last - at >= (BLOCKS - 1) * PAIR_BLOCK && fits_none(&w, at))
			at += BLOCKS * PAIR_BLOCK;
		if (at > last)
			break;
		found = places(&w, at);
		if (found != 0)
			return (size_t)(at - text.data) + (size_t)__builtin_ctz(found);
		at += PAIR_BLOCK;
	}
	if (at - last >= PAIR_BLOCK)
		return SIZE_MAX;
	found = places(&w, last) >> (at - last);
	return found != 0 ? (size_t)(at - text.data) + (size_t)__builtin_ctz(found) : SIZE_MAX;
}

#else

bool
pair_has_avx2(void)
{
	return false;
}

size_t
pair_find_avx2(const struct pair *p, struct span text, size_t from)
{
	(void)p;
	(void)text;
	(void)from;
	return SIZE_MAX;
}

#endif
