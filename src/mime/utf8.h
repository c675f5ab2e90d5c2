/* UTF-8 (RFC 3629), and text that ought to be but is not. */
#ifndef MIME_UTF8_H
#define MIME_UTF8_H

#include "base/arena.h"

#define UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* The length of the character at the front, 0 when it is malformed. */
size_t utf8_char(struct span s);
/* How many bytes in front are ASCII. */
size_t utf8_ascii_prefix(struct span s);
bool utf8_valid(struct span s);
/* The character at the front, whose length utf8_char() told. */
uint32_t utf8_code(const char *at, size_t len);
/* A character's bytes; their number. */
enum { UTF8_MAX = 4 };
size_t utf8_put(uint32_t code, char out[UTF8_MAX]);

/* Text in the arena, or `s` itself where nothing is to be changed: malformed
 * bytes become U+FFFD. */
struct span utf8_repair(struct arena *a, struct span s);
/* windows-1252 to UTF-8; its five unused bytes become U+FFFD. */
struct span utf8_from_windows_1252(struct arena *a, struct span s);
/* Text of no known charset: UTF-8 if it is that, else windows-1252. */
struct span utf8_guess(struct arena *a, struct span s);

#endif
