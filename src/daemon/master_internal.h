/* What the parts of the master share: master.c has its life and its children,
 * reload.c the way from one configuration to the next. */
#ifndef DAEMON_MASTER_INTERNAL_H
#define DAEMON_MASTER_INTERNAL_H

#include "daemon/control.h"
#include "daemon/realm.h"

struct master {
	const char *file;
	struct loop *loop;
	struct children children;
	TAILQ_HEAD(, realm) realms; /* the current one first */
	struct realm *current;
	struct tls_tickets tickets;
	struct control *control;
	struct watch *signals[4];
	struct timer *rest, *deadline, *beat;
	bool draining, told_ready;
	unsigned died_young[CHILD_KINDS]; /* without one between that did not */
};

/* To the service manager, as sd_notify(3). */
void master_notify(const char *state);
/* The keeper or the reporter; NULL: there is none now. */
struct child *master_find_single(struct master *m, enum child_kind kind);

/* Puts a realm in force and forks its processes. */
void master_start_realm(struct master *m, struct realm *r);
/* New sessions are another's; its own go on as long as they like. */
void master_leave_realm(struct master *m, struct realm *r);
/* Its sessions end where nothing is lost by it, or when timeouts.drain is over. */
void master_end_realm(struct master *m, struct realm *r);

/* SIGHUP. */
void master_hear_hup(void *master);

#endif
