/* By OpenSSL but for RC4, which is short. */
#include "config.h"

#include "engine/crypt.h"

bool
crypt_digest(const EVP_MD *md, const struct span *pieces, size_t count, unsigned char out[EVP_MAX_MD_SIZE])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx != NULL && EVP_DigestInit_ex(ctx, md, NULL) == 1;

	for (size_t i = 0; good && i < count; i++)
		good = pieces[i].len == 0 || EVP_DigestUpdate(ctx, pieces[i].data, pieces[i].len) == 1;
	good = good && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return good;
}

void
crypt_rc4(const unsigned char *key, size_t key_len, struct span in, unsigned char *out)
{
	unsigned char s[256], swap;
	unsigned j = 0;

	for (unsigned i = 0; i < 256; i++)
		s[i] = (unsigned char)i;
	for (unsigned i = 0; i < 256; i++) {
		j = (j + s[i] + key[i % key_len]) & 255;
		swap = s[i];
		s[i] = s[j];
		s[j] = swap;
	}
	j = 0;
	for (size_t n = 0; n < in.len; n++) {
		unsigned i = (unsigned)(n + 1) & 255;

		j = (j + s[i]) & 255;
		swap = s[i];
		s[i] = s[j];
		s[j] = swap;
		out[n] = (unsigned char)in.data[n] ^ s[(s[i] + s[j]) & 255];
	}
}

static const EVP_CIPHER *
cipher_of(size_t key_len, bool cbc)
{
	switch (key_len) {
	case 16:
		return cbc ? EVP_aes_128_cbc() : EVP_aes_128_ecb();
	case 24:
		return cbc ? EVP_aes_192_cbc() : EVP_aes_192_ecb();
	case 32:
		return cbc ? EVP_aes_256_cbc() : EVP_aes_256_ecb();
	default:
		return NULL;
	}
}

bool
crypt_aes(enum crypt_direction direction, const unsigned char *key, size_t key_len, const unsigned char *iv,
    struct span in, unsigned char *out)
{
	const EVP_CIPHER *cipher = cipher_of(key_len, iv != NULL);
	EVP_CIPHER_CTX *ctx = cipher != NULL && in.len <= INT32_MAX ? EVP_CIPHER_CTX_new() : NULL;
	int len = 0;
	bool good = ctx != NULL && EVP_CipherInit_ex(ctx, cipher, NULL, key, iv, direction) == 1 &&
	    EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
	    EVP_CipherUpdate(ctx, out, &len, (const unsigned char *)in.data, (int)(in.len / CRYPT_BLOCK * CRYPT_BLOCK)) == 1;

	EVP_CIPHER_CTX_free(ctx);
	return good;
}

void
crypt_open_all(void)
{
	static const unsigned char zero[32];
	const EVP_MD *const digests[] = { EVP_md5(), EVP_sha1(), EVP_sha256(), EVP_sha384(), EVP_sha512() };
	unsigned char out[EVP_MAX_MD_SIZE];

	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		crypt_digest(digests[i], NULL, 0, out);
	for (size_t len = 16; len <= sizeof(zero); len += 8) {
		crypt_aes(CRYPT_DECRYPT, zero, len, NULL, crypt_octets(zero, CRYPT_BLOCK), out);
		crypt_aes(CRYPT_DECRYPT, zero, len, zero, crypt_octets(zero, CRYPT_BLOCK), out);
	}
}
