/* Loading: the configuration, and the rules of each policy. */
#include "config.h"

#include "cli/load.h"

#include "cli/commands.h"
#include "cli/options.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A configuration must have a listener; nobody will listen on this one. Nor is
 * its clamd asked: tests of rules say what it found. */
static const char no_config[] =
    "listeners: [{ name: none, protocol: smtp, address: '127.0.0.1:25', upstream: none, policy: default }]\n"
    "upstreams: { none: { address: '127.0.0.1:25' } }\n"
    "policies:\n"
    "  default: { clamd: { upstream: none }, thresholds: [{ score: 5.0, then: tag }, { score: 15.0, then: reject }] }\n";

static bool
compile(struct loaded *l, struct report *report)
{
	l->rules = rulesets_compile(l->arena, l->settings, report);
	return report->count == 0;
}

static void
begin(struct loaded *l, struct report *report)
{
	*l = (struct loaded){ .arena = arena_new(0) };
	report_init(report, l->arena);
}

bool
load_config(struct loaded *l, const char *file)
{
	struct report report;

	begin(l, &report);
	l->settings = settings_read(l->arena, file, &report);
	if (l->settings != NULL && compile(l, &report))
		return true;
	report_print(&report, stderr);
	return false;
}

/* The presets, with a policy that has these rules. */
static const struct settings *
settings_for(struct arena *a, const char **files, size_t count, struct report *report)
{
	const struct settings *preset = settings_read_text(a, "presets", span_str(no_config), report);
	struct policy_settings *policy = ARENA_NEW(a, struct policy_settings);
	struct settings *settings = ARENA_NEW(a, struct settings);

	if (preset == NULL)
		return NULL;
	*policy = preset->policies[0];
	policy->rules = (struct strings){ files, count };
	policy->rules_mark = (struct mark){ 0 }; /* no file names them */
	*settings = *preset;
	settings->policies = policy;
	return settings;
}

static bool
load_files(struct loaded *l, const char **files, size_t count, struct report *report)
{
	l->settings = settings_for(l->arena, files, count, report);
	if (l->settings != NULL && compile(l, report))
		return true;
	report_print(report, stderr);
	return false;
}

bool
load_rules(struct loaded *l, const char **files, size_t count)
{
	struct report report;

	begin(l, &report);
	return load_files(l, files, count, &report);
}

bool
load_default_rules(struct loaded *l)
{
	struct report report;
	const char **files;
	glob_t found;

	begin(l, &report);
	if (glob(DEFAULT_RULES "/*.yaml", 0, NULL, &found) != 0) {
		complain("no rules in " DEFAULT_RULES "; name a configuration with -c");
		return false;
	}
	files = ARENA_ARRAY(l->arena, const char *, found.gl_pathc);
	for (size_t i = 0; i < found.gl_pathc; i++)
		files[i] = arena_strdup(l->arena, found.gl_pathv[i]);
	globfree(&found);
	return load_files(l, files, found.gl_pathc, &report);
}

void
loaded_print_notes(const struct loaded *l, FILE *out)
{
	for (size_t i = 0; i < l->settings->policy_count; i++) {
		const char *note;

		for (size_t k = 0; (note = ruleset_note(l->rules[i], k)) != NULL; k++)
			fprintf(out, "%s\n", note);
	}
}

void
loaded_free(struct loaded *l)
{
	arena_free(&l->arena);
}

size_t
loaded_policy(const struct loaded *l, const char *name)
{
	size_t count = l->settings->policy_count;
	const char **names, *nearest;

	if (name == NULL)
		return 0;
	names = ARENA_ARRAY(l->arena, const char *, count + 1);
	for (size_t i = 0; i < count; i++) {
		names[i] = l->settings->policies[i].name;
		if (strcmp(name, names[i]) == 0)
			return i;
	}
	nearest = nearest_word(name, names);
	if (nearest != NULL)
		complain("no policy \"%s\"; did you mean \"%s\"?", name, nearest);
	else
		complain("no policy \"%s\" in the configuration", name);
	return SIZE_MAX;
}

/* The folder of users' files; -1 when there is none or it was reported. */
static int
open_users(const struct loaded *l, struct report *report)
{
	const char *path = l->settings->user_directory;
	int fd = path != NULL ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (path != NULL && fd < 0)
		report_add(report, (struct mark){ path, 0, 0 }, "cannot be opened: %s", strerror(errno));
	return fd;
}

bool
loaded_user(const struct loaded *l, const char *name, struct user_settings *out)
{
	const struct user_settings *listed = settings_user(l->settings, span_str(name));
	struct report report;
	int fd;

	report_init(&report, l->arena);
	*out = listed != NULL ? *listed : (struct user_settings){ .policy = SIZE_MAX, .upstream = SIZE_MAX };
	fd = open_users(l, &report);
	settings_user_file(l->arena, l->settings, fd, span_str(name), out, &report);
	if (fd >= 0)
		close(fd);
	report_print(&report, stderr);
	return report.count == 0;
}

/* Those that are hidden and those of another kind are nobody's. */
static int
is_users_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && span_ends_nocase(span_str(entry->d_name), ".yaml");
}

static void
check_user(const struct loaded *l, int fd, const char *file, struct report *report)
{
	struct span name = span_first(span_str(file), strlen(file) - strlen(".yaml"));
	const char *folder = l->settings->user_directory;
	struct user_settings own;

	for (const char *p = file; *p != '\0'; p++)
		if (ascii_lower(*p) != *p)
			name.len = 0;
	if (!settings_user_file(l->arena, l->settings, fd, name, &own, report))
		report_add(report, (struct mark){ arena_printf(l->arena, "%s/%s", folder, file), 0, 0 },
		    "nobody's: a user's name is of lower-case letters, digits and \"._@+=-\" here");
}

void
loaded_check_users(const struct loaded *l, struct report *report)
{
	const char *folder = l->settings->user_directory;
	int fd = open_users(l, report), count;
	struct dirent **files;

	if (fd < 0)
		return;
	count = scandir(folder, &files, is_users_file, alphasort);
	if (count < 0)
		report_add(report, (struct mark){ folder, 0, 0 }, "cannot be read: %s", strerror(errno));
	for (int i = 0; i < count; i++) {
		check_user(l, fd, files[i]->d_name, report);
		free(files[i]);
	}
	if (count >= 0)
		free(files);
	close(fd);
}
