/* What the pieces of the parser share while a message is read. */
#ifndef MIME_PARSER_H
#define MIME_PARSER_H

#include "mime/boundary.h"
#include "mime/loose.h"
#include "mime/message.h"

/* A text that is being read from front to end: the message, or a decoded one
 * inside it. */
struct reader {
	struct span text;
	const char *at;            /* the start of a line, or the end */
	struct boundary *open;     /* innermost first */
	struct delimiter ended_by; /* the line that ended the last body or header; of == NULL: the end did */
	bool crlf;                 /* the first line ends so: what others should */
};

/* A text that was decoded to be read. */
struct inner_text {
	struct inner_text *next;
	struct span text;
	struct mime_part *part; /* whose body it was */
	bool message;           /* it begins with a header */
};

struct parser {
	struct mime_message *m;
	struct mime_limits limits;
	struct reader in;
	size_t headers; /* fields so far */
	size_t decoded; /* bytes of messages inside that were decoded */
	char *room;     /* for texts that are decoded to be searched */
	size_t room_cap;
	size_t keep_left; /* octets of texts that may stay decoded, as the scan wants them again */
	struct mime_part **leaf_end;
	bool stopped;   /* a limit was hit: the rest is not read */
	bool odd_head;  /* of the last header: some program may see fields in it that we do not */
	bool doubt;     /* other structures are possible though nothing is defective */
	bool sweeping;  /* new parts are shadows */
	size_t shadow_count;
	struct inner_text *inner, **inner_end;
};

struct reader reader_over(struct span text);

/* The body with its encoding undone, in the arena; false when too much was
 * decoded already, or it cannot be. Defects are added to `part`. */
bool parser_decode(struct parser *p, const struct mime_part *part, struct span body, enum mime_encoding encoding,
    struct span *out);

/* What was decoded of the part is swept with the message, if that is. message: it
 * begins with a header. */
void parser_keep_inner(struct parser *p, struct mime_part *part, struct span text, bool message);

/* A part inside `parent`; NULL when there are too many parts: then reading stops. */
struct mime_part *parser_new_child(struct parser *p, struct mime_part *parent);
/* The next leaf in the order of the message. */
void parser_add_leaf(struct parser *p, struct mime_part *part);

/* Files that stand in a leaf's text become its children, leaves too. */
void embedded_read(struct parser *p, struct mime_part *part);

/* Reads the header at p->in.at into part->head and ->headers. False when a
 * delimiter ended it (then p->in.ended_by), so that there is no body. */
bool header_read(struct parser *p, struct mime_part *part);

/* What the header says of the content: types, encodings, names, disposition
 * and charset. */
void content_read(struct mime_message *m, struct mime_part *part, const char *default_type);
/* The same, with fields beside part->headers that some program sees. */
void content_read_loose(struct mime_message *m, struct mime_part *part, const struct loose_head *more,
    const char *default_type);
/* A further Content-Transfer-Encoding, unfolded. */
void encoding_read(struct mime_message *m, struct mime_part *part, struct span value);
/* A further name for the part, unless it has it already. */
void content_add_name(struct mime_message *m, struct mime_part *part, struct span name);

/* Other structures than the strict one: are they possible, and which parts do
 * they have? Fills first_shadow. */
bool sweep_is_due(const struct parser *p);
void sweep(struct parser *p);

/* Defects of the bytes themselves: line ends, NUL, long lines. */
void survey(struct mime_message *m, const struct mime_part *part, struct span text);

#endif
