/* FETCH of messages that are not shown as the server has them, and whose octets
 * no overlay can make of what it sends: those of layout rewrite, and of either
 * layout where BINARY asks for what is decoded.
 *
 * The client's command is split, in the order of the messages: the client gets its
 * responses in the order in which the server gives them. What it asks of all other
 * messages goes on under tags of our own as it is (imap_show.c). Of these it goes on with BODY[], or
 * BODY.PEEK[] where the client's items would not set \Seen, in place of all that is
 * told from here. In each response those octets go to the spool, with the edits,
 * and then the client's items are told of what lies there, in their place
 * (imap_shown.c). So there is never more than one message at hand. */
#ifndef PROXY_IMAP_SHOW_H
#define PROXY_IMAP_SHOW_H

#include "proxy/imap_mailbox.h"

/* Messages for which one command is said: neighbours of one kind. */
enum imap_show_group { IMAP_SHOW_OTHERS, IMAP_SHOW_REWRITTEN, IMAP_SHOW_IN_PLACE, IMAP_SHOW_DONE };

struct imap_shown_message {
	uint32_t which;        /* its number, or by UID FETCH its UID */
	bool in_place;
	bool others_before;    /* it does not follow upon the one before, or is not the first */
};

struct imap_showing {
	struct arena *arena;   /* of the command */
	struct imap_fetch fetch; /* the client's; spans lie in the session's unit */
	struct imap_shown_message *messages; /* ascending */
	size_t count;
	uint64_t head;         /* octets of those of layout rewrite that are enough, where only headers are asked for; else 0 */
	/* What was said already. */
	size_t at;             /* of messages */
	size_t range;          /* of the mailbox's `wanted` */
	uint32_t next;         /* in it */
	bool others_behind;    /* the last one */
	bool others;           /* come before that of messages[at], or behind the last */
	unsigned unanswered;   /* commands */
	struct buf status;     /* the gravest tagged response, without its tag */
	enum imap_status gravest;
	const char *failure;   /* what is answered in its place, or NULL */
	/* The message at hand, as it is shown. */
	struct spool spool;
	struct span bytes;     /* all of it; data == NULL: not yet */
	uint32_t uid;
	struct edit_push push; /* of layout preserve only `taken` */
	bool refused;          /* no room for it */
	/* Items that are being told. */
	struct arena *work;    /* of one */
	size_t item;           /* the next of fetch's */
	bool any;              /* one was told */
	struct span left;      /* of the item's octets */
	size_t worked;         /* octets looked through since others had their turn */
};

void imap_showing_free(struct imap_showing **sh);

/* All messages of the FETCH at hand are judged: it goes on. */
enum outcome imap_answer_fetch(struct imap_session *s);

/* Whether that message is one of these, as far as FETCH wants it. */
bool imap_is_split_off(const struct imap_view *v, const struct imap_fetch *f);
/* Whether that item of a message is told from here. */
bool imap_is_shown_item(const struct imap_view *v, const struct imap_attribute *a);
/* Whether it is what we asked for to tell those: the octets of that view. */
bool imap_is_shown_message(const struct imap_session *s, const struct imap_view *v, const struct imap_attribute *a);
/* A message begins; its octets; what there is of them comes to an end. */
void imap_show_begin(struct imap_session *s, const struct imap_view *v);
void imap_show_octets(struct imap_session *s, const struct imap_view *v, struct span octets);

/* Appends what a response tells of a message in place of the server's word: sizes,
 * structures, and NIL for octets that nobody asked for. False: nothing is. */
bool imap_put_told(const struct imap_view *v, const struct imap_attribute *a, struct buf *out);

#endif
