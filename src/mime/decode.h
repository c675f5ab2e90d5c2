/* Bodies as they are meant: transfer encodings and charsets undone. */
#ifndef MIME_DECODE_H
#define MIME_DECODE_H

#include "mime/message.h"

/* Memory for decoded bodies outside any heap: a mapping of a descriptor
 * (memfd or unlinked file) that grows on demand, so that a large attachment
 * costs page cache instead. One body at a time lives in it; a new one
 * overwrites the last. */
struct scratch;
/* fd: owned by the scratch from now on, or -1 to make a memfd of its own.
 * Returns NULL when no memory can be had. */
struct scratch *scratch_new(int fd);
void scratch_free(struct scratch **s);
/* Room for len bytes, or NULL; the contents of earlier calls are lost. */
char *scratch_room(struct scratch *s, size_t len);

/* The body under that encoding. An identity body is returned where it lies;
 * others are decoded into the scratch (NULL room: arena_give_up). Decoding is
 * lenient; what was not strict is added to m's defects. */
struct span mime_decode_body(struct mime_message *m, const struct mime_part *part, enum mime_encoding encoding,
    struct scratch *scratch);

/* The body of a leaf in every reading that some program has of it: each
 * candidate encoding, and of one that is malformed each way to go on; of an
 * attachment that is not said to be encoded but is all base64 or uuencode, that
 * too. The strict reading comes first; a well-formed body has no other. At most
 * BODY_READINGS_MAX, each linear; where there are more, that is a defect.
 *
 *     struct mime_bodies b;
 *     mime_bodies_begin(&b, m, part, scratch);
 *     while (mime_bodies_next(&b))
 *             look_at(b.content);
 */
enum { BODY_READINGS_MAX = 32 };
struct mime_bodies {
	struct span content;         /* valid until the next call */
	enum mime_encoding encoding; /* it was decoded from */
	bool first;                  /* the strict reading */
	/* Private from here. */
	struct mime_message *message;
	const struct mime_part *part;
	struct scratch *scratch;
	const struct mime_encodings *at; /* the next candidate */
	bool guessed;                    /* and after them, what the body looks like */
	enum mime_encoding candidate;    /* whose ways are the next: */
	void *ways;
	size_t way_count, way;
	bool over;                       /* there are more ways than room for them */
	unsigned count;
};
void mime_bodies_begin(struct mime_bodies *b, struct mime_message *m, const struct mime_part *part,
    struct scratch *scratch);
bool mime_bodies_next(struct mime_bodies *b);

/* Single decoders, linear, into out (which has room for in.len bytes); each
 * returns the length. *strict is false when something was not of the grammar. */
size_t base64_decode(struct span in, char *out, bool *strict);
size_t quoted_printable_decode(struct span in, char *out, bool *strict);
/* RFC 2047 4.2's Q encoding. */
size_t q_word_decode(struct span in, char *out);
/* The first file between "begin MODE NAME" and "end"; *name is a span of in,
 * *rest what follows. SIZE_MAX when there is none. */
size_t uudecode(struct span in, char *out, struct span *name, struct span *rest, bool *strict);

/* Charsets. charset_open_all() opens the converters of all charsets that
 * gatepost knows, once, before the scanner's cage closes: afterwards no file
 * can be opened. Others are unknown. Idempotent; whoever converts text without
 * it opens them there and then. */
void charset_open_all(void);
/* `text` in UTF-8, in the arena (or itself when it is UTF-8 or ASCII already).
 * *known is false when the charset is not; then the text is read as
 * windows-1252. Malformed input becomes U+FFFD. us-ascii, and NULL for none
 * given, is UTF-8 where the text is that and windows-1252 where it is not. */
struct span charset_to_utf8(struct arena *a, struct span text, const char *charset, bool *known);

/* RFC 2047 encoded words in an unfolded value, to UTF-8. */
struct span encoded_words_decode(struct arena *a, struct span value);
/* The value as an unstructured header may hold it: itself when it is printable
 * ASCII, else (line ends too are encoded, never written) encoded words of at most 75 characters, joined by CRLF SP. */
struct span encoded_words_encode(struct arena *a, struct span utf8);

#endif
