/* Digests of content, by OpenSSL. Its algorithms are found by name in its
 * default provider, which is loaded at the first use; so each is used once
 * before the cage closes, and is found in memory from then on. */
#include "config.h"

#include "engine/signature.h"

#include <openssl/evp.h>

size_t
digest_size(enum digest_kind kind)
{
	static const unsigned char sizes[DIGEST_KINDS] = { [DIGEST_MD5] = 16, [DIGEST_SHA1] = 20, [DIGEST_SHA256] = 32 };

	return sizes[kind];
}

bool
digest_of(enum digest_kind kind, struct span data, unsigned char out[DIGEST_MAX])
{
	const EVP_MD *algorithm = kind == DIGEST_MD5 ? EVP_md5() : kind == DIGEST_SHA1 ? EVP_sha1() : EVP_sha256();

	return EVP_Digest(data.data != NULL ? data.data : "", data.len, out, NULL, algorithm, NULL) == 1;
}

void
digest_open_all(void)
{
	unsigned char out[DIGEST_MAX];

	for (int kind = 0; kind < DIGEST_KINDS; kind++)
		digest_of((enum digest_kind)kind, SPAN_NONE, out);
}
