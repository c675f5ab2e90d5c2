/* A proxy's way to clamd: a message goes there by INSTREAM, a connection each,
 * and the result comes back as an event.
 *
 * A clamd that fails several times in a row is not asked for a while: then the
 * answer is at once that it failed. After that one message at a time tries it. */
#ifndef PROXY_CLAMD_PORT_H
#define PROXY_CLAMD_PORT_H

#include "io/connect.h"
#include "proxy/spool.h"
#include "wire/clamd.h"

struct clamd_port;
struct clamd_job;

struct clamd_answer {
	enum clamd_result result;
	struct span text; /* the name of what was found, or what went wrong; one line */
};
/* The answer lives during the call only. */
typedef void clamd_done(void *context, const struct clamd_answer *answer);

struct clamd_port *clamd_port_new(struct loop *l, const struct settings *settings, struct upstreams *upstreams);
/* No job may be left. */
void clamd_port_free(struct clamd_port **p);

/* By the policy's clamd_settings. The spool must stay as it is until done() is
 * called, never from inside, or the job is cancelled. NULL: no memory. */
struct clamd_job *clamd_submit(struct clamd_port *p, size_t policy, const struct spool *spool, clamd_done *done,
    void *context);
/* done() will not be called. Clears *j. */
void clamd_cancel(struct clamd_job **j);

#endif
