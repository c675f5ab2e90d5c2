/* A wider expression: one that matches wherever the first does, and perhaps
 * elsewhere, in few enough constructs that any engine reads it alike. */
#ifndef ENGINE_REGEX_WIDER_H
#define ENGINE_REGEX_WIDER_H

#include "base/arena.h"

/* pattern: one that PCRE2 accepted with UTF, without its delimiters, and without
 * the flag x; unicode: with the flag u. The wider one is of bytes: it is to be held against the text
 * as narrowed by text_narrow(), with the flags i and s of the first. It lies in
 * the arena; false when none is known. */
bool regex_widen(struct arena *a, struct span pattern, bool unicode, struct span *wider);

/* The text with one byte, of which nothing is known but that it is not ASCII,
 * for each character beyond ASCII and each malformed byte; `out` has room for
 * text.len bytes. Returns the length, or SIZE_MAX where a wider expression may
 * be wrong: the text holds U+017F or U+212A, the cases beyond ASCII of s and k. */
size_t text_narrow(struct span text, char *out);

#endif
