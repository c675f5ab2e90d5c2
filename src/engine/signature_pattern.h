/* A byte pattern, parsed and matched. For signature.c. */
#ifndef ENGINE_SIGNATURE_PATTERN_H
#define ENGINE_SIGNATURE_PATTERN_H

#include "engine/grams.h"
#include "engine/signature.h"

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
	PATTERN_CASE_BIT = 0x20,  /* that a mask lacks where the case of a letter does not count */
};
#define GAP_ANY UINT32_MAX

/* Alternatives of equal length that stand at one place of a segment; there
 * the segment's own bytes match anything. */
struct alternatives {
	uint32_t offset, len, count;
	bool negated; /* none of them may stand there */
	const unsigned char *value, *mask; /* count times len bytes */
};

/* What kind of place stands at an offset of a segment: before its first byte,
 * behind its last, or the byte there itself. */
struct edge {
	uint32_t offset;
	char kind; /* B, L or W */
	char side; /* '<', '>' or '=' */
	bool negated;
};

/* Bytes without a gap between them. */
struct segment {
	uint32_t gap_min, gap_max; /* octets between it and the segment before; GAP_ANY = no bound */
	uint32_t len, alternatives_count, edge_count;
	const unsigned char *value;
	const unsigned char *mask; /* bits that count; NULL = all */
	const struct alternatives *alternatives;
	const struct edge *edges;
};

/* The anchor is the window of bytes that are all fixed, but for the case of
 * letters, by which the pattern is looked for. */
struct pattern {
	struct segment *segments;
	const struct signature_place *place; /* NULL = anywhere */
	uint32_t count;
	uint32_t anchor_segment, anchor_offset;
	enum gram_kind anchor_kind;
};

/* Calls add() for each variant of a pattern in hexadecimal; what it is
 * given lives in the arena, and is anywhere. NULL, or what is wrong (in the arena). */
const char *pattern_parse(struct arena *a, struct span hex, bool nocase,
    void (*add)(void *context, const struct pattern *p), void *context);
/* The same of a text of which each byte is fixed. */
const char *pattern_of_text(struct arena *a, struct span text, struct pattern *out);

/* Whether there is a window to be an anchor. */
bool pattern_has_anchor(const struct pattern *p);
/* Sets the anchors of all, each with a view to the others. The arena is for its work. */
void pattern_choose_anchors(struct arena *a, struct pattern *const *patterns, size_t count);

/* Steps of 8 bytes compared or 64 passed over: what a search may take. */
struct work {
	uint64_t done, most;
};

/* Whether the segment lies at this offset of the text. */
bool segment_matches(const struct segment *s, struct span text, size_t offset, struct work *work);
/* The offsets at which a pattern may begin in a text of this length; false when
 * there are none. */
bool place_range(const struct signature_place *place, size_t len, size_t *first, size_t *last);
/* Calls found for each place of the last segment that the others lead to, with
 * where one of these matches begins, until it returns false or the work is
 * over its bound. Linear in the text, times the pattern's bytes in the worst case. */
void pattern_find(const struct pattern *p, struct span text, struct work *work,
    bool (*found)(void *context, size_t begin), void *context);

#endif
