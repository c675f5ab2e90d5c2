/* The proxy's link to the keeper: requests are sent at once and answered in
 * order. When the keeper dies, what it had not acknowledged has failed: SMTP
 * sessions answer 451 and the clients come again; readers' sessions go on
 * without what was remembered. So does an answer fail that is not one. */
#include "config.h"

#include "proxy/keep_port.h"

#include "io/packet.h"

#include <stdlib.h>
#include <sys/queue.h>
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
};

struct keep_port {
	struct loop *loop;
	struct watch *watch;
	struct stats_gauges *gauges;
	int fd; /* -1: no keeper now */
	TAILQ_HEAD(, keep_job) sent;
	struct packet packet;
	uint64_t last_id;
};

struct keep_port *
keep_port_new(struct loop *l, struct stats_gauges *gauges)
{
	struct keep_port *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->loop = l;
	p->gauges = gauges;
	p->fd = -1;
	TAILQ_INIT(&p->sent);
	packet_init(&p->packet);
	return p;
}

/* body: of the answer; or why there is none. */
static void
finish_job(struct keep_port *p, struct keep_job *j, bool ok, struct span body)
{
	char text[128];

	TAILQ_REMOVE(&p->sent, j, others);
	stats_move(&p->gauges->keeper, -1);
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
	drop_link(p);
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

static void
link_ready(void *context)
{
	struct keep_port *p = context;
	int got = packet_receive(p->fd, &p->packet);

	if (got > 0)
		take_answer(p, buf_span(&p->packet.data));
	else if (got < 0)
		drop_link(p);
}

bool
keep_port_link(struct keep_port *p, int fd)
{
	drop_link(p);
	p->fd = fd;
	p->watch = watch_new(p->loop, fd, link_ready, p);
	if (p->watch == NULL)
		drop_link(p);
	return p->fd >= 0;
}

/* ---- what is asked ---- */

/* spool: the message of a KEEP_MESSAGE, else NULL. */
static bool
send_frame(struct keep_port *p, const struct keep_frame *f, const struct spool *spool)
{
	int fd = f->in_descriptor ? spool_reader(spool) : -1;
	struct span body = spool != NULL && fd < 0 ? spool_bytes(spool) : SPAN_NONE;
	struct buf head;
	bool sent;

	buf_init(&head, f->kind == KEEP_MESSAGE ? 0 : KEEP_VIEWS_MAX);
	keep_frame_encode(&head, f);
	sent = !head.failed && packet_send(p->fd, buf_span(&head), body, &fd, fd >= 0 ? 1 : 0) == PACKET_SENT;
	buf_free(&head);
	return sent;
}

/* NULL as keep_submit() says. */
static struct keep_job *
send_job(struct keep_port *p, const struct keep_job *as, struct keep_frame *f, const struct spool *spool)
{
	struct keep_job *j = p->fd >= 0 ? malloc(sizeof(*j)) : NULL;

	if (j == NULL)
		return NULL;
	*j = *as;
	f->id = j->id = ++p->last_id;
	if (!send_frame(p, f, spool)) {
		free(j);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&p->sent, j, others);
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

struct keep_job *
keep_views_find(struct keep_port *p, const struct view_owner *owner, struct span message, keep_views_done *done,
    void *context)
{
	const struct keep_job as = { .kind = KEEP_VIEWS_FIND, .fetched = done, .context = context };
	struct keep_frame f = { .kind = KEEP_VIEWS_FIND, .owner = *owner, .name = message };

	return view_owner_fits(owner) && message.len <= VIEW_MESSAGE_MAX ? send_job(p, &as, &f, NULL) : NULL;
}

static bool
change_fits(const struct keep_frame *f)
{
	if (!view_owner_fits(&f->owner) || f->put_count > KEEP_CHANGES_MAX || f->drop_count > KEEP_CHANGES_MAX)
		return false;
	for (size_t i = 0; i < f->put_count; i++)
		if (!view_fits(&f->puts[i]))
			return false;
	for (size_t i = 0; i < f->drop_count; i++)
		if (f->drops[i].len > VIEW_MESSAGE_MAX)
			return false;
	return true;
}

bool
keep_views_change(struct keep_port *p, const struct view_owner *owner, const struct view *puts, size_t put_count,
    const struct span *drops, size_t drop_count)
{
	const struct keep_frame f = { .kind = KEEP_VIEWS_CHANGE, .owner = *owner, .puts = puts, .put_count = put_count,
		.drops = drops, .drop_count = drop_count };

	return p->fd >= 0 && change_fits(&f) && send_frame(p, &f, NULL);
}

void
keep_cancel(struct keep_job **j)
{
	if (*j != NULL)
		(*j)->cancelled = true;
	*j = NULL;
}
