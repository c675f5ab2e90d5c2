/* What a verdict makes of a message, as edits over the original: marks at the
 * top, the subject's prefix, parts replaced by a notice. */
#ifndef REWRITE_COMPOSE_H
#define REWRITE_COMPOSE_H

#include "rewrite/edit.h"
#include "rule/evaluate.h"

struct compose_job {
	struct arena *arena;
	struct mime_message *message;
	const struct policy_settings *policy;
	const struct ruleset *rules;
	const struct rule_outcome *outcome;
	const struct scan_preferences *own;  /* the user's, or NULL */
	const struct mime_message *judged; /* whose defects are told; not `message` when that was written anew */
	const char *hostname;    /* ours */
	struct scratch *scratch; /* removed parts are decoded there for their digest */
	bool marks;              /* compose_marks() of the policy, or compose_user_marks() */
	bool to_reader;          /* POP3, IMAP: a withheld message is shown as a notice */
	bool preserve;           /* for IMAP: in place, and no marks */
};

/* True when the policy can tag a message: then X-Spam headers that came from
 * outside are forged, and are removed from every message. */
bool compose_marks(const struct policy_settings *policy, const struct ruleset *rules);
/* True when what the user has of his own can. */
bool compose_user_marks(const struct scan_preferences *own);
/* True when a reader is shown a notice in place of what has that verdict: all
 * that is not delivered, but what could not be scanned now, which he is to ask
 * for again. */
bool compose_withholds(enum verdict verdict, bool complete);

/* Adds the edits of the verdict and finishes *e:
 * - accept, tag, strip: forged X-Spam headers removed (if job->marks), the
 *   tag's headers and subject prefix, the parts to strip, the mark of an
 *   incomplete scan;
 * - what compose_withholds(), to a reader: the same marks, and the whole content
 *   replaced by a notice;
 * - otherwise nothing, for nothing is delivered.
 * With job->preserve there are no marks, and what is removed or withheld is so
 * in place; a message that would be written anew is withheld. */
void compose_edits(struct edits *e, const struct compose_job *job);

/* The end of the message's first line, "\r\n" or "\n" (CRLF when it has
 * none): what is added ends its lines in the same way. */
struct span line_end_of(struct span message);
/* Removes the fields of that part's header that are wanted so, but `kept`.
 * Where lines that are no fields stand in the header another field takes their
 * place, for what its neighbours are read as hangs on it. */
void remove_fields(struct edits *e, const struct compose_job *job, const struct mime_part *p,
    bool (*wanted)(const struct mime_header *h), const struct mime_header *kept);
/* Where a span of the message begins. */
uint64_t offset_in(const struct mime_message *m, struct span s);

#endif
