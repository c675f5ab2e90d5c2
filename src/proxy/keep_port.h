/* A proxy's way to the keeper, the only process that writes to the quarantine
 * and the views. */
#ifndef PROXY_KEEP_PORT_H
#define PROXY_KEEP_PORT_H

#include "io/loop.h"
#include "proxy/keep_frame.h"
#include "proxy/spool.h"
#include "proxy/stats.h"

struct keep_port;
struct keep_job;

/* ok: the message lies on the disk, `text` is its id; else `text` says why not. */
typedef void keep_done(void *context, bool ok, const char *text);
/* ok: `views` are all that the keeper has of the owner, none perhaps, to be
 * read by keep_views_next() before this returns. Not ok: there are none to be
 * had now. */
typedef void keep_views_done(void *context, bool ok, struct span views);

/* gauges outlive the port. lost(context): an answer could not be taken, and the
 * link was dropped; the keeper lives and needs a new one. */
struct keep_port *keep_port_new(struct loop *l, struct stats_gauges *gauges, void (*lost)(void *context),
    void *context);
void keep_port_free(struct keep_port **p);
/* A link to a keeper; the one before is dropped, what it had not acknowledged
 * has failed. fd is owned from now on. */
bool keep_port_link(struct keep_port *p, int fd);
/* The keeper ends in good order and another one comes: it still answers what it
 * was sent; messages and questions from now on wait for the next link, at most
 * KEEP_AWAIT_MS. */
enum { KEEP_AWAIT_MS = 15 * 1000 };
void keep_port_await(struct keep_port *p);

/* item is not kept; the spool must stay as it is until done(). NULL: no
 * memory, or there is no keeper now. */
struct keep_job *keep_submit(struct keep_port *p, const struct quarantine_item *item, const struct spool *spool,
    keep_done *done, void *context);

/* What the keeper remembers of this owner's messages; what was sent before by
 * keep_views_change() is in it. owner is not kept. NULL: no memory, no keeper
 * now, its queue is full, or the owner does not fit. */
struct keep_job *keep_views_fetch(struct keep_port *p, const struct view_owner *owner, keep_views_done *done,
    void *context);
/* The same of the messages by those names, at most KEEP_FINDS_MAX. */
struct keep_job *keep_views_find(struct keep_port *p, const struct view_owner *owner, const struct span *names,
    size_t count, keep_views_done *done, void *context);
/* Puts and drops as in views_change(); nothing is kept, and nobody is told
 * what became of it. False: nothing was sent, for there is no keeper now, its
 * queue is full, or it is more than one change may hold (proxy/keep_frame.h). */
bool keep_views_change(struct keep_port *p, const struct view_owner *owner, const struct view *puts, size_t put_count,
    const struct span *drops, size_t drop_count);

/* done() will not be called; a message may be kept all the same. Clears *j. */
void keep_cancel(struct keep_job **j);

#endif
