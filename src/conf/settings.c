/* gatepost.yaml as a whole. The tables say what each key is; what is checked
 * across keys is in the X_check() beside its table. Upstreams and policies are
 * read before those that refer to them, whatever the order of the file. */
#include "config.h"

#include "conf/settings.h"

#include "conf/keys.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#define DAYS(n) (UINT64_C(24 * 60 * 60 * 1000) * (n))
#define GIB(n) (UINT64_C(1024 * 1024 * 1024) * (n))

static const char *const log_targets[] = { "stderr", "syslog", NULL };
static const char *const log_formats[] = { "logfmt", "json", NULL };
static const char *const log_levels[] = { "debug", "info", "warning", "error", NULL };

static const struct key quarantine_keys[] = {
	{ KEY_AS("path", struct settings, quarantine_path, path) },
	/* Longer than holidays. */
	{ KEY_AS("keep_for", struct settings, quarantine_keep_for, duration), .preset = DAYS(30), .most = DAYS(36500) },
	/* A hundred thousand messages as they are on the average. */
	{ KEY_AS("keep_size", struct settings, quarantine_keep_size, size), .preset = GIB(10), .most = GIB(1024 * 1024) },
	{ KEY_AS("release_upstream", struct settings, quarantine_upstream, upstream) },
	{ 0 },
};

static const struct key spool_keys[] = {
	{ KEY_AS("path", struct settings, spool_path, path) },
	{ 0 },
};

static const struct key control_keys[] = {
	{ KEY_AS("path", struct settings, control_path, path) },
	{ 0 },
};

static const struct key metrics_keys[] = {
	{ KEY_AS("address", struct metrics_settings, addresses, addresses), COUNT(struct metrics_settings, address_count),
	    .required = true },
	{ 0 },
};

static const struct key run_keys[] = {
	{ KEY(struct settings, user, text) },
	{ KEY(struct settings, group, text) },
	/* 0 = one per core; more only cost memory. */
	{ KEY(struct settings, proxies, count), .most = 256 },
	{ KEY(struct settings, scanners, count), .most = 256 },
	{ 0 },
};

static const struct key log_keys[] = {
	{ KEY_AS("target", struct settings, log_target, choice), .choices = log_targets },
	{ KEY_AS("format", struct settings, log_format, choice), .choices = log_formats },
	{ KEY_AS("level", struct settings, log_level, choice), .choices = log_levels, .preset = LOG_LEVEL_INFO },
	{ 0 },
};

/* A section whose fields lie in struct settings itself. */
#define SECTION(key, table) .name = (key), .kind = &kind_mapping, .keys = (table)

const struct key settings_keys[] = {
	{ KEY_AS("upstreams", struct settings, upstreams, named), COUNT(struct settings, upstream_count),
	    ITEMS(struct upstream, upstream_keys), .check = upstream_check },
	{ KEY_AS("policies", struct settings, policies, named), COUNT(struct settings, policy_count),
	    ITEMS(struct policy_settings, policy_keys), .check = policy_check },
	{ KEY_AS("listeners", struct settings, listeners, list), COUNT(struct settings, listener_count),
	    ITEMS(struct listener, listener_keys), .check = listener_check, .required = true },
	{ KEY_AS("users", struct settings, users, list), COUNT(struct settings, user_count),
	    ITEMS(struct user_rule, user_keys), .check = user_check },
	{ KEY(struct settings, user_directory, path) },
	{ KEY(struct settings, limits, mapping), .keys = limits_keys },
	{ KEY(struct settings, timeouts, mapping), .keys = timeouts_keys },
	{ KEY(struct settings, pop3, mapping), .keys = pop3_keys },
	{ KEY(struct settings, hostname, host) },
	{ SECTION("quarantine", quarantine_keys) },
	{ SECTION("spool", spool_keys) },
	{ SECTION("control", control_keys) },
	{ KEY(struct settings, metrics, mapping), .keys = metrics_keys },
	{ SECTION("run", run_keys) },
	{ SECTION("log", log_keys) },
	{ 0 },
};

static void
preset_hostname(struct settings *s, struct arena *a)
{
	enum { HOSTNAME_ROOM = 256 };
	char *name = arena_alloc(a, HOSTNAME_ROOM);

	s->hostname = gethostname(name, HOSTNAME_ROOM - 1) == 0 && name[0] != '\0' ? name : "localhost";
}

/* What depends on the machine and so cannot stand in a table. */
static void
preset_machine(struct settings *s, struct arena *a)
{
	preset_hostname(s, a);
	s->quarantine_path = LOCALSTATEDIR "/lib/gatepost/quarantine";
	s->control_path = LOCALSTATEDIR "/run/gatepost/control";
	/* Survives a restart, and is on a disk rather than in memory. */
	s->spool_path = "/var/tmp";
}

/* Where the account could not be looked up it may be there, and another one's quarantine would
 * not be its own. What else errno may be when there is no such account, POSIX leaves open. */
static void
preset_user(struct settings *s, struct report *report)
{
	errno = 0;
	if (getpwnam("gatepost") != NULL)
		s->user = "gatepost";
	else if (errno == ENOMEM || errno == EMFILE || errno == ENFILE || errno == EAGAIN || errno == EIO || errno == EINTR)
		report_add(report, (struct mark){ s->file, 0, 0 }, "the account gatepost cannot be looked up: %s", strerror(errno));
	else
		s->user = "nobody";
}

/* Absolute, so that it holds whatever folder a process works in. */
static const char *
folder_of(struct arena *a, const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *folder = slash == NULL ? "." : slash == file ? "/" :
	    arena_strndup(a, span_of(file, (size_t)(slash - file)));
	char *real = realpath(folder, NULL);

	if (real != NULL)
		folder = arena_strdup(a, real);
	free(real);
	return folder;
}

/* All that can be read of it; right only when there was no error. */
static struct settings *
take_settings(struct arena *a, const char *file, const struct yaml *root, struct report *report)
{
	struct settings *s = ARENA_NEW(a, struct settings);
	struct conf c = { .arena = a, .report = report, .settings = s, .folder = folder_of(a, file) };
	size_t errors = report->count;

	s->file = file;
	preset_machine(s, a);
	if (root == NULL)
		return s;
	keys_read(&c, settings_keys, root, s);
	if (s->user == NULL)
		preset_user(s, report);
	if (s->listener_count > 0)
		listeners_check(&c, yaml_get(root, "listeners"));
	else if (report->count == errors)
		report_add(report, mark_of_key(root, "listeners"), "at least one listener is needed");
	return s;
}

static const struct settings *
settings_from(struct arena *a, const char *file, const struct yaml *root, struct report *report)
{
	size_t errors = report->count;
	const struct settings *s = take_settings(a, file, root, report);

	return report->count == errors ? s : NULL;
}

const char *
settings_control_path(struct arena *a, const char *file, struct report *report)
{
	return take_settings(a, file, yaml_read_file(a, file, NULL, report), report)->control_path;
}

const struct settings *
settings_read(struct arena *a, const char *file, struct report *report)
{
	const struct yaml *root = yaml_read_file(a, file, NULL, report);

	return root != NULL ? settings_from(a, file, root, report) : NULL;
}

const struct settings *
settings_read_text(struct arena *a, const char *file, struct span text, struct report *report)
{
	const struct yaml *root = yaml_read(a, file, text, report);

	return root != NULL ? settings_from(a, file, root, report) : NULL;
}
