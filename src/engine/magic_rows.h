/* Shared by the files of magic_*.c. */
#ifndef ENGINE_MAGIC_ROWS_H
#define ENGINE_MAGIC_ROWS_H

#include "engine/magic.h"

enum { MAGIC_LOOK_MAX = 64 * 1024 }; /* the contract's bound at either end */

/* Adds every kind that the first bytes tell; stops at `most`. */
size_t magic_by_bytes(struct span data, const char *out[], size_t most);
/* A PDF's header may stand anywhere in the first KiB, need not be complete, and may be missing where the end says what
 * the file is: several programs ask for no more. SIZE_MAX for none. */
size_t magic_find_pdf(struct span data);
/* Where content of that kind begins in data that is of it. */
size_t magic_offset(struct span data, const char *name);
/* Programs find a zip by the record at its end, whatever stands before it. */
bool magic_ends_as_zip(struct span data);
/* The kind of text, "text" where it is of none, NULL where it is no text. */
const char *magic_of_text(struct span data);
/* What has no such bytes: empty, a kind of text, or data. */
const char *magic_of_unmarked(struct span data);
/* Text that is markup, by what a browser looks for in the beginning. */
bool magic_has_markup(struct span data);

/* bytes: at least one. */
static inline bool
magic_bytes_at(struct span data, size_t offset, struct span bytes)
{
	return offset < data.len && data.data[offset] == bytes.data[0] && data.len - offset >= bytes.len &&
	    memcmp(data.data + offset, bytes.data, bytes.len) == 0;
}

static inline uint32_t
magic_number(struct span data, size_t offset, unsigned octets)
{
	uint32_t value = 0;

	while (octets-- > 0)
		value = value << 8 | (unsigned char)data.data[offset + octets];
	return value;
}

#endif
