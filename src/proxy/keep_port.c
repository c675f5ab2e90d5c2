/* The proxy's link to the keeper: requests are sent at once and answered in
 * order. When the keeper dies, what it had not acknowledged has failed; the
 * sessions answer 451 and the clients come again. */
#include "config.h"

#include "proxy/keep_port.h"

#include "io/packet.h"

#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

enum { ITEM_SPANS_MAX = 100 * 1000 }; /* recipients or rules of one message, far above any setting */

struct keep_job {
	TAILQ_ENTRY(keep_job) others;
	uint64_t id;
	keep_done *done; /* NULL once cancelled */
	void *context;
};

struct keep_port {
	struct loop *loop;
	struct watch *watch;
	int fd; /* -1: no keeper now */
	TAILQ_HEAD(, keep_job) sent;
	struct packet packet;
	uint64_t last_id;
};

struct keep_port *
keep_port_new(struct loop *l)
{
	struct keep_port *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->loop = l;
	p->fd = -1;
	TAILQ_INIT(&p->sent);
	packet_init(&p->packet);
	return p;
}

static void
finish_job(struct keep_port *p, struct keep_job *j, bool ok, const char *text)
{
	TAILQ_REMOVE(&p->sent, j, others);
	if (j->done != NULL)
		j->done(j->context, ok, text);
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
		finish_job(p, j, false, "the keeper died");
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
		j->done = NULL;
	drop_link(p);
	packet_free(&p->packet);
	free(p);
}

static void
take_answer(struct keep_port *p, struct span in)
{
	struct keep_job *j;
	struct span text;
	uint64_t id;
	uint32_t ok;
	char copy[128];

	take_u64(&in, &id);
	take_u32(&in, &ok);
	if (!take_span(&in, &text))
		return;
	snprintf(copy, sizeof(copy), "%.*s", SPAN_ARG(text));
	TAILQ_FOREACH (j, &p->sent, others)
		if (j->id == id)
			break;
	if (j != NULL)
		finish_job(p, j, ok != 0, copy);
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

/* ---- frames ---- */

static void
put_spans(struct buf *out, const struct span *items, size_t count)
{
	buf_put_u32(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		buf_put_span(out, items[i]);
}

static bool
take_spans(struct arena *a, struct span *in, const struct span **items, size_t *count)
{
	struct span *taken;
	uint32_t n;
	bool ok = true;

	if (!take_u32(in, &n) || n > ITEM_SPANS_MAX)
		return false;
	taken = ARENA_ARRAY(a, struct span, n);
	for (uint32_t i = 0; i < n; i++)
		ok = take_span(in, &taken[i]);
	*items = taken;
	*count = n;
	return ok;
}

static void
put_item(struct buf *out, const struct quarantine_item *i)
{
	const struct span texts[] = { i->protocol, i->policy, i->client, i->helo, i->sender, i->user, i->subject,
		i->verdict, i->reason };

	buf_put_u64(out, (uint64_t)i->time);
	for (size_t n = 0; n < sizeof(texts) / sizeof(texts[0]); n++)
		buf_put_span(out, texts[n]);
	put_spans(out, i->recipients, i->recipient_count);
	put_spans(out, i->rules, i->rule_count);
}

static bool
take_item(struct arena *a, struct span *in, struct quarantine_item *i)
{
	struct span *const texts[] = { &i->protocol, &i->policy, &i->client, &i->helo, &i->sender, &i->user,
		&i->subject, &i->verdict, &i->reason };
	uint64_t time;

	take_u64(in, &time);
	i->time = (int64_t)time;
	for (size_t n = 0; n < sizeof(texts) / sizeof(texts[0]); n++)
		take_span(in, texts[n]);
	return take_spans(a, in, &i->recipients, &i->recipient_count) && take_spans(a, in, &i->rules, &i->rule_count);
}

bool
keep_frame_decode(struct arena *a, struct span in, struct keep_frame *f)
{
	uint32_t in_descriptor;

	take_u64(&in, &f->id);
	take_u64(&in, &f->size);
	if (!take_u32(&in, &in_descriptor) || !take_item(a, &in, &f->item))
		return false;
	f->in_descriptor = in_descriptor != 0;
	f->message = in;
	return f->in_descriptor || f->size == in.len;
}

void
keep_frame_answer(struct buf *out, uint64_t id, bool ok, const char *text)
{
	buf_put_u64(out, id);
	buf_put_u32(out, ok);
	buf_put_span(out, span_str(text));
}

static bool
send_request(struct keep_port *p, const struct keep_job *j, const struct quarantine_item *item,
    const struct spool *spool)
{
	struct buf head = { 0 };
	int fd = spool_reader(spool);
	bool sent;

	buf_put_u64(&head, j->id);
	buf_put_u64(&head, spool->size);
	buf_put_u32(&head, fd >= 0);
	put_item(&head, item);
	sent = !head.failed &&
	    packet_send(p->fd, buf_span(&head), fd < 0 ? spool_bytes(spool) : SPAN_NONE, &fd, fd >= 0 ? 1 : 0) ==
		PACKET_SENT;
	buf_free(&head);
	return sent;
}

struct keep_job *
keep_submit(struct keep_port *p, const struct quarantine_item *item, const struct spool *spool, keep_done *done,
    void *context)
{
	struct keep_job *j;

	if (p->fd < 0 || (j = calloc(1, sizeof(*j))) == NULL)
		return NULL;
	*j = (struct keep_job){ .id = ++p->last_id, .done = done, .context = context };
	if (!send_request(p, j, item, spool)) {
		free(j);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&p->sent, j, others);
	return j;
}

void
keep_cancel(struct keep_job **j)
{
	if (*j != NULL)
		(*j)->done = NULL;
	*j = NULL;
}
