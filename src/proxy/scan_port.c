/* The proxy's links to the scanners.
 *
 * A job is waiting (in `waiting`, oldest first), sent (in its link's `sent`,
 * in the order of sending, which is the order a scanner works in), or
 * cancelled while sent: then it stays in `sent` without a done() so that blame
 * is still laid right. Each link is given at most LINK_DEPTH jobs, enough that
 * a scanner finds the next one without waiting for us, few enough that a small
 * message seldom waits behind a large one. A scanner that takes long for one of our
 * messages gets no more of them while there are quicker ones. */
#include "config.h"

#include "proxy/scan_port.h"

#include "base/clock.h"
#include "base/log.h"
#include "io/packet.h"

#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

enum {
	LINK_DEPTH = 4,
	LARGE_MESSAGE = 1024 * 1024, /* nothing is queued behind one of these */
	SLOW_MS = 250,               /* a hundred times what most messages take */
	SEND_REST_MS = 20,           /* before what could not be sent is tried again */
};

struct scan_job {
	TAILQ_ENTRY(scan_job) others;
	LIST_ENTRY(scan_job) asking;
	uint64_t id, size, began;  /* clock_micros() */
	size_t policy;
	const struct spool *spool;
	struct buf request;        /* encoded */
	struct clamd_job *clamd;   /* being asked; then the job is in no queue */
	struct scan_port *port;
	bool sent, asked;
	scan_done *done;           /* NULL once cancelled */
	void *context;
};

TAILQ_HEAD(jobs, scan_job);

struct link {
	LIST_ENTRY(link) others;
	struct scan_port *port;
	struct watch *watch;
	struct timer *timer;
	int fd;
	uint32_t scanner;
	bool stuck;
	struct jobs sent;
	size_t depth;
	uint64_t octets;
	uint64_t since; /* loop_now() of its last answer, or of the first job after that */
};

struct scan_port {
	struct loop *loop;
	const struct settings *settings;
	struct clamd_port *clamd;
	struct stats *stats;
	struct stats_gauges *gauges;
	LIST_HEAD(, link) links;
	struct jobs waiting;
	struct timer *again;          /* for those that wait */
	LIST_HEAD(, scan_job) asking; /* clamd */
	struct packet packet;
	struct arena *arena;
	uint64_t last_id;
	void (*stuck)(void *context, uint32_t scanner);
	void *stuck_context;
};

static void dispatch(struct scan_port *p);

static void
try_again(void *context)
{
	dispatch(context);
}

struct scan_port *
scan_port_new(struct loop *l, const struct settings *settings, struct clamd_port *clamd,
    struct stats *stats, struct stats_gauges *gauges, void (*stuck)(void *context, uint32_t scanner), void *context)
{
	struct scan_port *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->loop = l;
	p->settings = settings;
	p->clamd = clamd;
	p->stats = stats;
	p->gauges = gauges;
	p->stuck = stuck;
	p->stuck_context = context;
	p->arena = arena_new(0);
	LIST_INIT(&p->links);
	TAILQ_INIT(&p->waiting);
	LIST_INIT(&p->asking);
	packet_init(&p->packet);
	p->again = timer_new(l, try_again, p);
	if (p->again == NULL)
		scan_port_free(&p);
	return p;
}

static void
job_free(struct scan_job *j)
{
	clamd_cancel(&j->clamd);
	buf_free(&j->request);
	free(j);
}

static void
finish_job(struct scan_job *j, const struct scan_answer *answer)
{
	if (j->done != NULL) {
		stats_time(&j->port->stats->scan, clock_micros() - j->began);
		j->done(j->context, answer);
	}
	job_free(j);
}

static void
fail_job(struct scan_port *p, struct scan_job *j, enum stats_scan_failure failure, const char *why)
{
	struct scan_answer answer;

	if (j->done != NULL)
		stats_add(&p->stats->scan_failures[failure], 1);

	scan_answer_failure(&answer, p->settings->policies[j->policy].on_failure, why);
	finish_job(j, &answer);
}

static void
arm(struct link *k)
{
	uint64_t timeout = k->port->settings->timeouts.scan;

	k->since = loop_now(k->port->loop);
	timer_at(k->timer, TAILQ_EMPTY(&k->sent) ? 0 : k->since + timeout);
}

/* ---- waiting ---- */

static void
wait_at_end(struct scan_job *j)
{
	TAILQ_INSERT_TAIL(&j->port->waiting, j, others);
	stats_move(&j->port->gauges->scan_waiting, 1);
}

static void
stop_waiting(struct scan_job *j)
{
	TAILQ_REMOVE(&j->port->waiting, j, others);
	stats_move(&j->port->gauges->scan_waiting, -1);
}

/* ---- sending ---- */

static bool
is_slow(const struct link *k)
{
	return k->depth > 0 && loop_now(k->port->loop) - k->since > SLOW_MS;
}

/* Of all links, the latest `since`. */
static uint64_t
latest(const struct scan_port *p)
{
	uint64_t since = 0;
	struct link *k;

	LIST_FOREACH (k, &p->links, others)
		if (k->since > since)
			since = k->since;
	return since;
}

/* NULL: none has room, or only such as are slower than another. */
static struct link *
least_busy(struct scan_port *p)
{
	struct link *best = NULL, *k;
	uint64_t since = latest(p);

	LIST_FOREACH (k, &p->links, others)
		if (k->depth < LINK_DEPTH && k->octets < LARGE_MESSAGE && (!is_slow(k) || k->since == since) &&
		    (best == NULL || k->depth < best->depth || (k->depth == best->depth && k->octets < best->octets)))
			best = k;
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

/* A broken link is noticed by its reader, and a full one gives answers; but it may
 * be memory or a descriptor that was wanting, and of those nobody tells. */
static void
dispatch(struct scan_port *p)
{
	struct scan_job *j;
	struct link *k;

	while ((j = TAILQ_FIRST(&p->waiting)) != NULL && (k = least_busy(p)) != NULL) {
		enum packet_result result = send_job(k, j);

		if (result != PACKET_SENT) {
			timer_at(p->again, loop_now(p->loop) + SEND_REST_MS);
			return;
		}
		stop_waiting(j);
		TAILQ_INSERT_TAIL(&k->sent, j, others);
		stats_move(&p->gauges->scan_running, 1);
		j->sent = true;
		k->octets += j->size;
		if (k->depth++ == 0)
			arm(k);
	}
}

struct scan_job *
scan_submit(struct scan_port *p, const struct scan_request *request, const struct spool *spool, scan_done *done,
    void *context)
{
	struct scan_job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	*j = (struct scan_job){ .id = ++p->last_id, .size = spool->size, .policy = request->policy, .spool = spool,
		.began = clock_micros(), .port = p, .done = done, .context = context };
	scan_request_encode(&j->request, request);
	if (j->request.failed) {
		job_free(j);
		return NULL;
	}
	wait_at_end(j);
	dispatch(p);
	return j;
}

uint64_t
scan_patience(const struct scan_port *p, size_t policy)
{
	const struct clamd_settings *clamd = &p->settings->policies[policy].clamd;
	uint64_t scan = 2 * p->settings->timeouts.scan;

	return clamd->upstream < p->settings->upstream_count ? 2 * scan + clamd->timeout : scan;
}

void
scan_cancel(struct scan_job **job)
{
	struct scan_job *j = *job;

	if (j == NULL)
		return;
	*job = NULL;
	j->done = NULL;
	if (j->clamd != NULL) {
		LIST_REMOVE(j, asking);
		job_free(j);
	} else if (!j->sent) {
		stop_waiting(j);
		job_free(j);
	}
}

/* ---- answers ---- */

static void
drop_from_link(struct link *k, struct scan_job *j)
{
	TAILQ_REMOVE(&k->sent, j, others);
	stats_move(&k->port->gauges->scan_running, -1);
	k->depth--;
	k->octets -= j->size;
	arm(k);
}

/* The scan is repeated with what clamd said. */
static void
clamd_said(void *context, const struct clamd_answer *answer)
{
	struct scan_job *j = context;
	struct scan_port *p = j->port;
	struct scan_request request;
	struct buf again = { 0 };

	j->clamd = NULL;
	LIST_REMOVE(j, asking);
	if (answer->result == CLAMD_FAILED)
		stats_add(&p->stats->errors[STATS_ERROR_CLAMD], 1);
	arena_reset(p->arena);
	if (scan_request_decode(p->arena, buf_span(&j->request), &request)) {
		request.clamd = answer->result;
		request.clamd_text = answer->text;
		scan_request_encode(&again, &request);
	}
	if (again.len == 0 || again.failed) {
		buf_free(&again);
		fail_job(p, j, STATS_SCAN_BROKEN, "no memory to repeat the scan");
		return;
	}
	buf_free(&j->request);
	j->request = again;
	j->id = ++p->last_id;
	wait_at_end(j);
	dispatch(p);
}

static void
ask_clamd(struct scan_port *p, struct scan_job *j)
{
	j->sent = false;
	j->clamd = clamd_submit(p->clamd, j->policy, j->spool, clamd_said, j);
	if (j->clamd == NULL)
		fail_job(p, j, STATS_SCAN_BROKEN, "no memory to ask clamd");
	else
		LIST_INSERT_HEAD(&p->asking, j, asking);
}

/* A scanner asks for clamd only once a message. */
static void
conclude(struct scan_port *p, struct scan_job *j, const struct scan_answer *answer)
{
	bool has_clamd = p->settings->policies[j->policy].clamd.upstream < p->settings->upstream_count;

	if (!answer->ask_clamd) {
		if (!answer->complete && j->done != NULL)
			stats_add(&p->stats->scan_failures[STATS_SCAN_INCOMPLETE], 1);
		finish_job(j, answer);
	} else if (j->asked || !has_clamd || j->done == NULL)
		fail_job(p, j, STATS_SCAN_BROKEN, "the scanner asks for clamd without need");
	else {
		j->asked = true;
		ask_clamd(p, j);
	}
}

static void
take_answer(struct link *k, struct span in)
{
	struct scan_port *p = k->port;
	struct scan_answer answer;
	struct scan_job *j;
	uint64_t id;

	take_u64(&in, &id);
	TAILQ_FOREACH (j, &k->sent, others)
		if (j->id == id)
			break;
	if (j == NULL)
		return;
	drop_from_link(k, j);
	arena_reset(p->arena);
	if (scan_answer_decode(p->arena, in, &answer))
		conclude(p, j, &answer);
	else
		fail_job(p, j, STATS_SCAN_BROKEN, "the scanner's answer cannot be read");
}

static void
link_free(struct link *k)
{
	LIST_REMOVE(k, others);
	watch_free(&k->watch);
	timer_free(&k->timer);
	close(k->fd);
	free(k);
}

static void
lose_link(struct link *k)
{
	struct scan_port *p = k->port;
	struct scan_job *culprit = TAILQ_FIRST(&k->sent), *j;
	enum stats_scan_failure failure = k->stuck ? STATS_SCAN_TIMEOUT : STATS_SCAN_DIED;

	stats_move(&p->gauges->scan_running, -(long long)k->depth);
	if (culprit != NULL)
		TAILQ_REMOVE(&k->sent, culprit, others);
	while ((j = TAILQ_LAST(&k->sent, jobs)) != NULL) {
		TAILQ_REMOVE(&k->sent, j, others);
		j->sent = false;
		if (j->done != NULL) {
			TAILQ_INSERT_HEAD(&p->waiting, j, others);
			stats_move(&p->gauges->scan_waiting, 1);
		} else
			job_free(j);
	}
	link_free(k);
	if (culprit != NULL)
		fail_job(p, culprit, failure, "the scanner died on this message");
	dispatch(p);
}

static void
link_ready(void *context)
{
	struct link *k = context;
	struct scan_port *p = k->port;
	int got;

	/* One answer at a time: its session may end, and others with it. */
	got = packet_receive(k->fd, &p->packet);
	if (got > 0)
		take_answer(k, buf_span(&p->packet.data));
	else if (got < 0) {
		if (p->packet.lost)
			p->stuck(p->stuck_context, k->scanner);
		lose_link(k);
		return;
	}
	dispatch(p);
}

static void
link_stuck(void *context)
{
	struct link *k = context;

	log_error("scan", "scanner %u has not answered for %llu ms", k->scanner,
	    (unsigned long long)k->port->settings->timeouts.scan);
	k->stuck = true;
	k->port->stuck(k->port->stuck_context, k->scanner);
	arm(k);
}

bool
scan_port_link(struct scan_port *p, uint32_t scanner, int fd)
{
	struct link *k = calloc(1, sizeof(*k));

	if (k == NULL) {
		close(fd);
		return false;
	}
	*k = (struct link){ .port = p, .fd = fd, .scanner = scanner };
	TAILQ_INIT(&k->sent);
	LIST_INSERT_HEAD(&p->links, k, others);
	k->watch = watch_new(p->loop, fd, link_ready, k);
	k->timer = timer_new(p->loop, link_stuck, k);
	if (k->watch == NULL || k->timer == NULL) {
		link_free(k);
		return false;
	}
	dispatch(p);
	return true;
}

void
scan_port_free(struct scan_port **port)
{
	struct scan_port *p = *port;
	struct scan_job *j;
	struct link *k;

	if (p == NULL)
		return;
	*port = NULL;
	while ((k = LIST_FIRST(&p->links)) != NULL) {
		TAILQ_CONCAT(&p->waiting, &k->sent, others);
		link_free(k);
	}
	while ((j = TAILQ_FIRST(&p->waiting)) != NULL) {
		TAILQ_REMOVE(&p->waiting, j, others);
		job_free(j);
	}
	while ((j = LIST_FIRST(&p->asking)) != NULL) {
		LIST_REMOVE(j, asking);
		job_free(j);
	}
	timer_free(&p->again);
	packet_free(&p->packet);
	arena_free(&p->arena);
	free(p);
}

/* ---- frames ---- */

bool
scan_frame_decode(struct span in, struct scan_frame *f)
{
	uint32_t in_descriptor;

	take_u64(&in, &f->id);
	take_u64(&in, &f->size);
	take_u32(&in, &in_descriptor);
	if (!take_span(&in, &f->request) || (in_descriptor == 0 && in.len != f->size))
		return false;
	f->in_descriptor = in_descriptor != 0;
	f->message = in;
	return true;
}

void
scan_frame_answer(struct buf *out, uint64_t id, const struct scan_answer *answer)
{
	buf_put_u64(out, id);
	scan_answer_encode(out, answer);
}
