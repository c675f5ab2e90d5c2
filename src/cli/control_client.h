/* The way to a running gatepost: its control socket. */
#ifndef CLI_CONTROL_CLIENT_H
#define CLI_CONTROL_CLIENT_H

#include "base/buf.h"

/* Sends the command to the socket at `path` and takes what is answered, without
 * its first line, which tells STATUS_OK from STATUS_NEGATIVE. STATUS_ERROR when
 * there is none: then `answer` says why. */
int control_ask(const char *path, const char *command, struct buf *answer);

#endif
