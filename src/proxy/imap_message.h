/* Messages in an IMAP session: those that APPEND brings, and those that FETCH
 * shows. */
#ifndef PROXY_IMAP_MESSAGE_H
#define PROXY_IMAP_MESSAGE_H

#include "proxy/imap_mailbox.h"

struct imap_append_job;
void imap_append_free(struct imap_append_job **job);

/* imap_fetch_lines.c: the first line of a FETCH response, whose *used octets are
 * still in the input. */
enum outcome imap_begin_fetch(struct imap_session *s, const struct imap_line *line, const struct imap_response *r,
    size_t used);
/* One that does not fit the input is put together first; and so are a status and VANISHED. */
enum outcome imap_join_response(struct imap_session *s);
/* imap_back.c: the log hears that something was kept from the client, once: a server
 * may say very much of it. */
void imap_log_dropped(struct imap_session *s);
/* One of those, put together. */
enum outcome imap_hear_joined(struct imap_session *s, const struct imap_line *line, const struct imap_response *r);

/* The literal that comes: octets of it, at least one, to be consumed. False: *outcome
 * ends the step; where all of it came, at `then`. */
bool imap_has_literal(struct imap_session *s, struct span *octets, enum imap_back_step then, enum outcome *outcome);
void imap_consume_literal(struct imap_session *s, size_t len);
/* The item, up to its line's end, is kept until the literals in its name came. */
enum outcome imap_join_name(struct imap_session *s, struct span item, const struct imap_line *line);

/* imap_overlay.c: a line of a FETCH response, with what was kept before it: as on
 * the wire without its CRLF, and as text without the announcement at its end. */
enum outcome imap_take_fetch_line(struct imap_session *s, struct span whole, struct span text,
    const struct imap_line *line);

/* Where a section is; NULL: the view has none. */
const struct scan_section *imap_find_section(const struct scan_answer *a, const struct imap_section *wanted);

/* imap_recall.c: a response to what we asked about "$" has ended. */
void imap_note_saved(struct imap_session *s);

/* imap_judge.c: whether that message (its number, or by UID FETCH its UID) is in
 * the set at hand. Asked with ascending ones, from wanted_at 0 on: ranges that
 * end before one are done with. */
bool imap_is_wanted(struct imap_mailbox *m, uint32_t which);
void imap_forget_wanted(struct imap_mailbox *m);
/* Octets of the message that was asked for came. */
void imap_message_goes_on(struct imap_session *s);
/* Goes on with the message at hand: true = there is a view, or no such message any
 * more, and the next one is at hand or none; else *outcome says how to go on. */
bool imap_judge_one(struct imap_session *s, enum outcome *outcome);
/* Waits for a command of our own: the client hears something before it loses
 * patience, from imap_begin_waiting() on. */
void imap_begin_waiting(struct imap_session *s);
enum outcome imap_wait_patiently(struct imap_session *s, enum party whom);
/* How long the server, the scanner or the keeper has; 0: no matter. */
void imap_arm(struct imap_session *s, uint64_t timeout);

/* imap_ahead.c: the UID of the next message behind that one which is to be judged;
 * IMAP_NO_UID: none. */
typedef uint32_t imap_next_message(struct imap_mailbox *m, uint32_t behind);
/* Asks for the first messages behind that UID, and takes the first one in hand.
 * False: there are none. */
bool imap_ahead_begin(struct imap_session *s, imap_next_message *next, uint32_t behind);
/* Asks once more for the one at hand, by itself; those behind it have to be asked for
 * again. */
void imap_ahead_ask_alone(struct imap_session *s);
/* The one at hand is settled: the next one is at hand, if one was asked for. */
void imap_ahead_next(struct imap_session *s);
/* Whether the next response has to wait, for the message at hand came. */
bool imap_ahead_is_full(const struct imap_session *s);
/* A FETCH response has ended. */
void imap_ahead_heard(struct imap_session *s);
/* The message at hand gets that mark, where the mailbox takes it. */
void imap_ahead_mark(struct imap_mailbox *m, enum imap_mark mark);
/* Whether the mark that is being set is that message's. */
bool imap_ahead_marks(const struct imap_mailbox *m, uint32_t uid);
/* True: all that was asked for came, and got its mark; else *outcome says how to go
 * on. */
bool imap_ahead_end(struct imap_session *s, enum outcome *outcome);

/* imap_junk.c: a command that moves spam told where it now is. */
void imap_junk_moved(struct imap_session *s, const struct imap_response *r);
/* A mailbox is listed. */
void imap_junk_listed(struct imap_session *s, struct span rest, bool whole);

#endif
