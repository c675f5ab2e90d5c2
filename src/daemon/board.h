/* What gatepost tells of itself: memory that is shared by its processes. The
 * master writes what it knows of them, the proxies count in their parts; who
 * prints it only reads. It lives as long as the master.
 *
 * A proxy in other hands can write anything anywhere on it. So nothing is read
 * from it but to be printed, within bounds; what the master goes by is in its
 * ledger. */
#ifndef DAEMON_BOARD_H
#define DAEMON_BOARD_H

#include "proxy/proxy.h"

enum child_kind { CHILD_KEEPER, CHILD_SCANNER, CHILD_PROXY, CHILD_REPORTER, CHILD_KINDS };
const char *child_kind_name(enum child_kind kind);

enum {
	BOARD_PROXIES = 256,   /* what run.proxies may be; proxies of that number in other generations count together */
	BOARD_CHILDREN = 1200, /* proxies and scanners of two generations at their largest; beyond that none is started */
	BOARD_BEAT_MS = 1000,
};

/* What a process takes. Memory and descriptors are what it says of itself; 0: not
 * known. */
struct board_usage {
	atomic_ullong began;     /* clock_wall_millis() */
	atomic_ullong processor; /* microseconds */
	atomic_ullong memory;    /* octets */
	atomic_ullong descriptors, descriptors_most;
};

struct board_child {
	atomic_int pid; /* 0: nobody has this place */
	atomic_uint kind, index, generation;
	atomic_bool ready, leaving;
	struct board_usage usage;
	struct stats_gauges gauges;
};

struct board {
	struct board_usage usage; /* the master's, who began it */
	atomic_int pid;
	atomic_bool draining;
	atomic_uint generation; /* the number of the one in force, from 0 */
	atomic_uint listening;  /* its sockets */
	atomic_ullong beat;     /* clock_millis() when the master last came by */
	atomic_ullong reload_failures;
	atomic_ullong restarts[CHILD_KINDS];
	/* Policies that some listener has or had: told of before there is a message. */
	atomic_bool served[STATS_PROTOCOLS][STATS_POLICIES];
	atomic_size_t policy_count, rule_count; /* names so far, the others' too; written first */
	char policies[STATS_POLICIES][STATS_NAME_SIZE], rules[STATS_RULES][STATS_NAME_SIZE];
	struct board_child children[BOARD_CHILDREN];
	struct stats stats[BOARD_PROXIES];
	atomic_size_t stats_used;
};

/* Which places are taken. The master's own; begins as zeroes. */
struct board_ledger {
	size_t policies, rules; /* names, besides that of the others */
	bool children[BOARD_CHILDREN];
};

/* NULL: no memory. */
struct board *board_new(void);
void board_free(struct board **b);

/* A configuration that is taken into use: its names get their places, which
 * are noted in g->names. */
void board_take(struct board *b, struct board_ledger *l, struct generation *g);
/* A place for a child that is about to be forked; NULL: there is none. */
struct board_child *board_place(struct board *b, struct board_ledger *l, enum child_kind kind, uint32_t index);
void board_leave(struct board *b, struct board_ledger *l, struct board_child *c);
/* Of the proxy of that number. */
struct stats *board_stats(struct board *b, uint32_t index);
/* The master lives, and notes what it takes itself; once every BOARD_BEAT_MS. */
void board_beat(struct board *b);
/* Asks the kernel, which tells anybody of any process. */
void board_processor(struct board_usage *u, pid_t pid);

#endif
