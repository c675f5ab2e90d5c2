/* What must be true of every message that was changed in place. For a unit test
 * and a fuzz target. */
#ifndef TESTS_PRESERVE_CHECK_H
#define TESTS_PRESERVE_CHECK_H

#include "base/buf.h"
#include "scan/scan.h"

/* Scans for content that a policy strips, withholds or tags. */
struct preserve_checker;
enum { PRESERVE_STRIP, PRESERVE_WITHHOLD, PRESERVE_TAG_AMBIGUOUS, PRESERVE_POLICIES };
struct preserve_checker *preserve_checker_new(void);
void preserve_checker_free(struct preserve_checker **c);

/* The answer for a message by IMAP; until the next call. */
const struct scan_answer *preserve_scan(struct preserve_checker *c, size_t policy, struct span message);
/* The message with edits in place. */
void preserve_apply(struct buf *out, struct span message, const struct edit *edits, size_t count);
/* NULL, or what was broken: octets, line ends, header, structure, counts of any part;
 * that it is found again; or the table of sections. *edited: there were edits. */
const char *preserve_scan_violation(struct preserve_checker *c, size_t policy, struct span message, bool *edited);
/* The same of leaves and shadows of the message that are removed whatever they
 * are, those whose bit is set, or with 0 of all of its content. */
const char *preserve_leaves_violation(struct preserve_checker *c, struct span message, uint32_t chosen);

#endif
