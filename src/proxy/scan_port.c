/* Jobs, from being submitted to being answered, and the links that answers come by;
 * scan_queue.c decides which job is sent where, and when. */
#include "config.h"

#include "proxy/scan_port_internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

struct scan_port *
scan_port_new(struct loop *l, const struct settings *settings, struct clamd_port *clamd,
    const struct scan_load *load, struct stats *stats, struct stats_gauges *gauges,
    void (*stuck)(void *context, uint32_t scanner), void *context)
{
	struct scan_port *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->loop = l;
	p->settings = settings;
	p->clamd = clamd;
	p->load = load;
	p->stats = stats;
	p->gauges = gauges;
	p->stuck = stuck;
	p->stuck_context = context;
	p->arena = arena_new(0);
	LIST_INIT(&p->links);
	TAILQ_INIT(&p->waiting);
	LIST_INIT(&p->asking);
	packet_init(&p->packet);
	p->look = timer_new(l, scan_queue_look, p);
	/* At random: that a scanner is at a job tells whose it is. */
	if (p->look == NULL || getrandom(&p->last_id, sizeof(p->last_id), 0) != sizeof(p->last_id))
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

/* ---- jobs ---- */

struct scan_job *
scan_submit(struct scan_port *p, const struct scan_request *request, struct spool *spool, scan_done *done,
    void *context)
{
	struct scan_job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	*j = (struct scan_job){ .id = ++p->last_id, .size = spool->size, .policy = request->policy, .spool = spool,
		.began = clock_micros(), .port = p, .done = done, .context = context };
	memcpy(j->client, request->client, sizeof(j->client));
	j->turn = scan_queue_turn(p, j->client);
	scan_request_encode(&j->request, request);
	if (j->request.failed) {
		job_free(j);
		return NULL;
	}
	scan_queue_add(j);
	scan_queue_dispatch(p);
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
		scan_queue_remove(j);
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
	scan_link_arm(k);
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
	scan_queue_add(j);
	scan_queue_dispatch(p);
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
	j = scan_link_find(k, id);
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

/* Which of a link's jobs its scanner died at. NULL: none, or one of another proxy. */
static struct scan_job *
find_culprit(const struct link *k)
{
	uint64_t ends[SCAN_LOAD_ENDS];
	struct scan_job *j = NULL;
	bool told = false;

	scan_load_ends(k->port->load, k->scanner, ends);
	for (size_t i = 0; j == NULL && i < SCAN_LOAD_ENDS; i++) {
		j = scan_link_find(k, ends[i]);
		told = told || ends[i] != 0;
	}
	return told ? j : TAILQ_FIRST(&k->sent);
}

static void
lose_link(struct link *k)
{
	struct scan_port *p = k->port;
	struct scan_job *culprit = find_culprit(k), *j;
	enum stats_scan_failure failure = k->stuck ? STATS_SCAN_TIMEOUT : STATS_SCAN_DIED;
	struct jobs lost = TAILQ_HEAD_INITIALIZER(lost);

	stats_move(&p->gauges->scan_running, -(long long)k->depth);
	while ((j = TAILQ_LAST(&k->sent, jobs)) != NULL) {
		TAILQ_REMOVE(&k->sent, j, others);
		if (j == culprit || j->done == NULL || ++j->deaths > DEATHS_MOST)
			TAILQ_INSERT_HEAD(&lost, j, others);
		else
			scan_queue_return(j);
	}
	link_free(k);
	while ((j = TAILQ_FIRST(&lost)) != NULL) {
		TAILQ_REMOVE(&lost, j, others);
		fail_job(p, j, failure, "the scanner died on this message");
	}
	scan_queue_dispatch(p);
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
	scan_queue_dispatch(p);
}

static void
link_stuck(void *context)
{
	struct link *k = context;
	uint64_t now = loop_now(k->port->loop), until = scan_link_patience(k);

	if (now < until) {
		timer_at(k->timer, until);
		return;
	}
	log_error("scan", "scanner %u has not answered for %llu ms", k->scanner, (unsigned long long)(now - k->since));
	k->stuck = true;
	k->port->stuck(k->port->stuck_context, k->scanner);
	scan_link_arm(k);
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
	scan_queue_dispatch(p);
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
	timer_free(&p->look);
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
