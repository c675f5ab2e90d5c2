/* The mailbox that is selected, under a policy that filters: which message has
 * which number, and what its reader was shown of each. */
#ifndef PROXY_IMAP_MAILBOX_H
#define PROXY_IMAP_MAILBOX_H

#include "proxy/held.h"
#include "proxy/imap_session.h"
#include "wire/imap_set.h"

enum imap_mark { IMAP_MARK_NONE, IMAP_MARK_JUNK, IMAP_MARK_NOTJUNK };

/* What a reader was shown of a message. */
struct imap_view {
	uint32_t uid;
	bool judged;
	bool kept;              /* the original lies in quarantine */
	bool unsaved;           /* the keeper has not got it */
	bool to_move;           /* spam that the client was not told of */
	enum imap_mark mark_due; /* it could not be set when the message was judged */
	enum verdict verdict;
	unsigned failures;      /* how often it could not be scanned, in a row */
	uint64_t octets;        /* of the message */
	const struct scan_answer *shown; /* its edits and sections; NULL: the message as it is */
};

/* Where the keeper is asked for a view that another mailbox has. */
enum imap_find { IMAP_FIND_BY_OBJECT, IMAP_FIND_BY_OBJECT_BEFORE, IMAP_FIND_OVER };
/* What FETCH needs of each message that it asks for. */
enum imap_need {
	IMAP_NEEDS_NOTHING,
	IMAP_NEEDS_LAYOUT,     /* whether it is shown by layout rewrite: a verdict on each that may be */
	IMAP_NEEDS_VERDICT,
};

enum { IMAP_FETCH_AT_ONCE = 16 };

/* Those that a command of our own asks for. */
struct imap_asked {
	uint32_t uid;
	enum imap_mark mark;   /* that it is to get */
};

/* The messages that are being judged. */
struct imap_fetching {
	struct imap_asked asked[IMAP_FETCH_AT_ONCE]; /* by uid, ascending */
	unsigned asked_count, at;
	unsigned came_count;   /* of those before `at` */
	uint64_t came_octets;
	unsigned astray;       /* how often one had to be asked for again */
	enum imap_mark marking; /* that was asked for */
	struct keep_job *recalling; /* what others were shown of them meanwhile */
	/* The one at hand, `at`. */
	struct held held;
	uint32_t uid;          /* IMAP_NO_UID: none is */
	bool came;             /* whole, in held's spool */
	bool refused;          /* no room for it */
	bool ended;            /* and so has its response */
	bool settled;          /* what is shown of it, or that it is gone, or the failure */
	const char *failure;   /* what the client's command is refused with */
	struct buf object;     /* what the server names it by in every mailbox; empty: it does not tell */
	enum imap_find find;
	struct keep_job *finding;
};

/* Messages that the client is told of only when they were judged. They are the
 * last ones, by number and by UID. */
struct imap_news {
	bool before;           /* the policy wants it so; else the client knows all that there are */
	bool opening;          /* SELECT was answered, and the client has not heard it yet */
	uint32_t told;         /* how many messages the client knows */
	uint32_t told_uid;     /* all that it knows have this UID or a lower one, all others a higher one */
	uint32_t told_first;   /* `told` when SELECT was answered */
	uint32_t went;         /* of those, expunged while it was opening */
	uint32_t recent;       /* as the server told last */
	bool recent_due;
	uint32_t done;         /* UID: looked at up to this one */
	uint32_t at;           /* UID that is being looked at */
	uint32_t failed;       /* UID that could not be judged, and how often */
	unsigned tries;
	bool may_expunge;      /* the client's command lets numbers change */
	bool put_off;          /* the rest has to wait for another command */
	uint64_t not_before;   /* loop_now() ms: one could not be judged, and is tried again then */
	enum imap_front_step then; /* where the front goes on */
	bool asked;            /* whether there are any; while it is opening, which are */
};

struct imap_showing;

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
	uint32_t map_first;    /* the first of which the UID was asked last, or 0 */
	struct imap_view *views; /* by uid, ascending */
	size_t view_count, view_cap;
	struct arena *arena;   /* of what is shown */
	struct keep_job *recalling;
	bool recalled;
	bool peeked, has_rewritten; /* some view is of layout rewrite, whatever the policy is now */
	enum imap_front_step then; /* when UIDs and views are known */
	struct imap_news news;
	/* FETCH at hand. */
	bool by_uid;
	enum imap_need needs;
	bool saved_asked;
	struct buf saved;      /* what "$" stands for in it (RFC 5182), as a set of its kind */
	struct imap_set_printer saving;
	struct imap_range *wanted; /* its set, in order; NULL: not looked at yet */
	size_t wanted_count, wanted_at;
	uint32_t looked_at;    /* UID of the message that was looked at last */
	uint32_t judged;       /* messages, since the mailbox was selected */
	struct imap_fetching fetching;
	struct imap_showing *showing; /* or NULL */
};

/* name: as the client wrote it, decoded. NULL: no memory. */
struct imap_mailbox *imap_mailbox_new(struct imap_session *s, struct span name);
void imap_mailbox_free(struct imap_mailbox **m);

/* What the upstream tells of it. */
void imap_mailbox_note(struct imap_mailbox *m, const struct imap_response *r);
void imap_mailbox_hear(struct imap_mailbox *m, const struct imap_response *r);
/* That message has that UID. Where another one was told before, whether UIDs ascend
 * is looked at again. */
void imap_mailbox_learn(struct imap_mailbox *m, uint32_t number, uint32_t uid);
/* IMAP_NO_UID where it is not known. */
uint32_t imap_mailbox_uid(const struct imap_mailbox *m, uint32_t number);
/* The lowest number whose UID is above that one; all UIDs are known. */
uint32_t imap_mailbox_number_behind(const struct imap_mailbox *m, uint32_t uid);
/* RFC 9051 2.3.1.1: every message that comes later has this UID or a higher one. */
uint32_t imap_mailbox_next_uid(const struct imap_mailbox *m);
/* The first number whose UID is not known, or is not above the one before; or 0. */
uint32_t imap_mailbox_first_unknown(const struct imap_mailbox *m);

/* Views. NULL: there is none. */
struct imap_view *imap_view_find(struct imap_mailbox *m, uint32_t uid);
/* Whether it is settled what is shown of that message. */
bool imap_is_judged(struct imap_mailbox *m, uint32_t uid);
/* The first one with that UID or a higher one. */
const struct imap_view *imap_view_from(struct imap_mailbox *m, uint32_t uid);
/* Finds or adds; NULL: no memory. */
struct imap_view *imap_view_add(struct imap_mailbox *m, uint32_t uid);
void imap_view_encode(struct buf *out, const struct imap_view *v);
/* All but the UID. What is shown lies in the mailbox's arena. */
bool imap_view_decode(struct imap_mailbox *m, struct span in, struct imap_view *v);
/* Whether an encoded view is of layout rewrite. */
bool imap_view_is_rewritten(struct span in);
/* Whether a view can be shown of a message of so many octets: its edits fit those,
 * and what is told fits the edits. */
bool imap_view_fits(const struct scan_answer *shown, uint64_t octets);
struct view_owner imap_mailbox_owner(const struct imap_mailbox *m, struct buf *mailbox);
void imap_views_recall(struct imap_mailbox *m, struct span views);
void imap_views_save(struct imap_mailbox *m);
/* Those of a mailbox by that name (decoded). */
struct view_owner imap_owner(struct imap_session *s, struct span name, uint64_t uidvalidity, struct buf *mailbox);
struct arena *imap_mailbox_arena(struct imap_mailbox *m);
/* imap_objects.c: views go by EMAILID (RFC 8474) or X-GM-MSGID too, where the server
 * tells it, and by what other sessions have told the keeper since the mailbox was
 * selected. What is asked with the message, and ends in SP; "" for nothing. */
const char *imap_object_item(const struct imap_session *s);
/* The message that is judged has it. */
void imap_object_told(struct imap_session *s, const struct imap_fetch_piece *piece);
/* The keeper is asked for the views of the messages that are fetched. */
void imap_object_recall(struct imap_session *s);
/* Whether all was asked of the message at hand; a wake comes when it was. Then there is
 * a view if anybody had one. */
bool imap_object_find(struct imap_session *s);
/* The message at hand has a view: of a message of its size, as a UID may come to be
 * another's with servers that do not tell. */
bool imap_object_is_known(struct imap_mailbox *m);
/* No matter what the keeper says. */
void imap_object_give_up(struct imap_session *s);
/* This is shown of it, in whatever mailbox it is. */
void imap_object_remember(struct imap_mailbox *m, const struct imap_view *v);
/* imap_copies.c: messages `from` of the mailbox are in the one by that name now, as
 * `to`: what was shown of them is shown of the copies. */
void imap_copy_views(struct imap_mailbox *m, struct span name, uint64_t uidvalidity, struct span from, struct span to);
/* The same of the client's own command. */
void imap_note_copies(struct imap_session *s, const struct imap_pending *p, const struct imap_response *r);

/* A view's name among the others, which are UIDs; and what it holds. */
#define IMAP_FIRST_NEXT "next"

/* imap_news.c: whether the session's policy wants messages judged before the
 * client is told of them; and spam moved. */
void imap_news_begin(struct imap_mailbox *m);
bool imap_moves_spam(const struct imap_mailbox *m);
/* The views were recalled, or (false) cannot be had now; all UIDs are known.
 * Settles which UIDNEXT gatepost first saw, and has it remembered. */
void imap_mailbox_recalled(struct imap_mailbox *m, bool ok);
/* Whether it came after gatepost first saw the mailbox, and no client was told of
 * it before it was judged. */
bool imap_mailbox_is_new(const struct imap_mailbox *m, uint32_t uid);
/* What the upstream tells of the mailbox; true: it is nothing for the client. */
bool imap_news_hear(struct imap_session *s, struct imap_mailbox *m, const struct imap_response *r);
/* There are messages that the client does not know: UIDNEXT as if they had not come,
 * for some programs look for new mail from there on. */
uint64_t imap_news_uidnext(const struct imap_mailbox *m, uint64_t uidnext);
/* STATUS of the selected mailbox, behind that word, as far as the client knows it:
 * the whole response is put in *out. False: it passes as it is. */
bool imap_news_put_status(const struct imap_mailbox *m, struct span rest, struct buf *out);
/* There is a message of that number that the client does not know. */
bool imap_news_hides(const struct imap_mailbox *m, uint32_t number);
/* There are some, and it is time for them. */
bool imap_news_due(const struct imap_session *s);
/* SELECT was answered and all is known: which messages may be told at once. */
void imap_news_open(struct imap_mailbox *m);

/* imap_tell.c: before the client's command goes on, the news are judged and told,
 * or put off. True: *outcome says how to go on. */
bool imap_news_first(struct imap_session *s, enum outcome *outcome);
/* The message at hand cannot be judged now. */
enum outcome imap_news_fail(struct imap_session *s);
/* Then the front goes on at `then`. */
enum outcome imap_judge_news_then(struct imap_session *s, bool may_expunge, enum imap_front_step then);
/* imap_bound.c: the client's command is bounded to messages that it knows, where
 * it names messages. True: none is left, *outcome says how to go on. */
bool imap_bound_command(struct imap_session *s, enum outcome *outcome);
/* The same of a command that begins with a set: nothing above `most` is left in it.
 * One that asks which messages of its set have vanished stays as it is. */
bool imap_bound_set(struct imap_session *s, uint32_t most, enum outcome *outcome);
/* FETCH asks that (RFC 7162 3.2.6), and of a set whose end the client knows: some
 * that were the last ones may be of it. */
bool imap_asks_for_vanished(const struct imap_command *c);

#endif
