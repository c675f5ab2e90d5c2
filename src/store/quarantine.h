/* The quarantine: original messages that were held back, and an index of what
 * is known of each. One process at a time has it open for writing (a lock on
 * the folder sees to that), others may read; nothing here waits but for the disk.
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
enum { QUARANTINE_ID_SIZE = sizeof("20261121T080512-123456-9f3a1c2e"), QUARANTINE_SHA256_SIZE = 64 + 1 };

/* What has become of a message. Unknown: its end was sent to the upstream, and
 * the upstream's answer was not recorded (yet): it may have been delivered. */
enum quarantine_state { QUARANTINE_HELD, QUARANTINE_UNKNOWN, QUARANTINE_RELEASED };
const char *quarantine_state_name(enum quarantine_state state);

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

/* What a message from before gatepost knew of it does not have is empty or 0. */
struct quarantine_record {
	char id[QUARANTINE_ID_SIZE];
	uint64_t size; /* octets of the message */
	char sha256[QUARANTINE_SHA256_SIZE]; /* of the message; hex in lower case */
	enum quarantine_state state;
	int64_t changed;       /* when it came into that state, ms since 1970; 0 = it never left it */
	struct span note;      /* what the upstream said last */
	const bool *delivered; /* to each recipient */
	struct quarantine_item item;
};

/* Words are empty where they do not matter; case is ignored. */
struct quarantine_query {
	int64_t since, until;        /* of arrival, both included */
	struct span user, from, to, subject; /* a part of it; from: of the envelope's sender or the field From */
	struct span rule;            /* the name of one that spoke */
	size_t limit;                /* the newest so many; 0 = all */
};

struct quarantine_change {
	enum quarantine_state state;
	int64_t time;
	struct span note;
	const uint32_t *delivered;   /* recipients, by their index, that were delivered to now */
	size_t delivered_count;
};

/* Every `error` is set on failure, to a string literal that says what could
 * not be done; the log has the particulars. */

/* Makes the folder (0700) and what is missing in it, and clears up after a put
 * that was interrupted: without a row it was never acknowledged, so its file
 * is removed. NULL on failure, also when another process has it open and does
 * not let go within half a second. */
struct quarantine *quarantine_open(const char *path, const char **error);
void quarantine_close(struct quarantine **q);
/* Opens what is there for quarantine_search() to quarantine_is_intact(); makes
 * nothing and does not keep others from writing. */
struct quarantine *quarantine_open_reading(const char *path, const char **error);

/* Keeps a message: the whole file behind message_fd (its offset is left
 * alone), or with message_fd -1 the bytes of `message`. True = it is on the
 * disk, file and row. */
bool quarantine_put(struct quarantine *q, const struct quarantine_item *item, int message_fd, struct span message,
    char id[QUARANTINE_ID_SIZE], const char **error);

/* Calls row() for each record that the query wants, newest first, until it
 * returns false. The record lives until row() returns; row() must not change
 * the quarantine. */
bool quarantine_search(struct quarantine *q, const struct quarantine_query *query,
    bool (*row)(void *context, const struct quarantine_record *record), void *context, const char **error);
/* The one message whose id begins so. */
bool quarantine_find(struct quarantine *q, const char *prefix, char id[QUARANTINE_ID_SIZE], const char **error);
/* No message has this id, surely: false also when that cannot be known. */
bool quarantine_lacks(struct quarantine *q, const char *id);
/* One record; its spans live in the arena. False: none has this id, or it
 * could not be read. */
bool quarantine_get(struct quarantine *q, struct arena *a, const char *id, struct quarantine_record *out,
    const char **error);
/* The original, open for reading, or -1. The caller closes it. */
int quarantine_open_message(struct quarantine *q, const char *id, const char **error);
/* The same, and until it is closed nobody else has it so, nor is it removed:
 * for delivering it. */
int quarantine_claim(struct quarantine *q, const char *id, const char **error);

/* The file is what the record says. */
bool quarantine_is_intact(struct quarantine *q, const struct quarantine_record *record, const char **error);

/* Records what has become of a message; durable when it returns true. */
bool quarantine_mark(struct quarantine *q, const char *id, const struct quarantine_change *change, const char **error);
/* Removes a message for good, unless it is claimed. */
bool quarantine_remove(struct quarantine *q, const char *id, const char **error);

/* Retention. 0 = no limit. */
struct quarantine_limits {
	uint64_t age;  /* milliseconds since arrival */
	uint64_t size; /* octets of all messages */
};
struct quarantine_expired {
	size_t messages;
	uint64_t octets;
	bool more; /* what is over the limits was not all removed in this call */
};
/* Removes the oldest messages over the limits, QUARANTINE_EXPIRE_MOST at most,
 * and none that is claimed. now: ms since 1970. */
enum { QUARANTINE_EXPIRE_MOST = 200 }; /* a fraction of a second of a slow disk */
bool quarantine_expire(struct quarantine *q, const struct quarantine_limits *limits, int64_t now,
    struct quarantine_expired *out, const char **error);

#endif
