/* Mail data as SMTP's DATA and a multi-line reply of POP3 carry it: dot-stuffing
 * undone and done (RFC 5321 4.5.2, RFC 1939 3), line ends watched. Only CRLF "."
 * CRLF ends it. */
#ifndef WIRE_MAIL_DATA_H
#define WIRE_MAIL_DATA_H

#include "base/span.h"

/* Takes bytes of the message; false = cannot (a full disk): the rest is
 * consumed and dropped, `refused` is set. */
typedef bool mail_sink(void *context, struct span bytes);

struct mail_unstuffer {
	bool normalise;     /* bare CR and bare LF become CRLF, NUL is dropped; else they are only recorded */
	uint64_t line_limit; /* octets of a line with CRLF; 0 = none */
	/* What was seen. */
	bool bare_cr, bare_lf, nul, eight_bit, long_line, refused;
	uint64_t size;      /* octets given to the sink */
	uint64_t dot_lines; /* lines given to the sink that begin with a dot */
	/* Between calls. */
	uint64_t line_len;
	unsigned state;
};

void mail_unstuff_init(struct mail_unstuffer *u, bool normalise, uint64_t line_limit);
/* 1: the end was reached, *used octets belong to the message, its terminator
 * included; what follows is not looked at, now or in a later call. 0: all was used, more is needed. The result does not depend on how
 * the bytes are cut. Fast: whole runs are given to the sink, lines are found
 * by memchr. */
int mail_unstuff(struct mail_unstuffer *u, struct span in, size_t *used, mail_sink *sink, void *context);

/* For BDAT, which has no stuffing: watches the same things, passes the bytes
 * on (normalised if asked). */
void mail_watch(struct mail_unstuffer *u, struct span in, mail_sink *sink, void *context);
/* The end of a BDAT message: a CR that is still pending is judged. */
void mail_watch_end(struct mail_unstuffer *u, mail_sink *sink, void *context);

/* What the sink returns is not looked at: a sink that cannot take more
 * remembers it. A bare LF begins no line, so the message holds none (see
 * normalise) or goes to nobody. */
struct mail_stuffer {
	unsigned state;
};
void mail_stuff_init(struct mail_stuffer *s);
void mail_stuff(struct mail_stuffer *s, struct span in, mail_sink *sink, void *context);
/* CRLF if the message does not end in one, then "." CRLF. */
void mail_stuff_end(struct mail_stuffer *s, mail_sink *sink, void *context);

#endif
