/* A PDF with an empty user password is encrypted so that its owner's wishes
 * (no printing, no changing) may be heeded: every program opens it without a
 * question, so what is in it is read as well. Algorithms have the numbers of
 * ISO 32000-2 7.6.
 *
 * Limits: one method for strings and streams, as all writers have it; the
 * dictionary's values stand in it, and not elsewhere by reference. */
#include "config.h"

#include "engine/pdf_crypt.h"

#include "engine/crypt.h"
#include "engine/pdf_object.h"

#include <stdlib.h>

enum {
	PAD = 32,
	MD5 = 16,
	U_CHECK = 32,   /* revisions 5 and 6: a digest, then two salts of 8 */
	U_LENGTH = 48,
	ROUNDS_R3 = 50,
	ROUNDS_R6 = 64,
	INPUT_R6 = 64 * 64, /* 64 copies of a digest */
};

static const unsigned char pad[PAD] = { 0x28, 0xbf, 0x4e, 0x5e, 0x4e, 0x75, 0x8a, 0x41, 0x64, 0x00, 0x4e, 0x56, 0xff, 0xfa,
	0x01, 0x08, 0x2e, 0x2e, 0x00, 0xb6, 0xd0, 0x68, 0x3e, 0x80, 0x2f, 0x0c, 0xa9, 0xfe, 0x64, 0x53, 0x69, 0x7a };

/* What the dictionary /Encrypt says. */
struct security {
	uint64_t version, revision, length;
	uint32_t permissions;
	bool plain_metadata, aes;
	struct span o, u, ue, id;
};

/* --- What the file says --- */

static void
take_number(struct security *s, const char *key, const struct pdf_token *t)
{
	char text[24] = "";

	if (strcmp(key, "V") == 0)
		s->version = t->number;
	else if (strcmp(key, "R") == 0)
		s->revision = t->number;
	else if (strcmp(key, "Length") == 0)
		s->length = t->number;
	if (strcmp(key, "P") != 0 || t->raw.len >= sizeof(text))
		return;
	memcpy(text, t->raw.data, t->raw.len);
	s->permissions = (uint32_t)strtoll(text, NULL, 10); /* negative, as a rule */
}

static void
take_string(struct security *s, struct arena *a, const char *key, const struct pdf_token *t)
{
	if (strcmp(key, "O") == 0)
		s->o = pdf_string(a, t);
	else if (strcmp(key, "U") == 0)
		s->u = pdf_string(a, t);
	else if (strcmp(key, "UE") == 0)
		s->ue = pdf_string(a, t);
}

static void
read_security(struct security *s, struct arena *a, struct span in)
{
	struct pdf_token t;
	char key[PDF_NAME_MAX] = "";
	int depth = 0;

	while (pdf_next(&in, &t) && (depth > 0 || t.kind == PDF_DICT_BEGIN)) {
		depth += t.kind == PDF_DICT_BEGIN;
		depth -= t.kind == PDF_DICT_END;
		if (depth == 0)
			return;
		if (t.kind == PDF_NAME && strcmp(key, "CFM") == 0)
			s->aes |= strncmp(t.name, "AESV", 4) == 0;
		if (t.kind == PDF_NAME)
			memcpy(key, t.name, sizeof(key));
		else if (t.kind == PDF_NUMBER && depth == 1)
			take_number(s, key, &t);
		else if ((t.kind == PDF_STRING || t.kind == PDF_HEX_STRING) && depth == 1)
			take_string(s, a, key, &t);
		else if (t.kind == PDF_WORD && strcmp(key, "EncryptMetadata") == 0)
			s->plain_metadata = span_is(t.raw, "false");
	}
}

/* In a trailer, or in the dictionary of a stream that is one. */
static void
read_trailer(const struct pdf *p, struct security *s, struct span in)
{
	struct pdf_token t;
	char key[PDF_NAME_MAX] = "";

	while (pdf_next(&in, &t)) {
		struct span rest = in;

		if (t.kind == PDF_NAME) {
			memcpy(key, t.name, sizeof(key));
			if (strcmp(key, "Encrypt") == 0)
				read_security(s, p->d.arena, rest);
		} else if (t.kind == PDF_NUMBER && strcmp(key, "Encrypt") == 0) {
			for (size_t i = 0; i < p->object_count; i++)
				if (p->objects[i].number == t.number)
					read_security(s, p->d.arena, p->objects[i].dictionary);
			key[0] = '\0';
		} else if ((t.kind == PDF_STRING || t.kind == PDF_HEX_STRING) && strcmp(key, "ID") == 0) {
			s->id = pdf_string(p->d.arena, &t);
			key[0] = '\0';
		}
	}
}

/* --- Keys --- */

/* Algorithm 2. */
static bool
make_key(const struct security *s, struct pdf_crypt *c)
{
	unsigned char out[EVP_MAX_MD_SIZE], numbers[8] = { 0, 0, 0, 0, 255, 255, 255, 255 };
	struct span pieces[] = { crypt_octets(pad, PAD), span_first(s->o, 32), crypt_octets(numbers, 4), s->id, crypt_octets(numbers + 4, 4) };
	bool good;

	for (unsigned i = 0; i < 4; i++)
		numbers[i] = (unsigned char)(s->permissions >> 8 * i);
	c->key_len = s->revision < 3 ? 5 : s->length >= 40 && s->length <= 128 ? s->length / 8 : s->version == 4 ? 16 : 5;
	good = crypt_digest(EVP_md5(), pieces, s->revision >= 4 && s->plain_metadata ? 5 : 4, out);
	for (int i = 0; good && s->revision >= 3 && i < ROUNDS_R3; i++) {
		struct span piece = crypt_octets(out, c->key_len);

		good = crypt_digest(EVP_md5(), &piece, 1, out);
	}
	memcpy(c->key, out, c->key_len);
	return good;
}

/* Algorithms 4 and 5: what U must be. */
static bool
key_is_right(const struct security *s, const struct pdf_crypt *c)
{
	unsigned char out[EVP_MAX_MD_SIZE], key[PDF_KEY_MAX];
	struct span pieces[] = { crypt_octets(pad, PAD), s->id };

	if (s->revision < 3) {
		crypt_rc4(c->key, c->key_len, crypt_octets(pad, PAD), out);
		return span_eq(span_first(s->u, PAD), crypt_octets(out, PAD));
	}
	if (!crypt_digest(EVP_md5(), pieces, 2, out))
		return false;
	for (unsigned round = 0; round < 20; round++) {
		for (size_t i = 0; i < c->key_len; i++)
			key[i] = (unsigned char)(c->key[i] ^ round);
		crypt_rc4(key, c->key_len, crypt_octets(out, MD5), out);
	}
	return span_eq(span_first(s->u, MD5), crypt_octets(out, MD5));
}

/* One round of algorithm 2.B without a password: `k` is encrypted 64 times over, and its digest is the next. */
static bool
harden(unsigned char k[EVP_MAX_MD_SIZE], size_t *len, unsigned *last)
{
	unsigned char in[INPUT_R6], out[INPUT_R6];
	const EVP_MD *const digests[] = { EVP_sha256(), EVP_sha384(), EVP_sha512() };
	struct span piece = crypt_octets(out, 64 * *len);
	unsigned sum = 0;

	for (size_t i = 0; i < 64; i++)
		memcpy(in + i * *len, k, *len);
	if (!crypt_aes(CRYPT_ENCRYPT, k, 16, k + 16, crypt_octets(in, piece.len), out))
		return false;
	for (size_t i = 0; i < 16; i++)
		sum += out[i];
	*last = out[piece.len - 1];
	*len = 32 + (size_t)(sum % 3) * 16;
	return crypt_digest(digests[sum % 3], &piece, 1, k);
}

static bool
hash(const struct security *s, struct span salt, unsigned char k[EVP_MAX_MD_SIZE])
{
	size_t len = 32;
	unsigned last = 0;
	bool good = crypt_digest(EVP_sha256(), &salt, 1, k);

	for (unsigned round = 0; good && s->revision >= 6 && (round < ROUNDS_R6 || last > round - 32); round++)
		good = harden(k, &len, &last);
	return good;
}

/* Algorithm 2.A. */
static bool
open_256(const struct security *s, struct pdf_crypt *c)
{
	static const unsigned char no_iv[CRYPT_BLOCK];
	unsigned char k[EVP_MAX_MD_SIZE];

	if (s->u.len < U_LENGTH || s->ue.len < PDF_KEY_MAX || !hash(s, span_first(span_from(s->u, U_CHECK), 8), k) ||
	    !span_eq(span_first(s->u, U_CHECK), crypt_octets(k, U_CHECK)))
		return false;
	c->key_len = PDF_KEY_MAX;
	c->aes = true;
	c->each = false;
	return hash(s, span_first(span_from(s->u, U_CHECK + 8), 8), k) &&
	    crypt_aes(CRYPT_DECRYPT, k, PDF_KEY_MAX, no_iv, span_first(s->ue, PDF_KEY_MAX), c->key);
}

bool
pdf_crypt_open(const struct pdf *p, struct pdf_crypt *c)
{
	struct security s = { .version = 0 };

	for (size_t i = 0; i < p->object_count; i++)
		if (p->objects[i].has_encrypt)
			read_trailer(p, &s, p->objects[i].dictionary);
	if (s.version >= 5)
		return open_256(&s, c);
	c->aes = s.aes;
	c->each = true;
	return s.version >= 1 && s.revision >= 2 && s.o.len >= 32 && make_key(&s, c) && key_is_right(&s, c);
}

/* --- Content --- */

/* Algorithm 1. */
static bool
key_of_object(const struct pdf_crypt *c, uint64_t number, uint64_t generation, unsigned char key[EVP_MAX_MD_SIZE], size_t *len)
{
	unsigned char names[9] = { (unsigned char)number, (unsigned char)(number >> 8), (unsigned char)(number >> 16),
		(unsigned char)generation, (unsigned char)(generation >> 8), 's', 'A', 'l', 'T' };
	struct span pieces[] = { crypt_octets(c->key, c->key_len), crypt_octets(names, c->aes ? 9 : 5) };

	*len = c->key_len + 5 < MD5 ? c->key_len + 5 : MD5;
	return crypt_digest(EVP_md5(), pieces, 2, key);
}

struct span
pdf_decrypt(const struct pdf_crypt *c, struct arena *a, uint64_t number, uint64_t generation, struct span data)
{
	unsigned char key[EVP_MAX_MD_SIZE], *out;
	size_t len = c->key_len;

	memcpy(key, c->key, c->key_len);
	if (c->each && !key_of_object(c, number, generation, key, &len))
		return data;
	if (!c->aes) {
		out = arena_alloc_raw(a, data.len + 1);
		crypt_rc4(key, len, data, out);
		return crypt_octets(out, data.len);
	}
	if (data.len < 2 * CRYPT_BLOCK)
		return SPAN_NONE;
	out = arena_alloc_raw(a, data.len);
	if (!crypt_aes(CRYPT_DECRYPT, key, len, (const unsigned char *)data.data, span_from(data, CRYPT_BLOCK), out))
		return data;
	len = (data.len - CRYPT_BLOCK) / CRYPT_BLOCK * CRYPT_BLOCK;
	return crypt_octets(out, len - (out[len - 1] <= CRYPT_BLOCK ? out[len - 1] : 0));
}
