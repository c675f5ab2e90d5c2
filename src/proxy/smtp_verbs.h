/* The table of SMTP verbs: for each, is it legal now, may it be, and what
 * happens. Adding a verb is adding an entry. */
#ifndef PROXY_SMTP_VERBS_H
#define PROXY_SMTP_VERBS_H

#include "proxy/smtp_session.h"

struct smtp_verb_entry {
	/* NULL, or the reply that refuses. check: legal in this state; policy:
	 * allowed by the settings. Either may be missing. */
	const char *(*check)(struct smtp_session *s, const struct smtp_command *c);
	const char *(*policy)(struct smtp_session *s, const struct smtp_command *c);
	enum outcome (*proceed)(struct smtp_session *s, const struct smtp_command *c);
	/* Where a refusal is not just a reply; the command is still unconsumed. */
	enum outcome (*refuse)(struct smtp_session *s, const char *text);
	bool alone; /* waits until no reply is owed */
};

extern const struct smtp_verb_entry smtp_verbs[SMTP_VERBS];

/* The command is done with: its octets leave the client's input. */
void smtp_consume_command(struct smtp_session *s);
/* The upstream's word in an AUTH exchange. */
void smtp_auth_replied(struct smtp_session *s, struct smtp_pending *p);
/* Remembers the user's name if this line of the client tells it. */
void smtp_note_user(struct smtp_session *s, struct span response);

#endif
