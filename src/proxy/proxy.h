/* A proxy process: what its sessions share. The daemon makes it, gives it
 * accepted connections and links to scanners and keeper. */
#ifndef PROXY_PROXY_H
#define PROXY_PROXY_H

#include "io/connect.h"
#include "io/loop.h"
#include "io/peer.h"
#include "io/tls.h"
#include "proxy/keep_port.h"
#include "proxy/scan_port.h"
#include "proxy/session.h"
#include "proxy/stats.h"
#include "rule/ruleset.h"

/* Made once by the master and inherited: everything that a generation of
 * proxies and scanners has in common. Arrays follow the settings' order. */
struct generation {
	struct arena *arena;
	const struct settings *settings;
	struct ruleset **rules;
	struct stats_names names;         /* empty before it runs */
	bool whole;                       /* all of it could be made */
	int user_directory;               /* open, of the users' files; -1 = none */
	struct arena *secrets;            /* what follows: keys of listeners and upstreams */
	struct tls_server **listener_tls; /* NULL where a listener has none */
	struct tls_client **upstream_tls; /* likewise */
	struct tls_client *intercept_tls;
};

/* Something that may happen very often, and is told of by one line in ten seconds. */
struct seldom {
	uint64_t until;  /* loop_now() milliseconds */
	uint64_t untold; /* times, since the last line */
};
/* True: it is to be told now; *untold is how often it was not, since it last was. */
bool seldom_is_due(struct seldom *s, uint64_t now, uint64_t *untold);

struct proxy {
	size_t index;
	struct loop *loop;
	const struct generation *generation;
	const struct settings *settings;
	struct upstreams *upstreams;
	struct clamd_port *clamd;
	struct scan_port *scan;
	struct keep_port *keep;
	struct spool_pool *spools;
	struct census *census;
	struct stats *stats;
	struct stats_gauges *gauges;
	LIST_HEAD(, session) sessions;
	size_t session_count;
	uint64_t sessions_begun;
	struct seldom full, client_full; /* of the census */
	bool retiring;
	void (*drained)(void *context); /* the last session of a retiring proxy ended */
	void *drained_context;
};

/* A client was accepted at that listener and has entered the census, which it
 * leaves with its session; fd is owned from now on. */
void proxy_accept(struct proxy *p, size_t listener, int fd, const struct peer *peer);
/* A client is over that limit, which is not CENSUS_WELCOME: it is counted and told in
 * the log. Returns what the client hears, in the words of the listener's protocol. */
struct span proxy_turn_away(struct proxy *p, const struct listener *l, const struct peer *peer, enum census_result limit);
/* No new sessions come. drained() is called with the end of the last one, perhaps
 * at once. */
void proxy_retire(struct proxy *p);
/* And they end where nothing is lost by it: between messages, between commands. */
void proxy_drain(struct proxy *p);
/* For the session driver. */
void proxy_session_ended(struct proxy *p);
/* True when that listener's protocol has sessions in this version. */
bool proxy_serves(enum protocol protocol);

#endif
