/* A span is a view of bytes that somebody else owns. It may hold NUL and is
 * not terminated. Every parser of gatepost works on spans, so that a message
 * is read where it lies. */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const char *data;
	size_t len;
};

/* For printf: printf("%.*s", SPAN_ARG(s)). */
#define SPAN_ARG(s) (int)((s).len > INT32_MAX ? INT32_MAX : (s).len), (s).data
#define SPAN_LITERAL(text) ((struct span){ "" text, sizeof(text) - 1 })
#define SPAN_NONE ((struct span){ NULL, 0 })

static inline struct span
span_of(const char *data, size_t len)
{
	return (struct span){ data, len };
}

static inline struct span
span_str(const char *text)
{
	return (struct span){ text, text != NULL ? strlen(text) : 0 };
}

/* The bytes from offset on; empty when offset is past the end. */
static inline struct span
span_from(struct span s, size_t offset)
{
	if (offset > s.len)
		offset = s.len;
	return offset > 0 ? span_of(s.data + offset, s.len - offset) : s; /* NULL + 0 is not C */
}

/* The first len bytes, or all where there are fewer. */
static inline struct span
span_first(struct span s, size_t len)
{
	return span_of(s.data, len < s.len ? len : s.len);
}

static inline const char *
span_end(struct span s)
{
	return s.len > 0 ? s.data + s.len : s.data;
}

static inline bool
span_eq(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool
span_is(struct span a, const char *text)
{
	return span_eq(a, span_str(text));
}

static inline bool
span_starts(struct span s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && (len == 0 || (s.data[0] == prefix[0] && memcmp(s.data, prefix, len) == 0));
}

/* ASCII only, whatever the locale. */
static inline char
ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* ASCII case is ignored in the _nocase functions. Most of what is compared differs
 * in its first octet. */
bool span_same_nocase(const char *a, const char *b, size_t len);
static inline bool
span_eq_nocase(struct span a, struct span b)
{
	return a.len == b.len &&
	    (a.len == 0 || (ascii_lower(a.data[0]) == ascii_lower(b.data[0]) && span_same_nocase(a.data, b.data, a.len)));
}

static inline bool
span_is_nocase(struct span a, const char *text)
{
	return span_eq_nocase(a, span_str(text));
}

static inline bool
span_starts_nocase(struct span s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && span_eq_nocase(span_first(s, len), span_of(prefix, len));
}

bool span_ends_nocase(struct span s, const char *suffix);

/* Index of the byte or the needle, or SIZE_MAX. An empty needle is at 0. */
static inline size_t
span_find_byte(struct span s, char c)
{
	const char *at = s.len > 0 ? (const char *)memchr(s.data, c, s.len) : NULL;

	return at != NULL ? (size_t)(at - s.data) : SIZE_MAX;
}

size_t span_find(struct span s, struct span needle);
size_t span_find_nocase(struct span s, struct span needle);
/* True when one of the words, which end with NULL, stands in s, ASCII case ignored. */
bool span_has_any_nocase(struct span s, const char *const *words);
/* The little-endian number of so many octets (at most 8) at that offset, which lies in s. */
uint64_t span_number(struct span s, size_t offset, unsigned octets);

/* Without SP, TAB, CR and LF at both ends. */
struct span span_trim(struct span s);
/* Without SP at both ends. */
struct span span_trim_spaces(struct span s);
/* ASCII from SP to "~" and nothing else. */
bool span_is_printable(struct span s);

/* Takes what stands before the first `separator` off *rest; the separator is
 * consumed. Returns false when *rest is exhausted (data == NULL). */
bool span_split(struct span *rest, char separator, struct span *out);

/* A decimal number that fills the whole span; false on anything else or on
 * overflow. */
bool span_to_u64(struct span s, uint64_t *out);

static inline bool
ascii_is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

static inline bool
ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

#endif
