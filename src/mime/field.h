/* The values of Content-* fields: "word/word; name=value; …" (RFC 2045 5.1,
 * 2183, 2231). */
#ifndef MIME_FIELD_H
#define MIME_FIELD_H

#include "mime/message.h"

enum { FIELD_PARAMS_MAX = 1024 }; /* honest fields have under ten */

struct field_flaws {
	bool malformed;
	bool duplicate; /* a parameter is given twice */
	bool conflict;  /* and it matters which */
	bool gap;       /* a continuation lacks a piece */
	bool too_many;  /* over FIELD_PARAMS_MAX; the rest was not read */
	bool odd;       /* comments, escapes and quotes stand where programs differ about them */
};

/* One parameter as it is written. */
struct raw_param {
	struct span written;
	const char *name; /* lower case, without stars */
	enum raw_form { RAW_EXTENDED, RAW_PIECE, RAW_PLAIN } form; /* name*, name*0, name */
	unsigned index;   /* of a piece */
	bool encoded;     /* percent signs are to be decoded */
	bool alternative; /* what some program makes of the value before it */
	struct span value;
	size_t order;
};

/* Reads as far as sense can be made of it; flaws are added up. ->type is in
 * lower case, "" when there is none. */
struct mime_type *field_parse(struct arena *a, struct span unfolded, struct field_flaws *flaws);

/* Puts parameters together as RFC 2231 says; sorts `raw`. */
struct mime_param *params_assemble(struct arena *a, struct raw_param *raw, size_t count, struct field_flaws *flaws);

#endif
