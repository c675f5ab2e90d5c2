/* The proxy process. When the master is gone it takes no new sessions and ends
 * with the last one that it has. */
#include "config.h"

#include "daemon/proxy_process.h"

#include "base/log.h"
#include "daemon/cage.h"
#include "daemon/channel.h"
#include "daemon/self.h"

#include <stdlib.h>
#include <unistd.h>

struct proxy *
proxy_host_new(struct loop *l, const struct proxy_place *place, void (*stuck)(void *context, uint32_t scanner),
    void (*keeper_lost)(void *context), void *context)
{
	struct proxy *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->index = place->index;
	p->loop = l;
	p->generation = place->generation;
	p->settings = place->generation->settings;
	p->census = place->census;
	p->stats = place->stats;
	p->gauges = place->gauges;
	LIST_INIT(&p->sessions);
	p->upstreams = upstreams_new(l, p->settings);
	p->clamd = p->upstreams != NULL ? clamd_port_new(l, p->settings, p->upstreams) : NULL;
	p->scan = scan_port_new(l, p->settings, p->clamd, place->load, p->stats, p->gauges, stuck, context);
	p->keep = keep_port_new(l, p->gauges, keeper_lost, context);
	p->spools = spool_pool_new(l, p->settings->spool_path, p->settings->limits.spool_memory);
	if (p->clamd == NULL || p->scan == NULL || p->keep == NULL || p->spools == NULL)
		proxy_host_free(&p);
	return p;
}

void
proxy_host_free(struct proxy **proxy)
{
	struct proxy *p = *proxy;

	if (p == NULL)
		return;
	*proxy = NULL;
	scan_port_free(&p->scan);
	clamd_port_free(&p->clamd);
	keep_port_free(&p->keep);
	upstreams_free(&p->upstreams);
	spool_pool_free(&p->spools);
	free(p);
}

struct host {
	struct loop *loop;
	struct proxy *proxy;
	struct acceptor *acceptor;
	struct watch *watch;
	struct timer *linger, *tell;
	struct packet packet;
	int channel;
};

static void
stuck(void *context, uint32_t scanner)
{
	struct host *h = context;

	channel_send(h->channel, CHANNEL_STUCK, scanner, -1);
}

static void
keeper_lost(void *context)
{
	stuck(context, CHANNEL_KEEPER);
}

/* The last replies may still be on their way. */
static void
drained(void *context)
{
	struct host *h = context;

	if (loop_lingering(h->loop) == 0)
		loop_stop(h->loop);
	else
		timer_at(h->linger, loop_now(h->loop) + LINGER_LOOK_MS);
}

static void
retire(struct host *h)
{
	acceptor_stop(h->acceptor);
	proxy_retire(h->proxy);
}

static void
drain(struct host *h)
{
	acceptor_stop(h->acceptor);
	proxy_drain(h->proxy);
}

/* False: there is no memory or no descriptor for it. */
static bool
take_link(struct host *h, const struct channel_message *m)
{
	if (m->fd < 0)
		return false;
	return m->kind == CHANNEL_LINK_KEEPER ? keep_port_link(h->proxy->keep, m->fd)
	                                      : scan_port_link(h->proxy->scan, m->index, m->fd);
}

static void
hear_master(void *context)
{
	struct host *h = context;
	struct channel_message m;
	int got = channel_receive(h->channel, &h->packet, &m);

	if (got < 0) {
		watch_pause(h->watch, true);
		drain(h);
		return;
	}
	if (got == 0)
		return;
	if (m.kind == CHANNEL_KEEPER_LEAVES)
		keep_port_await(h->proxy->keep);
	else if (m.kind == CHANNEL_RETIRE)
		retire(h);
	else if (m.kind == CHANNEL_DRAIN)
		drain(h);
	else if (!take_link(h, &m))
		stuck(h, m.kind == CHANNEL_LINK_KEEPER ? CHANNEL_KEEPER : m.index);
}

static void
tell(void *context)
{
	struct host *h = context;

	self_tell(h->channel);
	timer_at(h->tell, loop_now(h->loop) + SELF_TELL_MS);
}

_Noreturn void
proxy_process(const struct proxy_place *place, int channel)
{
	struct host h = { .channel = channel };

	packet_init(&h.packet);
	h.loop = loop_new();
	h.proxy = h.loop != NULL ? proxy_host_new(h.loop, place, stuck, keeper_lost, &h) : NULL;
	h.acceptor = h.proxy != NULL ? acceptor_new(h.proxy, place->sockets) : NULL;
	h.watch = h.acceptor != NULL ? watch_new(h.loop, channel, hear_master, &h) : NULL;
	h.linger = h.watch != NULL ? timer_new(h.loop, drained, &h) : NULL;
	h.tell = h.linger != NULL ? timer_new(h.loop, tell, &h) : NULL;
	if (h.tell == NULL || !cage_close_proxy(place->generation, channel)) {
		log_error("proxy", "the proxy cannot begin");
		_exit(1);
	}
	h.proxy->drained = drained;
	h.proxy->drained_context = &h;
	tell(&h);
	channel_send(channel, CHANNEL_READY, 0, -1);
	loop_run(h.loop);
	_exit(0);
}
