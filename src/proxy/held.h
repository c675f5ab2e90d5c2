/* A message that is held until it was judged: its octets, the scan, what came
 * of it, and its way into quarantine. The same for every protocol. */
#ifndef PROXY_HELD_H
#define PROXY_HELD_H

#include "proxy/edited.h"
#include "proxy/keep_port.h"
#include "proxy/proxy.h"
#include "proxy/scan_port.h"
#include "proxy/spool.h"

enum { KEPT_AS_SIZE = 64 };

struct held {
	struct spool spool;
	struct session *session; /* woken when something was answered */
	struct arena *arena;     /* the answer's, kept beyond the port's callback */
	struct scan_answer *answer;
	struct scan_job *job;
	struct keep_job *keep;
	bool abandoned;          /* a scan was given up: the scanner may still read the spool */
	bool kept, keep_failed;
	char kept_as[KEPT_AS_SIZE];
};

void held_init(struct held *h, struct session *session);
/* Empty for the next message; what was asked for and not answered is cancelled. */
void held_reset(struct held *h);
/* The same, and gives the arena's memory back too: the session rests, or ends. */
void held_free(struct held *h);

/* The arena of what is asked for: held_reset() empties it. */
struct arena *held_arena(struct held *h);

/* Asks for the verdict on what is in the spool; the request's protocol,
 * envelope and policy are the caller's. The answer comes with a wake, or is
 * there at once: by on_failure where no scan is possible. */
void held_ask_verdict(struct held *h, const struct scan_request *request);
/* The scan takes too long: it is given up, and on_failure answers. */
void held_abandon_scan(struct held *h, size_t policy);
/* An answer without a scan; copied. */
void held_answer(struct held *h, const struct scan_answer *answer);
/* The answer makes no sense, so the message was not scanned. */
void held_refuse_answer(struct held *h);

/* Its first octets, for the header of a notice: scan_answer_withhold(). They
 * live until held_reset(). */
struct span held_head(struct held *h);

/* Asks the keeper to keep the original; verdict, reason, rules and what the
 * message says of itself are those of the answer. kept or keep_failed is set with a wake, or at once. */
void held_ask_keeper(struct held *h, const struct quarantine_item *item);

/* Counts the message under that policy, once it is settled what becomes of it:
 * by the answer's verdict, or as one without, and the rules that hold. */
void held_count(const struct held *h, enum protocol protocol, size_t policy);

/* Adds to a log line what was decided by which rules, and where the original
 * is. Nothing of the message's text. */
void held_log(struct log_entry *e, const struct held *h);

/* What is in the spool, with the answer's edits: from its beginning. It lies
 * there until held_reset(). */
struct edited held_edited(const struct held *h);

#endif
