/* Domains: the registered part of a name by the list of public suffixes
 * (publicsuffix.org) that is built into libpsl, and sets of names. */
#ifndef RULE_DOMAIN_H
#define RULE_DOMAIN_H

#include "base/arena.h"

enum { DOMAIN_MAX = 253 }; /* RFC 1035 2.3.4, without the final dot */

/* "example.co.uk" of "www.example.co.uk", both in lower case; a span of host.
 * Empty for a public suffix itself and for what is no name. */
struct span domain_registered(struct span host);
/* Whether the host lies below a suffix that is on the list. */
bool domain_exists(struct span host);

/* A set of names in lower case ASCII, each with all that lies below it. Looking
 * a host up costs its labels, whatever the number of names. */
struct domain_set;
struct domain_set *domain_set_new(struct arena *a);
/* Any case, Unicode or IDNA; what is wrong with it, or NULL. */
const char *domain_set_add(struct domain_set *set, struct span name);
bool domain_set_has(const struct domain_set *set, struct span host);

#endif
