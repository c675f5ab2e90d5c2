/* The mailbox that is selected, under a policy that filters: which message has
 * which number, and what its reader was shown of each. */
#ifndef PROXY_IMAP_MAILBOX_H
#define PROXY_IMAP_MAILBOX_H

#include "proxy/held.h"
#include "proxy/imap_session.h"
#include "wire/imap_set.h"

/* What a reader was shown of a message. */
struct imap_view {
	uint32_t uid;
	bool judged;
	bool kept;              /* the original lies in quarantine */
	bool unsaved;           /* the keeper has not got it */
	enum verdict verdict;
	unsigned failures;      /* how often it could not be scanned, in a row */
	uint64_t octets;        /* of the message */
	const struct scan_answer *shown; /* its edits and sections; NULL: the message as it is */
};

/* The message that is being judged. */
struct imap_fetching {
	struct held held;
	uint32_t uid, number;
	bool came;             /* whole, in held's spool */
	bool refused;          /* no room for it */
	bool marked;           /* the keyword was asked for */
};

struct imap_mailbox {
	struct imap_session *session;
	struct buf name;       /* decoded */
	uint64_t uidvalidity;
	uint64_t uidnext;      /* as told when it was selected; 0: it was not */
	uint32_t first_next;   /* UIDNEXT when gatepost first saw the mailbox; 0: not known yet */
	bool read_only;
	bool takes_junk;       /* PERMANENTFLAGS let $Junk be set */
	uint32_t exists;
	uint32_t *uids;        /* of the message with that number less 1; IMAP_NO_UID where it was not told */
	size_t uids_cap;
	bool mapped;           /* all of them are known */
	unsigned map_tries;
	struct imap_view *views; /* by uid, ascending */
	size_t view_count, view_cap;
	struct arena *arena;   /* of what is shown */
	struct keep_job *recalling;
	bool recalled;
	/* FETCH at hand. */
	bool by_uid;
	struct imap_range *wanted; /* its set, in order; NULL: not looked at yet */
	size_t wanted_count, wanted_at;
	uint32_t looked_at;    /* UID of the message that was looked at last */
	uint32_t judged;       /* messages, since the mailbox was selected */
	struct imap_fetching fetching;
};

/* name: as the client wrote it, decoded. NULL: no memory. */
struct imap_mailbox *imap_mailbox_new(struct imap_session *s, struct span name);
void imap_mailbox_free(struct imap_mailbox **m);

/* What the upstream tells of it. */
void imap_mailbox_note(struct imap_mailbox *m, const struct imap_response *r);
void imap_mailbox_hear(struct imap_mailbox *m, const struct imap_response *r);
/* That message has that UID. */
void imap_mailbox_learn(struct imap_mailbox *m, uint32_t number, uint32_t uid);
/* IMAP_NO_UID where it is not known. */
uint32_t imap_mailbox_uid(const struct imap_mailbox *m, uint32_t number);
/* The lowest number whose UID is above that one; all UIDs are known. */
uint32_t imap_mailbox_number_behind(const struct imap_mailbox *m, uint32_t uid);
/* The first number whose UID is not known, or 0. */
uint32_t imap_mailbox_first_unknown(const struct imap_mailbox *m);

/* Views. NULL: there is none. */
struct imap_view *imap_view_find(struct imap_mailbox *m, uint32_t uid);
/* Finds or adds; NULL: no memory. */
struct imap_view *imap_view_add(struct imap_mailbox *m, uint32_t uid);
struct view_owner imap_mailbox_owner(const struct imap_mailbox *m, struct buf *mailbox);
void imap_views_recall(struct imap_mailbox *m, struct span views);
void imap_views_save(struct imap_mailbox *m);
struct arena *imap_mailbox_arena(struct imap_mailbox *m);

/* imap_news.c: the views were recalled, or (false) cannot be had now; all UIDs are
 * known. Settles which UIDNEXT gatepost first saw, and has it remembered. */
void imap_mailbox_recalled(struct imap_mailbox *m, bool ok);
/* Whether it came after gatepost first saw the mailbox. */
bool imap_mailbox_is_new(const struct imap_mailbox *m, uint32_t uid);
/* A view's name among the others, which are UIDs; and what it holds. */
#define IMAP_FIRST_NEXT "next"

#endif
