/* IMAP's words (RFC 3501 9, RFC 9051 9): a cursor over a unit, or over a part of
 * one, as it lies on the wire (wire/imap_line.h).
 *
 * Each imap_take_ function takes what it is named for off the front and returns
 * true. Where that does not stand there it sets `failed` and leaves `rest` at
 * what was wrong; from then on all of them return false. So many may be called
 * in a row, and the last one asked. What is taken points into the unit, unless
 * told otherwise.
 *
 * Looser than the RFC where that changes nothing in what belongs together:
 * octets over 0x7f are taken in atoms too. */
#ifndef WIRE_IMAP_TOKEN_H
#define WIRE_IMAP_TOKEN_H

#include "base/arena.h"
#include "base/buf.h"

struct imap_cursor {
	struct span rest;
	bool failed;
};

/* Lists within lists. Real structures stay below 50; a server that nests 10,000
 * deep means harm (CVE-2020-12100). */
enum { IMAP_DEPTH_MAX = 100 };

static inline struct imap_cursor
imap_cursor(struct span text)
{
	return (struct imap_cursor){ .rest = text };
}

/* True when all was taken and nothing failed. */
bool imap_at_end(const struct imap_cursor *c);
/* Whether that octet stands at the front. Takes nothing, fails nothing. */
bool imap_sees(const struct imap_cursor *c, char octet);

bool imap_take_char(struct imap_cursor *c, char octet);
/* One SP. */
bool imap_take_space(struct imap_cursor *c);
/* A word that is known, in any case, with no more of an atom behind it. */
bool imap_take_word(struct imap_cursor *c, const char *word);
bool imap_take_atom(struct imap_cursor *c, struct span *atom);
/* \Flag, \* or an atom, with its backslash. */
bool imap_take_flag(struct imap_cursor *c, struct span *flag);
/* ASCII only. */
bool imap_take_tag(struct imap_cursor *c, struct span *tag);
/* Decimal, below 2^32 and below 2^63. */
bool imap_take_u32(struct imap_cursor *c, uint32_t *number);
bool imap_take_u63(struct imap_cursor *c, uint64_t *number);

/* A quoted string or a literal of any form, which lies whole in the unit. The
 * value is never data == NULL; it lies in `a` if it was quoted with backslashes. */
bool imap_take_string(struct imap_cursor *c, struct arena *a, struct span *value);
/* The same, or an atom ("]" is one of its octets). */
bool imap_take_astring(struct imap_cursor *c, struct arena *a, struct span *value);
/* A string, or NIL: data == NULL. */
bool imap_take_nstring(struct imap_cursor *c, struct arena *a, struct span *value);
/* RFC 3501 "sequence-set" (imap_set_is_valid(), wire/imap_set.h), or the "$" of
 * RFC 5182. */
bool imap_take_sequence_set(struct imap_cursor *c, struct span *set);

/* Any one value, as written (value may be NULL): an atom, flag, number, pattern,
 * set or item with its [section]<partial>; a string; a list, up to
 * IMAP_DEPTH_MAX deep. What begins as "BODY[" or "BINARY[" is an item, and must
 * have its "]". A backslash in a quoted string may stand before any octet, as some
 * servers have it, while imap_take_string() wants one that needs it. Linear,
 * without recursion. */
bool imap_skip_value(struct imap_cursor *c, struct span *value);

/* The same for one that is cut by a literal which is not in the text. *depth is
 * 0 where a value begins, and kept in between. 1: the value ended here, *depth is
 * 0. 0: the text ended where a literal would stand, *depth lists deep: 0 when that
 * literal is the value, which ends with it; else call again with a cursor over
 * the text behind it. -1: failed. */
int imap_skip_some(struct imap_cursor *c, unsigned *depth);

/* Whether text is values with one SP between, or nothing: a unit's arguments
 * about which no more is asked. What is not so is taken apart by every server in
 * its own way. */
bool imap_values_are_clean(struct span text);

/* Appends the text as a quoted string and returns true; false, nothing appended,
 * where it cannot be quoted: it holds NUL, CR, LF or octets over 0x7f. */
bool imap_print_quoted(struct buf *out, struct span text);

#endif
