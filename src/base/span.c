/* Views of bytes: comparison, search, splitting. */
#include "config.h"

#include "base/span.h"

#include "base/pair.h"

#include <strings.h>

enum { PAIRED_MAX = 64 }; /* octets of a needle that is found by two of its bytes: to compare it is cheap */

bool
span_same_nocase(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (ascii_lower(a[i]) != ascii_lower(b[i]))
			return false;
	return true;
}

bool
span_ends_nocase(struct span s, const char *suffix)
{
	size_t len = strlen(suffix);

	return s.len >= len && span_same_nocase(span_end(s) - len, suffix, len);
}

static bool
is_letter(char c)
{
	return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

/* Of the needle the first and the last byte are looked for; where both stand, it is compared. */
static size_t
find_paired(struct span s, struct span needle, bool nocase)
{
	char first = needle.data[0], last = needle.data[needle.len - 1];
	struct pair p = { .distance = needle.len - 1, .first = (unsigned char)first, .second = (unsigned char)last };
	size_t at = 0;

	if (nocase && is_letter(first)) {
		p.first |= 0x20;
		p.first_mask = 0x20;
	}
	if (nocase && is_letter(last)) {
		p.second |= 0x20;
		p.second_mask = 0x20;
	}
	while ((at = pair_find_avx2(&p, s, at)) != SIZE_MAX) {
		if (nocase ? span_same_nocase(s.data + at, needle.data, needle.len)
		           : memcmp(s.data + at, needle.data, needle.len) == 0)
			return at;
		at++;
	}
	return SIZE_MAX;
}

static bool
can_be_paired(struct span s, struct span needle)
{
	return needle.len > 1 && needle.len <= PAIRED_MAX && s.len >= needle.len - 1 + PAIR_BLOCK && pair_has_avx2();
}

size_t
span_find(struct span s, struct span needle)
{
	const char *at;

	if (needle.len == 0)
		return 0;
	if (can_be_paired(s, needle))
		return find_paired(s, needle, false);
	at = s.len >= needle.len ? memmem(s.data, s.len, needle.data, needle.len) : NULL;
	return at != NULL ? (size_t)(at - s.data) : SIZE_MAX;
}

/* A byte of the needle that has no case is looked for by memchr. */
size_t
span_find_nocase(struct span s, struct span needle)
{
	size_t pivot = 0;

	if (can_be_paired(s, needle))
		return find_paired(s, needle, true);
	while (pivot < needle.len && is_letter(needle.data[pivot]))
		pivot++;
	for (size_t i = 0; i + needle.len <= s.len; i++) {
		if (pivot < needle.len) {
			const char *at = memchr(s.data + i + pivot, needle.data[pivot], s.len - i - needle.len + 1);

			if (at == NULL)
				return SIZE_MAX;
			i = (size_t)(at - s.data) - pivot;
		}
		if (span_same_nocase(s.data + i, needle.data, needle.len))
			return i;
	}
	return SIZE_MAX;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct span
span_trim(struct span s)
{
	while (s.len > 0 && is_blank(s.data[0]))
		s = span_from(s, 1);
	while (s.len > 0 && is_blank(s.data[s.len - 1]))
		s.len--;
	return s;
}

struct span
span_trim_spaces(struct span s)
{
	while (s.len > 0 && s.data[0] == ' ')
		s = span_from(s, 1);
	while (s.len > 0 && s.data[s.len - 1] == ' ')
		s.len--;
	return s;
}

bool
span_is_printable(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] < ' ' || s.data[i] > '~')
			return false;
	return true;
}

bool
span_split(struct span *rest, char separator, struct span *out)
{
	size_t at;

	if (rest->data == NULL)
		return false;
	at = span_find_byte(*rest, separator);
	if (at == SIZE_MAX) {
		*out = *rest;
		*rest = SPAN_NONE;
		return true;
	}
	*out = span_first(*rest, at);
	*rest = span_from(*rest, at + 1);
	return true;
}

bool
span_to_u64(struct span s, uint64_t *out)
{
	uint64_t value = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!ascii_is_digit(s.data[i]) || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(s.data[i] - '0'), &value))
			return false;
	}
	*out = value;
	return true;
}

bool
span_has_any_nocase(struct span s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (span_find_nocase(s, span_str(*words)) != SIZE_MAX)
			return true;
	return false;
}

uint64_t
span_number(struct span s, size_t offset, unsigned octets)
{
	uint64_t value = 0;

	while (octets-- > 0)
		value = value << 8 | (unsigned char)s.data[offset + octets];
	return value;
}
