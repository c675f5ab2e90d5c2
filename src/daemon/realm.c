/* Making realms: what of a configuration the master holds open for its children. */
#include "config.h"

#include "daemon/realm.h"

#include "daemon/passed.h"

#include <stdlib.h>
#include <unistd.h>

/* As many as may be configured at most, also where there are more cores. */
static size_t
or_cores(size_t configured)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return configured > 0 ? configured : cores < 1 ? 1 : cores > BOARD_PROXIES ? BOARD_PROXIES : (size_t)cores;
}

void
realm_free(struct realm *r)
{
	census_free(&r->census);
	scan_load_free(&r->load);
	generation_free(&r->generation);
	free(r);
}

void
realm_discard(struct realm **r, const struct realm *old)
{
	listeners_close(&(*r)->sockets, &old->sockets);
	listeners_close(&(*r)->metrics, &old->metrics);
	realm_free(*r);
	*r = NULL;
}

static bool
open_sockets(struct realm *r, const struct realm *old, struct report *report)
{
	if (!listeners_open(&r->sockets, r->generation, &old->sockets, r->passed, report))
		return false;
	if (!metrics_sockets_open(&r->metrics, r->generation, &old->metrics, r->passed, report)) {
		listeners_close(&r->sockets, &old->sockets);
		return false;
	}
	passed_tell_unused(r->passed, &r->sockets, &r->metrics);
	return true;
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
	r->load = scan_load_new(r->scanners);
	if (r->load == NULL)
		report_add(report, nowhere, "no memory to tell in what scanners are at");
	return report->count == 0 && open_sockets(r, old, report);
}

struct realm *
realm_new(struct generation *g, const struct realm *old, struct report *report)
{
	struct realm *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		report_add(report, (struct mark){ g->settings->file, 0, 0 }, "no memory to load it in");
		generation_free(&g);
		return NULL;
	}
	r->generation = g;
	r->passed = old->passed;
	if (prepare_realm(r, old, report))
		return r;
	realm_free(r);
	return NULL;
}

static bool
same_log(const struct settings *a, const struct settings *b)
{
	return a->log_target == b->log_target && a->log_format == b->log_format && a->log_level == b->log_level;
}

bool
realm_keeps_alike(const struct realm *one, const struct realm *other)
{
	const struct settings *a = one->generation->settings, *b = other->generation->settings;

	return strcmp(a->quarantine_path, b->quarantine_path) == 0 && a->quarantine_keep_for == b->quarantine_keep_for &&
	    a->quarantine_keep_size == b->quarantine_keep_size && same_log(a, b);
}

static bool
same_sockets(const struct listen_sockets *a, const struct listen_sockets *b)
{
	bool same = a->count == b->count;

	for (size_t i = 0; same && i < a->count; i++)
		same = a->items[i].fd == b->items[i].fd;
	return same;
}

bool
realm_reports_alike(const struct realm *one, const struct realm *other)
{
	return same_sockets(&one->metrics, &other->metrics) && same_log(one->generation->settings, other->generation->settings);
}
