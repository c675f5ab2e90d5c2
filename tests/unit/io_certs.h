/* Certificates made for a test, in a folder of their own under $TMPDIR. */
#ifndef TESTS_IO_CERTS_H
#define TESTS_IO_CERTS_H

#include "conf/settings.h"

#include <openssl/x509.h>

enum { CERT_PATH_SIZE = 256 };
enum cert_kind { CERT_EC, CERT_RSA };

struct cert {
	X509 *x509;
	EVP_PKEY *key;
	char certificate_file[CERT_PATH_SIZE], key_file[CERT_PATH_SIZE];
	char fingerprint[65];
};

/* Makes and removes the folder. */
void certs_begin(void);
void certs_end(void);
/* A file of this name in the folder. */
void certs_path(char out[CERT_PATH_SIZE], const char *name);

/* names: "DNS:a.example,IP:127.0.0.1", or NULL: a certificate authority.
 * issuer: NULL = signed by itself. */
void cert_make(struct cert *c, const char *file, const char *common_name, enum cert_kind kind, const char *names,
    const struct cert *issuer);
void cert_free(struct cert *c);
struct certificate cert_files(const struct cert *c);

#endif
