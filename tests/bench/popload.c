/* popload: POP3 sessions over several connections at once, and how fast they
 * were held.
 *
 * Each connection has a thread that begins a session as long as the number of
 * sessions is not reached. What was not answered as it should be ends the
 * session, which has failed then. In the mode "idle" the threads open all
 * sessions, which are held until the standard input ends. */
#include "config.h"

#include "base/clock.h"
#include "connection.h"
#include "workers.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char help[] =
    "Usage: popload -p PORT [OPTION…] retr|login|idle\n"
    "  retr      log in, STAT, LIST, UIDL, RETR of every message, QUIT\n"
    "  login     log in, STAT, QUIT\n"
    "  idle      log in and wait: \"ready=N failed=N\" is printed when all are, and\n"
    "            the end of the standard input ends them\n"
    "\n"
    "  -p PORT   where the server listens\n"
    "  -n COUNT  sessions in all (default: 1)\n"
    "  -c COUNT  connections at once (default: 1)\n"
    "  -u NAME   users are NAME-0, NAME-1 and so on, one a connection (default: user)\n"
    "  -T        STLS first; no certificate is verified\n"
    "  -S        TLS from the first octet\n";

struct options {
	const char *mode, *user;
	uint16_t port;
	size_t count, connections;
	bool starttls, implicit, bad;
};

struct client;

struct load {
	struct options options;
	SSL_CTX *tls;
	bool retrieve; /* the mode is retr */
	struct client *idle; /* the mode is idle: one for each session */
	uint64_t began; /* clock_micros() */
	atomic_size_t next, ok, failed, messages, users;
	atomic_uint_fast64_t octets;
	atomic_flag told; /* the first failure was printed */
};

struct client {
	struct load *load;
	struct connection c;
	size_t user;
};

/* Prints why the first session failed, and no more. */
static bool
fail(struct client *client, const char *what, struct span reply)
{
	struct span subject = span_trim(span_str(what));

	if (!atomic_flag_test_and_set(&client->load->told))
		fprintf(stderr, "popload: %.*s: %.*s\n", SPAN_ARG(subject), SPAN_ARG(reply));
	return false;
}

/* The first line of the answer to `what`; *reply may be NULL. */
static bool
await_ok(struct client *client, const char *what, struct span *reply)
{
	struct span line;

	if (!connection_line(&client->c, &line))
		return fail(client, what, SPAN_LITERAL("connection closed"));
	if (!span_starts(line, "+OK"))
		return fail(client, what, line);
	if (reply != NULL)
		*reply = line;
	return true;
}

static bool
command(struct client *client, const char *line, struct span *reply)
{
	if (!connection_send_text(&client->c, line))
		return fail(client, line, SPAN_LITERAL("connection closed"));
	return await_ok(client, line, reply);
}

/* The rest of a multi-line reply, whose octets are counted, terminator included. */
static bool
skip_lines(struct client *client, const char *what, uint64_t *octets)
{
	const struct span final = SPAN_LITERAL("\r\n.\r\n"), only = SPAN_LITERAL(".\r\n");
	struct buf *in = &client->c.in;
	bool first = true;

	for (;;) {
		struct span got = buf_span(in);
		size_t end = first && got.len >= only.len && span_starts(got, only.data) ? 0 : span_find(got, final);
		size_t used = end == 0 && first ? only.len : end + final.len;

		if (end == SIZE_MAX)
			used = got.len > final.len ? got.len - (final.len - 1) : 0; /* the terminator may have begun */
		first = first && used == 0;
		*octets += used;
		buf_consume(in, used);
		if (end != SIZE_MAX)
			return true;
		if (!connection_fill(&client->c))
			return fail(client, what, SPAN_LITERAL("connection closed"));
	}
}

static bool
listing(struct client *client, const char *line)
{
	uint64_t octets = 0;

	return command(client, line, NULL) && skip_lines(client, line, &octets);
}

static bool
start_tls(struct client *client)
{
	return connection_start_tls(&client->c, client->load->tls) ||
	       fail(client, "TLS", SPAN_LITERAL("handshake failed"));
}

static bool
log_in(struct client *client)
{
	const struct options *o = &client->load->options;
	char user[128];

	if (!connection_open(&client->c, o->port))
		return fail(client, "connect", span_str(strerror(errno)));
	if (o->implicit && !start_tls(client))
		return false;
	if (!await_ok(client, "greeting", NULL))
		return false;
	if (o->starttls && (!command(client, "STLS\r\n", NULL) || !start_tls(client)))
		return false;
	snprintf(user, sizeof(user), "USER %s-%zu\r\n", o->user, client->user);
	return command(client, user, NULL) && command(client, "PASS secret\r\n", NULL);
}

/* The number of messages. */
static bool
status(struct client *client, uint64_t *count)
{
	struct span reply, word;

	if (!command(client, "STAT\r\n", &reply))
		return false;
	span_split(&reply, ' ', &word);
	return span_split(&reply, ' ', &word) && span_to_u64(word, count);
}

static bool
retrieve_all(struct client *client, uint64_t count)
{
	uint64_t octets = 0;
	char line[32];

	if (!listing(client, "LIST\r\n") || !listing(client, "UIDL\r\n"))
		return false;
	for (uint64_t i = 1; i <= count; i++) {
		snprintf(line, sizeof(line), "RETR %llu\r\n", (unsigned long long)i);
		if (!command(client, line, NULL) || !skip_lines(client, line, &octets))
			return false;
	}
	atomic_fetch_add(&client->load->octets, octets);
	atomic_fetch_add(&client->load->messages, count);
	return true;
}

static bool
hold_session(struct client *client)
{
	uint64_t count;

	return log_in(client) && status(client, &count) &&
	       (!client->load->retrieve || retrieve_all(client, count)) && command(client, "QUIT\r\n", NULL);
}

static void *
run_client(void *argument)
{
	struct load *load = argument;
	struct client client = { .load = load, .c.fd = -1, .user = atomic_fetch_add(&load->users, 1) };

	while (atomic_fetch_add(&load->next, 1) < load->options.count) {
		atomic_fetch_add(hold_session(&client) ? &load->ok : &load->failed, 1);
		connection_close(&client.c);
	}
	return NULL;
}

static void
print_results(struct load *load)
{
	double seconds = (double)(clock_micros() - load->began) / 1e6, megabytes = (double)load->octets / 1e6;

	printf("ok=%zu failed=%zu seconds=%.6f sessions_per_second=%.2f messages=%zu messages_per_second=%.2f "
	       "megabytes=%.6f megabytes_per_second=%.2f\n",
	    (size_t)load->ok, (size_t)load->failed, seconds, (double)load->ok / seconds, (size_t)load->messages,
	    (double)load->messages / seconds, megabytes, megabytes / seconds);
}

static bool
run_all(struct load *load)
{
	load->began = clock_micros();
	if (!run_workers("popload", load->options.connections, run_client, load))
		return false;
	print_results(load);
	return load->failed == 0;
}

/* Opens sessions until all are open. */
static void *
open_idle(void *argument)
{
	struct load *load = argument;
	size_t i;

	while ((i = atomic_fetch_add(&load->next, 1)) < load->options.count) {
		struct client *client = &load->idle[i];

		*client = (struct client){ .load = load, .c.fd = -1, .user = i };
		atomic_fetch_add(log_in(client) ? &load->ok : &load->failed, 1);
		buf_free(&client->c.in);
	}
	return NULL;
}

/* Opens all sessions, tells so, and holds them until the input ends. */
static bool
idle(struct load *load)
{
	bool ok;
	char octet;

	load->idle = calloc(load->options.count, sizeof(*load->idle));
	ok = load->idle != NULL && run_workers("popload", load->options.connections, open_idle, load);
	if (ok) {
		printf("ready=%zu failed=%zu\n", (size_t)load->ok, (size_t)load->failed);
		fflush(stdout);
		while (read(STDIN_FILENO, &octet, 1) > 0)
			continue;
		for (size_t i = 0; i < load->options.count; i++)
			connection_close(&load->idle[i].c);
	}
	free(load->idle);
	return ok && load->failed == 0;
}

static size_t
number_of(struct options *o, const char *text)
{
	uint64_t n = 0;

	if (!span_to_u64(span_str(text), &n) || n == 0)
		o->bad = true;
	return (size_t)n;
}

static struct options
read_options(int argc, char **argv)
{
	struct options o = { .connections = 1, .count = 1, .user = "user", .mode = "" };
	int c;

	while ((c = getopt(argc, argv, "p:n:c:u:TS")) != -1) {
		switch (c) {
		case 'p': o.port = (uint16_t)number_of(&o, optarg); break;
		case 'n': o.count = number_of(&o, optarg); break;
		case 'c': o.connections = number_of(&o, optarg); break;
		case 'u': o.user = optarg; break;
		case 'T': o.starttls = true; break;
		case 'S': o.implicit = true; break;
		default: o.bad = true;
		}
	}
	if (argc - optind == 1)
		o.mode = argv[optind];
	o.bad = o.bad || o.port == 0 ||
	    (strcmp(o.mode, "retr") != 0 && strcmp(o.mode, "login") != 0 && strcmp(o.mode, "idle") != 0);
	return o;
}

int
main(int argc, char **argv)
{
	struct load load = { .options = read_options(argc, argv), .told = ATOMIC_FLAG_INIT };
	bool ok;

	if (load.options.bad) {
		fputs(help, stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
	connections_allow_many();
	load.retrieve = strcmp(load.options.mode, "retr") == 0;
	load.tls = SSL_CTX_new(TLS_client_method());
	if (load.tls == NULL)
		return 1;
	ok = strcmp(load.options.mode, "idle") == 0 ? idle(&load) : run_all(&load);
	SSL_CTX_free(load.tls);
	return ok ? 0 : 1;
}
