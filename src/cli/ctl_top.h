/* gatepost ctl top: the figures of now and their rates, on a terminal. */
#ifndef CLI_CTL_TOP_H
#define CLI_CTL_TOP_H

#include <stdint.h>

/* control: the socket. count: how many frames; 0 = until the user quits, or
 * one where standard output is no terminal. The exit status. */
int ctl_top(const char *control, uint64_t interval_ms, uint64_t count);

#endif
