/* A user's file: the first line is who logs in, the rest what lies in anna.yaml.
 * Nobody else's name finds it; it is read, or there are errors to print and
 * nothing of it counts. */
#include "config.h"

#include "conf/settings.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char config_text[] =
    "listeners: [ { name: l, protocol: smtp, address: '127.0.0.1:25', upstream: u, policy: p } ]\n"
    "upstreams: { u: { address: '127.0.0.1:25' } }\n"
    "policies: { p: {} }\n"
    "users: [ { match: 'anna*', subject_prefix: '[HERS]' } ]\n";

static struct arena *arena; /* of the settings */
static const struct settings *settings;
static int folder = -1;
static char path[] = "/tmp/gatepost-fuzz-user-XXXXXX";

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

static void
clear_up(void)
{
	unlinkat(folder, "anna.yaml", 0);
	close(folder);
	rmdir(path);
	arena_free(&arena);
}

static void
prepare(void)
{
	struct report report;

	arena = arena_new(0);
	report_init(&report, arena);
	settings = settings_read_text(arena, "fuzz", span_str(config_text), &report);
	demand(settings != NULL && mkdtemp(path) != NULL);
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	demand(folder >= 0);
	atexit(clear_up);
}

static void
write_file(struct span text)
{
	int fd = openat(folder, "anna.yaml", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	demand(fd >= 0 && write(fd, text.data, text.len) == (ssize_t)text.len);
	close(fd);
}

static void
check(struct arena *a, struct span user)
{
	struct user_settings own = { .policy = 42 };
	struct report report;
	FILE *out = fopen("/dev/null", "w");
	bool found;

	report_init(&report, a);
	found = settings_user_file(a, settings, folder, user, &own, &report);
	demand(found == span_is_nocase(user, "anna"));
	demand(found ? own.policy != 42 : own.policy == 42 && report.count == 0);
	if (report.count > 0)
		demand(own.subject_prefix != NULL && strcmp(own.subject_prefix, "[HERS]") == 0 && !own.has_thresholds);
	if (out != NULL) {
		report_print(&report, out);
		fclose(out);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of((const char *)data, size), user = SPAN_NONE;
	struct arena *a = arena_new(0);

	if (folder < 0)
		prepare();
	if (span_split(&rest, '\n', &user)) {
		write_file(rest);
		check(a, user);
	}
	arena_free(&a);
	return 0;
}
