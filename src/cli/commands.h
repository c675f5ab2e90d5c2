/* The subcommands of gatepost. Each takes the arguments from its own name on
 * and returns the program's exit status. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

enum exit_status {
	STATUS_OK = 0,
	STATUS_NEGATIVE = 1, /* a message was held back, a test failed */
	STATUS_ERROR = 2,    /* usage, configuration, files */
};

#define DEFAULT_CONFIG SYSCONFDIR "/gatepost/gatepost.yaml"
#define DEFAULT_RULES PKGDATADIR "/rules"

int cmd_run(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_scan(int argc, char **argv);
int cmd_test(int argc, char **argv);
int cmd_rules(int argc, char **argv);
int cmd_quarantine(int argc, char **argv);
int cmd_ctl(int argc, char **argv);

#endif
