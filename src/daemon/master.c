/* The master process.
 *
 * A configuration and all that is made of it is a realm. Reloading reads a new
 * one; when that is sound, its sockets are opened (or taken over), its
 * scanners and proxies are forked, and those of the old realm get no new
 * sessions: a session keeps the rules that it began with, to its end. Of old
 * realms with sessions there are not more than a few (reload.c). A configuration
 * that does not load changes nothing.
 *
 * A child that ends unasked is replaced: at once, unless YOUNG_MOST of its kind
 * have died young one after the other; then that kind rests first, and no other. */
#include "config.h"

#include "daemon/master.h"

#include "base/log.h"
#include "daemon/cage.h"
#include "daemon/descriptors.h"
#include "daemon/master_internal.h"
#include "daemon/passed.h"
#include "daemon/realm.h"
#include "daemon/self.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

enum {
	YOUNG_MS = 1000,        /* a child that ends within this died young */
	YOUNG_MOST = 3,         /* what a hostile message or an administrator's kill can do; more is our own fault */
	RESTART_REST_MS = 1000, /* of what did not get to work, and would not the next time */
	READY_REST_MS = 100,    /* of what did: many hostile messages may wait, and others behind them */
};

void
master_notify(const char *state)
{
#ifdef HAVE_SYSTEMD
	sd_notify(0, state);
#else
	(void)state;
#endif
}

/* ---- realms ---- */

static void
set_rest(struct master *m)
{
	uint64_t now = loop_now(m->loop), first = 0;

	for (size_t kind = 0; kind < CHILD_KINDS; kind++)
		if (m->rests_until[kind] > now && (first == 0 || m->rests_until[kind] < first))
			first = m->rests_until[kind];
	timer_at(m->rest, first);
}

/* None of that kind is started for so long. */
static void
rest(struct master *m, enum child_kind kind, uint64_t ms)
{
	m->rests_until[kind] = loop_now(m->loop) + ms;
	set_rest(m);
}

/* When the kernel refuses, it is asked again later. */
static bool
start(struct master *m, struct realm *r, enum child_kind kind, uint32_t index)
{
	if (kind == CHILD_KEEPER && (m->awaits_keeper || m->handed_over))
		return false;
	if (child_start(&m->children, r, kind, index)) {
		if (kind == CHILD_KEEPER)
			master_keeper_started(m);
		return true;
	}
	log_error("start", "%s %u cannot be started: %m", child_kind_name(kind), index);
	rest(m, kind, RESTART_REST_MS);
	return false;
}

/* Of keeper and reporter there is one, which serves all realms. */
static bool
is_single(enum child_kind kind)
{
	return kind == CHILD_KEEPER || kind == CHILD_REPORTER;
}

struct child *
master_find_single(struct master *m, enum child_kind kind)
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

void
master_start_realm(struct master *m, struct realm *r)
{
	const struct settings *s = r->generation->settings;

	log_setup(s->log_target, s->log_format, s->log_level);
	descriptors_allow(s);
	self_note_limit();
	TAILQ_INSERT_HEAD(&m->realms, r, others);
	m->current = r;
	board_take(m->children.board, &m->children.ledger, r->generation);
	m->children.board->listening = (unsigned)r->sockets.count;
	if (master_find_single(m, CHILD_KEEPER) == NULL)
		start(m, r, CHILD_KEEPER, 0);
	if (reporters(r) > 0 && master_find_single(m, CHILD_REPORTER) == NULL)
		start(m, r, CHILD_REPORTER, 0);
	for (size_t i = 0; i < r->scanners; i++)
		start(m, r, CHILD_SCANNER, (uint32_t)i);
	for (size_t i = 0; i < r->proxies; i++)
		start(m, r, CHILD_PROXY, (uint32_t)i);
}

static void
ask_to_leave(struct master *m, const struct realm *r, enum child_kind kind, void (*ask)(struct child *child))
{
	struct child *child;

	LIST_FOREACH (child, &m->children.list, others)
		if (child->realm == r && child->kind == kind)
			ask(child);
}

void
master_start_keeper(struct master *m)
{
	m->awaits_keeper = false;
	if (master_find_single(m, CHILD_KEEPER) == NULL)
		start(m, m->current, CHILD_KEEPER, 0);
}

void
master_leave_realm(struct master *m, struct realm *r)
{
	r->leaving = true;
	ask_to_leave(m, r, CHILD_PROXY, child_retire);
	ask_to_leave(m, r, CHILD_SCANNER, child_drain);
}

static void
set_deadline(struct master *m)
{
	const struct realm *r;
	uint64_t first = UINT64_MAX;

	TAILQ_FOREACH (r, &m->realms, others)
		if (r->ending && r->ends_at < first)
			first = r->ends_at;
	if (first != UINT64_MAX)
		timer_at(m->deadline, first);
}

void
master_end_realm(struct master *m, struct realm *r)
{
	if (r->ending)
		return;
	r->leaving = r->ending = true;
	r->ends_at = loop_now(m->loop) + r->generation->settings->timeouts.drain;
	ask_to_leave(m, r, CHILD_PROXY, child_drain);
	ask_to_leave(m, r, CHILD_SCANNER, child_drain);
	set_deadline(m);
}

static void
kill_sessions(struct master *m, const struct realm *r)
{
	struct child *child;

	LIST_FOREACH (child, &m->children.list, others)
		if (child->realm == r && !is_single(child->kind))
			kill(child->pid, SIGKILL);
}

static void
deadline_passed(void *context)
{
	struct master *m = context;
	struct realm *r;

	TAILQ_FOREACH (r, &m->realms, others) {
		if (!r->ending || r->ends_at > loop_now(m->loop))
			continue;
		log_warning("drain", "sessions are left after timeouts.drain: they end now");
		kill_sessions(m, r);
		r->ends_at = UINT64_MAX;
	}
	set_deadline(m);
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

/* ---- the end ---- */

static void
kill_all(struct master *m)
{
	struct child *child;

	LIST_FOREACH (child, &m->children.list, others)
		kill(child->pid, SIGKILL);
}

void
master_end_all(struct master *m)
{
	struct realm *r;

	TAILQ_FOREACH (r, &m->realms, others)
		master_end_realm(m, r);
}

void
master_take_no_more(struct master *m)
{
	struct realm *r;

	m->draining = true;
	m->children.board->draining = true;
	log_info("drain", "no new connections; running sessions finish");
	TAILQ_FOREACH (r, &m->realms, others)
		master_leave_realm(m, r);
	listeners_close(&m->current->sockets, NULL);
	m->current->sockets.count = 0;
}

void
master_drain(struct master *m)
{
	if (m->ending)
		return;
	m->ending = true;
	if (!m->draining) {
		master_notify("STOPPING=1");
		master_take_no_more(m);
	}
	master_end_all(m);
	master_end_peers(m);
}

/* Who says it twice does not want to wait: what is under way is dropped. The
 * keeper has its time to put on the disk what it was given, until the third. */
static void
hear_term(void *context)
{
	struct master *m = context;
	struct realm *r;

	if (!m->ending) {
		master_drain(m);
	} else if (!has_proxies(m, NULL)) {
		kill_all(m);
		master_leave_peers(m);
		master_end_if_over(m);
	} else {
		log_warning("drain", "told again: sessions end now");
		TAILQ_FOREACH (r, &m->realms, others)
			kill_sessions(m, r);
	}
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
	if (m->rests_until[kind] > loop_now(m->loop))
		return;
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
	if (!m->draining || has_proxies(m, NULL) || master_has_predecessor(m)) {
		start_missing_of(m, m->current, CHILD_KEEPER, 1);
		start_missing_of(m, m->current, CHILD_REPORTER, reporters(m->current));
	}
	set_rest(m);
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

/* The one whose place it took may have sessions yet, which need the keeper, or the way to
 * the next one's; and where a service manager sees the last master end, it kills the rest. */
void
master_end_if_over(struct master *m)
{
	struct child *child;

	if (!m->draining || has_proxies(m, NULL) || master_has_predecessor(m))
		return;
	LIST_FOREACH (child, &m->children.list, others)
		if (is_single(child->kind))
			child_drain(child);
	if (LIST_EMPTY(&m->children.list))
		loop_stop(m->loop);
}

static void
rest_if_it_keeps_dying(struct master *m, const struct child *child)
{
	unsigned *count = &m->died_young[child->kind];
	unsigned ms = child->ready ? READY_REST_MS : RESTART_REST_MS;

	*count = loop_now(m->loop) - child->began < YOUNG_MS ? *count + 1 : 0;
	if (*count <= YOUNG_MOST)
		return;
	log_warning("start", "%s %u died young, as %u before it: the next one waits for %u ms",
	    child_kind_name(child->kind), child->index, *count - 1, ms);
	rest(m, child->kind, ms);
}

static void
hear_child_ended(void *context)
{
	struct master *m = context;
	struct child *child;
	int status;

	while ((child = children_reap(&m->children, &status)) != NULL) {
		log_end_of_child(child, status);
		if (!m->draining && !child->leaving)
			rest_if_it_keeps_dying(m, child);
		if (child->kind == CHILD_KEEPER)
			master_keeper_ended(m);
		if (child->kind == CHILD_PROXY)
			census_clear(child->realm->census, child->index);
		child_free(&child);
	}
	master_end_if_over(m);
	start_missing(m);
	free_left_realms(m);
}

static void
child_ready(void *context)
{
	struct master *m = context;
	const struct child *child, *keeper = master_find_single(m, CHILD_KEEPER);
	size_t ready = 0;

	LIST_FOREACH (child, &m->children.list, others)
		ready += child->ready && child != keeper;
	if (m->told_ready || ready < m->current->proxies + m->current->scanners + reporters(m->current))
		return;
	master_serves(m);
	if (keeper == NULL || !keeper->ready)
		return;
	m->told_ready = true;
	log_info("ready", "%zu proxies, %zu scanners, %zu sockets", m->current->proxies, m->current->scanners,
	    m->current->sockets.count);
	master_notify("READY=1");
}

/* ---- what is told of it ---- */

static void
beat(void *context)
{
	struct master *m = context;

	board_beat(m->children.board);
	children_measure(&m->children);
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
	static void (*const heard[])(void *) = { hear_term, hear_term, master_hear_hup, master_hear_usr2, hear_child_ended };
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR2, SIGCHLD };

	m->program = (const char *)getauxval(AT_EXECFN);
	m->asker = -1;
	m->arena = arena_new(0);
	cage_forbid_dumps();
	self_begin();
	TAILQ_INIT(&m->realms);
	m->loop = loop_new();
	if (m->loop == NULL || !tls_tickets_make(&m->tickets) ||
	    !children_init(&m->children, m->loop, &m->tickets, child_ready, m))
		return false;
	m->rest = timer_new(m->loop, start_missing, m);
	m->deadline = timer_new(m->loop, deadline_passed, m);
	m->beat = timer_new(m->loop, beat, m);
	m->patience = timer_new(m->loop, master_lose_patience, m);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		m->signals[i] = watch_signal(m->loop, signals[i], heard[i], m);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_IGN); /* by which programs that rotate logs would end us */
	if (m->rest == NULL || m->deadline == NULL || m->beat == NULL || m->patience == NULL || m->signals[4] == NULL)
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
	timer_free(&m->patience);
	master_leave_peers(m);
	for (size_t i = 0; i < sizeof(m->signals) / sizeof(m->signals[0]); i++)
		watch_free(&m->signals[i]);
	board_free(&m->children.board);
	loop_free(&m->loop);
	arena_free(&m->arena);
}

/* *status: what to end with when nothing comes of it. */
static struct realm *
load_with(struct master *m, const struct realm *inherited, struct report *report, int *status)
{
	struct generation *g = generation_load(m->file, &m->tickets, report);

	*status = g != NULL ? 1 : 2;
	return g != NULL ? realm_new(g, inherited, report) : NULL;
}

/* With the sockets of the one whose place it takes, if there is one. *status as above. */
static struct realm *
load_first(struct master *m, struct arena *arena, struct report *report, int *status)
{
	int channel = handover_find();
	struct realm inherited = { .passed = &m->passed }, *r = NULL;
	struct listen_sockets passed;

	passed_take(&m->passed, m->arena);
	if (channel < 0)
		return load_with(m, &inherited, report, status);
	if (!handover_take_sockets(channel, arena, &inherited, &passed))
		report_add(report, (struct mark){ m->file, 0, 0 }, "the running gatepost hands nothing over");
	for (size_t i = 0; i < passed.count; i++)
		passed_add(&m->passed, m->arena, passed.items[i].fd);
	if (report->count == 0)
		r = load_with(m, &inherited, report, status);
	if (r != NULL && !master_take_over(m, channel, report))
		realm_discard(&r, &inherited);
	listeners_close(&inherited.sockets, r != NULL ? &r->sockets : NULL);
	listeners_close(&inherited.metrics, r != NULL ? &r->metrics : NULL);
	if (r == NULL) {
		master_refuse_place(channel, report);
		close(channel);
	}
	return r;
}

int
master_run(const char *file)
{
	struct master m = { .file = file };
	struct arena *arena = arena_new(0);
	struct report report;
	struct realm *r;
	int status = 1;

	report_init(&report, arena);
	if (!begin(&m)) {
		log_error("master", "the master cannot begin");
		arena_free(&arena);
		end(&m);
		return status;
	}
	r = load_first(&m, arena, &report, &status);
	if (r == NULL) {
		report_print(&report, stderr);
		if (report.count == 0)
			log_error("start", "gatepost cannot begin: no memory is left");
		arena_free(&arena);
		end(&m);
		return status;
	}
	arena_free(&arena);
	master_start_realm(&m, r);
	if (m.predecessor == NULL)
		m.control = control_new(m.loop, r->generation->settings->control_path, &m);
	loop_run(m.loop);
	log_info("ended", "gatepost has ended");
	end(&m);
	return 0;
}
