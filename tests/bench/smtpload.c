/* smtpload: sends messages over several connections at once and says how fast
 * they were taken.
 *
 * Each connection has a thread that takes the number of the next message until
 * all are gone. A message gets a field of its own with that number and the time
 * of the start, so no two are the same and no cache of verdicts can help. A
 * message counts when its final reply is positive; anything else is a failure
 * and ends its connection. The latency is that of a whole transaction, from
 * MAIL to the final reply. */
#include "config.h"

#include "base/clock.h"
#include "connection.h"
#include "corpus.h"
#include "workers.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char help[] =
    "Usage: smtpload -p PORT [OPTION…] FOLDER\n"
    "\n"
    "Sends the messages of FOLDER, again and again, to a server on 127.0.0.1.\n"
    "\n"
    "  -p PORT   where the server listens\n"
    "  -n COUNT  messages in all (default: each of FOLDER once)\n"
    "  -c COUNT  connections at once (default: 1)\n"
    "  -m COUNT  messages of one connection (default: 50)\n"
    "  -P        MAIL, RCPT and DATA are sent at once (PIPELINING)\n"
    "  -T        STARTTLS first; no certificate is verified\n";

struct options {
	const char *folder;
	uint16_t port;
	size_t count, connections, per_connection;
	bool pipelining, starttls, bad;
};

struct load {
	struct options options;
	struct corpus corpus;
	SSL_CTX *tls;
	uint64_t began; /* clock_micros() */
	uint64_t *latencies; /* of the messages that were taken, microseconds */
	atomic_size_t next, ok, failed;
	atomic_uint_fast64_t octets;
	atomic_flag told; /* the first failure was printed */
};

struct client {
	struct load *load;
	struct connection c;
	size_t sent; /* by this connection */
};

/* Prints why the first message failed, and no more. */
static bool
fail(struct client *client, const char *what, struct span reply)
{
	struct span subject = span_trim(span_str(what));

	if (!atomic_flag_test_and_set(&client->load->told))
		fprintf(stderr, "smtpload: %.*s: %.*s\n", SPAN_ARG(subject), SPAN_ARG(reply));
	return false;
}

/* The reply to `what`, whose code must begin with that digit. */
static bool
await_reply(struct client *client, const char *what, char wanted)
{
	struct span line;

	do
		if (!connection_line(&client->c, &line))
			return fail(client, what, SPAN_LITERAL("connection closed"));
	while (line.len > 3 && line.data[3] == '-');
	return (line.len >= 3 && line.data[0] == wanted) || fail(client, what, line);
}

static bool
command(struct client *client, const char *line, char wanted)
{
	if (!connection_send_text(&client->c, line))
		return fail(client, line, SPAN_LITERAL("connection closed"));
	return await_reply(client, line, wanted);
}

static bool
greet(struct client *client)
{
	return command(client, "EHLO client.example.com\r\n", '2');
}

static bool
start_tls(struct client *client)
{
	if (!command(client, "STARTTLS\r\n", '2'))
		return false;
	if (!connection_start_tls(&client->c, client->load->tls))
		return fail(client, "STARTTLS", SPAN_LITERAL("handshake failed"));
	return greet(client);
}

static bool
begin_session(struct client *client)
{
	const struct options *o = &client->load->options;

	client->sent = 0;
	if (!connection_open(&client->c, o->port))
		return fail(client, "connect", span_str(strerror(errno)));
	return await_reply(client, "greeting", '2') && greet(client) && (!o->starttls || start_tls(client));
}

static void
end_session(struct client *client)
{
	command(client, "QUIT\r\n", '2');
	connection_close(&client->c);
}

static bool
envelope(struct client *client)
{
	static const char mail[] = "MAIL FROM:<sender@example.com>\r\n";
	static const char rcpt[] = "RCPT TO:<recipient@example.org>\r\n";
	static const char data[] = "DATA\r\n";
	const struct span all[] = { span_str(mail), span_str(rcpt), span_str(data) };

	if (!client->load->options.pipelining)
		return command(client, mail, '2') && command(client, rcpt, '2') && command(client, data, '3');
	return connection_send(&client->c, all, 3) && await_reply(client, mail, '2') && await_reply(client, rcpt, '2') &&
	       await_reply(client, data, '3');
}

static bool
transaction(struct client *client, size_t number)
{
	struct load *load = client->load;
	const struct buf *message = &load->corpus.messages[number % load->corpus.count];
	uint64_t began = clock_micros();
	char field[80];
	struct span parts[2];

	snprintf(field, sizeof(field), "X-Load: %llu.%zu\r\n", (unsigned long long)load->began, number);
	parts[0] = span_str(field);
	parts[1] = buf_span(message);
	if (!envelope(client) || !connection_send(&client->c, parts, 2) || !await_reply(client, "message", '2'))
		return false;
	load->latencies[atomic_fetch_add(&load->ok, 1)] = clock_micros() - began;
	atomic_fetch_add(&load->octets, parts[0].len + parts[1].len);
	return true;
}

static void *
run_client(void *argument)
{
	struct load *load = argument;
	struct client client = { .load = load, .c.fd = -1 };
	size_t number;

	while ((number = atomic_fetch_add(&load->next, 1)) < load->options.count) {
		if ((client.c.fd < 0 && !begin_session(&client)) || !transaction(&client, number)) {
			atomic_fetch_add(&load->failed, 1);
			connection_close(&client.c);
		} else if (++client.sent == load->options.per_connection) {
			end_session(&client);
		}
	}
	if (client.c.fd >= 0)
		end_session(&client);
	return NULL;
}

static bool
run_all(struct load *load)
{
	load->began = clock_micros();
	return run_workers("smtpload", load->options.connections, run_client, load);
}

static int
compare_times(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The time that `percent` of the messages did not exceed. */
static double
percentile_ms(const struct load *load, size_t percent)
{
	size_t at = (load->ok * percent + 99) / 100;

	return load->ok > 0 ? (double)load->latencies[at > 0 ? at - 1 : 0] / 1e3 : 0;
}

static void
print_results(struct load *load)
{
	double seconds = (double)(clock_micros() - load->began) / 1e6;

	qsort(load->latencies, load->ok, sizeof(*load->latencies), compare_times);
	printf("ok=%zu failed=%zu seconds=%.6f messages_per_second=%.2f megabytes_per_second=%.2f "
	       "p50_ms=%.3f p99_ms=%.3f max_ms=%.3f\n",
	    (size_t)load->ok, (size_t)load->failed, seconds, (double)load->ok / seconds,
	    (double)load->octets / seconds / 1e6, percentile_ms(load, 50), percentile_ms(load, 99),
	    percentile_ms(load, 100));
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
	struct options o = { .connections = 1, .per_connection = 50 };
	int c;

	while ((c = getopt(argc, argv, "p:n:c:m:PT")) != -1) {
		switch (c) {
		case 'p': o.port = (uint16_t)number_of(&o, optarg); break;
		case 'n': o.count = number_of(&o, optarg); break;
		case 'c': o.connections = number_of(&o, optarg); break;
		case 'm': o.per_connection = number_of(&o, optarg); break;
		case 'P': o.pipelining = true; break;
		case 'T': o.starttls = true; break;
		default: o.bad = true;
		}
	}
	o.folder = argv[optind];
	o.bad = o.bad || argc - optind != 1 || o.port == 0;
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
	if (!corpus_load(&load.corpus, load.options.folder))
		return 1;
	if (load.options.count == 0)
		load.options.count = load.corpus.count;
	load.latencies = calloc(load.options.count, sizeof(*load.latencies));
	load.tls = SSL_CTX_new(TLS_client_method());
	ok = load.latencies != NULL && load.tls != NULL && run_all(&load);
	if (ok)
		print_results(&load);
	SSL_CTX_free(load.tls);
	free(load.latencies);
	corpus_free(&load.corpus);
	return ok && load.failed == 0 ? 0 : 1;
}
