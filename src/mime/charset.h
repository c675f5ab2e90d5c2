/* Charsets: the ones that are known, by name, and the readings of a text. */
#ifndef MIME_CHARSET_H
#define MIME_CHARSET_H

#include "base/arena.h"

enum charset_kind {
	CHARSET_UTF8,         /* read by ourselves */
	CHARSET_ASCII,        /* by ourselves, as UTF-8 or windows-1252 */
	CHARSET_WINDOWS_1252, /* by ourselves, iso-8859-1 too */
	CHARSET_OVER_ASCII,   /* by iconv; ASCII bytes stand for themselves */
	CHARSET_OTHER,        /* by iconv; they may not */
	CHARSET_HZ,           /* by iconv, once its escapes are undone (RFC 1843) */
};

struct charset {
	const char *key; /* the name in lower case, letters and digits only */
	const char *iconv_name;
	enum charset_kind kind;
};

enum { CHARSET_COUNT = 200, CHARSET_KEY_MAX = 24 };
extern const struct charset charset_table[CHARSET_COUNT]; /* sorted by key */

/* The row of a charset's name as mail has it, or NULL. */
const struct charset *charset_find(const char *name);

/* A text in UTF-8, in each way that some program would read it. */
enum { CHARSET_READINGS_MAX = 8 };
struct charset_readings {
	struct span items[CHARSET_READINGS_MAX]; /* different ones; the first is by the charset given */
	size_t count;
	bool known; /* false when a charset given is not */
};

/* `given`: the charsets that the headers give, the strict reading first; none
 * is us-ascii. html: the text may tell its charset itself. Text of ASCII that
 * says nothing else has one reading and is not copied. */
void charset_read(struct arena *a, struct span text, const char *const *given, size_t count, bool html,
    struct charset_readings *out);

#endif
