/* One process that is proxy, scanner and keeper: the same code and the same
 * messages, over links whose other ends it serves itself. There is no cage, no
 * change of account and no reload: for tests and debugging. */
#include "config.h"

#include "daemon/master.h"

#include "base/log.h"
#include "daemon/board.h"
#include "daemon/descriptors.h"
#include "daemon/generation.h"
#include "daemon/keeper_process.h"
#include "daemon/links.h"
#include "daemon/passed.h"
#include "daemon/proxy_process.h"
#include "daemon/reporter_process.h"
#include "daemon/scanner_process.h"
#include "daemon/self.h"
#include "io/http.h"
#include "io/packet.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct single {
	struct loop *loop;
	struct generation *generation;
	struct listen_sockets sockets;
	struct proxy *proxy;
	struct acceptor *acceptor;
	struct timer *linger, *beat, *rest;
	struct scan_service *scan;
	struct keep_service *keep;
	struct watch *watches[6];
	int scan_link, keep_link;
	struct census *census;
	struct scan_load *load;
	struct board *board;
	struct board_ledger ledger;
	struct listen_sockets metrics;
	struct http_server *reporter;
};

static bool link_scan(struct single *s);
static bool link_keep(struct single *s);

/* A link that failed is made anew: here nobody dies of it. */
static void
mended(struct single *s, bool linked)
{
	if (linked)
		return;
	log_error("link", "no link can be had");
	loop_stop(s->loop);
}

static void
serve_scan(void *context)
{
	struct single *s = context;

	if (scan_service_serve(s->scan, s->scan_link) != LINK_GOOD)
		mended(s, link_scan(s));
}

static void
serve_keep(void *context)
{
	struct single *s = context;

	if (keep_service_serve(s->keep, s->keep_link) != LINK_GOOD)
		mended(s, link_keep(s));
}

static void
hear_order(void *context)
{
	struct single *s = context;

	keep_service_hear(s->keep);
}

static void
rest_is_over(void *context)
{
	struct single *s = context;

	timer_at(s->rest, loop_now(s->loop) + keep_service_rest(s->keep) + 1);
}

static bool
open_door(struct single *s)
{
	int door = keep_service_door(s->keep);

	s->rest = timer_new(s->loop, rest_is_over, s);
	if (door >= 0)
		s->watches[5] = watch_new(s->loop, door, hear_order, s);
	if (s->rest == NULL || (door >= 0 && s->watches[5] == NULL))
		return false;
	rest_is_over(s);
	return true;
}

static void
drained(void *context)
{
	struct single *s = context;

	if (loop_lingering(s->loop) == 0)
		loop_stop(s->loop);
	else
		timer_at(s->linger, loop_now(s->loop) + LINGER_LOOK_MS);
}

static void
drain(void *context)
{
	struct single *s = context;

	s->board->draining = true;
	acceptor_stop(s->acceptor);
	proxy_drain(s->proxy);
}

static void
refuse_reload(void *context)
{
	(void)context;
	log_warning("reload", "one process cannot reload: start it again");
}

/* It drops its end, and that is seen here. */
static void
never_stuck(void *context, uint32_t scanner)
{
	(void)context;
	(void)scanner;
}

static void
never_lost(void *context)
{
	(void)context;
}

/* A pair, our own end of it watched in place of the one before. */
static bool
renew_link(struct single *s, int pair[2], int *link, struct watch **watch, void (*ready)(void *context))
{
	if (!packet_pair(pair, true, true))
		return false;
	watch_free(watch);
	if (*link >= 0)
		close(*link);
	*link = pair[1];
	*watch = watch_new(s->loop, pair[1], ready, s);
	if (*watch == NULL)
		close(pair[0]);
	return *watch != NULL;
}

static bool
link_scan(struct single *s)
{
	int pair[2];

	return renew_link(s, pair, &s->scan_link, &s->watches[0], serve_scan) && scan_port_link(s->proxy->scan, 0, pair[0]);
}

static bool
link_keep(struct single *s)
{
	int pair[2];

	return renew_link(s, pair, &s->keep_link, &s->watches[1], serve_keep) && keep_port_link(s->proxy->keep, pair[0]);
}

/* On the board it is one process of each kind; what it takes is the master's. */
static struct board_child *
show(struct single *s, enum child_kind kind)
{
	struct board_child *c = board_place(s->board, &s->ledger, kind, 0);

	c->ready = true;
	c->pid = getpid();
	return c;
}

static void
beat(void *context)
{
	struct single *s = context;

	board_beat(s->board);
	timer_at(s->beat, loop_now(s->loop) + BOARD_BEAT_MS);
}

static bool
begin_report(struct single *s)
{
	board_take(s->board, &s->ledger, s->generation);
	s->board->listening = (unsigned)s->sockets.count;
	show(s, CHILD_KEEPER);
	show(s, CHILD_SCANNER);
	s->beat = timer_new(s->loop, beat, s);
	if (s->beat == NULL)
		return false;
	beat(s);
	if (s->metrics.count > 0)
		s->reporter = reporter_new(s->loop, s->board, &s->metrics);
	return s->metrics.count == 0 || s->reporter != NULL;
}

static bool
begin(struct single *s)
{
	struct proxy_place place = { s->generation, &s->sockets, NULL, NULL, board_stats(s->board, 0),
		&show(s, CHILD_PROXY)->gauges, 0 };

	s->scan_link = s->keep_link = -1;
	s->loop = loop_new();
	s->census = place.census = census_new(1, s->generation->settings->limits.connections);
	s->load = scan_load_new(1);
	place.load = s->load;
	s->scan = s->load != NULL ? scan_service_new(s->generation, s->load, 0) : NULL;
	s->keep = keep_service_new(s->generation->settings);
	if (s->loop == NULL || s->census == NULL || s->scan == NULL || s->keep == NULL || !begin_report(s))
		return false;
	s->proxy = proxy_host_new(s->loop, &place, never_stuck, never_lost, s);
	if (s->proxy == NULL || !link_scan(s) || !link_keep(s))
		return false;
	s->proxy->drained = drained;
	s->proxy->drained_context = s;
	s->watches[2] = watch_signal(s->loop, SIGTERM, drain, s);
	s->watches[3] = watch_signal(s->loop, SIGINT, drain, s);
	s->watches[4] = watch_signal(s->loop, SIGHUP, refuse_reload, s);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	s->linger = timer_new(s->loop, drained, s);
	s->acceptor = acceptor_new(s->proxy, &s->sockets);
	return s->linger != NULL && s->acceptor != NULL && open_door(s);
}

static void
end(struct single *s)
{
	acceptor_free(&s->acceptor);
	timer_free(&s->linger);
	timer_free(&s->beat);
	http_server_free(&s->reporter);
	timer_free(&s->rest);
	proxy_host_free(&s->proxy);
	for (size_t i = 0; i < sizeof(s->watches) / sizeof(s->watches[0]); i++)
		watch_free(&s->watches[i]);
	scan_service_free(&s->scan);
	keep_service_free(&s->keep);
	census_free(&s->census);
	scan_load_free(&s->load);
	loop_free(&s->loop);
	board_free(&s->board);
	generation_free(&s->generation);
}

int
single_run(const char *file)
{
	struct single *s = calloc(1, sizeof(*s));
	struct arena *arena = arena_new(0);
	struct listen_sockets passed;
	struct tls_tickets tickets;
	struct report report;
	int status = 2;

	report_init(&report, arena);
	passed_take(&passed, arena);
	self_begin();
	if (s != NULL && tls_tickets_make(&tickets))
		s->generation = generation_load(file, &tickets, &report);
	if (s != NULL)
		s->board = board_new();
	if (s != NULL && s->board != NULL && s->generation != NULL &&
	    listeners_open(&s->sockets, s->generation, NULL, &passed, &report) &&
	    metrics_sockets_open(&s->metrics, s->generation, NULL, &passed, &report)) {
		const struct settings *settings = s->generation->settings;

		log_setup(settings->log_target, settings->log_format, settings->log_level);
		log_set_process("single");
		passed_tell_unused(&passed, &s->sockets, &s->metrics);
		descriptors_allow(settings);
		self_note_limit();
		if (begin(s)) {
			log_info("ready", "one process, %zu sockets", s->sockets.count);
			loop_run(s->loop);
			status = 0;
		}
	}
	report_print(&report, stderr);
	if (status != 0 && s != NULL && s->generation != NULL)
		status = 1;
	if (status != 0 && report.count == 0)
		log_error("start", "gatepost cannot begin: no memory or no descriptors are left");
	if (s != NULL)
		end(s);
	free(s);
	arena_free(&arena);
	return status;
}
