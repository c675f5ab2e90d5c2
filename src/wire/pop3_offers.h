/* What a POP3 server offers in its reply to CAPA (RFC 2449), and what we then
 * offer. */
#ifndef WIRE_POP3_OFFERS_H
#define WIRE_POP3_OFFERS_H

#include "base/buf.h"

/* The capabilities that gatepost knows how to pass, act on or use. Whatever else
 * a server offers is never shown to a client. */
enum pop3_capability {
	POP3_CAPA_TOP = 1 << 0, POP3_CAPA_USER = 1 << 1, POP3_CAPA_RESP_CODES = 1 << 2,
	POP3_CAPA_LOGIN_DELAY = 1 << 3, POP3_CAPA_PIPELINING = 1 << 4, POP3_CAPA_EXPIRE = 1 << 5,
	POP3_CAPA_UIDL = 1 << 6, POP3_CAPA_IMPLEMENTATION = 1 << 7, POP3_CAPA_AUTH_RESP_CODE = 1 << 8,
	POP3_CAPA_STLS = 1 << 9, POP3_CAPA_UTF8 = 1 << 10, POP3_CAPA_LANG = 1 << 11, POP3_CAPA_SASL = 1 << 12
};
enum { POP3_CAPA_VALUE_MAX = 256 };

/* Zero-initialise. Arguments are kept as the server gave them, "" = none. */
struct pop3_offers {
	unsigned capabilities; /* enum pop3_capability */
	char sasl[POP3_CAPA_VALUE_MAX]; /* mechanisms, SP between, upper case */
	char implementation[POP3_CAPA_VALUE_MAX];
	char utf8[32], expire[32], login_delay[32];
};

/* line: of the reply's listing, undone of dot-stuffing, without CRLF. A
 * capability that is not known is left out, and so is one whose argument is not
 * printable ASCII, does not fit, or is missing where it is due. */
void pop3_offers_add(struct pop3_offers *o, struct span line);

/* Removes the SASL mechanisms that cannot work through a proxy that ends TLS, or
 * do not tell it who the user is (sasl_filter_named()). SASL is cleared when none is left. */
void pop3_offers_filter_sasl(struct pop3_offers *o);

/* The whole reply to CAPA, a line a capability, in a fixed order. SASL without a
 * mechanism is left out. `hidden`: names to leave out. */
void pop3_offers_print(struct buf *out, const struct pop3_offers *o, const char *const *hidden, size_t hidden_count);

#endif
