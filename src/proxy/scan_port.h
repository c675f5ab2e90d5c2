/* A proxy's way to the scanners: messages go out over one link a scanner, and
 * verdicts come back as events.
 *
 * A scanner that dies takes one message with it, the one that it was at, which gets
 * the policy's failure action; the others that it had are sent to another scanner.
 * Where it was at none, it is the oldest unanswered of each link. While there is no
 * scanner that has time, messages wait: a client's next one behind the first one of
 * each other client. */
#ifndef PROXY_SCAN_PORT_H
#define PROXY_SCAN_PORT_H

#include "io/loop.h"
#include "proxy/clamd_port.h"
#include "proxy/scan_load.h"
#include "proxy/spool.h"
#include "proxy/stats.h"
#include "scan/request.h"

struct scan_port;
struct scan_job;

/* answer lives during the call only. */
typedef void scan_done(void *context, const struct scan_answer *answer);

/* clamd: asked where a verdict hangs on it, before done(); not owned, outlives
 * the port; load, stats and gauges too. stuck(context, scanner): that scanner is at
 * a message for longer than timeouts.scan, or its answer could not be taken; whoever
 * supervises should end it. */
struct scan_port *scan_port_new(struct loop *l, const struct settings *settings, struct clamd_port *clamd,
    const struct scan_load *load, struct stats *stats, struct stats_gauges *gauges,
    void (*stuck)(void *context, uint32_t scanner), void *context);
void scan_port_free(struct scan_port **p);
/* A link to the scanner with that number; fd is owned from now on. */
bool scan_port_link(struct scan_port *p, uint32_t scanner, int fd);

/* request->message is taken from the spool, which must stay as it is until
 * done() is called or the job is cancelled. NULL: no memory or descriptors. */
struct scan_job *scan_submit(struct scan_port *p, const struct scan_request *request, struct spool *spool,
    scan_done *done, void *context);
/* How long a scan under this policy may take in all, in milliseconds: one more
 * message may be ahead of it, and clamd may be asked between. */
uint64_t scan_patience(const struct scan_port *p, size_t policy);
/* done() will not be called. Clears *j. */
void scan_cancel(struct scan_job **j);

/* The frame of a request, for the scanner's side: `message` is what came
 * inline, else empty with `in_descriptor` (the first of the packet). */
struct scan_frame {
	uint64_t id;
	uint64_t size;
	bool in_descriptor;
	struct span request, message;
};
bool scan_frame_decode(struct span in, struct scan_frame *f);
/* The frame of an answer. */
void scan_frame_answer(struct buf *out, uint64_t id, const struct scan_answer *answer);

#endif
