/* The two ends of a session, as all protocols have them: a client that was
 * accepted and an upstream that is reached for it, TLS on either side, and
 * whom the session waits for, how long.
 *
 * A protocol's session begins with a struct ends, so that a pointer to one is
 * a pointer to the other and to the struct session inside. */
#ifndef PROXY_ENDS_H
#define PROXY_ENDS_H

#include "io/endpoint.h"
#include "proxy/proxy.h"
#include "store/quarantine.h"

enum party { PARTY_CLIENT, PARTY_SERVER, PARTY_SCANNER, PARTY_KEEPER };

struct ends {
	struct session session;
	const struct listener *listener;
	struct tls_server *tls;
	size_t upstream;         /* index in the settings; SIZE_MAX when intercepted */
	struct endpoint *client, *server;
	struct peer accepted_from; /* the socket's peer */
	unsigned char counted[16]; /* as whom the census counts it: the client, where a balancer names one */
	struct peer peer;        /* the client, as the PROXY header tells if there is one */
	struct peer local;       /* where it connected to */
	struct peer destination; /* intercepted: where it wanted to go */
	struct connecting *connecting;
	const struct address *server_address;
	bool connect_failed, proxied, secure, server_secure;
	bool greeted;            /* the client was: what fails now is no sign of a dead upstream */
	/* Whom the current step waits for, and since which progress. */
	enum party awaited;
	uint64_t progress, armed;
};

/* Takes fd over. False: no memory, fd is closed and nothing else has to be
 * released. ready: of both endpoints, with e as its context. */
bool ends_set_up(struct ends *e, struct proxy *p, const struct listener *listener, struct tls_server *tls, int fd,
    const struct peer *peer);
/* Leaves the census and aborts what is still open. */
void ends_release(struct ends *e);

static inline struct ends *
ends_of(struct session *s)
{
	return (struct ends *)s;
}

const struct settings *ends_settings(const struct ends *e);
const struct upstream *ends_upstream(const struct ends *e); /* NULL when intercepted */

enum { ENDS_SERVER_SIZE = PEER_TEXT_SIZE + sizeof(" 65535") };
/* What tells the upstream's users from another's, for the keeper: its name, or the
 * address of one that was intercepted. Lives as long as the settings and text. */
const char *ends_server(const struct ends *e, char text[static ENDS_SERVER_SIZE]);

enum ends_result {
	ENDS_READY,
	ENDS_WAIT,        /* for that end, at most timeouts.tls_handshake; connecting has its own bound */
	ENDS_FAILED,      /* the log knows why; the session is to be closed */
	ENDS_TLS_FAILED,  /* the same, of TLS to the upstream */
};
/* The client's PROXY header where one is due, and its handshake where TLS
 * begins with the connection. */
enum ends_result ends_accept_client(struct ends *e);
/* TLS behind STARTTLS or STLS, whose answer was written: it is sent in
 * plaintext, and whatever the client said behind its command is dropped. */
enum ends_result ends_secure_client(struct ends *e);
/* Connects to the upstream; sends the PROXY header and begins TLS where that
 * is configured. */
enum ends_result ends_connect(struct ends *e);
/* The handshake that ends_connect() or ends_begin_tls() began: READY also
 * where TLS is not used. */
enum ends_result ends_handshake(struct ends *e);
/* TLS behind the upstream's answer to STARTTLS or STLS. */
enum ends_result ends_begin_tls(struct ends *e);
/* The upstream is of no use (why, one line, goes to the log): it is closed, and
 * rested if that came before the client was greeted. */
void ends_lose_upstream(struct ends *e, const char *why);

/* Something whole came: the clock of the next wait starts anew. */
static inline void
ends_progress(struct ends *e)
{
	e->progress++;
}
/* Arms the wait for `whom`, `timeout` ms since the last progress but not beyond
 * `deadline` (loop_now() ms, 0 = none), and flushes both ends. False: that time
 * is over. */
bool ends_wait(struct ends *e, enum party whom, uint64_t timeout, uint64_t deadline);

/* What quarantine is to know of this session; the rest is empty. The spans live
 * as long as settings and arena. */
struct quarantine_item ends_item(const struct ends *e, struct arena *a, size_t policy);

/* A log line of this session: who, at which listener. */
void ends_log_begin(struct log_entry *entry, const struct ends *e, enum log_level level, const char *event);
/* Counts an error, and tells of it with its name as the event. */
void ends_log(const struct ends *e, enum log_level level, enum stats_error error, const char *msg);
/* A line for what gatepost itself refuses who wants to read mail: his mail server does
 * not hear of it. */
void ends_log_refusal(const struct ends *e, const char *command, const char *reply);
/* A login was answered. */
void ends_count_login(const struct ends *e, bool ok);

#endif
