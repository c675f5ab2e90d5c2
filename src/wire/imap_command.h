/* IMAP commands: the tag, the verb, and where the arguments begin. Knows no
 * session: whether a command is legal now is not asked here. */
#ifndef WIRE_IMAP_COMMAND_H
#define WIRE_IMAP_COMMAND_H

#include "wire/imap_token.h"

enum imap_verb {
	IMAP_UNKNOWN,
	/* RFC 3501, RFC 9051 */
	IMAP_CAPABILITY, IMAP_NOOP, IMAP_LOGOUT, IMAP_STARTTLS, IMAP_AUTHENTICATE, IMAP_LOGIN, IMAP_ENABLE,
	IMAP_SELECT, IMAP_EXAMINE, IMAP_CREATE, IMAP_DELETE, IMAP_RENAME, IMAP_SUBSCRIBE, IMAP_UNSUBSCRIBE,
	IMAP_LIST, IMAP_LSUB, IMAP_NAMESPACE, IMAP_STATUS, IMAP_APPEND, IMAP_IDLE, IMAP_CHECK, IMAP_CLOSE,
	IMAP_UNSELECT, IMAP_EXPUNGE, IMAP_SEARCH, IMAP_FETCH, IMAP_STORE, IMAP_COPY, IMAP_MOVE,
	/* RFC 2971, 5256, 9208, 4314, 5464, 4978; XLIST is LIST of before RFC 6154 */
	IMAP_ID, IMAP_SORT, IMAP_THREAD, IMAP_GETQUOTA, IMAP_GETQUOTAROOT, IMAP_SETQUOTA, IMAP_GETACL,
	IMAP_SETACL, IMAP_DELETEACL, IMAP_LISTRIGHTS, IMAP_MYRIGHTS, IMAP_GETMETADATA, IMAP_SETMETADATA,
	IMAP_COMPRESS, IMAP_XLIST,
	IMAP_VERBS
};
/* Upper case, "unknown" for IMAP_UNKNOWN. */
const char *imap_verb_name(enum imap_verb verb);

struct imap_command {
	struct span tag;       /* empty: none was told, answer with "*" */
	enum imap_verb verb;
	bool uid;              /* UID FETCH and its like; EXPUNGE with a set (RFC 4315) */
	struct span name;      /* the verb as written, without "UID " */
	struct span arguments; /* behind the verb and one SP */
};

/* text: a command's first line without its literal's announcement (imap_line's
 * text), or its whole unit. Returns NULL, or the text of a BAD (static, without
 * tag, "BAD " and CRLF); tag and verb are set as far as they were read.
 * Arguments are held only against whether the verb has any; one that may begin
 * with a literal is empty here, behind its SP. Verbs are known in any case; UID is
 * told only before those that have it. */
const char *imap_command_parse(struct span text, struct imap_command *c);

/* LOGIN: arguments of a whole unit. NULL, or the text of a BAD. */
const char *imap_login_parse(struct span arguments, struct arena *a, struct span *user, struct span *password);

/* AUTHENTICATE mechanism [SP initial-response] (RFC 4959). has_response: also
 * when it is "=", the empty one, which is kept so. NULL, or the text of a BAD. */
const char *imap_authenticate_parse(struct span arguments, struct span *mechanism, bool *has_response,
    struct span *response);

#endif
