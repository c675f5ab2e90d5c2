/* Groups of base64, 32 characters at a time, on a CPU that has AVX2.
 *
 * Two tables of sixteen entries, by the high and the low half of a character,
 * have a bit in common just where the character is not of the alphabet; a third
 * by the high half says what to add to get its value. Both methods are those of
 * W. Mula and D. Lemire, "Faster Base64 Encoding and Decoding using AVX2
 * Instructions" (2018).
 *
 * A block that holds a stranger, as the one at the end of a line does, is
 * decoded all the same, and only the groups before the stranger count. */
#include "config.h"

#include "mime/base64.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

enum { BLOCK = 32 };

bool
base64_has_avx2(void)
{
	return __builtin_cpu_supports("avx2") != 0;
}

/* Both halves of a register work alone, so each table stands in it twice. */
#define TWICE(...) _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__)

__attribute__((target("avx2"))) static inline uint32_t
values_of(__m256i text, __m256i *values)
{
	const __m256i by_low = TWICE(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b,
	    0x1b, 0x1a);
	const __m256i by_high = TWICE(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
	    0x10, 0x10);
	const __m256i offset = TWICE(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
	const __m256i slash = _mm256_set1_epi8('/'); /* and a mask that keeps a low half, harmlessly more */
	__m256i high = _mm256_and_si256(_mm256_srli_epi32(text, 4), slash);
	__m256i strange = _mm256_and_si256(_mm256_shuffle_epi8(by_low, _mm256_and_si256(text, slash)),
	    _mm256_shuffle_epi8(by_high, high));

	/* "/" has another offset than what shares its high half. */
	high = _mm256_add_epi8(_mm256_cmpeq_epi8(text, slash), high);
	*values = _mm256_add_epi8(text, _mm256_shuffle_epi8(offset, high));
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(strange, _mm256_setzero_si256()));
}

/* 32 values of six bits to 24 bytes, and eight of no meaning. */
__attribute__((target("avx2"))) static inline __m256i
packed(__m256i values)
{
	const __m256i order = TWICE(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
	__m256i twelve = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
	__m256i octets = _mm256_shuffle_epi8(_mm256_madd_epi16(twelve, _mm256_set1_epi32(0x00011000)), order);

	return _mm256_permutevar8x32_epi32(octets, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, -1, -1));
}

__attribute__((target("avx2"))) const unsigned char *
base64_groups_avx2(const unsigned char *in, const unsigned char *end, char **out)
{
	char *o = *out;

	while (end - in >= BLOCK) {
		__m256i values;
		uint32_t strangers = values_of(_mm256_loadu_si256((const __m256i *)(const void *)in), &values);
		unsigned groups;

		_mm256_storeu_si256((__m256i *)(void *)o, packed(values));
		if (strangers == 0) {
			in += BLOCK;
			o += BLOCK / 4 * 3;
			continue;
		}
		groups = (unsigned)__builtin_ctz(strangers) / 4;
		*out = o + 3 * (size_t)groups;
		return in + 4 * (size_t)groups;
	}
	*out = o;
	return base64_groups(in, end, out);
}

#else

bool
base64_has_avx2(void)
{
	return false;
}

const unsigned char *
base64_groups_avx2(const unsigned char *in, const unsigned char *end, char **out)
{
	return base64_groups(in, end, out);
}

#endif
