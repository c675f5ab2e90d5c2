/* gatepost run: the proxy itself. */
#include "config.h"

#include "cli/commands.h"
#include "cli/options.h"
#include "daemon/master.h"

#include <stdio.h>

static const char help[] =
    "Usage: gatepost run [-c FILE] [--single]\n"
    "\n"
    "Runs the proxy in the foreground. It logs to standard error, or to syslog if the\n"
    "configuration says so.\n"
    "\n"
    "  -c, --config FILE   the configuration (default " DEFAULT_CONFIG ")\n"
    "      --single        one process, without cage and reload: for debugging\n"
    "\n"
    "Signals:\n"
    "  SIGTERM, SIGINT     no new connections; sessions finish, then it ends\n"
    "  SIGHUP              reads configuration, rules and certificates anew; with an\n"
    "                      error in them the running ones stay\n"
    "  SIGUSR2             a gatepost that was installed since takes its place\n"
    "\n"
    "Exits with 0, with 2 when the configuration is wrong, with 1 when it cannot begin\n"
    "for another reason, such as an address that is taken.\n"
    "\n"
    "Examples:\n"
    "  gatepost run -c gatepost.yaml\n"
    "  gatepost check && systemctl start gatepost\n";

int
cmd_run(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "single", no_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *file = DEFAULT_CONFIG;
	bool single = false;
	int option;

	while ((option = option_next(argc, argv, ":c:h", longs)) != -1) {
		switch (option) {
		case 'c':
			file = optarg;
			break;
		case 's':
			single = true;
			break;
		case 'h':
			fputs(help, stdout);
			return STATUS_OK;
		default:
			return STATUS_ERROR;
		}
	}
	if (optind < argc)
		return complain("run takes no argument \"%s\"; see \"gatepost run --help\"", argv[optind]);
	return single ? single_run(file) : master_run(file);
}
