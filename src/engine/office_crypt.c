/* Excel and PowerPoint have a password each that they try before they ask: a
 * file that is encrypted with it opens like any other, and is unread by all who
 * look at its bytes. So it is tried here as well.
 *
 * A key is a digest that is made 50,000 times and more, as the file says. That
 * counts as output, so that a message of many such files meets a limit.
 *
 * Limits: no XOR obfuscation, and of packages AES only. */
#include "config.h"

#include "engine/office_crypt.h"

#include "engine/crypt.h"
#include "engine/xml_tags.h"

enum {
	KEY_MAX = 64, /* SHA-512; of a cipher 32 at most */
	SEGMENT = 4096,
	SPINS_STANDARD = 50000,
	SPINS_MAX = 1000 * 1000,
	SPIN_COST = 32, /* octets of output that one counts as */
	RC4_BLOCK = 1024,

	VERSION_RC4 = 1,        /* major */
	VERSION_AGILE = 4,      /* both */
	VERIFIER = 16,
};

/* In UTF-16. */
static const struct span passwords[] = {
	{ "V\0e\0l\0v\0e\0t\0S\0w\0e\0a\0t\0s\0h\0o\0p", 30 },
	{ "/\0" "0\0" "1\0H\0a\0n\0n\0e\0s\0 \0R\0u\0e\0s\0c\0h\0e\0r\0/\0" "0\0" "1", 42 },
};

static void
put_le32(unsigned char out[4], size_t value)
{
	for (unsigned i = 0; i < 4; i++)
		out[i] = (unsigned char)(value >> 8 * i);
}

/* A password's digest, made so many times. */
static bool
spin(struct document *d, const EVP_MD *md, struct span salt, struct span password, size_t spins, unsigned char out[KEY_MAX])
{
	struct span first[] = { salt, password };
	unsigned char number[4];
	struct span next[] = { crypt_octets(number, 4), crypt_octets(out, (size_t)EVP_MD_get_size(md)) };
	bool good = crypt_digest(md, first, 2, out);

	d->budget->output += SPIN_COST * spins;
	for (size_t i = 0; good && i < spins; i++) {
		put_le32(number, i);
		good = crypt_digest(md, next, 2, out);
	}
	return good;
}

/* --- Standard: AES in ECB, SHA-1 --- */

struct standard {
	size_t key_len;
	struct span salt, verifier, verifier_hash;
};

static bool
read_standard(struct span info, struct standard *s)
{
	struct span header = span_from(info, 12), rest;
	size_t header_len = le32(info, 8);

	if (header_len > header.len)
		return false;
	s->key_len = le32(header, 16) / 8;
	rest = span_from(header, header_len);
	s->salt = span_sub(rest, 4, VERIFIER);
	s->verifier = span_sub(rest, 20, VERIFIER);
	s->verifier_hash = span_sub(rest, 40, 32);
	return (s->key_len == 16 || s->key_len == 24 || s->key_len == 32) && s->verifier_hash.len == 32;
}

/* Twice the digest of a pad that it is put over. */
static bool
standard_key(struct document *d, const struct standard *s, struct span password, unsigned char key[KEY_MAX])
{
	static const unsigned char block[4], pads[] = { 0x36, 0x5c };
	unsigned char h[KEY_MAX], padded[64];
	struct span pieces[] = { crypt_octets(h, 20), crypt_octets(block, 4) }, all = crypt_octets(padded, sizeof(padded));

	if (!spin(d, EVP_sha1(), s->salt, password, SPINS_STANDARD, h) || !crypt_digest(EVP_sha1(), pieces, 2, h))
		return false;
	for (size_t n = 0; n < 2; n++) {
		unsigned char out[EVP_MAX_MD_SIZE];

		memset(padded, pads[n], sizeof(padded));
		for (size_t i = 0; i < 20; i++)
			padded[i] ^= h[i];
		if (!crypt_digest(EVP_sha1(), &all, 1, out))
			return false;
		memcpy(key + 20 * n, out, 20);
	}
	return true;
}

static struct span
decrypt_standard(struct document *d, struct span info, struct span package, struct span password)
{
	unsigned char key[KEY_MAX], verifier[VERIFIER], hash[32], right[EVP_MAX_MD_SIZE], *out;
	struct span piece = crypt_octets(verifier, VERIFIER);
	struct standard s;

	if (!read_standard(info, &s) || !standard_key(d, &s, password, key) ||
	    !crypt_aes(CRYPT_DECRYPT, key, s.key_len, NULL, s.verifier, verifier) ||
	    !crypt_aes(CRYPT_DECRYPT, key, s.key_len, NULL, s.verifier_hash, hash) ||
	    !crypt_digest(EVP_sha1(), &piece, 1, right) || memcmp(hash, right, 20) != 0)
		return SPAN_NONE;
	out = arena_alloc_raw(d->arena, package.len + 1);
	return crypt_aes(CRYPT_DECRYPT, key, s.key_len, NULL, span_from(package, 8), out) ?
	    crypt_octets(out, (package.len - 8) / CRYPT_BLOCK * CRYPT_BLOCK) : SPAN_NONE;
}

/* --- Agile: what it is stands in XML --- */

struct agile {
	const EVP_MD *md, *data_md;
	size_t key_len, data_key_len, spins;
	struct span salt, data_salt, input, value, key; /* encrypted: of the verifier, its digest, and the key of the data */
};

static struct span
attribute_base64(struct document *d, const struct xml_tag *tag, const char *name)
{
	struct buf *room = document_room(d);

	document_base64(xml_attribute(d->arena, tag, name), room);
	return buf_span(room);
}

static size_t
attribute_number(struct document *d, const struct xml_tag *tag, const char *name)
{
	uint64_t number = 0;

	return span_to_u64(xml_attribute(d->arena, tag, name), &number) && number <= SIZE_MAX ? (size_t)number : 0;
}

static const EVP_MD *
attribute_digest(struct document *d, const struct xml_tag *tag)
{
	struct span name = xml_attribute(d->arena, tag, "hashAlgorithm");

	if (span_is_nocase(name, "SHA1") || span_is_nocase(name, "SHA-1"))
		return EVP_sha1();
	if (span_is_nocase(name, "SHA256") || span_is_nocase(name, "SHA-256"))
		return EVP_sha256();
	if (span_is_nocase(name, "SHA384") || span_is_nocase(name, "SHA-384"))
		return EVP_sha384();
	return span_is_nocase(name, "SHA512") || span_is_nocase(name, "SHA-512") ? EVP_sha512() : NULL;
}

static bool
read_agile(struct document *d, struct span in, struct agile *s)
{
	struct xml_tag tag;

	*s = (struct agile){ .md = NULL };
	while (xml_next(&in, &tag)) {
		if (span_is(tag.name, "keyData")) {
			s->data_md = attribute_digest(d, &tag);
			s->data_key_len = attribute_number(d, &tag, "keyBits") / 8;
			s->data_salt = attribute_base64(d, &tag, "saltValue");
		} else if (span_is(tag.name, "encryptedKey")) {
			s->md = attribute_digest(d, &tag);
			s->key_len = attribute_number(d, &tag, "keyBits") / 8;
			s->spins = attribute_number(d, &tag, "spinCount");
			s->salt = attribute_base64(d, &tag, "saltValue");
			s->input = attribute_base64(d, &tag, "encryptedVerifierHashInput");
			s->value = attribute_base64(d, &tag, "encryptedVerifierHashValue");
			s->key = attribute_base64(d, &tag, "encryptedKeyValue");
		}
	}
	return s->md != NULL && s->data_md != NULL && s->spins <= SPINS_MAX && s->salt.len == CRYPT_BLOCK &&
	    s->input.len == CRYPT_BLOCK && s->value.len <= KEY_MAX && s->value.len >= (size_t)EVP_MD_get_size(s->md) &&
	    s->key.len <= KEY_MAX && s->key.len >= s->data_key_len;
}

/* What is encrypted for one purpose, which has a name of 8 octets. */
static bool
decrypt_for(const struct agile *s, const unsigned char h[KEY_MAX], const char *purpose, struct span in, unsigned char *out)
{
	unsigned char key[KEY_MAX];
	struct span pieces[] = { crypt_octets(h, (size_t)EVP_MD_get_size(s->md)), span_of(purpose, 8) };

	memset(key, 0x36, sizeof(key));
	return crypt_digest(s->md, pieces, 2, key) &&
	    crypt_aes(CRYPT_DECRYPT, key, s->key_len, (const unsigned char *)s->salt.data, in, out);
}

static bool
decrypt_segments(const struct agile *s, const unsigned char *key, struct span in, unsigned char *out)
{
	unsigned char number[4], iv[EVP_MAX_MD_SIZE];
	struct span pieces[] = { s->data_salt, crypt_octets(number, 4) };
	bool good = true;

	for (size_t at = 0; good && at < in.len; at += SEGMENT) {
		put_le32(number, at / SEGMENT);
		good = crypt_digest(s->data_md, pieces, 2, iv) &&
		    crypt_aes(CRYPT_DECRYPT, key, s->data_key_len, iv, span_sub(in, at, SEGMENT), out + at);
	}
	return good;
}

static struct span
decrypt_agile(struct document *d, struct span info, struct span package, struct span password)
{
	unsigned char h[KEY_MAX], input[KEY_MAX], value[KEY_MAX], key[KEY_MAX], right[EVP_MAX_MD_SIZE], *out;
	struct span piece = crypt_octets(input, CRYPT_BLOCK), in = span_from(package, 8);
	struct agile s;

	if (!read_agile(d, xml_in_utf8(d->arena, span_from(info, 8)), &s) || !spin(d, s.md, s.salt, password, s.spins, h) ||
	    !decrypt_for(&s, h, "\xfe\xa7\xd2\x76\x3b\x4b\x9e\x79", s.input, input) ||
	    !decrypt_for(&s, h, "\xd7\xaa\x0f\x6d\x30\x61\x34\x4e", s.value, value) ||
	    !crypt_digest(s.md, &piece, 1, right) || memcmp(value, right, (size_t)EVP_MD_get_size(s.md)) != 0 ||
	    !decrypt_for(&s, h, "\x14\x6e\x0b\xe7\xab\xac\xd0\xd6", s.key, key))
		return SPAN_NONE;
	out = arena_alloc_raw(d->arena, package.len + 1);
	return decrypt_segments(&s, key, in, out) ? crypt_octets(out, in.len / CRYPT_BLOCK * CRYPT_BLOCK) : SPAN_NONE;
}

struct span
office_decrypt_package(struct document *d, struct span info, struct span package)
{
	bool agile = le16(info, 0) == VERSION_AGILE && le16(info, 2) == VERSION_AGILE;
	struct span plain = SPAN_NONE;
	uint64_t size = le32(package, 0);

	for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]) && plain.data == NULL && package.len > 8; i++)
		plain = (agile ? decrypt_agile : decrypt_standard)(d, info, package, passwords[i]);
	return size < plain.len ? span_first(plain, (size_t)size) : plain;
}

/* --- Workbooks: RC4 --- */

/* The key of each block of the stream is made of this. */
struct workbook_key {
	const EVP_MD *md;
	unsigned char base[EVP_MAX_MD_SIZE];
	size_t base_len, key_len;
};

static bool
workbook_rc4(const struct workbook_key *k, size_t block, struct span in, unsigned char *out)
{
	unsigned char number[4], key[EVP_MAX_MD_SIZE];
	struct span pieces[] = { crypt_octets(k->base, k->base_len), crypt_octets(number, 4) };
	size_t len = k->key_len;

	put_le32(number, block);
	if (!crypt_digest(k->md, pieces, 2, key))
		return false;
	if (len == 5 && k->md == EVP_sha1()) { /* 40 bits are filled up */
		memset(key + len, 0, 11);
		len = 16;
	}
	crypt_rc4(key, len, in, out);
	return true;
}

static bool
workbook_key_is_right(const struct workbook_key *k, struct span verifier, struct span hash)
{
	unsigned char both[VERIFIER + EVP_MAX_MD_SIZE], in[sizeof(both)], right[EVP_MAX_MD_SIZE];
	size_t hash_len = (size_t)EVP_MD_get_size(k->md);
	struct span piece = crypt_octets(both, VERIFIER);

	if (verifier.len < VERIFIER || hash.len < hash_len)
		return false;
	memcpy(in, verifier.data, VERIFIER);
	memcpy(in + VERIFIER, hash.data, hash_len);
	return workbook_rc4(k, 0, crypt_octets(in, VERIFIER + hash_len), both) && crypt_digest(k->md, &piece, 1, right) &&
	    memcmp(both + VERIFIER, right, hash_len) == 0;
}

/* Of the first method, with MD5 and 40 bits. */
static bool
open_rc4(struct workbook_key *k, struct span in, struct span password)
{
	unsigned char h[EVP_MAX_MD_SIZE];
	struct span pieces[32];

	*k = (struct workbook_key){ .md = EVP_md5(), .base_len = 5, .key_len = 16 };
	if (!crypt_digest(EVP_md5(), &password, 1, h))
		return false;
	for (size_t i = 0; i < 32; i += 2) {
		pieces[i] = crypt_octets(h, 5);
		pieces[i + 1] = span_first(in, 16);
	}
	return crypt_digest(EVP_md5(), pieces, 32, k->base) && workbook_key_is_right(k, span_sub(in, 16, 16), span_sub(in, 32, 16));
}

/* Of CryptoAPI, with SHA-1: the header is that of a package. */
static bool
open_crypto_api(struct workbook_key *k, struct span in, struct span password)
{
	struct span header = span_from(in, 8), rest = span_from(header, le32(in, 4));
	struct span pieces[] = { span_sub(rest, 4, 16), password };
	size_t bits = le32(header, 16);

	*k = (struct workbook_key){ .md = EVP_sha1(), .base_len = 20, .key_len = bits == 0 ? 5 : bits / 8 };
	return k->key_len >= 5 && k->key_len <= 16 && crypt_digest(EVP_sha1(), pieces, 2, k->base) &&
	    workbook_key_is_right(k, span_sub(rest, 20, VERIFIER), span_sub(rest, 40, 20));
}

static bool
open_workbook(struct workbook_key *k, struct span file_pass)
{
	struct span in = span_from(file_pass, 6);
	bool (*open)(struct workbook_key *, struct span, struct span) = le16(file_pass, 2) == VERSION_RC4 ? open_rc4 : open_crypto_api;

	for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]) && le16(file_pass, 0) == 1; i++)
		if (open(k, in, passwords[i]))
			return true;
	return false;
}

struct span
office_decrypt_workbook(struct document *d, struct span file_pass, struct span stream)
{
	struct workbook_key k;
	unsigned char *out;

	if (!open_workbook(&k, file_pass))
		return SPAN_NONE;
	out = arena_alloc_raw(d->arena, stream.len + 1);
	for (size_t at = 0; at < stream.len; at += RC4_BLOCK)
		if (!workbook_rc4(&k, at / RC4_BLOCK, span_sub(stream, at, RC4_BLOCK), out + at))
			return SPAN_NONE;
	return crypt_octets(out, stream.len);
}
