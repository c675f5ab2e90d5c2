/* The master's children: forking them, linking them to each other, noticing
 * that they ended. */
#ifndef DAEMON_CHILDREN_H
#define DAEMON_CHILDREN_H

#include "daemon/board.h"
#include "daemon/listeners.h"
#include "daemon/privileges.h"

#include <sys/queue.h>
#include <sys/types.h>

/* A generation that runs, or that is being left. */
struct realm {
	TAILQ_ENTRY(realm) others;
	struct generation *generation;
	struct listen_sockets sockets, metrics;
	const struct listen_sockets *passed; /* the master's, for all of its realms */
	struct census *census;
	struct scan_load *load;
	struct account account;
	size_t proxies, scanners; /* how many there should be */
	size_t alive;             /* children of it */
	bool leaving;             /* new sessions are others' */
	bool ending;              /* and its own are to end: those left at ends_at are dropped */
	uint64_t ends_at;         /* loop_now() milliseconds */
};

struct child {
	LIST_ENTRY(child) others;
	enum child_kind kind;
	uint32_t index;
	struct realm *realm;
	pid_t pid;
	int channel;
	struct watch *watch;
	struct children *all;
	uint64_t began; /* loop_now() */
	bool ready, leaving;
	unsigned refusals; /* by its cage */
	struct board_child *place; /* where others see it */
};

struct children {
	struct loop *loop;
	LIST_HEAD(, child) list;
	struct board *board;
	struct board_ledger ledger; /* of the board */
	bool awaits_keeper;          /* that will come: proxies do not go without meanwhile */
	struct tls_tickets *tickets; /* the master's, forgotten in children that need none */
	void (*ready)(void *context);
	void *context;
};

/* False: no shared memory. */
bool children_init(struct children *c, struct loop *l, struct tls_tickets *tickets, void (*ready)(void *context),
    void *context);
/* Forks a child and links it to those that it works with. False: the kernel
 * refused. */
bool child_start(struct children *c, struct realm *r, enum child_kind kind, uint32_t index);
/* Asks a proxy to take no more sessions, and any to finish. */
void child_retire(struct child *child);
void child_drain(struct child *child);
/* The keeper is about to finish: what proxies have for one from now on waits for the
 * next. */
void children_leave_keeper(struct children *c);
/* Notes on the board what they took of the processor. */
void children_measure(struct children *c);
/* Takes an ended child out of the list: NULL when none has ended. *status as
 * waitpid(); the child is the caller's to free with child_free(). */
struct child *children_reap(struct children *c, int *status);
void child_free(struct child **child);

#endif
