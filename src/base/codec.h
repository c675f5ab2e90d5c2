/* Encoding of bytes as text: hexadecimal (RFC 4648 8) and base64 (4). */
#ifndef BASE_CODEC_H
#define BASE_CODEC_H

#include "base/buf.h"
#include "base/span.h"

/* Lower-case digits and a NUL; out holds 2 * s.len + 1. */
void hex_encode(struct span s, char *out);
/* The value of a hexadecimal digit, or -1. */
int hex_digit(char c);
/* Appends the padded base64 of s, broken by CRLF after each line_len
 * characters (a multiple of 4; 0 = one line). No CRLF at the end. */
void base64_encode(struct buf *out, struct span s, size_t line_len);
/* Strict: the alphabet and padding only. Appends the decoded bytes; false on
 * anything else. For SASL (RFC 4954 4); message bodies are read by mime. */
bool base64_decode_strict(struct buf *out, struct span s);

#endif
