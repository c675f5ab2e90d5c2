/* The addresses in a field such as From (RFC 5322 3.4), as far as sense can be
 * made of it. */
#ifndef MIME_MAILBOX_H
#define MIME_MAILBOX_H

#include "base/arena.h"

struct mailboxes {
	struct span *items; /* "anna@example.org", without comments and what is before <> */
	size_t count, cap;
};

/* Adds the addresses of an unfolded field. What stands in quotes, in comments or
 * before "<" is no address, but where a quote or a bracket does not end,
 * programs differ on what it covers, and every word with an "@" is added.
 * Linear. */
void mailboxes_read(struct arena *a, struct span unfolded, struct mailboxes *out);
/* Adds a word where it is an address: with an "@" that is neither its first
 * octet nor in quotes. */
void mailboxes_add(struct arena *a, struct mailboxes *out, struct span word);

#endif
