/* SMTP commands (RFC 5321 4.1, 1869, 3030, 4954): one line to a struct. Knows
 * no session: whether a command is legal now is not asked here. */
#ifndef WIRE_SMTP_COMMAND_H
#define WIRE_SMTP_COMMAND_H

#include "base/span.h"

enum smtp_verb {
	SMTP_UNKNOWN,
	SMTP_HELO, SMTP_EHLO, SMTP_LHLO, SMTP_MAIL, SMTP_RCPT, SMTP_DATA, SMTP_BDAT,
	SMTP_RSET, SMTP_NOOP, SMTP_QUIT, SMTP_VRFY, SMTP_EXPN, SMTP_HELP, SMTP_STARTTLS, SMTP_AUTH,
	SMTP_VERBS
};
const char *smtp_verb_name(enum smtp_verb verb);

enum { SMTP_PARAMS_MAX = 32 }; /* ESMTP parameters of one command: the known ones are under ten */

struct smtp_param {
	struct span keyword, value;
	bool has_value;
};

struct smtp_command {
	enum smtp_verb verb;
	struct span line;     /* without its CRLF, as it came */
	struct span argument; /* after the verb, trimmed of SP */
	struct span path;     /* MAIL, RCPT: between < and >, source route kept; empty for <> */
	struct smtp_param params[SMTP_PARAMS_MAX];
	size_t param_count;
	uint64_t chunk;       /* BDAT: octets that follow; UINT64_MAX = more than can be counted */
	bool last;            /* BDAT … LAST */
};

/* line: without CRLF. Returns NULL, or the text of a 5xx reply ("501 5.5.4
 * syntax: …", static, without CRLF) that says what is wrong; cmd->verb is set
 * all the same. Refused: NUL, CR, LF and other controls (but TAB), bytes over
 * 0x7f outside of the path and of SMTPUTF8-capable parameters, unbalanced
 * paths, paths over ADDRESS_MAX, addresses without "<" and ">", parameters that
 * RFC 1869 does not allow or that are given twice, xtext (RFC 3461 4) that
 * decodes to a control, BDAT without a size or with one over INT64_MAX (whose
 * octets follow all the same: only closing the connection keeps them from being
 * read as commands), unknown verbs. */
const char *smtp_command_parse(struct span line, struct smtp_command *cmd);

const struct smtp_param *smtp_param_find(const struct smtp_command *cmd, const char *keyword);

#endif
