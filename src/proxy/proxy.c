/* Accepting and ending sessions: the protocols' one common door. */
#include "config.h"

#include "proxy/proxy.h"

#include "base/log.h"
#include "proxy/imap_session.h"
#include "proxy/pop3_session.h"
#include "proxy/smtp_session.h"

#include <unistd.h>

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
