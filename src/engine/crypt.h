/* What the readers of encrypted documents need of cryptography. */
#ifndef ENGINE_CRYPT_H
#define ENGINE_CRYPT_H

#include "base/span.h"

#include <openssl/evp.h>

enum { CRYPT_BLOCK = 16 }; /* of AES */

static inline struct span
crypt_octets(const unsigned char *data, size_t len)
{
	return span_of((const char *)data, len);
}

/* Of all pieces as one. False when there is no memory. */
bool crypt_digest(const EVP_MD *md, const struct span *pieces, size_t count, unsigned char out[EVP_MAX_MD_SIZE]);

/* As many octets as `in` has; it may be the same. OpenSSL has RC4 no more without its old provider. */
void crypt_rc4(const unsigned char *key, size_t key_len, struct span in, unsigned char *out);

/* Whole blocks without padding, what is over is left out: in CBC, or in ECB where there is no iv. Keys have 16, 24 or 32
 * octets. */
enum crypt_direction { CRYPT_DECRYPT, CRYPT_ENCRYPT };
bool crypt_aes(enum crypt_direction direction, const unsigned char *key, size_t key_len, const unsigned char *iv,
    struct span in, unsigned char *out);

/* Uses each algorithm once: OpenSSL finds them by name, in its default provider, before the cage closes. */
void crypt_open_all(void);

#endif
