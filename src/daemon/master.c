/* The master process.
 *
 * A configuration and all that is made of it is a realm. Reloading reads a new
 * one; when that is sound, its sockets are opened (or taken over), its
 * scanners and proxies are forked, and those of the old realm are asked to
 * finish: a session keeps the rules that it began with. A configuration that
 * does not load changes nothing.
 *
 * A child that ends unasked is replaced: at once, unless YOUNG_MOST of its kind
 * have died young one after the other; then after RESTART_REST_MS. */
#include "config.h"

#include "daemon/master.h"

#include "base/log.h"
#include "daemon/cage.h"
#include "daemon/children.h"
#include "daemon/control.h"
#include "daemon/generation.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

enum {
	YOUNG_MS = 1000,       /* a child that ends within this did not get to work */
	YOUNG_MOST = 3,        /* what a hostile message or an administrator's kill can do; more is our own fault */
	RESTART_REST_MS = 1000,
};

struct master {
	const char *file;
	struct loop *loop;
	struct children children;
	TAILQ_HEAD(, realm) realms; /* the current one first */
	struct realm *current;
	struct tls_tickets tickets;
	struct control *control;
	struct watch *signals[4];
	struct timer *rest, *deadline, *beat;
	bool draining, told_ready;
	unsigned died_young[CHILD_KINDS]; /* without one between that did not */
};

static void
notify(const char *state)
{
#ifdef HAVE_SYSTEMD
	sd_notify(0, state);
#else
	(void)state;
#endif
}

/* ---- realms ---- */

static size_t
or_cores(size_t configured)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return configured > 0 ? configured : cores > 0 ? (size_t)cores : 1;
}

static void
realm_free(struct realm *r)
{
	census_free(&r->census);
	generation_free(&r->generation);
	free(r);
}

static bool
open_sockets(struct realm *r, const struct realm *old, struct report *report)
{
	const struct listen_sockets *before = old != NULL ? &old->sockets : NULL;

	if (!listeners_open(&r->sockets, r->generation, before, report))
		return false;
	if (metrics_sockets_open(&r->metrics, r->generation, old != NULL ? &old->metrics : NULL, report))
		return true;
	listeners_close(&r->sockets, before);
	return false;
}

static bool
prepare_realm(struct realm *r, const struct realm *old, struct report *report)
{
	const struct settings *s = r->generation->settings;
	const struct mark nowhere = { s->file, 0, 0 };
	const char *error;

	if (!account_find(s, &r->account, &error)) {
		report_add(report, nowhere, "%s", error);
		return false;
	}
	if (!account_prepare_folder(&r->account, s->quarantine_path))
		report_add(report, nowhere, "quarantine %s: cannot be made", s->quarantine_path);
	if (!account_prepare_folder(&r->account, s->spool_path))
		report_add(report, nowhere, "spool %s: cannot be made", s->spool_path);
	r->proxies = or_cores(s->proxies);
	r->scanners = or_cores(s->scanners);
	r->census = census_new(r->proxies, s->limits.connections);
	if (r->census == NULL)
		report_add(report, nowhere, "no memory to count connections in");
	return report->count == 0 && open_sockets(r, old, report);
}

static struct realm *
realm_load(struct master *m, struct report *report)
{
	struct realm *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->generation = generation_load(m->file, &m->tickets, report);
	if (r->generation != NULL && prepare_realm(r, m->current, report))
		return r;
	realm_free(r);
	return NULL;
}

/* When the kernel refuses, it is asked again later. */
static bool
start(struct master *m, struct realm *r, enum child_kind kind, uint32_t index)
{
	if (child_start(&m->children, r, kind, index))
		return true;
	log_error("start", "%s %u cannot be started: %m", child_kind_name(kind), index);
	timer_at(m->rest, loop_now(m->loop) + RESTART_REST_MS);
	return false;
}

/* Of keeper and reporter there is one, which serves all realms. */
static bool
is_single(enum child_kind kind)
{
	return kind == CHILD_KEEPER || kind == CHILD_REPORTER;
}

static struct child *
find_single(struct master *m, enum child_kind kind)
{
	struct child *child;

	LIST_FOREACH (child, &m->children.list, others)
		if (child->kind == kind)
			return child;
	return NULL;
}

static size_t
reporters(const struct realm *r)
{
	return r->metrics.count > 0;
}

static void
realm_start(struct master *m, struct realm *r)
{
	const struct settings *s = r->generation->settings;

	log_setup(s->log_target, s->log_format, s->log_level);
	TAILQ_INSERT_HEAD(&m->realms, r, others);
	m->current = r;
	board_take(m->children.board, &m->children.ledger, r->generation);
	m->children.board->listening = (unsigned)r->sockets.count;
	if (find_single(m, CHILD_KEEPER) == NULL)
		start(m, r, CHILD_KEEPER, 0);
	if (reporters(r) > 0 && find_single(m, CHILD_REPORTER) == NULL)
		start(m, r, CHILD_REPORTER, 0);
	for (size_t i = 0; i < r->scanners; i++)
		start(m, r, CHILD_SCANNER, (uint32_t)i);
	for (size_t i = 0; i < r->proxies; i++)
		start(m, r, CHILD_PROXY, (uint32_t)i);
}

static void
drain_kind(struct master *m, const struct realm *r, enum child_kind kind)
{
	struct child *child;

	LIST_FOREACH (child, &m->children.list, others)
		if (child->realm == r && child->kind == kind)
			child_drain(child);
}

static void
realm_leave(struct master *m, struct realm *r)
{
	r->leaving = true;
	drain_kind(m, r, CHILD_PROXY);
	drain_kind(m, r, CHILD_SCANNER);
}

static bool
has_proxies(const struct master *m, const struct realm *r)
{
	const struct child *child;

	LIST_FOREACH (child, &m->children.list, others)
		if (child->kind == CHILD_PROXY && (r == NULL || child->realm == r))
			return true;
	return false;
}

/* ---- reload ---- */

static void
move_single(struct master *m, struct child *child)
{
	child->realm->alive--;
	child->realm = m->current;
	m->current->alive++;
}

static bool
keeps_alike(const struct settings *a, const struct settings *b)
{
	return strcmp(a->quarantine_path, b->quarantine_path) == 0 && a->quarantine_keep_for == b->quarantine_keep_for &&
	    a->quarantine_keep_size == b->quarantine_keep_size;
}

/* The keeper serves all realms; when what it goes by changes another takes its
 * place. It may be killed at any time: what it has not acknowledged is refused
 * to the client. */
static void
move_keeper(struct master *m, const struct realm *old)
{
	struct child *keeper = find_single(m, CHILD_KEEPER);

	if (keeper == NULL)
		return;
	if (keeps_alike(old->generation->settings, m->current->generation->settings))
		move_single(m, keeper);
	else
		kill(keeper->pid, SIGKILL);
}

static bool
same_sockets(const struct listen_sockets *a, const struct listen_sockets *b)
{
	bool same = a->count == b->count;

	for (size_t i = 0; same && i < a->count; i++)
		same = a->items[i].fd == b->items[i].fd;
	return same;
}

/* Likewise when the reporter's sockets do. */
static void
move_reporter(struct master *m, const struct realm *old)
{
	struct child *reporter = find_single(m, CHILD_REPORTER);

	if (reporter == NULL || reporter->realm == m->current)
		return;
	if (same_sockets(&old->metrics, &m->current->metrics))
		move_single(m, reporter);
	else
		child_drain(reporter);
}

bool
master_reload(struct master *m, struct report *report)
{
	struct realm *old = m->current, *r;

	if (m->draining)
		return false;
	r = realm_load(m, report);
	if (r == NULL) {
		m->children.board->reload_failures++;
		log_error("reload", "the configuration has errors: the running one stays");
		return false;
	}
	m->children.board->generation++;
	realm_start(m, r);
	listeners_close(&old->sockets, &r->sockets);
	listeners_close(&old->metrics, &r->metrics);
	realm_leave(m, old);
	move_keeper(m, old);
	move_reporter(m, old);
	log_info("reload", "%zu listeners, %zu policies in force", r->generation->settings->listener_count,
	    r->generation->settings->policy_count);
	return true;
}

static void
hear_hup(void *context)
{
	struct master *m = context;
	struct arena *arena = arena_new(0);
	struct report report;

	notify("RELOADING=1");
	report_init(&report, arena);
	if (!master_reload(m, &report))
		for (const struct report_error *e = report.first; e != NULL; e = e->next)
			log_error("reload", "%s:%zu:%zu: %s", e->mark.file, e->mark.line, e->mark.column, e->message);
	arena_free(&arena);
	notify("READY=1");
}

/* ---- the end ---- */

static void
kill_all(struct master *m)
{
	struct child *child;

	LIST_FOREACH (child, &m->children.list, others)
		kill(child->pid, SIGKILL);
}

static void
deadline_passed(void *context)
{
	struct master *m = context;

	log_warning("drain", "sessions are left after timeouts.drain: they end now");
	kill_all(m);
}

void
master_drain(struct master *m)
{
	struct realm *r;

	if (m->draining)
		return;
	m->draining = true;
	m->children.board->draining = true;
	notify("STOPPING=1");
	log_info("drain", "no new connections; running sessions finish");
	TAILQ_FOREACH (r, &m->realms, others)
		realm_leave(m, r);
	if (m->current != NULL) {
		static const struct listen_sockets none;

		listeners_close(&m->current->sockets, &none);
		timer_at(m->deadline, loop_now(m->loop) + m->current->generation->settings->timeouts.drain);
	}
}

static void
hear_term(void *context)
{
	master_drain(context);
}

/* ---- children ---- */

static void
log_end_of_child(const struct child *child, int status)
{
	struct log_entry e;
	bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	log_begin(&e, clean ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "ended");
	log_text(&e, "child", child_kind_name(child->kind));
	log_number(&e, "index", child->index);
	log_number(&e, "pid", child->pid);
	if (WIFSIGNALED(status))
		log_text(&e, "signal", strsignal(WTERMSIG(status)));
	else
		log_number(&e, "status", WEXITSTATUS(status));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		log_text(&e, "msg", "it tried what its cage forbids");
	log_end(&e);
}

static bool
is_running(const struct master *m, const struct realm *r, enum child_kind kind, uint32_t index)
{
	const struct child *child;

	LIST_FOREACH (child, &m->children.list, others)
		if (child->kind == kind && child->index == index && (is_single(kind) || child->realm == r))
			return true;
	return false;
}

static void
start_missing_of(struct master *m, struct realm *r, enum child_kind kind, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!is_running(m, r, kind, (uint32_t)i) && start(m, r, kind, (uint32_t)i))
			m->children.board->restarts[kind]++;
}

/* Scanners are replaced as long as their proxies have sessions. */
static void
start_missing(void *context)
{
	struct master *m = context;
	struct realm *r;

	if (!m->draining)
		start_missing_of(m, m->current, CHILD_PROXY, m->current->proxies);
	TAILQ_FOREACH (r, &m->realms, others)
		if (!r->leaving || has_proxies(m, r))
			start_missing_of(m, r, CHILD_SCANNER, r->scanners);
	if (!m->draining || has_proxies(m, NULL)) {
		start_missing_of(m, m->current, CHILD_KEEPER, 1);
		start_missing_of(m, m->current, CHILD_REPORTER, reporters(m->current));
	}
}

static void
free_left_realms(struct master *m)
{
	struct realm *r, *next;

	for (r = TAILQ_FIRST(&m->realms); r != NULL; r = next) {
		next = TAILQ_NEXT(r, others);
		if (r == m->current || r->alive > 0)
			continue;
		TAILQ_REMOVE(&m->realms, r, others);
		realm_free(r);
	}
}

/* No proxy is left: nor does anybody need these. */
static void
end_singles(struct master *m)
{
	struct child *child;

	LIST_FOREACH (child, &m->children.list, others)
		if (is_single(child->kind))
			child_drain(child);
	if (LIST_EMPTY(&m->children.list))
		loop_stop(m->loop);
}

/* Whether its kind keeps dying young: then a rest is in order. */
static bool
keeps_dying(struct master *m, const struct child *child)
{
	unsigned *count = &m->died_young[child->kind];

	*count = loop_now(m->loop) - child->began < YOUNG_MS ? *count + 1 : 0;
	if (*count <= YOUNG_MOST)
		return false;
	log_warning("start", "%s %u died young, as %u before it: the next one waits for %d ms",
	    child_kind_name(child->kind), child->index, *count - 1, RESTART_REST_MS);
	return true;
}

static void
hear_child_ended(void *context)
{
	struct master *m = context;
	struct child *child;
	bool rest = false;
	int status;

	while ((child = children_reap(&m->children, &status)) != NULL) {
		log_end_of_child(child, status);
		rest = (!m->draining && keeps_dying(m, child)) || rest;
		if (child->kind == CHILD_PROXY)
			census_clear(child->realm->census, child->index);
		child_free(&child);
	}
	if (m->draining && !has_proxies(m, NULL))
		end_singles(m);
	if (rest)
		timer_at(m->rest, loop_now(m->loop) + RESTART_REST_MS);
	else
		start_missing(m);
	free_left_realms(m);
}

static void
child_ready(void *context)
{
	struct master *m = context;
	const struct child *child;
	size_t ready = 0;

	LIST_FOREACH (child, &m->children.list, others)
		ready += child->ready;
	if (m->told_ready || ready < m->current->proxies + m->current->scanners + 1 + reporters(m->current))
		return;
	m->told_ready = true;
	log_info("ready", "%zu proxies, %zu scanners, %zu sockets", m->current->proxies, m->current->scanners,
	    m->current->sockets.count);
	notify("READY=1");
}

/* ---- what is told of it ---- */

static void
beat(void *context)
{
	struct master *m = context;

	board_beat(m->children.board);
	timer_at(m->beat, loop_now(m->loop) + BOARD_BEAT_MS);
}

const struct board *
master_board(const struct master *m)
{
	return m->children.board;
}

/* ---- beginning ---- */

static bool
begin(struct master *m)
{
	static void (*const heard[])(void *) = { hear_term, hear_term, hear_hup, hear_child_ended };
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };

	TAILQ_INIT(&m->realms);
	m->loop = loop_new();
	if (m->loop == NULL || !tls_tickets_make(&m->tickets) ||
	    !children_init(&m->children, m->loop, &m->tickets, child_ready, m))
		return false;
	m->rest = timer_new(m->loop, start_missing, m);
	m->deadline = timer_new(m->loop, deadline_passed, m);
	m->beat = timer_new(m->loop, beat, m);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		m->signals[i] = watch_signal(m->loop, signals[i], heard[i], m);
	signal(SIGPIPE, SIG_IGN);
	if (m->rest == NULL || m->deadline == NULL || m->beat == NULL || m->signals[3] == NULL)
		return false;
	beat(m);
	return true;
}

static void
end(struct master *m)
{
	control_free(&m->control);
	while (!TAILQ_EMPTY(&m->realms)) {
		struct realm *r = TAILQ_FIRST(&m->realms);

		TAILQ_REMOVE(&m->realms, r, others);
		realm_free(r);
	}
	timer_free(&m->rest);
	timer_free(&m->deadline);
	timer_free(&m->beat);
	for (size_t i = 0; i < sizeof(m->signals) / sizeof(m->signals[0]); i++)
		watch_free(&m->signals[i]);
	board_free(&m->children.board);
	loop_free(&m->loop);
}

int
master_run(const char *file)
{
	struct master m = { .file = file };
	struct arena *arena = arena_new(0);
	struct report report;
	struct realm *r;

	cage_forbid_dumps();
	report_init(&report, arena);
	if (!begin(&m)) {
		log_error("master", "the master cannot begin");
		return 2;
	}
	r = realm_load(&m, &report);
	if (r == NULL) {
		report_print(&report, stderr);
		arena_free(&arena);
		end(&m);
		return 2;
	}
	arena_free(&arena);
	realm_start(&m, r);
	m.control = control_new(m.loop, r->generation->settings->control_path, &m);
	loop_run(m.loop);
	log_info("ended", "gatepost has ended");
	end(&m);
	return 0;
}
