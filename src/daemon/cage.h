/* The cages that gatepost's processes work in: the scanner, which reads hostile
 * bytes, and the reporter, whom strangers may ask, in narrow ones; keeper and proxy in wider ones. SECURITY.md tells what
 * each is for.
 *
 * All need no_new_privs, tell what they are in the log (event "cage"), and have
 * the master told what they refuse (CHANNEL_REFUSED over `channel`). False: the
 * kernel refused, and it is said in the log; the caller must not go on. */
#ifndef DAEMON_CAGE_H
#define DAEMON_CAGE_H

#include "proxy/proxy.h"

/* From here on this process can neither open files nor sockets, nor start
 * programs, nor signal others, and its address space grows by
 * limits->scan_memory at most. What libraries try fails with EACCES; anything
 * else that is not allowed ends the process by SIGSYS. */
bool cage_close_scanner(const struct limits *limits, int channel);
/* The same for the reporter, which may serve at sockets that it has already, and
 * have some memory for that. */
bool cage_close_reporter(int channel);
/* No files but those of the quarantine (where the kernel has Landlock), no
 * sockets but local ones, no programs, no other process. */
bool cage_close_keeper(const struct settings *settings, int channel);
/* No files but the spool, the users' files and the authorities that certificates
 * are verified by (where the kernel has Landlock); no programs, no other process. */
bool cage_close_proxy(const struct generation *g, int channel);

/* For the master and its children, from their beginning: no core is dumped, and
 * no other process of the account may look into it. */
void cage_forbid_dumps(void);

#endif
