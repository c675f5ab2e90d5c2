/* What an IMAP server offers in a capability list, and what we then offer. A list
 * stands in the greeting's and LOGIN's response code, and in "* CAPABILITY". */
#ifndef WIRE_IMAP_CAPABILITY_H
#define WIRE_IMAP_CAPABILITY_H

#include "base/buf.h"

/* The capabilities that gatepost knows how to pass, act on or use. Whatever else
 * a server offers is never shown to a client. Those with values of their own
 * (AUTH=, THREAD=, RIGHTS=, QUOTA=, APPENDLIMIT) have them in struct imap_offers. */
enum imap_capability {
	IMAP_CAPA_IMAP4REV1, IMAP_CAPA_IMAP4REV2, IMAP_CAPA_STARTTLS, IMAP_CAPA_LOGINDISABLED, IMAP_CAPA_AUTH,
	IMAP_CAPA_SASL_IR, IMAP_CAPA_LITERAL_PLUS, IMAP_CAPA_LITERAL_MINUS, IMAP_CAPA_ENABLE, IMAP_CAPA_ID,
	IMAP_CAPA_IDLE, IMAP_CAPA_NAMESPACE, IMAP_CAPA_CHILDREN, IMAP_CAPA_LIST_EXTENDED, IMAP_CAPA_LIST_STATUS,
	IMAP_CAPA_LIST_MYRIGHTS, IMAP_CAPA_LIST_METADATA, IMAP_CAPA_SPECIAL_USE, IMAP_CAPA_CREATE_SPECIAL_USE,
	IMAP_CAPA_XLIST, IMAP_CAPA_UNSELECT, IMAP_CAPA_UIDPLUS, IMAP_CAPA_MOVE,
	IMAP_CAPA_MULTIAPPEND, IMAP_CAPA_BINARY, IMAP_CAPA_CONDSTORE, IMAP_CAPA_QRESYNC, IMAP_CAPA_ESEARCH,
	IMAP_CAPA_SEARCHRES, IMAP_CAPA_WITHIN, IMAP_CAPA_SORT, IMAP_CAPA_SORT_DISPLAY, IMAP_CAPA_ESORT,
	IMAP_CAPA_THREAD, IMAP_CAPA_I18NLEVEL, IMAP_CAPA_STATUS_SIZE, IMAP_CAPA_OBJECTID, IMAP_CAPA_SAVEDATE,
	IMAP_CAPA_QUOTA, IMAP_CAPA_QUOTA_RES, IMAP_CAPA_QUOTASET, IMAP_CAPA_ACL, IMAP_CAPA_RIGHTS,
	IMAP_CAPA_METADATA, IMAP_CAPA_METADATA_SERVER, IMAP_CAPA_APPENDLIMIT, IMAP_CAPA_X_GM_EXT_1,
	IMAP_CAPA_COMPRESS_DEFLATE, IMAP_CAPA_UTF8_ACCEPT,
	IMAP_CAPA_PREVIEW,
	IMAP_CAPAS
};
enum { IMAP_CAPA_VALUE_MAX = 512 };

/* Zero-initialise. Lists have SP between and no prefix: "PLAIN LOGIN". */
struct imap_offers {
	uint64_t bits; /* imap_capa_bit() of each that is offered */
	char auth[IMAP_CAPA_VALUE_MAX]; /* upper case */
	char thread[IMAP_CAPA_VALUE_MAX], rights[IMAP_CAPA_VALUE_MAX], quota[IMAP_CAPA_VALUE_MAX];
	char appendlimit[24]; /* "" = none was told */
	char i18nlevel[24];
};

static inline uint64_t
imap_capa_bit(enum imap_capability capability)
{
	return (uint64_t)1 << capability;
}

static inline bool
imap_offers_have(const struct imap_offers *o, enum imap_capability capability)
{
	return (o->bits & imap_capa_bit(capability)) != 0;
}

/* list: behind "CAPABILITY ", words with SP between. Adds to *o what is known; a
 * capability whose value is not printable ASCII, does not fit or is missing where
 * it is due is left out. */
void imap_offers_parse(struct imap_offers *o, struct span list);

/* Leaves what a client may see: removes what gatepost uses itself or cannot keep
 * true (COMPRESS, UTF8=ACCEPT, PREVIEW), and the SASL mechanisms that
 * cannot work through a proxy that ends TLS, or do not tell it who the user is
 * (sasl_filter_named()). What is gatepost's own is set in `bits` after it. */
void imap_offers_filter(struct imap_offers *o);

/* All of *o in a fixed order, with SP between and none at the ends: what follows
 * "CAPABILITY ". `hidden`: names to leave out, in any case, as "IDLE", "THREAD"
 * (with all its values) or "AUTH". */
void imap_offers_print(struct buf *out, const struct imap_offers *o, const char *const *hidden, size_t hidden_count);

#endif
