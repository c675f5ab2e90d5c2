/* The quarantine: original messages that were held back, and an index of what
 * is known of each. One process at a time has it open (a lock on the folder
 * sees to that); nothing here waits but for the disk.
 *
 *     PATH/index.db                    SQLite: a row for each message
 *     PATH/messages/YY/MM/DD/ID.eml    the original bytes
 *     PATH/incoming/ID                 messages being put just now
 *
 * What quarantine_put() said true to survives a crash of the process, of the
 * system and a loss of power; what it did not say true to leaves nothing. */
#ifndef STORE_QUARANTINE_H
#define STORE_QUARANTINE_H

#include "base/arena.h"
#include "conf/settings.h"

struct quarantine;

/* "20261121T080512-123456-9f3a1c2e": UTC to the microsecond and 32 random
 * bits; sorts by the time of the put. */
enum { QUARANTINE_ID_SIZE = sizeof("20261121T080512-123456-9f3a1c2e") };

/* All spans may be empty and hold any bytes. */
struct quarantine_item {
	int64_t time; /* of arrival: milliseconds since 1970, UTC */
	struct span protocol, policy;
	struct span client; /* address as text */
	struct span helo, sender, user;
	struct span subject, author; /* fit to be shown, or empty: not known */
	struct span listener, upstream; /* their names; empty = not known */
	/* The parameters of MAIL and of each RCPT as the client gave them (RFC 5321
	 * 4.1.2), those without a meaning for a later delivery left out. */
	struct span parameters;
	const struct span *recipients;
	const struct span *recipient_parameters; /* as many, or NULL */
	size_t recipient_count;
	struct span verdict, reason;
	const struct span *rules;
	size_t rule_count;
};

struct quarantine_record {
	char id[QUARANTINE_ID_SIZE];
	uint64_t size; /* octets of the message */
	struct quarantine_item item;
};

/* Every `error` is set on failure, to a string literal that says what could
 * not be done; the log has the particulars. */

/* Makes the folder (0700) and what is missing in it, and clears up after a put
 * that was interrupted: without a row it was never acknowledged, so its file
 * is removed. NULL on failure, also when another process has it open and does
 * not let go within half a second. */
struct quarantine *quarantine_open(const char *path, const char **error);
void quarantine_close(struct quarantine **q);

/* Keeps a message: the whole file behind message_fd (its offset is left
 * alone), or with message_fd -1 the bytes of `message`. True = it is on the
 * disk, file and row. */
bool quarantine_put(struct quarantine *q, const struct quarantine_item *item, int message_fd, struct span message,
    char id[QUARANTINE_ID_SIZE], const char **error);

/* Calls row() for each record, oldest first, until it returns false. The
 * record lives until row() returns; row() must not put. */
bool quarantine_each(struct quarantine *q, bool (*row)(void *context, const struct quarantine_record *record),
    void *context, const char **error);
/* One record; its spans live in the arena. False: none has this id, or it
 * could not be read. */
bool quarantine_get(struct quarantine *q, struct arena *a, const char *id, struct quarantine_record *out,
    const char **error);
/* The original, open for reading, or -1. The caller closes it. */
int quarantine_open_message(struct quarantine *q, const char *id, const char **error);

#endif
