/* gatepost ctl: speaks to a running gatepost over its control socket. */
#include "config.h"

#include "cli/commands.h"
#include "cli/options.h"
#include "conf/report.h"
#include "conf/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char help[] =
    "Usage: gatepost ctl [-c FILE] status|reload|drain\n"
    "\n"
    "Speaks to the gatepost that runs with that configuration.\n"
    "\n"
    "  status   its processes, connections, and messages by verdict\n"
    "  reload   reads configuration, rules and certificates anew; prints what is wrong\n"
    "           with them, and then the running ones stay\n"
    "  drain    no new connections; sessions finish, then it ends\n"
    "\n"
    "  -c, --config FILE   the configuration (default " DEFAULT_CONFIG ")\n"
    "\n"
    "Exits with 0 when it was done, 1 when gatepost refused, 2 when none answers.\n";

static const char *const verbs[] = { "status", "reload", "drain", NULL };

static int
reach(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path)) {
		complain("%s: cannot be a socket", path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	complain("%s: %s: is gatepost running?", path, strerror(errno));
	close(fd);
	return -1;
}

/* The first line says whether it was done; the rest is for people. */
static int
tell(int fd)
{
	struct buf answer = { 0 };
	struct span text, first;
	char *room;
	ssize_t n = 0;
	int status;

	while ((room = buf_reserve(&answer, 4096)) != NULL && (n = read(fd, room, 4096)) > 0)
		buf_commit(&answer, (size_t)n);
	text = buf_span(&answer);
	if (!span_split(&text, '\n', &first) || first.len == 0)
		status = complain("gatepost gave no answer");
	else
		status = span_is(first, "ok") ? STATUS_OK : STATUS_NEGATIVE;
	if (text.len > 0)
		fwrite(text.data, 1, text.len, status == STATUS_OK ? stdout : stderr);
	buf_free(&answer);
	return status;
}

static int
say(const char *config, const char *verb)
{
	struct arena *arena = arena_new(0);
	const struct settings *settings;
	struct report report;
	int fd = -1, status = STATUS_ERROR;

	report_init(&report, arena);
	settings = settings_read(arena, config, &report);
	if (settings == NULL)
		report_print(&report, stderr);
	else
		fd = reach(settings->control_path);
	if (fd >= 0) {
		if (send(fd, verb, strlen(verb), MSG_NOSIGNAL) > 0)
			status = tell(fd);
		close(fd);
	}
	arena_free(&arena);
	return status;
}

static bool
is_verb(const char *word)
{
	for (size_t i = 0; verbs[i] != NULL; i++)
		if (strcmp(verbs[i], word) == 0)
			return true;
	return false;
}

int
cmd_ctl(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *config = DEFAULT_CONFIG, *nearest;
	int option;

	while ((option = option_next(argc, argv, ":c:h", longs)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return STATUS_OK;
		}
		if (option != 'c')
			return STATUS_ERROR;
		config = optarg;
	}
	if (optind + 1 != argc)
		return complain("ctl takes one of status, reload, drain; see \"gatepost ctl --help\"");
	if (is_verb(argv[optind]))
		return say(config, argv[optind]);
	nearest = nearest_word(argv[optind], verbs);
	return complain("unknown command \"%s\"; %s%s", argv[optind], nearest != NULL ? "did you mean " : "see \"gatepost ctl --help\"",
	    nearest != NULL ? nearest : "");
}
