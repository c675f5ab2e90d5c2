/* The tokens of PDF (ISO 32000-1 7.2 and 7.3), one after another. */
#ifndef ENGINE_PDF_TOKEN_H
#define ENGINE_PDF_TOKEN_H

#include "base/arena.h"

enum pdf_kind {
	PDF_END, PDF_NAME, PDF_STRING, PDF_HEX_STRING, PDF_NUMBER, PDF_WORD, PDF_DICT_BEGIN, PDF_DICT_END,
	PDF_ARRAY_BEGIN, PDF_ARRAY_END,
};

enum { PDF_NAME_MAX = 128 }; /* of a name that is longer, its beginning */

struct pdf_token {
	enum pdf_kind kind;
	struct span raw;    /* without delimiters: of strings and hex strings as they are written */
	char name[PDF_NAME_MAX]; /* of a name: its #xx undone, terminated */
	uint64_t number;    /* of a number that is whole and positive, else 0 */
};

/* Takes the next token off *in; false, and PDF_END, at its end. Comments are
 * passed over. Linear in all. */
bool pdf_next(struct span *in, struct pdf_token *t);

/* The octets that a string stands for, in the arena. */
struct span pdf_string(struct arena *a, const struct pdf_token *t);
/* Those as text: from UTF-16 where they begin with a byte order mark. */
struct span pdf_text(struct arena *a, struct span string);

#endif
