/* The table of POP3 verbs: for each, is it legal now, and what happens. Adding
 * a verb is adding an entry. */
#ifndef PROXY_POP3_VERBS_H
#define PROXY_POP3_VERBS_H

#include "proxy/pop3_session.h"

struct pop3_verb_entry {
	/* NULL, or the text of the -ERR that refuses: legal in this state, and
	 * allowed by the settings? May be missing. */
	const char *(*check)(struct pop3_session *s, const struct pop3_command *c);
	enum outcome (*proceed)(struct pop3_session *s, const struct pop3_command *c);
	/* In place of it under a policy that filters; the maildrop is open then. */
	enum outcome (*filtered)(struct pop3_session *s, const struct pop3_command *c);
	bool alone;       /* waits until no reply is owed */
	bool transaction; /* comes after the login */
	/* Routed: true when this command completes the login, so that the user's
	 * upstream must have been reached. */
	bool (*names_user)(struct pop3_session *s, const struct pop3_command *c);
	bool beside_fetch; /* may come while a message is being fetched ahead */
};

extern const struct pop3_verb_entry pop3_verbs[POP3_VERBS];

/* The command is done with: its octets leave the client's input. */
void pop3_consume_command(struct pop3_session *s);
/* The upstream's word in an AUTH exchange. */
void pop3_auth_replied(struct pop3_session *s, struct pop3_pending *p, const struct pop3_reply *r);
/* Remembers the user's name if this line of the client tells it. */
void pop3_note_user(struct pop3_session *s, struct span response);

/* pop3_login.c: where the user is routed to, and what the login brings. */

/* Routed: the upstream has not heard yet whose session this is. */
bool pop3_must_be_introduced(const struct pop3_session *s);
/* Goes to the user's upstream and tells it of the user; comes back to `back`,
 * where the client's line is read again. */
enum outcome pop3_introduce(struct pop3_session *s, enum pop3_step back);
/* The login failed: the next user may live elsewhere. */
void pop3_forget_user(struct pop3_session *s);
/* The upstream let the user in: his policy and what he has of his own apply
 * from now on. */
void pop3_logged_in(struct pop3_session *s);

/* pop3_answer.c: what a filtered maildrop answers by itself. */
enum outcome pop3_answer_stat(struct pop3_session *s, const struct pop3_command *c);
enum outcome pop3_answer_list(struct pop3_session *s, const struct pop3_command *c);
enum outcome pop3_answer_uidl(struct pop3_session *s, const struct pop3_command *c);
enum outcome pop3_answer_retr(struct pop3_session *s, const struct pop3_command *c);
enum outcome pop3_answer_top(struct pop3_session *s, const struct pop3_command *c);
enum outcome pop3_answer_dele(struct pop3_session *s, const struct pop3_command *c);
enum outcome pop3_answer_rset(struct pop3_session *s, const struct pop3_command *c);
enum outcome pop3_answer_last(struct pop3_session *s, const struct pop3_command *c);

#endif
