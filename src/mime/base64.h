/* Base64 bodies beyond mime/decode.h: what was wrong with one, and the ways in
 * which programs go on there. */
#ifndef MIME_BASE64_H
#define MIME_BASE64_H

#include "base/span.h"

enum base64_flaw {
	BASE64_JUNK = 1,       /* characters that are not of the alphabet */
	BASE64_URL_SAFE = 2,   /* "-" or "_" among them */
	BASE64_BLANK = 4,      /* SP or TAB */
	BASE64_SPLIT = 8,      /* a line ends inside a group */
	BASE64_PAD_ODD = 16,   /* a "=" that completes no group, or one too few */
	BASE64_PAD_INSIDE = 32, /* more data after padding */
	BASE64_CUT = 64,       /* the last group is not whole */
	BASE64_EMPTY_LINE = 128, /* and data after it */
};

/* Where nothing of the kind was seen, its offset is the length of the body. */
struct base64_flaws {
	unsigned kinds;
	size_t junk_at, blank_at, pad_at;
	size_t tail_at;  /* the first of the data after padding */
	size_t empty_at; /* the first empty line between data, */
	size_t after_empty; /* and the data after it */
};

/* As base64_decode(), and all that is wrong. RFC 2045 6.8 has blanks, and line
 * ends anywhere, ignored: of these alone a body is strict still. */
size_t base64_decode_flaws(struct span in, char *out, struct base64_flaws *flaws);
bool base64_is_strict(const struct base64_flaws *flaws);

/* The value of a character of the alphabet; 0xff of any other. */
extern const unsigned char base64_digit[256];

/* Whole groups from `in` on while all characters are of the alphabet: returns
 * where they end, and moves *out. May write as many bytes as it may read. The
 * second is for CPUs that have AVX2; it stops at the same character. */
const unsigned char *base64_groups(const unsigned char *in, const unsigned char *end, char **out);
const unsigned char *base64_groups_avx2(const unsigned char *in, const unsigned char *end, char **out);
bool base64_has_avx2(void);

/* One way to read a malformed body. */
struct base64_way {
	size_t from, to;   /* what is read of it */
	bool raw;          /* and not even decoded */
	unsigned char skip; /* so many characters of the alphabet are passed over first */
	enum { JUNK_SKIPPED, JUNK_LINES_SKIPPED, JUNK_URL_SAFE } junk;
	/* "=" ends a group; is not there; stands for "A"; is a character of its
	 * group, which is then shorter; or ends the body where it completes a
	 * group and else is not there. */
	enum { PAD_RESTARTS, PAD_IGNORED, PAD_IS_A, PAD_IN_GROUP, PAD_ENDS } pad;
	/* What is left of a group at the end of a line goes on in the next, is
	 * dropped, or gives its whole bytes. */
	enum { SPLIT_CARRIED, SPLIT_DROPPED, SPLIT_FLUSHED } split;
	bool cut_dropped;  /* a last group that is not whole gives no bytes */
};

size_t base64_decode_way(struct span in, const struct base64_way *way, char *out);

/* The ways that differ from base64_decode(), at most `room` of them; *over when
 * there were more. None for a body without flaws. */
size_t base64_ways(struct span in, const struct base64_flaws *flaws, struct base64_way *ways, size_t room, bool *over);

/* All of it is lines of base64: what no other text is. */
bool base64_is_likely(struct span in);

#endif
