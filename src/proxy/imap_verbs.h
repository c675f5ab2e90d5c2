/* The table of IMAP verbs: for each, in which states it is legal, and what
 * happens. Adding a verb is adding an entry. */
#ifndef PROXY_IMAP_VERBS_H
#define PROXY_IMAP_VERBS_H

#include "proxy/imap_session.h"

enum { IMAP_IN_NEW = 1, IMAP_IN_AUTHENTICATED = 2, IMAP_IN_SELECTED = 4, IMAP_IN_ANY = 7, IMAP_IN_MAIL = 6 };

struct imap_verb_entry {
	unsigned states;
	bool alone;  /* waits until no response is owed */
	enum outcome (*proceed)(struct imap_session *s, const struct imap_command *c);
};

extern const struct imap_verb_entry imap_verbs[IMAP_VERBS];

/* NULL, or why the command at hand is not legal now. */
const char *imap_verb_refusal(const struct imap_session *s, const struct imap_verb_entry *verb);
/* The tagged answer that refuses the command at hand, which is forgotten. */
enum outcome imap_refuse(struct imap_session *s, const char *status, const char *text);
/* The same for one whose last line may have announced a literal: octets that come
 * unasked are dropped first. */
enum outcome imap_refuse_unit(struct imap_session *s, const char *status, const char *text);
/* The command is done with; its octets are wiped. */
void imap_forget_unit(struct imap_session *s);
/* Relays the unit as it stands, literal by literal; handle gets the tagged
 * response; the front goes on at `then`. */
enum outcome imap_relay_unit(struct imap_session *s, imap_handler *handle, enum imap_front_step then);
/* The literal is part of the command that is being collected. */
enum outcome imap_collect_literal(struct imap_session *s, const struct imap_literal *l);
/* Remembers the user's name if this line of the client tells it. */
void imap_note_user(struct imap_session *s, struct span response);

/* imap_login.c: where the user is routed to. */
enum outcome imap_reach_user(struct imap_session *s, enum imap_front_step back);
void imap_forget_user(struct imap_session *s);

/* imap_compress.c */
enum outcome imap_proceed_compress(struct imap_session *s, const struct imap_command *c);

/* imap_idle.c, imap_select.c, imap_judge.c, imap_copies.c, imap_append.c */
enum outcome imap_proceed_idle(struct imap_session *s, const struct imap_command *c);
enum outcome imap_proceed_select(struct imap_session *s, const struct imap_command *c);
enum outcome imap_proceed_close(struct imap_session *s, const struct imap_command *c);
enum outcome imap_proceed_fetch(struct imap_session *s, const struct imap_command *c);
enum outcome imap_proceed_copy(struct imap_session *s, const struct imap_command *c);
enum outcome imap_proceed_append(struct imap_session *s, const struct imap_command *c);

#endif
