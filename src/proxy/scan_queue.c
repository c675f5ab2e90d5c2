/* Which scanner gets which job, and when.
 *
 * A job is waiting (in `waiting`, in turn), sent (in its link's `sent`,
 * in the order of sending, which is the order a scanner works in), or
 * cancelled while sent: then it stays in `sent` without a done() so that blame
 * is still laid right. Each link is given at most LINK_DEPTH jobs, enough that
 * a scanner finds the next one without waiting for us, few enough that a message
 * seldom waits behind one that takes long.
 *
 * A scanner that is long at one message, whoever sent it, is held: it gets no
 * more, and what waits there is sent to another too, whose answer counts. Scanning
 * is pure, so the other answer, which comes to nobody, does no harm.
 *
 * What waits here does so in turn: a client's next message behind the first one of
 * each other client, so that many hard ones of one are in nobody else's way. */
#include "config.h"

#include "proxy/scan_port_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- waiting ---- */

static size_t
count_of(const struct jobs *jobs, const unsigned char client[16])
{
	const struct scan_job *j;
	size_t count = 0;

	TAILQ_FOREACH (j, jobs, others)
		count += j->done != NULL && memcmp(j->client, client, sizeof(j->client)) == 0;
	return count;
}

size_t
scan_queue_turn(const struct scan_port *p, const unsigned char client[16])
{
	size_t count = count_of(&p->waiting, client);
	const struct link *k;

	LIST_FOREACH (k, &p->links, others)
		count += count_of(&k->sent, client);
	return count;
}

void
scan_queue_add(struct scan_job *j)
{
	struct jobs *waiting = &j->port->waiting;
	struct scan_job *next;

	TAILQ_FOREACH (next, waiting, others)
		if (next->turn > j->turn)
			break;
	if (next != NULL)
		TAILQ_INSERT_BEFORE(next, j, others);
	else
		TAILQ_INSERT_TAIL(waiting, j, others);
	stats_move(&j->port->gauges->scan_waiting, 1);
}

void
scan_queue_return(struct scan_job *j)
{
	j->sent = false;
	TAILQ_INSERT_HEAD(&j->port->waiting, j, others);
	stats_move(&j->port->gauges->scan_waiting, 1);
}

void
scan_queue_remove(struct scan_job *j)
{
	TAILQ_REMOVE(&j->port->waiting, j, others);
	stats_move(&j->port->gauges->scan_waiting, -1);
}

/* ---- sending ---- */

void
scan_link_arm(struct link *k)
{
	uint64_t timeout = k->port->settings->timeouts.scan;

	k->since = loop_now(k->port->loop);
	timer_at(k->timer, TAILQ_EMPTY(&k->sent) ? 0 : k->since + timeout);
}

/* Each message has its time from when it is begun. What a scanner tells of that may be a
 * lie, so it is waited for twice as long at most. */
uint64_t
scan_link_patience(const struct link *k)
{
	uint64_t timeout = k->port->settings->timeouts.scan, since;

	if (scan_load_job(k->port->load, k->scanner, &since) == 0 || since < k->since)
		since = k->since;
	return since < k->since + timeout ? since + timeout : k->since + 2 * timeout;
}

struct scan_job *
scan_link_find(const struct link *k, uint64_t id)
{
	struct scan_job *j;

	TAILQ_FOREACH (j, &k->sent, others)
		if (j->id == id)
			break;
	return j;
}

/* What the scanner tells of itself, and what we see of it. */
static void
look_at(struct link *k)
{
	uint64_t now = loop_now(k->port->loop), since;

	k->at = scan_load_job(k->port->load, k->scanner, &since);
	if (k->at == 0 || since < k->since)
		since = k->since;
	k->ahead = k->depth + (k->at != 0 && scan_link_find(k, k->at) == NULL);
	k->held = k->ahead > 0 && now > since && now - since > HELD_MS;
}

/* NULL: none has room that is not held. */
static struct link *
least_busy(struct scan_port *p)
{
	struct link *best = NULL, *k;

	LIST_FOREACH (k, &p->links, others) {
		look_at(k);
		if (k->depth < LINK_DEPTH && k->octets < LARGE_MESSAGE && !k->held &&
		    (best == NULL || k->ahead < best->ahead || (k->ahead == best->ahead && k->octets < best->octets)))
			best = k;
	}
	return best;
}

/* Without a scratch file the scanner makes do with memory. */
static enum packet_result
send_job(struct link *k, struct scan_job *j)
{
	const struct spool *spool = j->spool;
	int fds[2] = { spool_reader(spool), -1 };
	enum packet_result result;
	struct buf head = { 0 };

	buf_put_u64(&head, j->id);
	buf_put_u64(&head, spool->size);
	buf_put_u32(&head, fds[0] >= 0);
	buf_put_span(&head, buf_span(&j->request));
	if (spool_file(spool) >= 0)
		fds[1] = spool_scratch(spool);
	result = head.failed ? PACKET_AGAIN : packet_send(k->fd, buf_span(&head), fds[0] < 0 ? spool_bytes(spool) : SPAN_NONE, fds,
	    (size_t)(fds[0] >= 0) + (fds[1] >= 0));
	if (fds[1] >= 0)
		close(fds[1]);
	buf_free(&head);
	return result;
}

/* While there is any job: that another proxy's message is done we are not told. */
static void
keep_looking(struct scan_port *p)
{
	const struct link *k;
	bool needed = !TAILQ_EMPTY(&p->waiting);

	LIST_FOREACH (k, &p->links, others)
		needed = needed || k->depth > 0;
	if (needed && !p->looks)
		timer_at(p->look, loop_now(p->loop) + LOOK_MS);
	p->looks = p->looks || needed;
}

/* A broken link is noticed by its reader, and a full one gives answers; but it may
 * be memory or a descriptor that was wanting: then it is tried again at the next look. */
void
scan_queue_dispatch(struct scan_port *p)
{
	struct scan_job *j;
	struct link *k;

	while ((j = TAILQ_FIRST(&p->waiting)) != NULL && (k = least_busy(p)) != NULL) {
		if (send_job(k, j) != PACKET_SENT)
			break;
		scan_queue_remove(j);
		TAILQ_INSERT_TAIL(&k->sent, j, others);
		stats_move(&p->gauges->scan_running, 1);
		j->sent = true;
		k->octets += j->size;
		if (k->depth++ == 0)
			scan_link_arm(k);
	}
	keep_looking(p);
}

/* The copy that stays in the link is as one that was cancelled. */
static bool
take_back(struct link *k, struct scan_job *j)
{
	struct scan_job *copy = calloc(1, sizeof(*copy));

	if (copy == NULL)
		return false;
	*copy = (struct scan_job){ .id = j->id, .size = j->size, .policy = j->policy, .port = j->port, .sent = true };
	TAILQ_INSERT_BEFORE(j, copy, others);
	TAILQ_REMOVE(&k->sent, j, others);
	j->id = ++j->port->last_id;
	j->copies++;
	j->spool->astray = true;
	scan_queue_return(j);
	return true;
}

/* The first that waits there, and may go elsewhere. */
static struct scan_job *
first_behind(const struct link *k)
{
	struct scan_job *j;

	TAILQ_FOREACH (j, &k->sent, others)
		if (j->id != k->at && j->done != NULL && j->copies < COPIES_MOST)
			break;
	return j;
}

void
scan_queue_look(void *port)
{
	struct scan_port *p = port;
	struct scan_job *j;
	struct link *k;

	p->looks = false;
	scan_queue_dispatch(p);
	LIST_FOREACH (k, &p->links, others)
		while (least_busy(p) != NULL && k->held && (j = first_behind(k)) != NULL && take_back(k, j))
			scan_queue_dispatch(p);
}
