/* What a postmaster has done to quarantine: orders, which the keeper carries
 * out while gatepost runs, and whoever gives them when it does not. */
#ifndef DAEMON_KEEPER_ORDER_H
#define DAEMON_KEEPER_ORDER_H

#include "base/buf.h"
#include "store/quarantine.h"

#include <sys/types.h>

enum keeper_order_kind { KEEPER_MARK = 1, KEEPER_REMOVE, KEEPER_EXPIRE };

struct keeper_order {
	enum keeper_order_kind kind;
	struct span id;                   /* of a message; not of KEEPER_EXPIRE */
	struct quarantine_change change;  /* KEEPER_MARK */
};

struct keeper_result {
	bool ok;
	struct span error;                /* why not */
	struct quarantine_expired expired; /* KEEPER_EXPIRE */
	/* A keeper had the order and went away, or fell silent, without an answer:
	 * it may have carried it out, and the rest is told of the last try. */
	bool lost;
};

enum {
	/* Octets of either: all recipients of a message by their numbers, and a
	 * reply of the upstream. */
	KEEPER_ORDER_MAX = 1024 * 1024,
};

/* Carries it out, and says so in the log. */
void keeper_obey(struct quarantine *q, const struct settings *settings, const struct keeper_order *order,
    struct keeper_result *result);
/* What is over the limits of the settings, once (QUARANTINE_EXPIRE_MOST). */
bool keeper_expire(struct quarantine *q, const struct settings *settings, struct quarantine_expired *expired,
    const char **error);

/* The keeper's socket in the folder of the quarantine, which the caller has
 * open for writing: listening, non-blocking; -1, and said in the log, when it
 * cannot be. */
int keeper_door_open(const char *path);
void keeper_door_close(const char *path, int *door);
/* Takes one order from there and answers it; waits for its peer a second at
 * most. Who is neither root nor `master` is refused: proxies have the keeper's
 * own account, and have no say in what is kept. */
void keeper_door_hear(int door, uid_t master, struct quarantine *q, const struct settings *settings);

/* A process of its own that keeps this one's account to carry orders to the
 * keeper, while this one becomes another: the socket to it, or -1. It ends when
 * that is closed. */
int keeper_courier_start(const char *path);

/* Gives an order to the keeper of the quarantine, or carries it out when none
 * runs: one that is just starting or ending is waited for, and when one goes away
 * without an answer the order is given again. courier: who carries it, or -1. The
 * result lives in the arena. */
void keeper_order_give(const struct settings *settings, int courier, const struct keeper_order *order,
    struct arena *a, struct keeper_result *result);

#endif
