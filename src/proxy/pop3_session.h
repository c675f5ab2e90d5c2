/* A POP3 session: one client, one upstream, and the maildrop between them.
 * pop3_session.c has the conversation as a list of steps; the steps are in
 * pop3_front.c (the client's side), pop3_back.c (the upstream's side),
 * pop3_open.c (what lies in the maildrop) and pop3_serve.c (a message goes to
 * the client). pop3_fetch.c gets a message and has it judged. */
#ifndef PROXY_POP3_SESSION_H
#define PROXY_POP3_SESSION_H

#include "proxy/ends.h"
#include "wire/pop3_command.h"
#include "wire/pop3_offers.h"
#include "wire/pop3_reply.h"

enum pop3_step {
	POP3_STEP_ACCEPT_CLIENT,
	POP3_STEP_CONNECT_UPSTREAM,
	POP3_STEP_GREET_UPSTREAM,
	POP3_STEP_SECURE_UPSTREAM,
	POP3_STEP_GREET,
	POP3_STEP_READ_COMMAND,
	POP3_STEP_RELAY_COMMAND,
	POP3_STEP_READ_REPLY,
	POP3_STEP_RELAY_BODY,
	POP3_STEP_EXCHANGE_AUTH,
	POP3_STEP_START_TLS,
	POP3_STEP_LIST_MAILDROP,
	POP3_STEP_IDENTIFY_MAILDROP,
	POP3_STEP_RECALL_VIEWS,
	POP3_STEP_SCAN_AHEAD,
	POP3_STEP_FETCH_MESSAGE,
	POP3_STEP_SERVE_MESSAGE,
	POP3_STEP_AWAIT_QUIT,
	POP3_STEP_CLOSE,
};

enum {
	POP3_PIPELINE_MAX = 16,         /* commands relayed and not yet answered */
	POP3_OUTPUT_MAX = 256 * 1024,   /* unsent octets above which a side's opposite is not read */
	POP3_AUTH_LINE_MAX = 12288,     /* as for SMTP (RFC 4954 4); RFC 5034 names none */
	POP3_MECHANISM_MAX = 20,        /* RFC 4422 3.1 */
	POP3_LAST_COMMAND_MS = 1000,    /* without a command, when the service restarts: then it is ended */
};

struct pop3_session;
struct pop3_pending;
struct pop3_maildrop;
typedef void pop3_handler(struct pop3_session *s, struct pop3_pending *p, const struct pop3_reply *r);

/* What follows an +OK. */
enum pop3_body {
	POP3_BODY_NONE,
	POP3_BODY_RELAYED,    /* goes on as it stands */
	POP3_BODY_CAPA,       /* capabilities, filtered */
	POP3_BODY_MECHANISMS, /* the answer to a bare AUTH, filtered */
};

/* A reply that is owed to the client: from the upstream, or our own kept in
 * line behind those that are still to come. */
struct pop3_pending {
	pop3_handler *handle; /* NULL: the reply is `text` */
	const char *text;     /* static */
	enum pop3_body body;
	bool turn;            /* of an AUTH exchange: a challenge may come */
	uint64_t number;      /* of the message, as the client counts */
};

/* A message on its way to the client. */
struct pop3_serving {
	size_t index;         /* in the maildrop */
	bool top;
	uint64_t lines;       /* TOP */
	bool said_ok;         /* +OK went out, and lines of patience perhaps */
	uint64_t began, patient_until; /* loop_now() milliseconds */
};

struct pop3_session {
	struct ends ends;
	struct pop3_pending pending[POP3_PIPELINE_MAX];
	size_t pending_first, pending_count;
	bool asked;              /* a step of ours at the upstream has spoken and awaits the reply */
	bool routed;             /* the upstream is chosen by the user: it is reached late */
	bool introduced;         /* routed: the upstream has heard USER or AUTH */
	bool turned_away;        /* routed: and did not like it */
	bool authenticated;
	bool marked;             /* perhaps: messages are to be deleted at QUIT */
	bool hurried;            /* the service restarts, and it waits a last time */
	bool hopeless;           /* out of memory: it ends here */
	bool pipelining;         /* the upstream said that it can */
	bool utf8;               /* the client said UTF8 (RFC 6856), and the upstream agreed */
	bool line_overlong;      /* what comes next is the rest of a line that was too long */
	struct buf greeting;     /* to relay */
	enum pop3_status greeting_status;
	struct buf user;
	struct buf mail_of;      /* whose mail it is: the user's, or another's as whom he acts, and his */
	/* An AUTH exchange. */
	char mechanism[POP3_MECHANISM_MAX + 1];
	unsigned auth_turn;
	bool auth_waits_client;
	/* The command being looked at; its spans lie in the client's input. */
	struct pop3_command command;
	size_t command_octets;
	uint64_t commands, errors;
	/* The multi-line reply that is coming. */
	enum pop3_body body;
	struct pop3_tail tail;
	struct pop3_offers *offers; /* being collected, or NULL */
	uint64_t body_lines;
	enum pop3_step after_replies; /* where pop3_read_reply() returns to */
	/* After the login. */
	size_t policy;
	struct arena *own_arena;         /* holds `own` where a file was read */
	const struct user_settings *own; /* what the user has of his own, or NULL */
	struct pop3_maildrop *maildrop;  /* NULL: nothing is filtered, commands and replies pass */
	struct pop3_serving serving;
};

/* For proxy.c: begins a session; false: no memory, fd is closed. */
bool pop3_session_begin(struct proxy *p, const struct listener *listener, struct tls_server *tls, int fd,
    const struct peer *peer);

static inline struct pop3_session *
pop3_of(struct session *s)
{
	return (struct pop3_session *)s;
}

/* Ends a step that waits for `whom` for at most `timeout` ms since the last
 * progress. Goes to POP3_STEP_CLOSE when that has passed or the client is gone. */
enum outcome pop3_wait(struct pop3_session *s, enum party whom, uint64_t timeout);
enum outcome pop3_goto(struct pop3_session *s, enum pop3_step step);
/* Says `text` (or nothing when NULL) to the client and closes. text: of an -ERR
 * reply, without "-ERR ". */
enum outcome pop3_give_up(struct pop3_session *s, const char *text);

/* -ERR and that text, at once; and behind the replies that are still to come. */
void pop3_refuse(struct pop3_session *s, const char *text);
void pop3_refuse_in_turn(struct pop3_session *s, const char *text);
void pop3_say(struct pop3_session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A line to the upstream, without CRLF. */
void pop3_tell(struct pop3_session *s, struct span line);
/* The same, whose reply `handle` gets. False when the pipeline is full. */
bool pop3_ask(struct pop3_session *s, struct span line, pop3_handler *handle, enum pop3_body body, uint64_t number);
/* The same for a turn of an AUTH exchange. */
bool pop3_ask_turn(struct pop3_session *s, struct span line, pop3_handler *handle);
void pop3_pending_pop(struct pop3_session *s);
/* Relays the reply as it stands. */
void pop3_relay_reply(struct pop3_session *s, struct pop3_pending *p, const struct pop3_reply *r);
/* True when pop3_read_reply() has something to do. */
bool pop3_replies_ready(const struct pop3_session *s);
/* Ends a step that goes on only when no reply is owed: call it while
 * pending_count > 0; comes back to `from`. */
enum outcome pop3_await_replies(struct pop3_session *s, enum pop3_step from);
/* Takes one reply line: 1 (valid until the input is consumed: *used octets of
 * it are the line), 0 (more is needed), -1 (lost: the session gives up, its
 * outcome in *outcome). */
int pop3_take_reply(struct pop3_session *s, struct pop3_reply *r, size_t *used, enum outcome *outcome);
/* The upstream is of no use any more. */
enum outcome pop3_lost(struct pop3_session *s, const char *text, const char *why);

/* The steps. */
enum outcome pop3_accept_client(struct session *s);
enum outcome pop3_connect_upstream(struct session *s);
enum outcome pop3_greet_upstream(struct session *s);
enum outcome pop3_secure_upstream(struct session *s);
enum outcome pop3_greet(struct session *s);
enum outcome pop3_read_command(struct session *s);
enum outcome pop3_relay_command(struct session *s);
enum outcome pop3_read_reply(struct session *s);
enum outcome pop3_relay_body(struct session *s);
enum outcome pop3_exchange_auth(struct session *s);
enum outcome pop3_start_tls(struct session *s);
enum outcome pop3_list_maildrop(struct session *s);
enum outcome pop3_identify_maildrop(struct session *s);
enum outcome pop3_recall_views(struct session *s);
enum outcome pop3_scan_ahead(struct session *s);
enum outcome pop3_fetch_message(struct session *s);
enum outcome pop3_serve_message(struct session *s);
enum outcome pop3_await_quit(struct session *s);
enum outcome pop3_close(struct session *s);

#endif
