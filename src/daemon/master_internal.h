/* What the parts of the master share: master.c has its life and its children,
 * reload.c the way from one configuration to the next, upgrade.c that from one master to
 * the next. */
#ifndef DAEMON_MASTER_INTERNAL_H
#define DAEMON_MASTER_INTERNAL_H

#include "daemon/control.h"
#include "daemon/handover.h"
#include "daemon/realm.h"

struct master {
	const char *file;
	struct loop *loop;
	struct children children;
	TAILQ_HEAD(, realm) realms; /* the current one first */
	struct realm *current;
	struct arena *arena;          /* for what lasts as long as the master */
	struct listen_sockets passed; /* by the service manager */
	struct tls_tickets tickets;
	struct control *control;
	struct watch *signals[5];
	struct timer *rest, *deadline, *beat;
	bool draining;   /* it takes no new sessions */
	bool ending;     /* and was told to end */
	bool told_ready;
	/* Where one takes another's place. */
	const char *program;                /* the name that was executed, which may lead elsewhere since */
	struct peer_master *predecessor, *successor;
	struct timer *patience;             /* with the successor; then, with our own sessions */
	int asker;                          /* for the upgrade; -1: none */
	bool awaits_keeper;                 /* the predecessor has one */
	bool handed_over;                   /* all that is new is the successor's */
	unsigned died_young[CHILD_KINDS];   /* without one between that did not */
	uint64_t rests_until[CHILD_KINDS];  /* none is started before; loop_now() */
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

/* No new sessions: sockets are closed, and those that there are go on. */
void master_take_no_more(struct master *m);
/* Those that there are end, as in master_end_realm(). */
void master_end_all(struct master *m);
void master_start_keeper(struct master *m);
/* When nobody is left who needs it. */
void master_end_if_over(struct master *m);
/* The next one starts when this one has ended. */
void master_change_keeper(struct master *m, struct child *keeper);

/* SIGHUP, SIGUSR2. */
void master_hear_hup(void *context);
void master_hear_usr2(void *master);

/* Of upgrade.c. The channel is taken. */
bool master_take_over(struct master *m, int channel, struct report *report);
void master_refuse_place(int channel, const struct report *report);
/* What the peers want to know: proxies and scanners serve; the keeper was started, has
 * ended; this master is told to end. */
void master_serves(struct master *m);
void master_keeper_started(struct master *m);
void master_keeper_ended(struct master *m);
void master_end_peers(struct master *m);
/* One that has given its place to this one, and has not ended. */
bool master_has_predecessor(const struct master *m);
void master_lose_patience(void *context);
void master_leave_peers(struct master *m);

#endif
