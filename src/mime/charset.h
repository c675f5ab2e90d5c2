/* The charsets that are known, by name. */
#ifndef MIME_CHARSET_H
#define MIME_CHARSET_H

#include <stddef.h>

enum charset_kind {
	CHARSET_UTF8,         /* read by ourselves */
	CHARSET_ASCII,        /* by ourselves, as UTF-8 or windows-1252 */
	CHARSET_WINDOWS_1252, /* by ourselves, iso-8859-1 too */
	CHARSET_OVER_ASCII,   /* by iconv; ASCII bytes stand for themselves */
	CHARSET_OTHER,        /* by iconv; they may not */
};

struct charset {
	const char *key; /* the name in lower case, letters and digits only */
	const char *iconv_name;
	enum charset_kind kind;
};

enum { CHARSET_COUNT = 188, CHARSET_KEY_MAX = 24 };
extern const struct charset charset_table[CHARSET_COUNT]; /* sorted by key */

/* The row of a charset's name as mail has it, or NULL. */
const struct charset *charset_find(const char *name);

#endif
