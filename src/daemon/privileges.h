/* Giving up what a process does not need. */
#ifndef DAEMON_PRIVILEGES_H
#define DAEMON_PRIVILEGES_H

#include "conf/settings.h"

#include <sys/types.h>

/* The account that proxies, scanners and keeper run as. */
struct account {
	uid_t uid;
	gid_t gid;
	bool change; /* false when not started by root: nothing can be given up */
};

/* False and *error (static) when there is no such account. */
bool account_find(const struct settings *s, struct account *a, const char **error);
/* Becomes that account for good, unless keep_net_admin leaves CAP_NET_ADMIN
 * (transparent source addresses need it). False: must not go on. */
bool account_become(const struct account *a, bool keep_net_admin);
/* Makes a folder (0700) that the account can write to; missing parents are made. */
bool account_prepare_folder(const struct account *a, const char *path);

#endif
