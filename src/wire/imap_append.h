/* APPEND (RFC 3501 6.3.11, RFC 3502, RFC 3516): what stands before each message. */
#ifndef WIRE_IMAP_APPEND_H
#define WIRE_IMAP_APPEND_H

#include "wire/imap_token.h"

struct imap_append {
	struct span mailbox;  /* as a value; of the first message's only */
	struct span options;  /* flags and date as written, with no SP at either end; may be empty */
	struct span flags;    /* "(...)" as written, or empty */
	struct span date;     /* between its quotes, or empty */
};

/* text: the arguments of APPEND, without the announcement of the literal that
 * follows (imap_line's text), earlier literals within the name joined as a unit.
 * 1: *p is it, and that literal is the first message. 0: the literal belongs to
 * the mailbox's name: join it and the next line, then ask again. -1: wrong: *why
 * is the text of a BAD. */
int imap_append_parse(struct span text, struct arena *a, struct imap_append *p, const char **why);

/* The line behind a message's literal. 1: another message's options, its literal
 * follows (RFC 3502); `has_literal` is the line's. 0: the command ended here. -1:
 * wrong: *why is the text of a BAD. */
int imap_append_next(struct span text, bool has_literal, struct imap_append *p, const char **why);

#endif
