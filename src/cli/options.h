/* Options as getopt_long(3) reads them, with errors that help. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>

/* The next option's value, -1 after the last, '?' after an error that was told
 * on standard error. `shorts` begins with ':'. */
int option_next(int argc, char **argv, const char *shorts, const struct option *longs);

/* For a command that takes -c FILE and no arguments: true to go on, else leave
 * with *status. */
bool option_config_only(int argc, char **argv, const char *help, const char **config, int *status);

/* "gatepost: …" on standard error; returns STATUS_ERROR. */
int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
