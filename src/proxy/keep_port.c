/* The proxy's link to the keeper: requests are sent at once and answered in
 * order. When the keeper dies, what it had not acknowledged has failed: SMTP
 * sessions answer 451 and the clients come again; readers' sessions go on
 * without what was remembered. So does an answer fail that is not one.
 *
 * A keeper that leaves on purpose loses nothing: our end of its link says that no
 * more comes, it answers what it has and hangs up; what is asked meanwhile is
 * kept in line for the next one. */
#include "config.h"

#include "proxy/keep_port.h"

#include "io/packet.h"

#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

struct keep_job {
	TAILQ_ENTRY(keep_job) others;
	uint64_t id;
	enum keep_kind kind;
	union {
		keep_done *kept;          /* KEEP_MESSAGE */
		keep_views_done *fetched; /* KEEP_VIEWS_FETCH, KEEP_VIEWS_FIND */
	};
	void *context;
	bool cancelled;
	/* While it waits for a link. */
	struct keep_port *waits_at; /* NULL: it was sent */
	struct buf head;
	const struct spool *spool;
};

struct keep_port {
	struct loop *loop;
	struct watch *watch;
	struct stats_gauges *gauges;
	int fd; /* -1: no keeper now */
	bool awaiting; /* the next keeper: nothing is sent to this one */
	struct timer *patience;
	TAILQ_HEAD(, keep_job) sent, waiting;
	struct packet packet;
	uint64_t last_id;
	void (*lost)(void *context);
	void *lost_context;
};

static void await_in_vain(void *context);

struct keep_port *
keep_port_new(struct loop *l, struct stats_gauges *gauges, void (*lost)(void *context), void *context)
{
	struct keep_port *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->loop = l;
	p->gauges = gauges;
	p->fd = -1;
	p->lost = lost;
	p->lost_context = context;
	TAILQ_INIT(&p->sent);
	TAILQ_INIT(&p->waiting);
	packet_init(&p->packet);
	p->patience = timer_new(l, await_in_vain, p);
	if (p->patience == NULL)
		keep_port_free(&p);
	return p;
}

static void
take_out(struct keep_port *p, struct keep_job *j)
{
	if (j->waits_at != NULL)
		TAILQ_REMOVE(&p->waiting, j, others);
	else
		TAILQ_REMOVE(&p->sent, j, others);
	buf_free(&j->head);
	stats_move(&p->gauges->keeper, -1);
}

/* body: of the answer; or why there is none. */
static void
finish_job(struct keep_port *p, struct keep_job *j, bool ok, struct span body)
{
	char text[128];

	take_out(p, j);
	if (!j->cancelled && j->kind != KEEP_MESSAGE) {
		j->fetched(j->context, ok, ok ? body : SPAN_NONE);
	} else if (!j->cancelled) {
		snprintf(text, sizeof(text), "%.*s", SPAN_ARG(body));
		j->kept(j->context, ok, text);
	}
	free(j);
}

static void
drop_link(struct keep_port *p)
{
	struct keep_job *j;

	watch_free(&p->watch);
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	while ((j = TAILQ_FIRST(&p->sent)) != NULL)
		finish_job(p, j, false, SPAN_LITERAL("the keeper died"));
}

static void
await_in_vain(void *context)
{
	struct keep_port *p = context;
	struct keep_job *j;

	p->awaiting = false;
	while ((j = TAILQ_FIRST(&p->waiting)) != NULL)
		finish_job(p, j, false, SPAN_LITERAL("there is no keeper"));
}

void
keep_port_free(struct keep_port **port)
{
	struct keep_port *p = *port;
	struct keep_job *j;

	if (p == NULL)
		return;
	*port = NULL;
	TAILQ_FOREACH (j, &p->sent, others)
		j->cancelled = true;
	TAILQ_FOREACH (j, &p->waiting, others)
		j->cancelled = true;
	drop_link(p);
	await_in_vain(p);
	timer_free(&p->patience);
	packet_free(&p->packet);
	free(p);
}

static void
take_answer(struct keep_port *p, struct span in)
{
	struct keep_answer answer;
	struct keep_job *j;
	bool good = keep_answer_decode(in, &answer);

	TAILQ_FOREACH (j, &p->sent, others)
		if (j->id == answer.id)
			break;
	if (j == NULL)
		return;
	if (good && answer.ok && j->kind != KEEP_MESSAGE)
		good = answer.body.len <= KEEP_VIEWS_MAX && keep_views_valid(answer.body);
	if (good)
		finish_job(p, j, answer.ok, answer.body);
	else
		finish_job(p, j, false, SPAN_LITERAL("the keeper's answer makes no sense"));
}

/* spool: the message of a KEEP_MESSAGE, else NULL. */
static enum packet_result
send_request(struct keep_port *p, struct span head, const struct spool *spool)
{
	int fd = spool != NULL ? spool_reader(spool) : -1;
	struct span body = spool != NULL && fd < 0 ? spool_bytes(spool) : SPAN_NONE;

	return packet_send(p->fd, head, body, &fd, fd >= 0 ? 1 : 0);
}

/* As much of what waits as the link takes. */
static void
send_waiting(struct keep_port *p)
{
	struct keep_job *j;

	while (!p->awaiting && (j = TAILQ_FIRST(&p->waiting)) != NULL) {
		enum packet_result result = send_request(p, buf_span(&j->head), j->spool);

		if (result == PACKET_AGAIN && !TAILQ_EMPTY(&p->sent))
			return; /* the next answer makes room */
		if (result != PACKET_SENT) {
			finish_job(p, j, false, SPAN_LITERAL("the keeper cannot be asked"));
			continue;
		}
		if (j->kind == KEEP_VIEWS_CHANGE) {
			finish_job(p, j, true, SPAN_NONE);
			continue;
		}
		TAILQ_REMOVE(&p->waiting, j, others);
		j->waits_at = NULL;
		buf_free(&j->head);
		TAILQ_INSERT_TAIL(&p->sent, j, others);
	}
}

/* False: there is none now. */
static bool
hear_answer(struct keep_port *p)
{
	int got = p->fd >= 0 ? packet_receive(p->fd, &p->packet) : 0;

	if (got > 0) {
		take_answer(p, buf_span(&p->packet.data));
	} else if (got < 0) {
		if (p->packet.lost)
			p->lost(p->lost_context);
		drop_link(p);
	}
	return got > 0;
}

static void
link_ready(void *context)
{
	struct keep_port *p = context;

	if (hear_answer(p) && p->fd >= 0)
		send_waiting(p);
}

bool
keep_port_link(struct keep_port *p, int fd)
{
	while (hear_answer(p)) /* the last words of the one before */
		;
	drop_link(p);
	p->fd = fd;
	p->watch = watch_new(p->loop, fd, link_ready, p);
	if (p->watch == NULL)
		drop_link(p);
	if (p->fd < 0)
		return false;
	p->awaiting = false;
	send_waiting(p);
	return true;
}

void
keep_port_await(struct keep_port *p)
{
	p->awaiting = true;
	timer_at(p->patience, loop_now(p->loop) + KEEP_AWAIT_MS);
	if (p->fd >= 0)
		shutdown(p->fd, SHUT_WR);
}

/* ---- what is asked ---- */

static bool
encode(struct buf *head, const struct keep_frame *f)
{
	buf_init(head, f->kind == KEEP_MESSAGE ? 0 : KEEP_VIEWS_MAX);
	keep_frame_encode(head, f);
	return !head->failed;
}

static bool
must_wait(const struct keep_port *p)
{
	return p->awaiting || !TAILQ_EMPTY(&p->waiting);
}

/* Sent, or in line; false: neither. */
static bool
enter(struct keep_port *p, struct keep_job *j)
{
	if (must_wait(p)) {
		j->waits_at = p;
		TAILQ_INSERT_TAIL(&p->waiting, j, others);
		return true;
	}
	if (send_request(p, buf_span(&j->head), j->spool) != PACKET_SENT)
		return false;
	buf_free(&j->head);
	TAILQ_INSERT_TAIL(&p->sent, j, others);
	return true;
}

/* NULL as keep_submit() says. */
static struct keep_job *
send_job(struct keep_port *p, const struct keep_job *as, struct keep_frame *f, const struct spool *spool)
{
	struct keep_job *j = p->fd >= 0 || p->awaiting ? malloc(sizeof(*j)) : NULL;

	if (j == NULL)
		return NULL;
	*j = *as;
	j->spool = spool;
	f->id = j->id = ++p->last_id;
	if (!encode(&j->head, f) || !enter(p, j)) {
		buf_free(&j->head);
		free(j);
		return NULL;
	}
	stats_move(&p->gauges->keeper, 1);
	return j;
}

struct keep_job *
keep_submit(struct keep_port *p, const struct quarantine_item *item, const struct spool *spool, keep_done *done,
    void *context)
{
	const struct keep_job as = { .kind = KEEP_MESSAGE, .kept = done, .context = context };
	struct keep_frame f = { .kind = KEEP_MESSAGE, .size = spool->size, .in_descriptor = spool_reader(spool) >= 0,
		.item = *item };

	return send_job(p, &as, &f, spool);
}

struct keep_job *
keep_views_fetch(struct keep_port *p, const struct view_owner *owner, keep_views_done *done, void *context)
{
	const struct keep_job as = { .kind = KEEP_VIEWS_FETCH, .fetched = done, .context = context };
	struct keep_frame f = { .kind = KEEP_VIEWS_FETCH, .owner = *owner };

	return view_owner_fits(owner) ? send_job(p, &as, &f, NULL) : NULL;
}

static bool
names_fit(const struct span *names, size_t count, size_t most)
{
	for (size_t i = 0; count <= most && i < count; i++)
		if (names[i].len > VIEW_MESSAGE_MAX)
			return false;
	return count <= most;
}

struct keep_job *
keep_views_find(struct keep_port *p, const struct view_owner *owner, const struct span *names, size_t count,
    keep_views_done *done, void *context)
{
	const struct keep_job as = { .kind = KEEP_VIEWS_FIND, .fetched = done, .context = context };
	struct keep_frame f = { .kind = KEEP_VIEWS_FIND, .owner = *owner, .names = names, .name_count = count };

	return view_owner_fits(owner) && names_fit(names, count, KEEP_FINDS_MAX) ? send_job(p, &as, &f, NULL) : NULL;
}

static bool
change_fits(const struct keep_frame *f)
{
	if (!view_owner_fits(&f->owner) || f->put_count > KEEP_CHANGES_MAX)
		return false;
	for (size_t i = 0; i < f->put_count; i++)
		if (!view_fits(&f->puts[i]))
			return false;
	return names_fit(f->drops, f->drop_count, KEEP_CHANGES_MAX);
}

bool
keep_views_change(struct keep_port *p, const struct view_owner *owner, const struct view *puts, size_t put_count,
    const struct span *drops, size_t drop_count)
{
	struct keep_frame f = { .kind = KEEP_VIEWS_CHANGE, .owner = *owner, .puts = puts, .put_count = put_count,
		.drops = drops, .drop_count = drop_count };
	const struct keep_job nobody = { .kind = KEEP_VIEWS_CHANGE, .cancelled = true };
	struct buf head = { 0 };
	bool sent;

	if (!change_fits(&f))
		return false;
	if (must_wait(p))
		return send_job(p, &nobody, &f, NULL) != NULL;
	sent = p->fd >= 0 && encode(&head, &f) && send_request(p, buf_span(&head), NULL) == PACKET_SENT;
	buf_free(&head);
	return sent;
}

void
keep_cancel(struct keep_job **j)
{
	struct keep_job *job = *j;

	*j = NULL;
	if (job == NULL)
		return;
	job->cancelled = true;
	if (job->waits_at != NULL)
		finish_job(job->waits_at, job, false, SPAN_NONE);
}
