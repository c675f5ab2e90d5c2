/* Quoted-printable bodies beyond mime/decode.h: what was wrong with one, and
 * the ways in which programs go on there. */
#ifndef MIME_QUOTED_PRINTABLE_H
#define MIME_QUOTED_PRINTABLE_H

#include "base/span.h"

enum quoted_flaw {
	QUOTED_ESCAPE_BAD = 1,  /* "=" that begins neither an escape nor a soft line break */
	QUOTED_LOWER = 2,       /* lower-case digits */
	QUOTED_BLANKS = 4,      /* white space before the end of a line */
	QUOTED_SOFT_BLANKS = 8, /* and of a line with a soft break */
	QUOTED_SOFT_LF = 16,    /* a soft break ends in a bare LF, where others end in CRLF */
	QUOTED_NUL = 32,        /* a NUL after "=" */
	QUOTED_HIGH = 64,       /* an octet over 127 where a digit is due */
};

/* As quoted_printable_decode(), and all that is wrong. */
size_t quoted_printable_decode_flaws(struct span in, char *out, unsigned *flaws);
bool quoted_printable_is_strict(unsigned flaws);

/* One way to read a malformed body. */
struct quoted_way {
	/* A "=" that begins nothing stands for itself, as do with it the two
	 * characters after it, whatever they are; is dropped, or with the two;
	 * stands for itself together with a "=" after it; ends the body. */
	enum { ESCAPE_KEPT, ESCAPE_KEPT_WHOLE, ESCAPE_EQUALS_DROPPED, ESCAPE_DROPPED, ESCAPE_DOUBLED, ESCAPE_ENDS } bad;
	bool lower_kept;  /* "=3d" is no escape */
	bool blanks_kept; /* before the end of a line */
	/* A soft line break is "=" and a line end, with blanks between or without;
	 * without; and that CRLF; "=", CR or LF, and all up to a LF; "=", NUL and all up
	 * to a LF. */
	enum { SOFT_LOOSE, SOFT_NEXT, SOFT_CRLF, SOFT_TO_LF, SOFT_NUL } soft;
	bool cr_ends;     /* a CR ends a line alone, and line ends may stand within an escape */
};

size_t quoted_printable_decode_way(struct span in, const struct quoted_way *way, char *out);

/* The ways that differ from quoted_printable_decode(), at most QUOTED_WAYS_MAX.
 * None for a body without flaws. */
enum { QUOTED_WAYS_MAX = 10 };
size_t quoted_printable_ways(unsigned flaws, struct quoted_way *ways);

#endif
