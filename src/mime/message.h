/* A message as a tree of parts over bytes that nobody changes (RFC 5322,
 * 2045-2047, 2231, 6532). Zero-copy: headers and bodies are spans of the
 * message; what must be decoded is decoded on demand.
 *
 * A mail program may read an ambiguous message differently from us. So what a
 * program could take for the type, the encoding or the name of a part is a
 * list: the strict reading first, then the others. */
#ifndef MIME_MESSAGE_H
#define MIME_MESSAGE_H

#include "base/arena.h"

enum mime_encoding {
	ENCODING_IDENTITY, /* 7bit, 8bit, binary, or none given */
	ENCODING_BASE64,
	ENCODING_QUOTED_PRINTABLE,
	ENCODING_UUENCODE,
	ENCODING_YENC,
	ENCODING_BINHEX, /* 4.0 */
	ENCODING_UNKNOWN, /* named, but not known: the body is taken as it is */
};

enum mime_kind { PART_LEAF, PART_MULTIPART, PART_MESSAGE };

struct mime_header {
	struct mime_header *next;
	struct span raw;   /* the whole field with its folds and final line end */
	struct span name;  /* as written, without the colon */
	struct span value; /* raw, folds included, without the final line end */
};

struct mime_param {
	struct mime_param *next;
	const char *name;  /* lower case, without RFC 2231's stars */
	struct span value; /* decoded to UTF-8: quotes, RFC 2231, encoded words; a boundary is as written */
	bool guess;        /* not the value by any standard, but what some program makes of it */
};

/* One reading of Content-Type. */
struct mime_type {
	struct mime_type *next;
	const char *type;  /* "text/plain", lower case */
	struct mime_param *params; /* by name; of several with one name the strict reading first */
};

struct mime_encodings {
	struct mime_encodings *next;
	enum mime_encoding encoding;
};

/* A name that a program could save the part under, in UTF-8. */
struct mime_name {
	struct mime_name *next;
	struct span name;
};

/* A body in its strict reading, as the parser decoded it to look for files in it. */
struct mime_decoded {
	struct span body, text;
	unsigned flaws; /* by enum quoted_flaw */
};

struct mime_part {
	struct mime_part *parent, *first_child, *next; /* next sibling */
	/* IMAP's, RFC 9051 6.4.5: "1", "2.1"; "1" for a message of one part; ""
	 * for a root multipart. The root of a message inside part "2" is "2.1",
	 * or when it is a multipart "2" like the part that holds it. The nth
	 * uuencoded file in the text "1" is "1!uu<n>"; "1!yenc<n>", "1!hqx<n>". */
	const char *section;
	/* PART_MESSAGE has one child, the root of the message inside. A text
	 * with files in it (uuencode, yEnc, BinHex) is a PART_LEAF that has them
	 * as children, leaves too, whose body is from "begin" to after "end". A
	 * multipart in which no part was found is a PART_LEAF. */
	enum mime_kind kind;
	struct span whole;        /* header and body, without the delimiter lines around */
	struct span head;         /* the header with its final blank line */
	/* Raw; without the CRLF that belongs to the next delimiter: what follows
	 * is that CRLF, or the end; or, where the body is empty and the empty
	 * line before it has to serve as both, the delimiter itself. */
	struct span body;
	struct mime_header *headers;
	size_t header_count;
	struct mime_type *types;  /* never empty: the first is the strict reading or the default */
	struct mime_encodings *encodings; /* never empty */
	struct mime_name *names;  /* may be empty */
	const char *disposition;  /* "attachment", "inline", … or NULL */
	const char *charset;      /* lower case, or NULL */
	struct span preamble, epilogue; /* of a multipart, else empty */
	unsigned depth;           /* 0 = the root */
	/* A part that only another reading than the strict one has. Its parent is
	 * the innermost strict part that it begins in, which does not know it; its
	 * section is "2?3" for the third shadow of the message, in part "2". */
	bool shadow;
	bool detached;            /* lies in an encoded message: its spans are not of the message's raw bytes */
	struct mime_part *next_leaf; /* the leaves in the order of the message */
	struct mime_defect_list *found;
	const struct mime_decoded *decoded; /* of a quoted-printable text, where it was kept; else NULL */
};

/* What was malformed or ambiguous. Names are stable: rules and logs use them. */
struct mime_defect {
	struct mime_defect *next;
	const char *name;    /* "missing-final-boundary", "charset-unknown", … */
	const char *section; /* of the part */
	bool hides;          /* it can hide an attachment from some reader */
	const struct mime_part *part;
	struct mime_defect *next_of_part;
};

/* The defects of one part, last found first. */
struct mime_defect_list {
	struct mime_defect *first;
};

/* All defects that parsing and decoding can find, by name; ends with a NULL
 * name. Others may add their own with mime_add_defect(). */
struct mime_defect_kind {
	const char *name;
	bool hides;
	const char *about;
};
extern const struct mime_defect_kind mime_defect_kinds[];

/* Of the message. A container at depth `depth` is not opened. */
struct mime_limits {
	size_t parts, depth, headers; /* headers: in all parts */
};

struct mime_message {
	struct arena *arena;
	struct span raw;
	struct mime_part *root, *first_leaf;
	/* Leaves that some other reading of the structure has, linked by
	 * next_leaf; empty for a message with one structure. */
	struct mime_part *first_shadow;
	size_t part_count, shadow_count;
	struct mime_defect *defects; /* in the order they were found */
	struct mime_defect **defects_end;
	size_t defect_count;
	struct mime_limits limits; /* it was read with */
	bool over_limit; /* parts, depth or headers: not wholly read */
	bool doubtful;   /* some program may divide it into other parts than the tree's */
	size_t readings; /* 1, and 1 more for each further type, encoding, name and shadow */
};

/* Reads `raw`, which must outlive the result; all else lives in the arena.
 * Line ends may be CRLF or LF. Never fails: what is malformed is a defect.
 * Linear in raw.len. */
struct mime_message *mime_parse(struct arena *a, struct span raw, const struct mime_limits *limits);

/* Adds a defect once per (name, part); part NULL is the root. `name` must live on. */
void mime_add_defect(struct mime_message *m, const struct mime_part *part, const char *name, bool hides);

/* The next header of that name (case ignored) after `after` (NULL: the first). */
const struct mime_header *mime_header_find(const struct mime_part *part, struct span name,
    const struct mime_header *after);
/* Unfolded, encoded words (RFC 2047) decoded to UTF-8, trimmed. */
struct span mime_header_text(struct arena *a, const struct mime_header *h);
/* Unfolded and trimmed only. */
struct span mime_header_unfolded(struct arena *a, const struct mime_header *h);
const struct mime_param *mime_param_find(const struct mime_type *type, const char *name);

#endif
