/* The user's name in a SASL exchange that is relayed (RFC 4616 PLAIN, LOGIN,
 * RFC 2195 CRAM-MD5, RFC 5802 SCRAM, XOAUTH2, RFC 7628 OAUTHBEARER): nothing
 * else is looked at, and the secret is wiped from what was decoded. All of these
 * tell it in the client's first response. */
#ifndef WIRE_SASL_H
#define WIRE_SASL_H

#include "base/buf.h"

enum { SASL_USER_MAX = 512 };

/* mechanism in any case; response: the base64 of the client's response number
 * `turn` (0 = the first). Appends the name when this response tells it and
 * returns true: up to SASL_USER_MAX octets without controls, else as the client
 * wrote it. */
bool sasl_user(struct span mechanism, unsigned turn, struct span response, struct buf *user);

#endif
