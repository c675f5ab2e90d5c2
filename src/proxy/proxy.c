/* Accepting and ending sessions: the protocols' one common door. */
#include "config.h"

#include "proxy/proxy.h"

#include "base/log.h"
#include "proxy/imap_session.h"
#include "proxy/pop3_session.h"
#include "proxy/smtp_session.h"

#include <unistd.h>

enum { TELL_EVERY_MS = 10000 }; /* of each kind: once a limit is reached thousands may follow a second */

/* The three protocols behind one door: how a session of each begins. */
static const struct {
	bool (*begin)(struct proxy *p, const struct listener *listener, struct tls_server *tls, int fd,
	    const struct peer *peer);
} protocols[] = {
	[PROTOCOL_SMTP] = { smtp_session_begin },
	[PROTOCOL_LMTP] = { smtp_session_begin },
	[PROTOCOL_POP3] = { pop3_session_begin },
	[PROTOCOL_IMAP] = { imap_session_begin },
};

bool
proxy_serves(enum protocol protocol)
{
	return protocols[protocol].begin != NULL;
}

void
proxy_accept(struct proxy *p, size_t listener, int fd, const struct peer *peer)
{
	const struct listener *l = &p->settings->listeners[listener];
	unsigned char client[16];

	stats_add(&p->stats->sessions[l->protocol], 1);
	stats_move(&p->gauges->sessions[l->protocol], 1);
	if (protocols[l->protocol].begin(p, l, p->generation->listener_tls[listener], fd, peer))
		return;
	log_error("session", "a session cannot begin: out of memory");
	stats_add(&p->stats->errors[STATS_ERROR_SESSION], 1);
	stats_move(&p->gauges->sessions[l->protocol], -1);
	peer_bytes(peer, client);
	census_leave(p->census, p->index, client);
}

bool
seldom_is_due(struct seldom *s, uint64_t now, uint64_t *untold)
{
	*untold = s->untold;
	if (now < s->until) {
		s->untold++;
		return false;
	}
	*s = (struct seldom){ now + TELL_EVERY_MS, 0 };
	return true;
}

static struct span
farewell(enum protocol protocol)
{
	switch (protocol) {
	case PROTOCOL_POP3:
		return SPAN_LITERAL("-ERR [SYS/TEMP] too many connections, try again later\r\n");
	case PROTOCOL_IMAP:
		return SPAN_LITERAL("* BYE too many connections, try again later\r\n");
	default:
		return SPAN_LITERAL("421 4.3.2 too many connections, try again later\r\n");
	}
}

struct span
proxy_turn_away(struct proxy *p, const struct listener *l, const struct peer *peer, enum census_result limit)
{
	bool all = limit == CENSUS_FULL;
	char client[PEER_TEXT_SIZE];
	uint64_t untold;

	stats_add(all ? &p->stats->refused : &p->stats->refused_client, 1);
	if (seldom_is_due(all ? &p->full : &p->client_full, loop_now(p->loop), &untold)) {
		peer_text(peer, client);
		log_warning("connections", "listener %s: %s is reached: %s is turned away; so were %llu others since last told",
		    l->name, all ? "limits.connections" : "limits.connections_per_client", client, (unsigned long long)untold);
	}
	return farewell(l->protocol);
}

void
proxy_session_ended(struct proxy *p)
{
	if (p->retiring && p->session_count == 0)
		p->drained(p->drained_context);
}

void
proxy_retire(struct proxy *p)
{
	if (p->retiring)
		return;
	p->retiring = true;
	if (p->session_count == 0)
		p->drained(p->drained_context);
}

void
proxy_drain(struct proxy *p)
{
	struct session *s, *next;

	proxy_retire(p);
	for (s = LIST_FIRST(&p->sessions); s != NULL; s = next) {
		next = LIST_NEXT(s, others);
		s->draining = true;
		session_wake(s);
	}
}
