/* A proxy's port to the scanners from inside: what scan_port.c and scan_queue.c share. */
#ifndef PROXY_SCAN_PORT_INTERNAL_H
#define PROXY_SCAN_PORT_INTERNAL_H

#include "io/packet.h"
#include "proxy/scan_port.h"

#include <sys/queue.h>

enum {
	LINK_DEPTH = 2,
	LARGE_MESSAGE = 1024 * 1024, /* nothing is queued behind one of these */
	HELD_MS = 40,                /* twenty times what most messages take */
	LOOK_MS = 20,                /* between looks at what scanners are at */
	COPIES_MOST = 3,             /* of one job at scanners that are held: each will be scanned in vain */
	DEATHS_MOST = 10,            /* of scanners that had a job, and told that they were at another */
};

struct scan_job {
	TAILQ_ENTRY(scan_job) others;
	LIST_ENTRY(scan_job) asking;
	uint64_t id, size, began;  /* clock_micros() */
	size_t policy;
	unsigned char client[16];
	size_t turn;               /* how many of that client were here before */
	struct spool *spool;
	struct buf request;        /* encoded */
	struct clamd_job *clamd;   /* being asked; then the job is in no queue */
	struct scan_port *port;
	bool sent, asked;
	unsigned copies;           /* left behind */
	unsigned deaths;           /* of scanners that had it, and were at another */
	scan_done *done;           /* NULL once cancelled */
	void *context;
};

TAILQ_HEAD(jobs, scan_job);

struct link {
	LIST_ENTRY(link) others;
	struct scan_port *port;
	struct watch *watch;
	struct timer *timer;
	int fd;
	uint32_t scanner;
	bool stuck;
	struct jobs sent;
	size_t depth;
	uint64_t octets;
	uint64_t since; /* loop_now() of its last answer, or of the first job after that */
	/* By look_at(): */
	uint64_t at;  /* the job that it is at, 0 = none */
	size_t ahead; /* jobs, as far as is known */
	bool held;
};

struct scan_port {
	struct loop *loop;
	const struct settings *settings;
	struct clamd_port *clamd;
	const struct scan_load *load;
	struct stats *stats;
	struct stats_gauges *gauges;
	LIST_HEAD(, link) links;
	struct jobs waiting;
	struct timer *look;           /* while there is any job */
	bool looks;
	LIST_HEAD(, scan_job) asking; /* clamd */
	struct packet packet;
	struct arena *arena;
	uint64_t last_id;
	void (*stuck)(void *context, uint32_t scanner);
	void *stuck_context;
};

/* In turn; or before all others, one that was on its way already. */
void scan_queue_add(struct scan_job *j);
void scan_queue_return(struct scan_job *j);
void scan_queue_remove(struct scan_job *j);
/* How many jobs of that client are here. */
size_t scan_queue_turn(const struct scan_port *p, const unsigned char client[16]);
/* Sends what waits to scanners that have time. */
void scan_queue_dispatch(struct scan_port *p);
/* The same of a port, as the timer's function, and for what waits at scanners that are held. */
void scan_queue_look(void *port);

/* NULL: none has that id. */
struct scan_job *scan_link_find(const struct link *k, uint64_t id);
/* It was heard of now, or is sent the first job. */
void scan_link_arm(struct link *k);
/* When its scanner is stuck, if it is not heard of. */
uint64_t scan_link_patience(const struct link *k);

#endif
