/* SMTP replies (RFC 5321 4.2) and what EHLO offers (4.1.1.1). */
#ifndef WIRE_SMTP_REPLY_H
#define WIRE_SMTP_REPLY_H

#include "base/buf.h"
#include "base/span.h"
#include "wire/smtp_command.h"

/* A pull parser for the replies of one connection. */
struct smtp_reply_parser {
	size_t line_limit, lines_limit; /* octets of a line, lines of a reply */
	struct buf text;  /* the reply so far: its lines with CRLF */
	size_t lines;
	size_t line_start; /* where in text the line begins that is not complete */
	int first_code;    /* of the first line, 0 before it */
	int code;         /* 200-599 once complete */
};
void smtp_reply_init(struct smtp_reply_parser *p, size_t line_limit, size_t lines_limit);
void smtp_reply_free(struct smtp_reply_parser *p);

/* Takes a reply off the front of input, *used octets of it in any case.
 * 1: a whole reply is in p->code and p->text until the next call.
 * 0: more is needed. -1: not SMTP (codes that differ, a line over its limit,
 * too many lines, no code, a line that ends in bare LF, NUL): the connection
 * is of no more use; *why is a short static text for the log. */
int smtp_reply_take(struct smtp_reply_parser *p, struct span input, size_t *used, const char **why);

/* The text of the first line after "250 " or "250-", without CRLF. */
struct span smtp_reply_first_text(struct span reply);
/* The last line without CRLF: for the log. */
struct span smtp_reply_last_line(struct span reply);

/* The extensions that gatepost knows how to pass, act on or use. Whatever else
 * a server offers is never shown to a client. */
enum smtp_extension {
	EXT_PIPELINING = 1 << 0, EXT_8BITMIME = 1 << 1, EXT_SMTPUTF8 = 1 << 2, EXT_DSN = 1 << 3,
	EXT_SIZE = 1 << 4, EXT_ENHANCEDSTATUSCODES = 1 << 5, EXT_AUTH = 1 << 6, EXT_CHUNKING = 1 << 7,
	EXT_BINARYMIME = 1 << 8, EXT_STARTTLS = 1 << 9, EXT_HELP = 1 << 10, EXT_VRFY = 1 << 11,
	EXT_EXPN = 1 << 12, EXT_LIMITS = 1 << 13, EXT_REQUIRETLS = 1 << 14, EXT_DELIVERBY = 1 << 15,
	EXT_MT_PRIORITY = 1 << 16, EXT_XCLIENT = 1 << 17 /* used by us, never shown */
};
/* Those that define this parameter of MAIL or RCPT; 0: none that is known. */
unsigned smtp_param_extensions(enum smtp_verb verb, struct span keyword);

enum { SMTP_KEYWORD_VALUE_MAX = 512 };

struct smtp_offers {
	unsigned extensions;  /* enum smtp_extension */
	uint64_t size;        /* SIZE's value; 0 = none told */
	char auth[SMTP_KEYWORD_VALUE_MAX];     /* mechanisms, space-separated, upper case */
	char limits[SMTP_KEYWORD_VALUE_MAX];   /* RFC 9422 */
	char deliverby[32], mt_priority[32];
	char xclient[SMTP_KEYWORD_VALUE_MAX];  /* attributes */
};

/* reply: a whole 250 reply to EHLO or LHLO. What does not parse is left out.
 * "AUTH=LOGIN" of old servers counts as AUTH. */
void smtp_offers_parse(struct span reply, struct smtp_offers *o);

/* Removes the SASL mechanisms that cannot work through a proxy that ends TLS
 * (sasl_filter()). AUTH is cleared when none is left. */
void smtp_offers_filter_auth(struct smtp_offers *o);

/* The 250 reply: `first` (domain and greeting as the upstream's first line),
 * then a line an extension, in a fixed order. `hidden`: keywords to leave out. */
void smtp_offers_print(struct buf *out, struct span first, const struct smtp_offers *o,
    const char *const *hidden, size_t hidden_count);

/* "250 2.1.0 text" to its lines with CRLF; text may hold several lines separated
 * by LF, code and enhanced status are repeated on each. Control characters
 * become "?". */
void smtp_reply_print(struct buf *out, const char *text);

#endif
