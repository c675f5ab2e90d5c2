/* IMAP's framing (RFC 3501 4.3, RFC 9051 4.3, RFC 7888, RFC 3516): lines, each of
 * which may end by announcing a literal, behind which the next line goes on.
 *
 * A *unit* is what belongs together, a command or a response, as it stood on the
 * wire: "a LOGIN {3}" CRLF "bob" " {3+}" CRLF "pwd", without the CRLF at its end.
 * Where a unit is kept whole, it is kept in just these octets, so that a cursor
 * (wire/imap_token.h) reads it where it lies. */
#ifndef WIRE_IMAP_LINE_H
#define WIRE_IMAP_LINE_H

#include "base/span.h"

struct imap_literal {
	uint64_t octets;    /* below 2^63 */
	bool synchronising; /* {n}: a client waits for "+"; {n+}: it does not */
	bool binary;        /* ~{n}: may hold NUL */
};

struct imap_line {
	struct span whole; /* without its CRLF */
	struct span text;  /* and without the announcement at its end, with the "~" that begins it */
	bool has_literal;
	struct imap_literal literal;
};

/* Takes one line off the front of what a client or a server sends. 1: *line is
 * it, *used its octets with CRLF, at most `limit`; the literal's octets come
 * behind. 0: incomplete. -1: not IMAP (no end within `limit` octets, bare CR,
 * bare LF, NUL, a literal of 2^63 octets or more): the connection is of no more
 * use, for nobody knows where the next line begins; *why is a short static text.
 * *used is 0 but after 1.
 * What ends in {n}, {n+}, ~{n} or ~{n+} outside of a quoted string announces a
 * literal. A status response's text does not: see imap_response_take(). */
int imap_line_take(struct span input, size_t limit, struct imap_line *line, size_t *used, const char **why);

/* The announcement {n}, {n+}, ~{n} or ~{n+} at the start of text: its length
 * without what follows, or 0 where there is none. A number of 2^63 or more is
 * no announcement here. */
size_t imap_literal_parse(struct span text, struct imap_literal *l);

#endif
