/* What the proxies count, in memory that they share with whoever tells of it
 * (daemon/board.h). Counters only grow, over restarts of a process and over
 * reloads; gauges are of one process and go with it. Each is written by its
 * process alone, or by its successor of the same number too, with one atomic
 * addition: nobody waits for anybody. */
#ifndef PROXY_STATS_H
#define PROXY_STATS_H

#include "conf/settings.h"
#include "io/endpoint.h"

#include <stdatomic.h>

enum {
	STATS_PROTOCOLS = PROTOCOL_IMAP + 1,
	STATS_NO_VERDICT = VERDICT_REJECT + 1, /* refused or lost before there was one */
	STATS_VERDICTS,
	/* What is counted by name. Names live as long as gatepost: they stand for
	 * all that its configurations had. The first is that of the others, which
	 * found no room. */
	STATS_POLICIES = 256,
	STATS_RULES = 2048,
	STATS_NAME_SIZE = 101, /* RULE_NAME_MAX of the rules */
	/* Bounds of latencies in steps of 1, 2, 5, so that an estimate between two
	 * is off by a factor of 2.5 at most: from a millisecond, under which is
	 * what passes in memory, to a minute, which is what a scan may take unless
	 * timeouts.scan says otherwise. */
	STATS_BUCKETS = 15,
};
extern const unsigned stats_bounds[STATS_BUCKETS]; /* milliseconds, ascending */

struct stats_histogram {
	atomic_ullong counts[STATS_BUCKETS + 1]; /* up to each bound, not counting those before; then above all */
	atomic_ullong micros;                    /* the sum of all */
};

enum stats_side { STATS_CLIENT, STATS_UPSTREAM, STATS_SIDES };
enum { STATS_TLS_VERSIONS = 4 }; /* 1.0 to 1.3 */

/* Events of the log that are errors; stats_error_name() is their event. */
enum stats_error {
	STATS_ERROR_ACCEPT,
	STATS_ERROR_CLAMD,
	STATS_ERROR_COMPRESS,
	STATS_ERROR_KEEPER,
	STATS_ERROR_PROXY_PROTOCOL,
	STATS_ERROR_SESSION,
	STATS_ERROR_SPAM,
	STATS_ERROR_SPOOL,
	STATS_ERROR_STARTTLS,
	STATS_ERROR_TIMEOUT,
	STATS_ERROR_TLS,
	STATS_ERROR_UPSTREAM,
	STATS_ERROR_USER,
	STATS_ERROR_VIEWS,
	STATS_ERRORS,
};
const char *stats_error_name(enum stats_error e);

enum stats_scan_failure {
	STATS_SCAN_DIED,       /* the scanner, on this message */
	STATS_SCAN_TIMEOUT,    /* timeouts.scan */
	STATS_SCAN_INCOMPLETE, /* a limit, or what could not be read */
	STATS_SCAN_BROKEN,     /* no memory, or an answer that makes no sense */
	STATS_SCAN_FAILURES,
};
const char *stats_scan_failure_name(enum stats_scan_failure f);

struct stats {
	atomic_ullong sessions[STATS_PROTOCOLS];
	atomic_ullong refused, refused_client; /* connections, by limits.connections and …_per_client */
	atomic_ullong messages[STATS_PROTOCOLS][STATS_POLICIES][STATS_VERDICTS];
	atomic_ullong octets[STATS_PROTOCOLS]; /* of messages */
	atomic_ullong rules[STATS_RULES];
	struct endpoint_traffic traffic[STATS_SIDES];
	struct stats_histogram scan, relay;
	atomic_ullong scan_failures[STATS_SCAN_FAILURES];
	atomic_ullong tls[STATS_SIDES][STATS_TLS_VERSIONS], tls_failures[STATS_SIDES];
	atomic_ullong logins[STATS_PROTOCOLS], logins_failed[STATS_PROTOCOLS];
	atomic_ullong errors[STATS_ERRORS];
};

/* What there is now. */
struct stats_gauges {
	atomic_llong sessions[STATS_PROTOCOLS];
	atomic_llong scan_waiting, scan_running; /* messages, for a scanner and in one */
	atomic_llong keeper;                     /* requests that the keeper has not answered */
};

static inline void
stats_add(atomic_ullong *counter, unsigned long long n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static inline void
stats_move(atomic_llong *gauge, long long by)
{
	atomic_fetch_add_explicit(gauge, by, memory_order_relaxed);
}

void stats_time(struct stats_histogram *h, uint64_t micros);
/* version as OpenSSL's TLS1_3_VERSION; others are not counted. */
void stats_tls(struct stats *s, enum stats_side side, int version);

/* Where a generation's policies and rules are counted. */
struct stats_rule {
	const char *name;
	size_t at; /* in struct stats */
};
struct stats_names {
	const size_t *policies;         /* by index in the settings */
	const struct stats_rule *rules; /* sorted by name, each once */
	size_t rule_count;
};
/* 0, that of the others, for a name that is not there. */
size_t stats_rule_at(const struct stats_names *names, struct span rule);

#endif
