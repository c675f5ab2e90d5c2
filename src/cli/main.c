/* gatepost: a table of commands. */
#include "config.h"

#include "cli/commands.h"
#include "cli/options.h"
#include "conf/report.h"
#include "io/tls.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct command {
	const char *name, *about;
	int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
	{ "run", "the proxy, in the foreground", cmd_run },
	{ "check", "read the configuration and rules, and say what is wrong", cmd_check },
	{ "scan", "scan messages, and say the verdict and why", cmd_scan },
	{ "test", "run tests of rules", cmd_test },
	{ "rules", "list the rules in force", cmd_rules },
	{ "quarantine", "list, show, release and delete messages that were held back", cmd_quarantine },
	{ "ctl", "ask a running gatepost for its status, to reload or to drain", cmd_ctl },
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void
print_help(FILE *out)
{
	fputs("gatepost, a transparent mail filtering proxy\n"
	      "\n"
	      "Usage: gatepost COMMAND [OPTION…]\n"
	      "\n"
	      "Commands:\n",
	    out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].about);
	fputs("\n"
	      "  gatepost COMMAND --help   what the command does, with examples\n"
	      "  gatepost --version\n",
	    out);
}

static int
unknown_command(const char *name)
{
	const char *names[COMMANDS + 1] = { NULL }, *nearest;

	for (size_t i = 0; i < COMMANDS; i++)
		names[i] = commands[i].name;
	nearest = nearest_word(name, names);
	if (nearest != NULL)
		return complain("unknown command \"%s\"; did you mean \"%s\"?", name, nearest);
	return complain("unknown command \"%s\"; see \"gatepost --help\"", name);
}

static int
dispatch(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return STATUS_ERROR;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_help(stdout);
		return STATUS_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("gatepost " PACKAGE_VERSION);
		return STATUS_OK;
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return unknown_command(argv[1]);
}

/* One that is closed would be the next file's or socket's: what is printed would go there,
 * and processes in their cages would have it too. Here reading and writing fail as before. */
static bool
fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	return true;
}

int
main(int argc, char **argv)
{
	int status;

	if (!fill_standard_descriptors())
		return STATUS_ERROR;
	tls_watch_memory();
	status = dispatch(argc, argv);

	if (fflush(stdout) != 0 || ferror(stdout))
		return complain("cannot write to standard output");
	return status;
}
