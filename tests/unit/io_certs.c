/* See io_certs.h. */
#include "config.h"

#include "io_certs.h"

#include "base/codec.h"

#include <dirent.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[128];

void
certs_begin(void)
{
	const char *base = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%.100s/gatepost-certs-XXXXXX", base != NULL ? base : "/tmp");
	assert_non_null(mkdtemp(folder));
}

void
certs_end(void)
{
	DIR *d = opendir(folder);
	char path[CERT_PATH_SIZE];

	assert_non_null(d);
	for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		certs_path(path, entry->d_name);
		unlink(path);
	}
	closedir(d);
	assert_int_equal(rmdir(folder), 0);
}

void
certs_path(char out[CERT_PATH_SIZE], const char *name)
{
	snprintf(out, CERT_PATH_SIZE, "%s/%.80s", folder, name);
}

static void
add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(x, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static void
write_files(struct cert *c, const char *name)
{
	char file[96];
	FILE *f;

	snprintf(file, sizeof(file), "%.80s.pem", name);
	certs_path(c->certificate_file, file);
	f = fopen(c->certificate_file, "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, c->x509), 1);
	fclose(f);
	snprintf(file, sizeof(file), "%.80s.key", name);
	certs_path(c->key_file, file);
	f = fopen(c->key_file, "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, c->key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
}

void
cert_make(struct cert *c, const char *file, const char *common_name, enum cert_kind kind, const char *names,
    const struct cert *issuer)
{
	static const char organisation[] = "Gatepost's tests";
	unsigned char digest[32];
	X509_NAME *subject;
	unsigned len;
	uint64_t serial;

	c->key = kind == CERT_EC ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048);
	c->x509 = X509_new();
	assert_true(c->key != NULL && c->x509 != NULL);
	X509_set_version(c->x509, X509_VERSION_3);
	assert_int_equal(RAND_bytes((unsigned char *)&serial, sizeof(serial)), 1);
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(c->x509), serial);
	X509_gmtime_adj(X509_getm_notBefore(c->x509), -3600);
	X509_gmtime_adj(X509_getm_notAfter(c->x509), 24 * 3600);
	X509_set_pubkey(c->x509, c->key);
	subject = X509_get_subject_name(c->x509);
	X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC, (const unsigned char *)organisation, -1, -1, 0);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1, 0);
	X509_set_issuer_name(c->x509, issuer != NULL ? X509_get_subject_name(issuer->x509) : subject);
	add_extension(c->x509, c->x509, NID_basic_constraints, names == NULL ? "critical,CA:TRUE" : "CA:FALSE");
	if (names != NULL)
		add_extension(c->x509, c->x509, NID_subject_alt_name, names);
	assert_true(X509_sign(c->x509, issuer != NULL ? issuer->key : c->key, EVP_sha256()) > 0);
	assert_int_equal(X509_digest(c->x509, EVP_sha256(), digest, &len), 1);
	hex_encode(span_of((const char *)digest, len), c->fingerprint);
	write_files(c, file);
}

void
cert_free(struct cert *c)
{
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
	*c = (struct cert){ 0 };
}

struct certificate
cert_files(const struct cert *c)
{
	return (struct certificate){ c->certificate_file, c->key_file };
}
