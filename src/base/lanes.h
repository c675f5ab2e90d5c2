/* Sixteen octets at once, for loops over text that hold a test which nearly every
 * octet passes. By the compiler's vectors, which it has for every processor. */
#ifndef BASE_LANES_H
#define BASE_LANES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 16 };
typedef uint8_t lanes __attribute__((vector_size(LANES)));

static inline lanes
lanes_at(const char *at)
{
	lanes v;

	memcpy(&v, at, sizeof(v));
	return v;
}

/* 0xff for each octet from first to last, 0 for the others. */
static inline lanes
lanes_between(lanes v, uint8_t first, uint8_t last)
{
	return (lanes)((uint8_t)(last - first) >= v - first);
}

/* Whether any octet is not 0. */
static inline bool
lanes_any(lanes v)
{
	uint64_t halves[2];

	memcpy(halves, &v, sizeof(halves));
	return (halves[0] | halves[1]) != 0;
}

#endif
