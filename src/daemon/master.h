/* The master: starts, supervises, reloads, drains. It holds no mail. */
#ifndef DAEMON_MASTER_H
#define DAEMON_MASTER_H

/* Runs until it is told to end. Returns the exit status: 0; 2 when the
 * configuration is wrong, and 1 when it cannot begin for something that may pass,
 * such as an address that is taken (every error is on standard error). */
int master_run(const char *file);

/* The same work in one process: for tests and debugging. */
int single_run(const char *file);

#endif
