/* IMAP's sets of message numbers (RFC 3501 "sequence-set"): "1:3,7,12:*". */
#ifndef WIRE_IMAP_SET_H
#define WIRE_IMAP_SET_H

#include "base/buf.h"

struct imap_range {
	uint32_t low, high; /* both belong to it; low <= high */
};

/* Numbers are from 1 and fit 32 bits. "$" is none. */
bool imap_set_is_valid(struct span set);
/* Whether "*" is in it. */
bool imap_set_is_open(struct span set);

/* Takes the next range off a valid set, in the order written; false at the end.
 * most: what "*" stands for, the highest number that there is; 0 where there is
 * none, and then a range with "*" comes as 0:0 or n:n by its other end. "7:*" with
 * 3 is 3:7 (RFC 3501 says so). */
bool imap_set_next(struct span *set, uint32_t most, struct imap_range *range);
bool imap_set_contains(struct span set, uint32_t most, uint32_t number);
/* How many numbers its ranges have; one told twice counts twice. */
uint64_t imap_set_count(struct span set, uint32_t most);

/* Prints numbers as a set, joining runs as they are added: 1 2 3 7 is "1:3,7".
 * The order is kept, nothing is sorted. Zero-initialise with `out`; what the set
 * has stands in `out` after imap_set_finish(), nothing for an empty one. */
struct imap_set_printer {
	struct buf *out;
	struct imap_range run; /* 0:0 = none */
	bool begun;            /* something was printed */
};
void imap_set_add(struct imap_set_printer *p, uint32_t number);
/* From low to high, at least 1, low <= high. */
void imap_set_add_range(struct imap_set_printer *p, uint32_t low, uint32_t high);
void imap_set_finish(struct imap_set_printer *p);

#endif
