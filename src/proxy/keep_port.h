/* A proxy's way to the keeper, the only process that writes to the quarantine. */
#ifndef PROXY_KEEP_PORT_H
#define PROXY_KEEP_PORT_H

#include "io/loop.h"
#include "proxy/spool.h"
#include "store/quarantine.h"

struct keep_port;
struct keep_job;

/* ok: the message lies on the disk, `text` is its id; else `text` says why not. */
typedef void keep_done(void *context, bool ok, const char *text);

struct keep_port *keep_port_new(struct loop *l);
void keep_port_free(struct keep_port **p);
/* A link to a keeper; the one before is dropped, what it had not acknowledged
 * has failed. fd is owned from now on. */
bool keep_port_link(struct keep_port *p, int fd);

/* item is not kept; the spool must stay as it is until done(). NULL: no
 * memory, or there is no keeper now. */
struct keep_job *keep_submit(struct keep_port *p, const struct quarantine_item *item, const struct spool *spool,
    keep_done *done, void *context);
/* done() will not be called; the message may be kept all the same. Clears *j. */
void keep_cancel(struct keep_job **j);

/* The keeper's side. Spans point into `in`, arrays lie in the arena; the
 * message is `message`, or the first `size` octets of the packet's first
 * descriptor. */
struct keep_frame {
	uint64_t id, size;
	bool in_descriptor;
	struct quarantine_item item;
	struct span message;
};
bool keep_frame_decode(struct arena *a, struct span in, struct keep_frame *f);
void keep_frame_answer(struct buf *out, uint64_t id, bool ok, const char *text);

#endif
