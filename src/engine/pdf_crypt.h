/* PDFs that are encrypted and open without a password (ISO 32000-2 7.6). */
#ifndef ENGINE_PDF_CRYPT_H
#define ENGINE_PDF_CRYPT_H

#include "base/arena.h"

struct pdf;

enum { PDF_KEY_MAX = 32 };

struct pdf_crypt {
	unsigned char key[PDF_KEY_MAX];
	size_t key_len;
	bool aes;
	bool each; /* each object has a key of its own, made of that one */
};

/* The key of a file whose objects were read, by the empty password. False when
 * that is not its password, or the method is not known. */
bool pdf_crypt_open(const struct pdf *p, struct pdf_crypt *c);
/* What the octets of that object are when they are decrypted, in the arena. */
struct span pdf_decrypt(const struct pdf_crypt *c, struct arena *a, uint64_t number, uint64_t generation, struct span data);

#endif
