/* Landlock: which files a process may reach, whatever its account may. */
#ifndef DAEMON_LANDLOCK_H
#define DAEMON_LANDLOCK_H

#include <stdbool.h>

/* The version of Landlock that this kernel has; 0 = none, or it is switched off. */
int landlock_version(void);

/* The rules in the making. */
struct landlock {
	int ruleset;              /* -1: this kernel has no Landlock, and what follows does nothing */
	unsigned long long files; /* what is forbidden unless a rule allows it */
};

/* no_network: TCP can neither be bound nor connected (from version 4 on). What
 * is always forbidden: from version 6 on, signals to processes that are not
 * caged together with this one, and abstract sockets made by others. False,
 * with errno: the kernel refused. */
bool landlock_begin(struct landlock *l, bool no_network);
/* All beneath the folder, or the file, may be read; or also written, made,
 * renamed and removed. A path that does not exist is passed over. */
bool landlock_allow_reading(struct landlock *l, const char *path);
bool landlock_allow_reading_at(struct landlock *l, int folder);
bool landlock_allow_writing(struct landlock *l, const char *path);
/* From here on, for good. Releases *l. no_new_privs must be set. */
bool landlock_close(struct landlock *l);

#endif
