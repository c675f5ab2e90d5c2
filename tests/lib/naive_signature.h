/* ClamAV's body syntax by backtracking over the text of the pattern: slow,
 * short, and written apart from the matcher that it is held against. */
#ifndef TESTS_NAIVE_SIGNATURE_H
#define TESTS_NAIVE_SIGNATURE_H

#include "base/span.h"

enum { NAIVE_HEX_MAX = 400, NAIVE_DATA_MAX = 200 };

/* Whether the pattern, one that signature_add_hex() takes, of at most
 * NAIVE_HEX_MAX characters, is anywhere in data of at most NAIVE_DATA_MAX. */
bool naive_signature_matches(struct span hex, struct span data);

#endif
