/* A list of addresses as its pieces (RFC 5322 3.4, the obsolete forms too): what
 * an IMAP server tells of From, To and their like. mime/mailbox.h is for whom
 * to believe; this is for what is shown, and takes no word for an address that
 * does not stand where one has to. */
#ifndef MIME_ADDRESS_H
#define MIME_ADDRESS_H

#include "base/arena.h"

enum {
	/* More are not read. Each takes 16 octets of an ENVELOPE at least, so
	 * that one with so many is longer than any that is told
	 * (SCAN_TOLD_MAX of scan/request.h). */
	ADDRESSES_MAX = 16 * 1024,
};

struct mime_address {
	struct mime_address *next;
	/* The mailboxes of a group stand between its name and its end. */
	enum mime_address_kind { ADDRESS_MAILBOX, ADDRESS_GROUP, ADDRESS_GROUP_END } kind;
	/* Without quotes and comments; encoded words are left as they are. Where
	 * there is none, data is NULL. */
	struct span name;    /* of a mailbox: what people read */
	struct span route;   /* "@relay,@other", which RFC 5322 calls obsolete */
	struct span mailbox; /* left of the "@"; of a group its name */
	struct span domain;
	bool broken;         /* what stands in <> is no address: what was understood of it */
};

/* The addresses of an unfolded field in their order, in the arena; NULL when
 * there are none. Reading ends at what is no address and stands where no comma
 * ends it, and after ADDRESSES_MAX. Linear. */
struct mime_address *addresses_read(struct arena *a, struct span unfolded);

#endif
