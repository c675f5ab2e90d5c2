/* FETCH (RFC 3501 6.4.5, 7.4.2, RFC 9051, 3516, 7162, 8474, 8514, Gmail's own):
 * what a client asks of messages, and how a server names what it tells. */
#ifndef WIRE_IMAP_FETCH_H
#define WIRE_IMAP_FETCH_H

#include "wire/imap_token.h"

enum imap_item {
	IMAP_ITEM_FLAGS, IMAP_ITEM_UID, IMAP_ITEM_ENVELOPE, IMAP_ITEM_INTERNALDATE, IMAP_ITEM_RFC822_SIZE,
	IMAP_ITEM_BODY, /* the structure that is not extensible */
	IMAP_ITEM_BODYSTRUCTURE,
	IMAP_ITEM_BODY_SECTION, /* BODY[...]; .peek: BODY.PEEK[...] */
	IMAP_ITEM_RFC822, IMAP_ITEM_RFC822_HEADER, IMAP_ITEM_RFC822_TEXT,
	IMAP_ITEM_BINARY, /* .peek likewise */
	IMAP_ITEM_BINARY_SIZE,
	IMAP_ITEM_MODSEQ, IMAP_ITEM_EMAILID, IMAP_ITEM_THREADID, IMAP_ITEM_SAVEDATE, IMAP_ITEM_PREVIEW,
	IMAP_ITEM_X_GM_MSGID, IMAP_ITEM_X_GM_THRID, IMAP_ITEM_X_GM_LABELS,
	IMAP_ITEM_OTHER,
	IMAP_ITEMS
};

enum imap_section_kind {
	IMAP_WHOLE, /* of the message, or of the part that the path names */
	IMAP_HEADER, IMAP_HEADER_FIELDS, IMAP_HEADER_FIELDS_NOT, IMAP_TEXT,
	IMAP_MIME, /* only with a path */
};

enum {
	/* The mime folder reads no deeper nesting either; real paths stay below 10. */
	IMAP_PATH_MAX = 64,
	/* What one FETCH may ask: programs that ask part by part stay below 100. */
	IMAP_ATTRIBUTES_MAX = 1000,
};

struct imap_section {
	uint32_t path[IMAP_PATH_MAX]; /* from 1 */
	size_t path_count;
	enum imap_section_kind kind;
	struct span fields; /* of HEADER.FIELDS and .NOT: the list as written, with its parentheses */
};

struct imap_attribute {
	enum imap_item item;
	bool peek;
	struct imap_section section; /* of BODY[...] and BINARY*; else as of zero */
	bool partial;                /* <offset.octets>, in responses <offset> */
	uint64_t offset, octets;     /* octets: 0 in responses */
	struct span text;            /* as written */
};

struct imap_fetch {
	struct imap_attribute *attributes;
	size_t count;
	struct span modifiers; /* "(CHANGEDSINCE 1 VANISHED)" as written, or empty */
};

/* text: of a whole unit, behind the set and its SP. Returns NULL, or the text of
 * a BAD; what *f holds lies in `a` and in text. ALL, FAST and FULL, which stand
 * alone, come as what they mean; their attributes' text is the name. An item that
 * is not known is IMAP_ITEM_OTHER: its word, and a list behind it; a server may
 * answer to it with anything, the message too. Literals stand only for the names
 * of headers. */
const char *imap_fetch_parse(struct arena *a, struct span text, struct imap_fetch *f);

/* As a command says it: a list in parentheses, one line without literals. Fields
 * stand as they were written, but one that was a literal is quoted. */
void imap_fetch_print(struct buf *out, const struct imap_attribute *attributes, size_t count);
void imap_attribute_print(struct buf *out, const struct imap_attribute *a);
/* As a response says it: without .PEEK, and <offset> only. */
void imap_attribute_print_response(struct buf *out, const struct imap_attribute *a);
/* What stands between the brackets: "1.2.HEADER.FIELDS (To)", "" for the whole. */
void imap_section_print(struct buf *out, const struct imap_section *s);

/* Whether its value is octets of the message (BODY[], RFC822*, BINARY[]), not
 * something about it. */
bool imap_item_is_message_data(enum imap_item item);
/* Whether asking for it sets \Seen (RFC 3501 6.4.5): message data without PEEK,
 * but not RFC822.HEADER. */
bool imap_attribute_sets_seen(const struct imap_attribute *a);

/* Fields are compared in their order, ASCII case and way of quoting ignored. */
bool imap_section_equal(const struct imap_section *a, const struct imap_section *b);
/* Takes the next name off the fields of a section, without quotes; false at the
 * end. One that is quoted with backslashes, which is no header's, keeps them. */
bool imap_fields_next(struct span *fields, struct span *name);

/* Takes the name of an item off a response, with section and <origin>; the SP and
 * the value stay. 1: taken. 0: the text ended within the section, where a
 * literal may stand (a header's name): join, and ask again from its start. -1:
 * wrong: c->failed. After 0 and -1 the cursor is of no use. */
int imap_take_item(struct imap_cursor *c, struct imap_attribute *a);

#endif
