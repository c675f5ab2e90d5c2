/* An IMAP session: one client, one upstream, and the mailbox that is selected.
 * Commands go one way and responses the other, and neither waits for the other
 * but where the protocol says so: there are two lists of steps, which share the
 * table of tags. imap_session.c has both; the front's steps are in imap_front.c
 * (commands), imap_append.c (messages that come) and imap_judge.c (messages that
 * are asked for), the back's in imap_back.c and imap_overlay.c. */
#ifndef PROXY_IMAP_SESSION_H
#define PROXY_IMAP_SESSION_H

#include "proxy/ends.h"
#include "wire/imap_capability.h"
#include "wire/imap_command.h"
#include "wire/imap_fetch_reader.h"
#include "wire/imap_line.h"
#include "wire/imap_response.h"

enum imap_front_step {
	IMAP_FRONT_ACCEPT_CLIENT,
	IMAP_FRONT_CONNECT_UPSTREAM,
	IMAP_FRONT_GREET_UPSTREAM,
	IMAP_FRONT_SECURE_UPSTREAM,
	IMAP_FRONT_GREET,
	IMAP_FRONT_READ_COMMAND,
	IMAP_FRONT_READ_LITERAL,
	IMAP_FRONT_DROP_LITERAL,
	IMAP_FRONT_RELAY_COMMAND,
	IMAP_FRONT_SEND_COMMAND,
	IMAP_FRONT_EXCHANGE_AUTH,
	IMAP_FRONT_START_TLS,
	IMAP_FRONT_COMPRESS_UPSTREAM,
	IMAP_FRONT_IDLE,
	IMAP_FRONT_WATCH,
	IMAP_FRONT_OPEN_MAILBOX,
	IMAP_FRONT_JUDGE_NEWS,
	IMAP_FRONT_MOVE_SPAM,
	IMAP_FRONT_TELL_NEWS,
	IMAP_FRONT_PEEK_VIEWS,
	IMAP_FRONT_FIND_SAVED,
	IMAP_FRONT_MAP_MAILBOX,
	IMAP_FRONT_RECALL_VIEWS,
	IMAP_FRONT_MARK_LATE,
	IMAP_FRONT_JUDGE_MESSAGES,
	IMAP_FRONT_SHOW_MESSAGES,
	IMAP_FRONT_SPOOL_APPEND,
	IMAP_FRONT_NEXT_APPEND,
	IMAP_FRONT_JUDGE_APPEND,
	IMAP_FRONT_SEND_APPEND,
	IMAP_FRONT_AWAIT_LOGOUT,
	IMAP_FRONT_CLOSE,
};

enum imap_back_step {
	IMAP_BACK_REST,
	IMAP_BACK_READ_RESPONSE,
	IMAP_BACK_RELAY_LINE,
	IMAP_BACK_RELAY_LITERAL,
	IMAP_BACK_RELAY_MORE,
	IMAP_BACK_READ_FETCH,
	IMAP_BACK_JOIN_LITERAL,
	IMAP_BACK_OVERLAY_LITERAL,
	IMAP_BACK_TAKE_MESSAGE,
	IMAP_BACK_TAKE_SHOWN,
	IMAP_BACK_SHOW_ITEMS,
};

enum {
	IMAP_PIPELINE_MAX = 16,         /* commands relayed and not yet answered */
	IMAP_OUTPUT_MAX = 256 * 1024,   /* unsent octets above which a side's opposite is not read */
	/* Literals of one command together with the lines behind them, an APPEND's
	 * message apart: names, passwords, search keys. */
	IMAP_LITERALS_MAX = 64 * 1024,
	IMAP_TAG_MAX = 64,              /* mail programs have ten octets at most */
	IMAP_AUTH_LINE_MAX = 12288,     /* as for SMTP */
	IMAP_MECHANISM_MAX = 20,        /* RFC 4422 3.1 */
	/* A line of a response that has to be read whole: an ENVELOPE or a
	 * BODYSTRUCTURE of thousands of parts. */
	IMAP_RESPONSE_LINE_MAX = 1024 * 1024,
	/* Literals within the names of one response's items: each is read again with
	 * what stands before it. Servers tell the names of headers as atoms. */
	IMAP_NAME_LITERALS_MAX = 100,
	IMAP_HELD_BACK_MAX = 64 * 1024, /* lists of a mailbox's flags */
	IMAP_PATIENCE_MS = 20 * 1000,   /* then a waiting client hears "* OK" */
	IMAP_RECALL_MS = 5000,          /* the keeper reads one file */
	IMAP_NO_UID = 0,
	IMAP_ASK_MAX = 2048,            /* a command of our own */
	/* SELECT with QRESYNC tells of every message that changed, in 70 octets: a
	 * quarter of a million of them. */
	IMAP_HELD_MAX = 16 * 1024 * 1024,
};

/* Our own tags begin so; a client's may not. */
#define IMAP_OWN_TAG "gatepost-"

struct imap_session;
struct imap_pending;
struct imap_mailbox;
typedef void imap_handler(struct imap_session *s, struct imap_pending *p, const struct imap_response *r);

/* A command whose tagged response is to come. */
struct imap_pending {
	char *tag;             /* NULL: the entry is free */
	bool own;              /* of gatepost's own: nobody sees the response */
	enum imap_verb verb;
	imap_handler *handle;  /* before it is relayed; NULL: nothing has to be done */
	char *mailbox;         /* COPY, MOVE: to which one; else NULL */
};

/* What a "+" from the upstream means. */
enum imap_continue { IMAP_CONTINUE_NONE, IMAP_CONTINUE_LITERAL, IMAP_CONTINUE_AUTH, IMAP_CONTINUE_IDLE };

/* Whose FETCH responses come: the client's, also where ours stand for them, or those of
 * a command of our own. */
enum imap_asking {
	IMAP_ASKING_NOTHING, IMAP_ASKING_SAVED, IMAP_ASKING_MAP, IMAP_ASKING_MESSAGE, IMAP_ASKING_MARK, IMAP_ASKING_MAILBOX,
	IMAP_ASKING_MOVE,
};

/* A response that is coming. */
struct imap_incoming {
	bool relaying;         /* part of it is out: nothing else may come between */
	uint64_t literal_left;
	bool in_fetch;         /* a FETCH response that is read item by item */
	bool status;           /* no literal follows, whatever the line ends in */
	bool swallowed;        /* nobody sees it */
	bool dropped;          /* nor what is left of a value that was told otherwise */
	bool shows;            /* an item is the message that imap_show.h tells of */
	struct buf rest;       /* of the line, behind that */
	struct buf line;       /* one that does not fit the input at once */
	size_t kept_before;    /* octets of `line` that stand before the line which comes */
	unsigned joined;       /* literals within names */
	struct buf flags;      /* and MODSEQ: what is the client's of a response that nobody sees */
	struct imap_fetch_reader reader;
	uint32_t number;       /* FETCH: the message */
	uint32_t uid;          /* IMAP_NO_UID until known */
	struct imap_attribute attribute; /* whose literal comes */
	uint64_t literal_at;   /* octets of it that came */
};

/* What the client hears of SELECT when it is known what may be told. */
struct imap_hold {
	bool holding;
	struct buf octets;
	size_t tagged_at, tagged_len; /* the tagged response, which comes last */
};

/* IDLE under a policy that judges messages before they are told: a tag of our own
 * upstream, once or more often, while the client's waits. */
struct imap_watch {
	bool running;          /* upstream */
	bool ending;           /* DONE was said there */
	bool told;             /* the client has its "+" */
	bool refused, done;    /* by the server; by the client */
};

/* Where spam is moved to. */
/* What was asked last to learn it; what was said last to move. */
enum imap_junk_search { IMAP_JUNK_UNKNOWN, IMAP_JUNK_OFFERS, IMAP_JUNK_USE, IMAP_JUNK_NAMES, IMAP_JUNK_KNOWN };
enum imap_junk_step { IMAP_JUNK_REST, IMAP_JUNK_COPIED, IMAP_JUNK_DELETED, IMAP_JUNK_MOVED };
struct imap_junk {
	enum imap_junk_search search;
	size_t tried;          /* names */
	struct buf name;       /* as it goes into a command; empty: there is none */
	struct buf plain;      /* without quotes */
	enum imap_junk_step step;
	struct buf set;        /* of messages that are asked about */
	bool asked;            /* and not answered yet */
};

enum imap_state { IMAP_STATE_NEW, IMAP_STATE_AUTHENTICATED, IMAP_STATE_SELECTED };

struct imap_append_job;

struct imap_session {
	struct ends ends;
	enum imap_state state;
	struct imap_pending pending[IMAP_PIPELINE_MAX];
	size_t pending_count;
	unsigned long long last_own; /* number of our own last tag */
	bool routed, hopeless, idle_over;
	bool leaving;            /* LOGOUT was said, or BYE heard: the upstream's end is no surprise */
	struct buf greeting;     /* to relay */
	bool greeting_good, asked_tls;
	unsigned dropped;        /* lines before TLS, unread */
	uint64_t offers;         /* imap_capa_bit() of the upstream's, as last told */
	struct buf user;
	struct buf mail_of;      /* whose mail it is: the user's, or another's as whom he acts, and his */
	char mechanism[IMAP_MECHANISM_MAX + 1];
	unsigned auth_turn;
	bool auth_waits_client;
	/* The command that comes: its unit, as it stood on the wire. */
	struct buf unit;
	uint64_t literal_left;
	uint64_t literals;       /* octets of its literals so far, and of the lines behind them */
	uint64_t whole_by;       /* when its last octet has to be there, loop_now() ms; see imap_wait_for_rest() */
	struct imap_command command; /* spans lie in the unit */
	bool announces;          /* its last line ends by announcing a literal */
	size_t announced_at;     /* of the unit */
	struct imap_literal announced;
	uint64_t commands, errors;
	/* The command that goes out, literal by literal where the upstream wants it so. */
	size_t sent;             /* of the unit */
	uint64_t literal_due;    /* octets that go out when the "+" came */
	enum imap_continue awaits;
	bool may_send;           /* the "+" came */
	bool refused;            /* its tagged response came in place of that */
	struct imap_pending *going_out; /* its entry, until that was answered */
	enum imap_front_step after; /* where a step that is shared returns to */
	/* The upstream's side. */
	bool listening;          /* the back may read */
	struct imap_incoming in;
	/* After the login. */
	char server[ENDS_SERVER_SIZE]; /* ends_server() */
	size_t policy;
	struct arena *own_arena;
	const struct user_settings *own;
	bool filtered;
	struct imap_mailbox *mailbox;  /* selected, under a policy that filters; else NULL */
	struct imap_mailbox *selecting; /* the one that SELECT asks for */
	struct imap_append_job *append;
	bool told_of_dropped;    /* the log was */
	enum imap_asking asking;
	bool asked_done, asked_ok; /* our own command was answered */
	struct buf held_back;    /* lines that a mark of ours brought about, for the end of the client's command */
	uint64_t patient_until;
	struct imap_hold hold;
	struct imap_watch watch;
	struct imap_junk junk;
};

/* For proxy.c: begins a session; false: no memory, fd is closed. */
bool imap_session_begin(struct proxy *p, const struct listener *listener, struct tls_server *tls, int fd,
    const struct peer *peer);

static inline struct imap_session *
imap_of(struct session *s)
{
	return (struct imap_session *)s;
}

/* Ends a step of the front that waits for `whom` for at most `timeout` ms since
 * the last progress. */
enum outcome imap_wait(struct imap_session *s, enum party whom, uint64_t timeout);
/* The first line of a command is there, or the next message of an APPEND is announced:
 * what follows has timeouts.transaction, before the login timeouts.client_command. */
void imap_begin_rest(struct imap_session *s);
/* For the client's next octets of it; a drip of them ends all the same. */
enum outcome imap_wait_for_rest(struct imap_session *s);
/* Ends a step of the back: the upstream's own deadline is the front's affair. */
enum outcome imap_back_wait(struct imap_session *s);
enum outcome imap_goto(struct imap_session *s, enum imap_front_step step);
enum outcome imap_back_goto(struct imap_session *s, enum imap_back_step step);
/* "* BYE text" (or nothing when NULL), then the end. In either lane. */
enum outcome imap_give_up(struct imap_session *s, const char *text);
/* The upstream is of no use any more. */
enum outcome imap_lost(struct imap_session *s, const char *text, const char *why);

/* A line of our own to the client, CRLF added. Between responses only: callers
 * in the front ask imap_may_say(). */
void imap_say(struct imap_session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Octets of the upstream's, which a SELECT that is held holds too. */
void imap_pass(struct imap_session *s, struct span octets);
/* The same of what was put together; a buffer that has failed ends the session. */
void imap_pass_buf(struct imap_session *s, const struct buf *b);
/* No response of the upstream is half relayed. */
bool imap_may_say(const struct imap_session *s);
/* The service restarts, and the client can be told so now. */
bool imap_must_leave(const struct imap_session *s);
extern const char imap_restarting[]; /* the words for it */
/* The tagged answer of our own to the command at hand. */
void imap_answer(struct imap_session *s, const char *status, const char *text);

/* The table of tags. */
struct imap_pending *imap_pending_find(struct imap_session *s, struct span tag);
/* One of that verb, or NULL. */
const struct imap_pending *imap_pending_of(const struct imap_session *s, enum imap_verb verb);
/* NULL: the table is full, or no memory. */
struct imap_pending *imap_pending_add(struct imap_session *s, struct span tag, enum imap_verb verb, bool own,
    imap_handler *handle);
void imap_pending_drop(struct imap_session *s, struct imap_pending *p);
/* Writes the next tag of our own. */
enum { IMAP_OWN_TAG_SIZE = 32 };
void imap_own_tag(struct imap_session *s, char tag[static IMAP_OWN_TAG_SIZE]);
/* A command of our own, whose responses are those that `asking` says. */
void imap_ask(struct imap_session *s, enum imap_asking asking, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same of any length, with a handler of its own, which sets asked_done. */
void imap_ask_line(struct imap_session *s, enum imap_asking asking, struct span command, imap_handler *handle);

/* imap_back.c: the client does not take what it is sent; nothing is read for it. */
bool imap_client_is_full(struct imap_session *s);
/* Lines that waited for the end of the client's command. */
void imap_tell_held_back(struct imap_session *s);

/* imap_reach.c: capabilities as the client may see them; those of any server,
 * before there is one. */
extern const char imap_offers_of_any[];
void imap_print_offers(const struct imap_session *s, struct span list, struct buf *out);
void imap_note_offers(struct imap_session *s, struct span list);

/* imap_login.c */
void imap_logged_in(struct imap_session *s);

/* The steps. */
enum outcome imap_accept_client(struct session *s);
enum outcome imap_connect_upstream(struct session *s);
enum outcome imap_greet_upstream(struct session *s);
enum outcome imap_secure_upstream(struct session *s);
enum outcome imap_greet(struct session *s);
enum outcome imap_read_command(struct session *s);
enum outcome imap_read_literal(struct session *s);
enum outcome imap_drop_literal(struct session *s);
enum outcome imap_relay_command(struct session *s);
enum outcome imap_send_command(struct session *s);
enum outcome imap_exchange_auth(struct session *s);
enum outcome imap_start_tls(struct session *s);
enum outcome imap_compress_upstream(struct session *s);
enum outcome imap_idle(struct session *s);
enum outcome imap_watch(struct session *s);
enum outcome imap_open_mailbox(struct session *s);
enum outcome imap_judge_news(struct session *s);
enum outcome imap_move_spam(struct session *s);
enum outcome imap_tell_news(struct session *s);
enum outcome imap_mark_late(struct session *s);
enum outcome imap_find_saved(struct session *s);
enum outcome imap_map_mailbox(struct session *s);
enum outcome imap_recall_views(struct session *s);
enum outcome imap_peek_views(struct session *s);
enum outcome imap_judge_messages(struct session *s);
enum outcome imap_show_messages(struct session *s);
enum outcome imap_spool_append(struct session *s);
enum outcome imap_next_append(struct session *s);
enum outcome imap_judge_append(struct session *s);
enum outcome imap_send_append(struct session *s);
enum outcome imap_await_logout(struct session *s);
enum outcome imap_close(struct session *s);

enum outcome imap_rest(struct session *s);
enum outcome imap_read_response(struct session *s);
enum outcome imap_relay_line(struct session *s);
enum outcome imap_relay_literal(struct session *s);
enum outcome imap_relay_more(struct session *s);
enum outcome imap_read_fetch(struct session *s);
enum outcome imap_join_literal(struct session *s);
enum outcome imap_overlay_literal(struct session *s);
enum outcome imap_take_message(struct session *s);
enum outcome imap_take_shown(struct session *s);
enum outcome imap_show_items(struct session *s);

#endif
