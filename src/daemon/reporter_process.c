/* The reporter process. It outlives a drain, to tell of it, and ends when the
 * master asks or is gone. */
#include "config.h"

#include "daemon/reporter_process.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/cage.h"
#include "daemon/channel.h"
#include "daemon/metrics.h"
#include "daemon/self.h"
#include "io/http.h"

#include <unistd.h>

enum { HTTP_UNAVAILABLE = 503 };

/* Far above what a few monitoring systems need; each asks and goes. */
static const struct http_bounds bounds = { .connections = 64, .idle = 10 * 1000, .lifetime = 30 * 1000 };

static bool
get(void *context, const char *path, int *status, const char **type, struct buf *body)
{
	const struct board *b = context;
	bool good = true;

	if (strcmp(path, "/metrics") == 0) {
		*type = "text/plain; version=0.0.4; charset=utf-8";
		metrics_print(body, b);
	} else if (strcmp(path, "/healthz") == 0) {
		good = health_print(body, b, clock_millis());
	} else if (strcmp(path, "/readyz") == 0) {
		good = readiness_print(body, b, clock_millis());
	} else {
		return false;
	}
	if (!good)
		*status = HTTP_UNAVAILABLE;
	return true;
}

struct http_server *
reporter_new(struct loop *l, const struct board *b, const struct listen_sockets *sockets)
{
	struct http_server *s = http_server_new(l, &bounds, get, (void *)b);

	for (size_t i = 0; s != NULL && i < sockets->count; i++)
		if (!http_server_listen(s, sockets->items[i].fd))
			http_server_free(&s);
	return s;
}

struct reporter {
	struct loop *loop;
	struct timer *tell;
	struct packet packet;
	int channel;
};

static void
hear_master(void *context)
{
	struct reporter *r = context;
	struct channel_message m;
	int got = channel_receive(r->channel, &r->packet, &m);

	if (got < 0 || (got > 0 && m.kind == CHANNEL_DRAIN))
		loop_stop(r->loop);
}

static void
tell(void *context)
{
	struct reporter *r = context;

	self_tell(r->channel);
	timer_at(r->tell, loop_now(r->loop) + SELF_TELL_MS);
}

_Noreturn void
reporter_process(const struct board *b, const struct listen_sockets *sockets, int channel)
{
	struct reporter r = { .channel = channel };
	struct http_server *server;
	struct watch *watch;

	packet_init(&r.packet);
	r.loop = loop_new();
	server = r.loop != NULL ? reporter_new(r.loop, b, sockets) : NULL;
	watch = server != NULL ? watch_new(r.loop, channel, hear_master, &r) : NULL;
	r.tell = watch != NULL ? timer_new(r.loop, tell, &r) : NULL;
	if (r.tell == NULL || !cage_close_reporter(channel)) {
		log_error("reporter", "the reporter cannot begin");
		_exit(1);
	}
	tell(&r);
	channel_send(channel, CHANNEL_READY, 0, -1);
	loop_run(r.loop);
	_exit(0);
}
