/* The settings of gatepost.yaml, read once and then constant. Everything in
 * here lives in the arena that settings_read() was given. gatepost.yaml(5)
 * describes each key; a check fails on one that it does not. */
#ifndef CONF_SETTINGS_H
#define CONF_SETTINGS_H

#include "base/arena.h"
#include "base/log.h"
#include "conf/report.h"

enum protocol { PROTOCOL_SMTP, PROTOCOL_LMTP, PROTOCOL_POP3, PROTOCOL_IMAP };
enum tls_mode { TLS_NONE, TLS_STARTTLS, TLS_IMPLICIT };
enum tls_verify { VERIFY_FULL, VERIFY_FINGERPRINT, VERIFY_NONE };
enum proxy_header { PROXY_HEADER_NONE, PROXY_HEADER_V1, PROXY_HEADER_V2 };
enum intercept { INTERCEPT_NONE, INTERCEPT_REDIRECT, INTERCEPT_TPROXY };
enum bare_newlines { BARE_NEWLINES_REJECT, BARE_NEWLINES_NORMALISE };
enum failure_action { FAILURE_DEFER, FAILURE_ACCEPT, FAILURE_REJECT };
enum layout { LAYOUT_PRESERVE, LAYOUT_REWRITE };
enum spam_shown { SPAM_SHOWN_TAGGED, SPAM_SHOWN_HIDDEN, SPAM_SHOWN_MOVED };
enum ambiguous_action { AMBIGUOUS_REJECT, AMBIGUOUS_QUARANTINE, AMBIGUOUS_REWRITE, AMBIGUOUS_TAG };

/* In the order of gravity: the gravest of several wins. */
enum verdict {
	VERDICT_ACCEPT,
	VERDICT_TAG,
	VERDICT_STRIP,
	VERDICT_QUARANTINE,
	VERDICT_DISCARD,
	VERDICT_DEFER,
	VERDICT_REJECT,
};
const char *verdict_name(enum verdict v);
bool verdict_parse(struct span name, enum verdict *out);

/* "127.0.0.1:25", "[::1]:25", "mail.example.org:25", "*:25" (all addresses,
 * both families), "unix:/run/x.sock". */
struct address {
	const char *text; /* as written */
	const char *host; /* name or number without brackets; NULL for a UNIX socket; "*" for any */
	uint16_t port;
	const char *path; /* of a UNIX socket, else NULL */
};

/* A prefix, "10.0.0.0/8" or "2001:db8::/32" or one address. IPv4 is kept
 * mapped (::ffff:a.b.c.d), bits counted in the mapped form. */
struct network {
	unsigned char address[16];
	unsigned bits;
};
bool network_parse(struct span text, struct network *out);
/* `address`: 16 bytes, IPv4 mapped. */
bool network_contains(const struct network *n, const unsigned char address[16]);

struct strings {
	const char **items;
	size_t count;
};

struct certificate {
	const char *certificate, *key; /* PEM files, resolved against the configuration's folder */
};

struct listener_tls {
	struct mark mark;
	enum tls_mode mode;
	bool required;              /* starttls: nothing but EHLO, NOOP, STARTTLS, QUIT before TLS */
	const char *certificate, *key;    /* as written; if so, certificates[0] */
	struct certificate *certificates; /* the first is the default; others by SNI from their names */
	size_t certificate_count;
	int min_version, max_version; /* TLS1_VERSION… of OpenSSL; 0 = its default */
	const char *ciphers;          /* TLS 1.2 and below, OpenSSL's list; NULL = default */
	const char *ciphersuites;     /* TLS 1.3 */
};

struct listener {
	const char *name;
	enum protocol protocol;
	struct address *addresses;
	size_t address_count;
	size_t upstream; /* index in settings.upstreams; SIZE_MAX with intercept and no fixed upstream */
	size_t policy;   /* index in settings.policies */
	struct listener_tls tls;
	enum intercept intercept;        /* the original destination is the upstream */
	struct network *proxy_protocol;  /* peers whose PROXY header is believed and demanded */
	size_t proxy_protocol_count;
	enum bare_newlines bare_newlines;
	struct strings hide;             /* EHLO keywords hidden besides the unknown ones */
};
/* Whether a connection from there (16 bytes, IPv4 mapped) is a balancer's, which must begin
 * with a PROXY header. */
bool listener_trusts(const struct listener *l, const unsigned char address[16]);

struct upstream_tls {
	struct mark mark;
	enum tls_mode mode;
	enum tls_verify verify;
	const char *ca;          /* PEM file or folder; NULL = the system's */
	struct strings fingerprints; /* sha256 of the certificate, lower-case hex without colons */
	const char *server_name; /* for SNI and verification; NULL = the address's host */
	const char *certificate, *key; /* a client certificate, or NULL */
	int min_version;
	const char *ciphers;
};

struct upstream {
	const char *name;
	struct address *addresses; /* tried in order */
	size_t address_count;
	struct upstream_tls tls;
	enum proxy_header proxy_protocol; /* sent on connecting */
	bool xclient;                     /* the server must take XCLIENT */
	uint64_t connect_timeout;         /* ms, each address */
	uint64_t rest;                    /* ms, how long a dead address is tried last */
};

struct threshold {
	double score;
	enum verdict then;
};

/* A clamd that is asked too. */
struct clamd_settings {
	size_t upstream;   /* index in settings.upstreams; SIZE_MAX = none */
	uint64_t timeout;  /* ms, for the whole of asking */
	uint64_t failures; /* in a row; then it is left alone for the upstream's rest */
};

struct policy_settings {
	const char *name;
	struct strings rules; /* rule files, resolved */
	struct mark rules_mark;
	struct threshold *thresholds; /* ascending by score */
	size_t threshold_count;
	const char *subject_prefix; /* or NULL */
	uint64_t max_message_size;  /* octets */
	enum failure_action on_failure;
	enum ambiguous_action ambiguous; /* what a message gets that has a defect that can hide something */
	struct clamd_settings clamd;
	enum spam_shown spam;       /* what a reader sees of a tagged message */
	enum layout layout;         /* by IMAP, of new messages */
	bool ambiguity_header;      /* a delivered message says what was found */
	bool notice_names;          /* a notice tells the removed part's name (default true) */
};

/* What one user has of his own. The lists hold patterns (base/pattern.h): of
 * addresses, and of the names of rules. */
struct user_settings {
	size_t policy;   /* index in settings.policies, SIZE_MAX = the listener's */
	size_t upstream; /* index in settings.upstreams, SIZE_MAX = the listener's */
	bool has_thresholds; /* in place of the policy's, */
	struct threshold *thresholds; /* ascending by score */
	size_t threshold_count;
	const char *subject_prefix; /* NULL = the policy's, "" = none */
	bool has_spam; /* in place of the policy's */
	enum spam_shown spam;
	struct strings allow, deny; /* authors of messages; deny has the last word */
	struct strings rules_off;   /* do not apply */
};

struct user_rule {
	const char *match; /* address, or a pattern */
	struct user_settings own;
};

enum {
	/* Of each list: an address book's worth. They are held against the authors
	 * of every message one by one. */
	USER_LIST_MAX = 1000,
	/* Octets of the three lists of a user together: what a scan is told of him
	 * stays a fraction of what a packet takes. */
	USER_OCTETS_MAX = 64 * 1024,
	/* An address has 254 octets (RFC 5321 4.5.3.1.3, less the brackets), and no
	 * name of a rule is as long. */
	USER_PATTERN_MAX = 254,
	/* A score has a few verdicts to reach. */
	USER_THRESHOLDS_MAX = 100,
	/* Octets of a user's file: the lists, with what YAML adds to them. */
	USER_FILE_MAX = 64 * 1024,
	/* The longest name of a user that has a file: with ".yaml" a name for any
	 * file system. */
	USER_NAME_MAX = 128,
};

struct limits {
	uint64_t connections, connections_per_client;
	uint64_t command_line;       /* octets with CRLF, RFC 5321 4.5.3.1.4 */
	uint64_t text_line;          /* octets of a line of a message, RFC 5321 4.5.3.1.6; 0 = no limit */
	uint64_t recipients;         /* a transaction */
	uint64_t commands;           /* a session */
	uint64_t errors;             /* 5xx and unknown commands a session, then 421 */
	uint64_t reply_line;         /* an upstream's reply line, octets */
	uint64_t reply_lines;        /* lines of one reply */
	uint64_t spool_memory;       /* octets of one message held in memory (memfd), a file above */
	uint64_t maildrop_messages;  /* POP3: in one maildrop that is filtered */
	uint64_t maildrop_spool;     /* POP3: octets of messages fetched ahead, on disk, a session */
	uint64_t message_parts, message_depth, message_headers; /* MIME */
	uint64_t archive_entries, archive_depth, archive_output, archive_ratio;
	uint64_t scan_memory;        /* address space a scanner may add for one message */
	uint64_t regex_matches, regex_depth; /* PCRE2 match and depth limits */
};

/* Milliseconds; RFC 5321 4.5.3.2 where it speaks of one. */
struct timeouts {
	uint64_t greeting, command, data_block, data_final, mail, rcpt, data_initiation;
	uint64_t client_command;  /* the client's next command */
	uint64_t client_data;     /* the next bytes of a message */
	uint64_t reader_command;  /* the next command of a POP3 client, RFC 1939 3 */
	uint64_t reader_idle;     /* of an IMAP client, RFC 9051 5.4 */
	uint64_t transaction;     /* MAIL to the final reply's beginning, whole */
	uint64_t tls_handshake;
	uint64_t scan;            /* one message in a scanner */
	uint64_t drain;           /* sessions after SIGTERM or reload */
};

/* Milliseconds. */
struct pop3_settings {
	uint64_t scan_budget; /* for fetching and scanning what is new, when a maildrop is opened */
	uint64_t patience;    /* of a client that waits for a message, before it is sent something */
	uint64_t keepalive;   /* NOOPs to the upstream while a client is slow to take a message */
};

/* Where metrics and health are told by HTTP; no address = nowhere. */
struct metrics_settings {
	struct address *addresses;
	size_t address_count;
};

struct settings {
	const char *file;
	struct listener *listeners;
	size_t listener_count;
	struct upstream *upstreams;
	size_t upstream_count;
	struct policy_settings *policies;
	size_t policy_count;
	struct user_rule *users;
	size_t user_count;
	const char *user_directory;  /* a folder of users' files, resolved; NULL = none */
	struct limits limits;
	struct timeouts timeouts;
	struct pop3_settings pop3;
	const char *hostname;        /* in our own replies; default gethostname() */
	const char *quarantine_path; /* a folder; resolved against the configuration's folder */
	uint64_t quarantine_keep_for;  /* ms; 0 = for ever */
	uint64_t quarantine_keep_size; /* octets of all messages; 0 = no limit */
	size_t quarantine_upstream;  /* index in upstreams, for messages that were bound for none; SIZE_MAX = none */
	const char *spool_path;      /* a folder for large messages; default /var/tmp */
	struct metrics_settings metrics;
	const char *control_path;    /* the UNIX socket of gatepost ctl */
	/* What proxies, scanners and keeper run as, when started by root: default
	 * "gatepost", or "nobody" where there is no such account; group NULL = the
	 * account's own. */
	const char *user, *group;
	size_t proxies, scanners;    /* 0 = one per core */
	enum log_target log_target;
	enum log_format log_format;
	enum log_level log_level;
};

/* Reads FILE. Every error is added to the report; the result is NULL when
 * there was any. Relative paths are resolved against FILE's folder. Rule
 * files are not opened here: rule/ruleset.h does that. */
const struct settings *settings_read(struct arena *a, const char *file, struct report *report);
/* Where the control socket is, by a FILE that may be wrong in all else; where not even
 * YAML, the preset. The errors are in the report. */
const char *settings_control_path(struct arena *a, const char *file, struct report *report);
/* The same as settings_read() from memory; `file` names it in errors. */
const struct settings *settings_read_text(struct arena *a, const char *file, struct span text, struct report *report);

/* The first entry of `users` that matches an authenticated user or a
 * recipient, or NULL. Case is ignored, also left of the "@", for no store that
 * we know heeds it and else a sender could choose the entry by writing SALES@. */
const struct user_settings *settings_user(const struct settings *s, struct span user);
/* True when some entry names an upstream. */
bool settings_routes_users(const struct settings *s);
/* True when nothing there changes what is scanned or how it is marked. */
bool user_settings_plain(const struct user_settings *u);

/* The user's file in `user_directory`, which directory_fd is: NAME.yaml, the
 * name in lower case. What it sets stands in place of what `users` gives him;
 * a list replaces a list. False and *out untouched when there is none: also
 * with directory_fd -1 and for a name that is no name of a file here, of 1 to
 * USER_NAME_MAX octets of [A-Za-z0-9._@+=-] with no "." first. True with errors
 * in the report when it cannot be read, is wrong, or is no regular file (no
 * symbolic link is followed): then *out is what `users` gives. Everything
 * lives in the arena. */
bool settings_user_file(struct arena *a, const struct settings *s, int directory_fd, struct span user,
    struct user_settings *out, struct report *report);

#endif
