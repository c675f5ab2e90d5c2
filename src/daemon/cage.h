/* The cage that hostile bytes are read in. */
#ifndef DAEMON_CAGE_H
#define DAEMON_CAGE_H

#include "conf/settings.h"

/* From here on this process can neither open files nor sockets, nor start
 * programs, and its address space grows by limits->scan_memory at most. What
 * may fail softly (opening a file, as libraries try) returns EACCES; anything
 * else that is not allowed ends the process by SIGSYS. False: the kernel
 * refused; the caller must not go on. */
bool cage_close(const struct limits *limits);

#endif
