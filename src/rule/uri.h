/* Links in text: http, https, ftp (RFC 3986) and mailto (RFC 6068). */
#ifndef RULE_URI_H
#define RULE_URI_H

#include "base/arena.h"

/* Calls found() for each, in order. A link ends at white space, quotes,
 * brackets < > { }, and before the punctuation that ends a sentence. It is told
 * as written, with these exceptions, which are copies in the arena:
 *   "www.a.example", "a.com/path"   as "http://…", where the domain exists;
 *   "hxxp://"                       as "http://";
 *   "<http://a.example/lo\r\nng>"   without the line end as well.
 * Links do not overlap. Linear. */
void uri_find(struct arena *a, struct span text, void (*found)(void *context, struct span uri), void *context);

/* Where a link goes, whatever it looks like. */
struct uri_target {
	struct span uri;     /* with its host as below and without a user; itself where nothing was odd */
	struct span host;    /* lower case, in ASCII (IDNA), an address as 192.0.2.1 or [2001:db8::1]; may be empty */
	struct span unicode; /* the host in Unicode, itself where it is no IDNA */
};
struct uri_target uri_target(struct arena *a, struct span uri);
/* Whether the target's uri may be another than uri; cheap. */
bool uri_is_odd(struct span uri);
/* The registered domain of a target's host ("example.co.uk"), or the address;
 * may be empty. */
struct span uri_domain(const struct uri_target *t);

#endif
