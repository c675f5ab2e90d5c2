/* From one configuration to the next. What is wrong with a new one is told to who
 * asked for it, and nothing else comes of it. */
#include "config.h"

#include "daemon/master_internal.h"

#include "base/log.h"

#include <string.h>

enum {
	LEFT_MOST = 4,    /* earlier configurations whose sessions go on */
	REALMS_MOST = 16, /* with those whose sessions are being ended, and the one in force */
};

static void
move_single(struct master *m, struct child *child)
{
	child->realm->alive--;
	child->realm = m->current;
	m->current->alive++;
}

/* The keeper serves all realms; when what it goes by changes another takes its
 * place. */
static void
move_keeper(struct master *m, const struct realm *old)
{
	struct child *keeper = master_find_single(m, CHILD_KEEPER);

	if (keeper == NULL || keeper->leaving)
		return;
	if (realm_keeps_alike(old, m->current))
		move_single(m, keeper);
	else
		master_change_keeper(m, keeper);
}

/* Likewise when the reporter's sockets do. */
static void
move_reporter(struct master *m, const struct realm *old)
{
	struct child *reporter = master_find_single(m, CHILD_REPORTER);

	if (reporter == NULL || reporter->realm == m->current)
		return;
	if (realm_reports_alike(old, m->current))
		move_single(m, reporter);
	else
		child_drain(reporter);
}

/* ---- how many there may be ---- */

/* Sessions may last for days, and each configuration has processes of its own: when
 * more than LEFT_MOST that were left have sessions, those of the oldest are ended. */
static void
end_oldest(struct master *m)
{
	struct realm *r;
	unsigned left = 0;

	TAILQ_FOREACH (r, &m->realms, others)
		if (r != m->current && ++left > LEFT_MOST)
			master_end_realm(m, r);
}

static void
refuse(struct master *m, struct report *report, const char *why)
{
	report_add(report, (struct mark){ m->file, 0, 0 }, "%s", why);
}

static bool
may_reload(struct master *m, struct report *report)
{
	const struct realm *r;
	unsigned count = 0;

	TAILQ_FOREACH (r, &m->realms, others)
		count++;
	if (m->draining)
		refuse(m, report, "gatepost is ending: nothing is loaded any more");
	else if (count >= REALMS_MOST)
		refuse(m, report, "sessions of too many earlier configurations are still ending: try again later");
	return report->count == 0;
}

/* For the processes of a realm that is about to start, beside keeper and reporter.
 * Where there is none, all that were left are ended to make some. */
static bool
make_room(struct master *m, const struct realm *next, struct report *report)
{
	const struct child *child;
	struct realm *r;
	size_t taken = 2;

	LIST_FOREACH (child, &m->children.list, others)
		taken++;
	if (taken + next->proxies + next->scanners <= BOARD_CHILDREN)
		return true;
	TAILQ_FOREACH (r, &m->realms, others)
		if (r != m->current)
			master_end_realm(m, r);
	refuse(m, report, "the processes of earlier configurations leave no room for more: they end now, try again later");
	return false;
}

bool
master_reload(struct master *m, struct report *report)
{
	struct realm *old = m->current, *r = NULL;
	struct generation *g = may_reload(m, report) ? generation_load(m->file, &m->tickets, report) : NULL;

	if (g != NULL)
		r = realm_new(g, old, report);
	if (r != NULL && !make_room(m, r, report))
		realm_discard(&r, old);
	if (r == NULL) {
		m->children.board->reload_failures++;
		log_error("reload", "it cannot be done: the running configuration stays");
		return false;
	}
	m->children.board->generation++;
	master_start_realm(m, r);
	listeners_close(&old->sockets, &r->sockets);
	listeners_close(&old->metrics, &r->metrics);
	master_leave_realm(m, old);
	move_keeper(m, old);
	move_reporter(m, old);
	end_oldest(m);
	log_info("reload", "%zu listeners, %zu policies in force", r->generation->settings->listener_count,
	    r->generation->settings->policy_count);
	return true;
}

void
master_hear_hup(void *context)
{
	struct master *m = context;
	struct arena *arena = arena_new(0);
	struct report report;

	master_notify("RELOADING=1");
	report_init(&report, arena);
	if (!master_reload(m, &report))
		for (const struct report_error *e = report.first; e != NULL; e = e->next)
			log_error("reload", "%s:%zu:%zu: %s", e->mark.file, e->mark.line, e->mark.column, e->message);
	arena_free(&arena);
	master_notify("READY=1");
}
