/* What decoding a body in the strict way told about the other ways. */
#ifndef MIME_READINGS_H
#define MIME_READINGS_H

#include "mime/base64.h"
#include "mime/decode.h"
#include "mime/embedded.h"
#include "mime/quoted_printable.h"

struct decoding {
	struct mime_message *message;
	const struct mime_part *part;
	struct scratch *scratch;
	/* Filled by decoding_begin(), of the encoding that it was given. */
	struct base64_flaws base64;
	unsigned quoted;
	bool headless;    /* uuencode without "begin" */
	bool odd_lines;   /* and with it, but lines that are no data for some */
	bool dot_stuffed; /* yEnc with lines that begin with ".." */
	struct binhex binhex;
};

/* The strict reading, as mime_decode_body(). */
struct span decoding_begin(struct decoding *d, enum mime_encoding encoding);

#endif
