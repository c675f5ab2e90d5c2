/* One call: request -> mime -> rule -> rewrite -> answer. A pure function of
 * its arguments: no process, no socket, no file, no clock but for `micros`. */
#ifndef SCAN_SCAN_H
#define SCAN_SCAN_H

#include "rule/ruleset.h"
#include "scan/request.h"

struct scanner;
/* Everything that needs files or large memory is made here, before the cage:
 * charsets, digests, matchers' scratch; a first message is scanned to warm up.
 * rules: the generation's, one ruleset a policy, in the settings' order; they
 * and the settings outlive the scanner. NULL when memory is out. */
struct scanner *scanner_new(const struct settings *settings, struct ruleset *const *rules);
void scanner_free(struct scanner **s);

/* scratch_fd: an unlinked file to decode large bodies in, owned from now on;
 * -1 = a memfd where one is needed. The answer lives until the next call.
 * Never fails: what goes wrong inside is an incomplete answer. */
const struct scan_answer *scanner_run(struct scanner *s, const struct scan_request *request, int scratch_fd);

/* One JSON object without a newline. `file` NULL is null. gatepost(1) tells
 * the keys. */
void scan_answer_json(struct buf *out, const struct scan_answer *r, const char *file, uint64_t message);

#endif
