/* SASL as SMTP and POP3 carry it (RFC 4422, 4954, 5034): words, lists of
 * mechanisms, and the user's name in an exchange that is relayed. */
#ifndef WIRE_SASL_H
#define WIRE_SASL_H

#include "base/buf.h"

enum { SASL_USER_MAX = 512 };

/* The user's name (RFC 4616 PLAIN, LOGIN, RFC 2195 CRAM-MD5, RFC 5802 SCRAM,
 * XOAUTH2, RFC 7628 OAUTHBEARER): nothing else is looked at, and the secret is
 * wiped from what was decoded. All of these tell it in the client's first
 * response.
 * mechanism in any case; response: the base64 of the client's response number
 * `turn` (0 = the first). Appends the name when this response tells it and
 * returns true: up to SASL_USER_MAX octets without controls, else as the client
 * wrote it. */
bool sasl_user(struct span mechanism, unsigned turn, struct span response, struct buf *user);

/* Likewise the one as whom the user acts, where a response of PLAIN or SCRAM tells
 * another name than the user's own (the authorization identity, RFC 4422 2). */
bool sasl_acts_as(struct span mechanism, unsigned turn, struct span response, struct buf *other);

/* RFC 4422 3.1, in any case. */
bool sasl_is_mechanism(struct span word);
/* The alphabet of base64, or "=": what it decodes to is upstream's affair. May be empty. */
bool sasl_is_response(struct span word);
/* A client's line within an exchange, as it may go on: a response, or "*" which ends
 * it, and takes the place of what is neither. The server's refusal is then the
 * client's answer. */
struct span sasl_line(struct span line);

/* A list of mechanisms is text with SP between. Adds one in upper case unless it
 * is there; one that does not fit into `size` octets with NUL, is empty or not
 * printable ASCII is left out. */
void sasl_add_mechanism(char *list, size_t size, struct span mechanism);

/* Removes, in place, what cannot work through a proxy that ends TLS: EXTERNAL,
 * every -PLUS, and all SCRAM if any -PLUS is offered (RFC 5802 6: a client that
 * sees no -PLUS would send "y" and be refused). What stays keeps its order. */
void sasl_filter(char *list);
/* The same, for who must know the user: also those leave that do not tell him
 * to sasl_user(). */
void sasl_filter_named(char *list);

#endif
