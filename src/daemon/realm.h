/* A realm: a generation, and what the master holds open for the processes that
 * serve it. */
#ifndef DAEMON_REALM_H
#define DAEMON_REALM_H

#include "conf/report.h"
#include "daemon/children.h"
#include "daemon/generation.h"

/* Takes a generation, and opens its sockets; those that `old` has are taken over, with
 * what the service manager passed, and nothing else of it changes. NULL with errors in
 * the report: the configuration is sound, and what is wrong may pass. */
struct realm *realm_new(struct generation *g, const struct realm *old, struct report *report);
/* Closes no sockets: listeners_close() does. */
void realm_free(struct realm *r);
/* One that shall not be: with its sockets, but for those taken over from `old`. */
void realm_discard(struct realm **r, const struct realm *old);

/* Whether the keeper, and the reporter, of one can go on for the other. */
bool realm_keeps_alike(const struct realm *one, const struct realm *other);
bool realm_reports_alike(const struct realm *one, const struct realm *other);

#endif
