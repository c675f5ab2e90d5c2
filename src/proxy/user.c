/* Users' files are read when a user logs in, so that a change holds from the
 * next session on, without a reload. */
#include "config.h"

#include "proxy/user.h"

#include "base/log.h"

static void
log_errors(const struct proxy *p, const struct report *report)
{
	if (report->first != NULL)
		stats_add(&p->stats->errors[STATS_ERROR_USER], 1);
	for (const struct report_error *e = report->first; e != NULL; e = e->next)
		log_warning("user", "%s:%zu:%zu: %s", e->mark.file, e->mark.line, e->mark.column, e->message);
}

const struct user_settings *
user_own(const struct proxy *p, struct arena **a, struct span user)
{
	int directory = p->generation->user_directory;
	struct user_settings *own;
	struct report report;

	if (directory < 0)
		return settings_user(p->settings, user);
	if (*a == NULL)
		*a = arena_new(0);
	own = ARENA_NEW(*a, struct user_settings);
	report_init(&report, *a);
	if (!settings_user_file(*a, p->settings, directory, user, own, &report))
		return settings_user(p->settings, user);
	log_errors(p, &report);
	return own;
}
