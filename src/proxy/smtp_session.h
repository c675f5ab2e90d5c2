/* An SMTP or LMTP session: one client, one upstream, and the message between
 * them. smtp_session.c has the conversation as a list of steps; the steps are
 * in smtp_front.c (the client's side), smtp_back.c (the upstream's side),
 * smtp_data.c (a message comes) and smtp_verdict.c (a message goes on). */
#ifndef PROXY_SMTP_SESSION_H
#define PROXY_SMTP_SESSION_H

#include "proxy/ends.h"
#include "proxy/held.h"
#include "wire/smtp_command.h"
#include "wire/mail_data.h"
#include "wire/smtp_reply.h"

enum smtp_step {
	SMTP_STEP_ACCEPT_CLIENT,
	SMTP_STEP_CONNECT_UPSTREAM,
	SMTP_STEP_GREET_UPSTREAM,
	SMTP_STEP_EHLO_UPSTREAM,
	SMTP_STEP_SECURE_UPSTREAM,
	SMTP_STEP_IDENTIFY_CLIENT,
	SMTP_STEP_GREET,
	SMTP_STEP_READ_COMMAND,
	SMTP_STEP_RELAY_COMMAND,
	SMTP_STEP_READ_REPLY,
	SMTP_STEP_EXCHANGE_AUTH,
	SMTP_STEP_START_TLS,
	SMTP_STEP_OPEN_DATA,
	SMTP_STEP_SPOOL_DATA,
	SMTP_STEP_SPOOL_CHUNK,
	SMTP_STEP_AWAIT_VERDICT,
	SMTP_STEP_APPLY_VERDICT,
	SMTP_STEP_AWAIT_QUARANTINE,
	SMTP_STEP_OPEN_REPLAY,
	SMTP_STEP_REPLAY_UPSTREAM,
	SMTP_STEP_RELAY_FINAL_REPLY,
	SMTP_STEP_AWAIT_QUIT,
	SMTP_STEP_CLOSE,
};

enum {
	SMTP_PIPELINE_MAX = 128,            /* commands relayed and not yet answered */
	SMTP_OUTPUT_MAX = 256 * 1024,       /* unsent octets above which a side's opposite is not read */
	SMTP_AUTH_LINE_MAX = 12288,         /* RFC 4954 4: a base64 line of an exchange */
	SMTP_REFUSALS_TOLD = 100,           /* of one session in the log: who guesses addresses tells no more by further ones */
};

struct smtp_session;
struct smtp_pending;
typedef void smtp_handler(struct smtp_session *s, struct smtp_pending *p);

/* A reply that is owed to the client: from the upstream, or our own kept in
 * line behind those that are still to come. */
struct smtp_pending {
	/* The upstream's reply is in s->reply. NULL: the reply is `text`. */
	smtp_handler *handle;
	char *text;       /* our own reply; or what the handler needs (a path); freed with the entry */
	uint64_t timeout; /* of the upstream's reply, ms */
};

/* From MAIL to the final reply. */
struct smtp_transaction {
	bool open;               /* MAIL was accepted */
	bool has_policy;
	size_t policy;
	const struct user_settings *own; /* of who is logged in or of the recipients; NULL = nothing */
	char *sender;            /* without <>; behind its NUL, as with recipients: smtp_parameters() */
	char **recipients;       /* accepted ones */
	size_t recipient_count, recipient_cap;
	size_t recipients_asked; /* also those not answered yet */
	bool binary;             /* BODY=BINARYMIME */
	bool chunked;            /* BDAT was used */
	bool coming;             /* the client was asked for the message, or BDAT was used */
	const char *refusal;     /* the message is refused with that: the rest of it is only consumed */
	uint64_t chunk_size, chunk_left;
	bool chunk_last;
	struct held held;
	struct mail_unstuffer unstuffer;
	uint64_t began, deadline; /* loop_now() milliseconds */
	uint64_t relay_began; /* clock_micros() */
	/* The replay. */
	struct edited message;   /* as it goes on */
	struct mail_stuffer stuffer;
	uint64_t unsent;         /* octets in the upstream's queue when last looked at */
	bool replaying;          /* the upstream has heard part of the message */
	bool replayed;           /* and its end: now only the upstream knows the outcome */
	bool counted;            /* in the statistics: LMTP logs a message once a recipient */
	size_t replies;          /* final replies still to come: LMTP has one a recipient */
};

struct smtp_session {
	struct ends ends;
	bool lmtp;
	struct smtp_reply_parser reply;
	struct smtp_pending pending[SMTP_PIPELINE_MAX];
	size_t pending_first, pending_count;
	struct smtp_offers offers;
	bool asked;              /* a step of ours at the upstream has spoken and awaits the reply */
	struct buf greeting;     /* to relay */
	int greeting_code;
	enum smtp_step after_replies; /* where smtp_read_reply() returns to */
	bool said_ehlo, authenticated, quit;
	char *helo;
	struct buf user;
	struct arena *user_arena;        /* made at a login */
	const struct user_settings *own; /* of who is logged in; NULL = nothing */
	/* An AUTH exchange. */
	char mechanism[32];
	unsigned auth_turn;
	bool auth_waits_client;
	/* The command being looked at; its spans lie in the client's input. */
	struct smtp_command command;
	size_t command_octets;
	bool line_overlong;      /* what comes next is the rest of a line that was too long */
	uint64_t commands, errors;
	unsigned refusals;       /* that were to be logged */
	const char *last_word;   /* with which the session was given up; NULL = none */
	struct smtp_transaction tx;
	struct buf scratch;      /* for putting lines together */
};

/* For proxy.c: begins a session; false: no memory, fd is closed. */
bool smtp_session_begin(struct proxy *p, const struct listener *listener, struct tls_server *tls, int fd,
    const struct peer *peer);

static inline struct smtp_session *
smtp_of(struct session *s)
{
	return (struct smtp_session *)s;
}

/* Ends a step that waits for `whom` for at most `timeout` ms since the last
 * progress; within a transaction also no longer than its deadline. Goes to
 * SMTP_STEP_CLOSE when that has passed or the client is gone. */
enum outcome smtp_wait(struct smtp_session *s, enum party whom, uint64_t timeout);
/* The same for the upstream's final reply: the client may be gone meanwhile,
 * the upstream is let finish. */
enum outcome smtp_wait_final(struct smtp_session *s, uint64_t timeout);
enum outcome smtp_goto(struct smtp_session *s, enum smtp_step step);
/* Says `text` (or nothing when NULL) to the client and closes. */
enum outcome smtp_give_up(struct smtp_session *s, const char *text);
/* The same for what the client did: it is logged as a refusal of that command. */
enum outcome smtp_refuse_session(struct smtp_session *s, const char *command, const char *text);

/* A reply of our own, at once. text as smtp_reply_print() takes it. */
void smtp_say(struct smtp_session *s, const char *text);
/* The same, but behind the replies that are still to come. */
void smtp_say_in_turn(struct smtp_session *s, const char *text);

/* A line to the upstream whose reply `handle` gets; text as in smtp_pending
 * (copied). False when the pipeline is full. */
bool smtp_ask(struct smtp_session *s, struct span line, uint64_t timeout,
    smtp_handler *handle, struct span text);
bool smtp_pending_push(struct smtp_session *s, smtp_handler *handle, struct span text, uint64_t timeout);
void smtp_pending_pop(struct smtp_session *s);
/* Relays the reply as it stands. */
void smtp_relay_reply(struct smtp_session *s, struct smtp_pending *p);
/* Ends the transaction at the upstream by RSET, the reply to which nobody sees. */
void smtp_reset_upstream(struct smtp_session *s);
/* True when smtp_read_reply() has something to do. */
bool smtp_replies_ready(const struct smtp_session *s);
/* Ends a step that goes on only when no reply is owed: call it while
 * pending_count > 0; comes back to `from`. */
enum outcome smtp_await_replies(struct smtp_session *s, enum smtp_step from);
/* Takes one reply into s->reply: 1, 0 (more is needed), -1 (lost: the session
 * gives up, its outcome in *outcome). */
int smtp_take_reply(struct smtp_session *s, enum outcome *outcome);

/* The upstream has got some of a message, and not its end. */
bool smtp_is_half_sent(const struct smtp_session *s);
void smtp_transaction_reset(struct smtp_session *s);
size_t smtp_policy(const struct smtp_session *s);
/* What stood behind a transaction's sender or recipient and is of use for
 * delivering the message later: " BODY=8BITMIME SMTPUTF8", or "". */
static inline const char *
smtp_parameters(const char *path)
{
	return path + strlen(path) + 1;
}
/* The largest message that this session takes. */
uint64_t smtp_size_limit(const struct smtp_session *s);

/* The steps. */
enum outcome smtp_accept_client(struct session *s);
enum outcome smtp_connect_upstream(struct session *s);
enum outcome smtp_greet_upstream(struct session *s);
enum outcome smtp_ehlo_upstream(struct session *s);
enum outcome smtp_secure_upstream(struct session *s);
enum outcome smtp_identify_client(struct session *s);
enum outcome smtp_greet(struct session *s);
enum outcome smtp_read_command(struct session *s);
enum outcome smtp_relay_command(struct session *s);
enum outcome smtp_read_reply(struct session *s);
enum outcome smtp_exchange_auth(struct session *s);
enum outcome smtp_start_tls(struct session *s);
enum outcome smtp_open_data(struct session *s);
enum outcome smtp_spool_data(struct session *s);
enum outcome smtp_spool_chunk(struct session *s);
enum outcome smtp_await_verdict(struct session *s);
enum outcome smtp_apply_verdict(struct session *s);
enum outcome smtp_await_quarantine(struct session *s);
enum outcome smtp_open_replay(struct session *s);
enum outcome smtp_replay_upstream(struct session *s);
enum outcome smtp_relay_final_reply(struct session *s);
enum outcome smtp_await_quit(struct session *s);
enum outcome smtp_close(struct session *s);

#endif
