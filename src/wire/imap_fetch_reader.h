/* One FETCH response, item by item, while its large literals are still coming. */
#ifndef WIRE_IMAP_FETCH_READER_H
#define WIRE_IMAP_FETCH_READER_H

#include "wire/imap_fetch.h"

/* Zero-initialise for each response. */
struct imap_fetch_reader {
	unsigned state;
	unsigned depth;      /* lists that are open within the value */
	bool before_literal; /* the line was used up */
};

enum imap_fetch_event {
	IMAP_FETCH_ITEM,    /* an item, and its value or the beginning of that */
	IMAP_FETCH_REST,    /* more of the value that the last literal stood in */
	IMAP_FETCH_LITERAL, /* this line is used up: its literal comes, then read the next line's text */
	IMAP_FETCH_JOIN,    /* the literal stands within an item's name: make *text what it is now, the announcement,
	                     * CRLF, the literal and the next line's text in one, and go on with that. How often
	                     * and how long is bounded by the caller. */
	IMAP_FETCH_END,     /* the list is closed, the line is at its end */
	IMAP_FETCH_WRONG,   /* not a FETCH response */
};

struct imap_fetch_piece {
	struct imap_attribute attribute; /* of ITEM */
	struct span name;   /* of ITEM: as written; == attribute.text */
	struct span value;  /* as written, as far as it stands in this text; empty where it is all literal */
	bool is_literal;    /* ITEM: the value is the literal that this line announces */
	bool goes_on;       /* that literal stands within the value, more of which follows as REST */
};

/* text: of the response behind "FETCH " (imap_response's rest), then of each line
 * behind a literal; what was read is taken off it. has_literal: whether the line
 * it is of announces one. *p is valid after ITEM and REST. Call until LITERAL, END
 * or WRONG. Between the pieces stand only the parentheses and SP, more than one
 * and one before the end too. Literals that stand in text itself (a joined unit)
 * are read over. The cost is linear; nothing is kept but the reader. */
enum imap_fetch_event imap_fetch_read(struct imap_fetch_reader *r, struct span *text, bool has_literal,
    struct imap_fetch_piece *p);

#endif
