/* A maildrop under a policy that filters: the messages in it, what is known of
 * each, what the client is told of each, and the one that is being fetched.
 *
 * Numbers: a client counts the messages that it is shown, from 1, as they were
 * when the maildrop was opened; the upstream counts all. */
#ifndef PROXY_POP3_MAILDROP_H
#define PROXY_POP3_MAILDROP_H

#include "proxy/held.h"
#include "proxy/pop3_session.h"
#include "proxy/view.h"
#include "wire/pop3_listing.h"

enum {
	POP3_NO_INDEX = UINT32_MAX,
	/* A message that could not be scanned is refused so many times; then its
	 * reader gets a notice, for it must not stand before all others for ever. */
	POP3_SCAN_TRIES = 3,
};

struct pop3_message {
	uint64_t number;     /* the upstream's */
	uint64_t listed;     /* octets as the upstream lists them */
	uint64_t told;       /* octets that the client is told; 0 = it was told nothing yet */
	uint32_t uid, uid_len; /* in the maildrop's uids */
	struct message_view view; /* edits lie in the maildrop's arena */
	uint64_t shelved;    /* where it lies on the shelf; UINT64_MAX = it does not */
	bool dotted;         /* on the shelf: some line begins with a dot */
	bool hidden, deleted;
	bool refused;        /* it was asked for and could not be delivered */
	bool denied;         /* by the upstream itself */
	bool unsaved;        /* the keeper has not got this view */
};

enum pop3_fetch_state { POP3_FETCH_NONE, POP3_FETCH_ASKED, POP3_FETCH_BODY, POP3_FETCH_JUDGING, POP3_FETCH_KEEPING,
	POP3_FETCH_DONE };

struct pop3_fetch {
	enum pop3_fetch_state state;
	size_t index;
	size_t asked;        /* the message whose reply comes behind this one's, or POP3_NO_INDEX */
	struct held held;
	struct mail_unstuffer unstuffer;
	const char *trouble; /* of an -ERR: why the message cannot be delivered; static */
	struct buf refusal;  /* the upstream's -ERR, with CRLF */
	uint64_t octets;     /* that came, stuffed */
	uint64_t began;      /* loop_now() milliseconds */
};

struct pop3_maildrop {
	char server[ENDS_SERVER_SIZE]; /* ends_server() */
	bool open, listed;
	struct pop3_message *messages; /* in the upstream's order */
	size_t count, cap;
	struct buf uids;
	bool has_uids;
	uint32_t *shown;     /* the client's number less 1 -> index */
	size_t shown_count;
	struct arena *arena; /* edits of views; NULL: there are none */
	struct keep_job *recalling;
	bool recalled;
	uint64_t ahead_until; /* loop_now() milliseconds: the budget's end; 0 = not begun */
	size_t ahead;        /* where the search for messages without a view goes on */
	int shelf;           /* a file without a name; -1 = none yet */
	uint64_t shelf_size;
	bool shelf_full;
	struct pop3_fetch fetch;
	struct edited serving; /* what is being sent */
	struct mail_stuffer stuffer;
	struct pop3_top top;
	bool is_serving, top_ended;
	bool served;         /* all of it is in the client's queue */
	uint64_t unsent;     /* octets in that queue when last looked at */
	uint64_t stalled_until; /* loop_now() milliseconds: then the client has taken none for too long */
	uint64_t last;       /* the highest number that the client retrieved */
	uint64_t heard;      /* when the upstream was last spoken to, loop_now() milliseconds */
};

/* NULL: no memory. */
struct pop3_maildrop *pop3_maildrop_new(struct pop3_session *s);
void pop3_maildrop_free(struct pop3_maildrop **m);
static inline bool
pop3_maildrop_is_open(const struct pop3_maildrop *m)
{
	return m->open;
}
struct arena *pop3_maildrop_arena(struct pop3_maildrop *m);
/* False: out of memory, or more than limits.maildrop_messages. */
bool pop3_maildrop_add(struct pop3_session *s, uint64_t number, uint64_t octets);
/* A line of UIDL; of a message that was not listed it is ignored. False: out of memory. */
bool pop3_maildrop_identify(struct pop3_maildrop *m, uint64_t number, struct span uid);
struct span pop3_maildrop_uid(const struct pop3_maildrop *m, size_t index);
/* The message that has the client's number, or POP3_NO_INDEX: none has, or it
 * is deleted. */
size_t pop3_maildrop_find(const struct pop3_maildrop *m, uint64_t number);
/* What the client is told of its size; the same until the session ends. */
uint64_t pop3_maildrop_octets(struct pop3_maildrop *m, size_t index);
/* Decides which messages are shown, and numbers them. False: no memory. */
bool pop3_maildrop_number(struct pop3_session *s);
/* Whose views: for the keeper. Its spans live as long as the session's login. */
struct view_owner pop3_maildrop_owner(const struct pop3_session *s);
/* Views that the keeper has not got, as many as one change holds, go there. */
void pop3_maildrop_save(struct pop3_session *s);
/* Sorts out what the keeper recalls: views of messages that are there are
 * taken, of others dropped. */
void pop3_maildrop_recall(struct pop3_session *s, struct span views);
/* Puts the fetched message on the shelf, if there is room. */
void pop3_maildrop_shelve(struct pop3_session *s);

/* One line for a message that a client has got. began: loop_now() milliseconds. */
void pop3_log_retrieved(const struct pop3_session *s, size_t index, uint64_t octets, uint64_t began);

/* pop3_fetch.c */

enum pop3_fetched {
	POP3_FETCH_GOES_ON, /* wait for anything */
	POP3_FETCHED,       /* the message lies in fetch.held, with its answer */
	POP3_FETCH_REFUSED, /* by the upstream: fetch.refusal */
	POP3_FETCH_FAILED,  /* fetch.trouble */
	POP3_FETCH_LOST,    /* so is the upstream */
};
/* Asks the upstream for a message that is to be fetched next. */
void pop3_fetch_ask(struct pop3_session *s, size_t index);
/* Begins with a message, which the upstream is asked for if it was not yet;
 * nothing else may be asked meanwhile. */
void pop3_fetch_begin(struct pop3_session *s, size_t index);
/* Goes on with it as far as is possible now. */
enum pop3_fetched pop3_fetch_run(struct pop3_session *s);
/* The fetched message is of no more use. Goes on to the one that was asked for
 * behind it. */
void pop3_fetch_end(struct pop3_session *s);
/* True until pop3_fetch_run() says something else than GOES_ON. */
bool pop3_fetch_is_running(const struct pop3_session *s);
/* Goes on with messages that nobody waits for, up to the wanted one; one that is
 * done goes on the shelf. False: the upstream is lost. */
bool pop3_fetch_finish(struct pop3_session *s, size_t wanted);

#endif
