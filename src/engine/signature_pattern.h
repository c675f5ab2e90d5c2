/* A byte pattern, parsed and matched. For signature.c. */
#ifndef ENGINE_SIGNATURE_PATTERN_H
#define ENGINE_SIGNATURE_PATTERN_H

#include "base/arena.h"

enum {
	/* Bytes of one pattern, gaps not counted. A segment is compared at
	 * each place of its anchor, so this bounds the time per byte of text. */
	PATTERN_BYTES_MAX = 8192,
	/* A pattern with alternatives of unequal length is as many patterns
	 * as there are combinations of lengths. */
	PATTERN_VARIANTS_MAX = 64,
	/* More parts with gaps between than any published signature has. */
	PATTERN_SEGMENTS_MAX = 64,
	PATTERN_GROUPS_MAX = 256, /* of alternatives */
	/* A longer literal is no rarer. */
	ANCHOR_MAX = 16,
	ANCHOR_MIN = 2,
};
#define GAP_ANY UINT32_MAX

/* Alternatives of equal length that stand at one place of a segment; there
 * the segment's own bytes match anything. */
struct alternatives {
	uint32_t offset, len, count;
	const unsigned char *value, *mask; /* count times len bytes */
};

/* Bytes without a gap between them. */
struct segment {
	uint32_t gap_min, gap_max; /* octets between it and the segment before; GAP_ANY = no bound */
	uint32_t len, alternatives_count;
	const unsigned char *value;
	const unsigned char *mask; /* bits that count; NULL = all */
	const struct alternatives *alternatives;
};

/* The anchor is a run of bytes that are all fixed. */
struct pattern {
	struct segment *segments;
	uint32_t count;
	uint32_t anchor_segment, anchor_offset, anchor_len;
};

/* Calls add() for each variant of a pattern in hexadecimal; what it is
 * given lives in the arena. NULL, or what is wrong (in the arena). */
const char *pattern_parse(struct arena *a, struct span hex, void (*add)(void *context, const struct pattern *p),
    void *context);
/* The same of a text of which each byte is fixed. */
const char *pattern_of_text(struct arena *a, struct span text, struct pattern *out);

/* Whether the segment lies at this offset of the text. */
bool segment_matches(const struct segment *s, struct span text, size_t offset);
/* Whether the whole pattern lies anywhere in the text. Linear in the text,
 * times the pattern's bytes in the worst case. */
bool pattern_matches(const struct pattern *p, struct span text);

#endif
