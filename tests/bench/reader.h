/* What the load tools that read mail have in common: sessions over several
 * connections at once, and how fast they were held.
 *
 * Each connection has a thread that begins a session as long as the number of
 * sessions is not reached. What was not answered as it should be ends the
 * session, which has failed then. In the mode "idle" the threads open all
 * sessions, which are held until the standard input ends. */
#ifndef BENCH_READER_H
#define BENCH_READER_H

#include "connection.h"

struct reader;

/* A protocol. */
struct reader_kind {
	const char *name;     /* of the program */
	const char *retrieve; /* the mode in which all messages are retrieved */
	const char *help;
	/* Connects and logs in. */
	bool (*log_in)(struct reader *r);
	/* From behind the login to its end; all: every message is retrieved. */
	bool (*read_mail)(struct reader *r, bool all);
	/* Behind the login, until nothing is to be said; NULL: it is so at once. */
	bool (*rest)(struct reader *r);
};

struct reader_options {
	const char *mode, *user;
	uint16_t port;
	size_t count, connections;
	bool starttls, implicit, bad;
};

struct reader_load;

struct reader {
	struct reader_load *load;
	const struct reader_options *options;
	struct connection c;
	size_t user; /* the user's number */
};

/* Connects, by TLS from the first octet where the options say so. */
bool reader_open(struct reader *r);
bool reader_start_tls(struct reader *r);
/* Prints why the first session failed, and no more. Returns false. */
bool reader_fail(struct reader *r, const char *what, struct span answer);
/* That much was retrieved. */
void reader_count(struct reader *r, uint64_t messages, uint64_t octets);

/* A whole main(). */
int reader_main(const struct reader_kind *kind, int argc, char **argv);

#endif
