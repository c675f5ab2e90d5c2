/* POP3 commands (RFC 1939, 2449, 2595, 5034, 6856): one line to a struct. Knows
 * no session: whether a command is legal now is not asked here. */
#ifndef WIRE_POP3_COMMAND_H
#define WIRE_POP3_COMMAND_H

#include "base/span.h"

enum pop3_verb {
	POP3_UNKNOWN,
	POP3_USER, POP3_PASS, POP3_APOP, POP3_AUTH, POP3_CAPA, POP3_STLS, POP3_QUIT, POP3_UTF8, POP3_LANG,
	POP3_STAT, POP3_LIST, POP3_UIDL, POP3_RETR, POP3_TOP, POP3_DELE, POP3_NOOP, POP3_RSET, POP3_LAST,
	POP3_VERBS
};
const char *pop3_verb_name(enum pop3_verb verb);

struct pop3_command {
	enum pop3_verb verb;
	struct span line;     /* without its CRLF, as it came */
	struct span argument; /* behind the verb and one SP; trimmed of SP at both ends, but not PASS's */
	bool has_number;      /* LIST, UIDL: a message number was given; RETR, TOP, DELE: true */
	uint64_t number;      /* from 1 */
	uint64_t lines;       /* TOP */
};

/* line: without CRLF. Returns NULL, or the text of an -ERR reply (static,
 * without "-ERR " and CRLF) that says what is wrong; c->verb is set all the
 * same. Accepted:
 * - USER name, which may hold SP and octets over 0x7f (RFC 6856), no controls
 * - PASS and anything that is not empty, without NUL, CR and LF (RFC 1939 7: SP
 *   is part of it)
 * - APOP name SP digest, of 32 hexadecimal digits; the name holds no SP
 * - AUTH, AUTH mechanism, AUTH mechanism SP response: one SP, so that these words
 *   are told apart by it
 * - LANG, LANG and a language range (RFC 4647 2.1)
 * - LIST and UIDL with or without a number; RETR and DELE with one; TOP with two
 * - all others without an argument.
 * SP at the end of a line is tolerated. Numbers are decimal, over 0 (but TOP's
 * lines) and fit 64 bits. */
const char *pop3_command_parse(struct span line, struct pop3_command *c);

#endif
