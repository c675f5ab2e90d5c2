#include "config.h"

#include "reader.h"

#include "base/clock.h"
#include "workers.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char common_help[] =
    "  login     the same without any message\n"
    "  idle      log in and wait: \"ready=N failed=N\" is printed when all do, and\n"
    "            the end of the standard input ends them\n"
    "\n"
    "  -p PORT   where the server listens\n"
    "  -n COUNT  sessions in all (default: 1)\n"
    "  -c COUNT  connections at once (default: 1)\n"
    "  -u NAME   users are NAME-0, NAME-1 and so on, one a connection (default: user)\n"
    "  -T        STARTTLS first; no certificate is verified\n"
    "  -S        TLS from the first octet\n";

struct reader_load {
	const struct reader_kind *kind;
	struct reader_options options;
	SSL_CTX *tls;
	bool all;            /* messages are retrieved */
	struct reader *idle; /* the mode is idle: one for each session */
	uint64_t began;      /* clock_micros() */
	atomic_size_t next, ok, failed, messages, users;
	atomic_uint_fast64_t octets;
	atomic_flag told;    /* the first failure was printed */
};

bool
reader_fail(struct reader *r, const char *what, struct span answer)
{
	struct span subject = span_trim(span_str(what));

	if (!atomic_flag_test_and_set(&r->load->told))
		fprintf(stderr, "%s: %.*s: %.*s\n", r->load->kind->name, SPAN_ARG(subject), SPAN_ARG(answer));
	return false;
}

bool
reader_start_tls(struct reader *r)
{
	return connection_start_tls(&r->c, r->load->tls) || reader_fail(r, "TLS", SPAN_LITERAL("handshake failed"));
}

bool
reader_open(struct reader *r)
{
	if (!connection_open(&r->c, r->options->port))
		return reader_fail(r, "connect", span_str(strerror(errno)));
	return !r->options->implicit || reader_start_tls(r);
}

void
reader_count(struct reader *r, uint64_t messages, uint64_t octets)
{
	atomic_fetch_add(&r->load->messages, messages);
	atomic_fetch_add(&r->load->octets, octets);
}

static struct reader
new_reader(struct reader_load *load, size_t user)
{
	return (struct reader){ .load = load, .options = &load->options, .c.fd = -1, .user = user };
}

static void *
run_reader(void *argument)
{
	struct reader_load *load = argument;
	struct reader r = new_reader(load, atomic_fetch_add(&load->users, 1));

	while (atomic_fetch_add(&load->next, 1) < load->options.count) {
		bool ok = load->kind->log_in(&r) && load->kind->read_mail(&r, load->all);

		atomic_fetch_add(ok ? &load->ok : &load->failed, 1);
		connection_close(&r.c);
	}
	return NULL;
}

static void
print_results(struct reader_load *load)
{
	double seconds = (double)(clock_micros() - load->began) / 1e6, megabytes = (double)load->octets / 1e6;

	printf("ok=%zu failed=%zu seconds=%.6f sessions_per_second=%.2f messages=%zu messages_per_second=%.2f "
	       "megabytes=%.6f megabytes_per_second=%.2f\n",
	    (size_t)load->ok, (size_t)load->failed, seconds, (double)load->ok / seconds, (size_t)load->messages,
	    (double)load->messages / seconds, megabytes, megabytes / seconds);
}

static bool
run_all(struct reader_load *load)
{
	load->began = clock_micros();
	if (!run_workers(load->kind->name, load->options.connections, run_reader, load))
		return false;
	print_results(load);
	return load->failed == 0;
}

/* Opens sessions until all are open. */
static void *
open_idle(void *argument)
{
	struct reader_load *load = argument;
	size_t i;

	while ((i = atomic_fetch_add(&load->next, 1)) < load->options.count) {
		struct reader *r = &load->idle[i];
		bool ok;

		*r = new_reader(load, i);
		ok = load->kind->log_in(r) && (load->kind->rest == NULL || load->kind->rest(r));
		atomic_fetch_add(ok ? &load->ok : &load->failed, 1);
		buf_free(&r->c.in);
	}
	return NULL;
}

/* Opens all sessions, tells so, and holds them until the input ends. */
static bool
idle(struct reader_load *load)
{
	bool ok;
	char octet;

	load->idle = calloc(load->options.count, sizeof(*load->idle));
	ok = load->idle != NULL && run_workers(load->kind->name, load->options.connections, open_idle, load);
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
number_of(struct reader_options *o, const char *text)
{
	uint64_t n = 0;

	if (!span_to_u64(span_str(text), &n) || n == 0)
		o->bad = true;
	return (size_t)n;
}

static struct reader_options
read_options(const struct reader_kind *kind, int argc, char **argv)
{
	struct reader_options o = { .connections = 1, .count = 1, .user = "user", .mode = "" };
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
	    (strcmp(o.mode, kind->retrieve) != 0 && strcmp(o.mode, "login") != 0 && strcmp(o.mode, "idle") != 0);
	return o;
}

int
reader_main(const struct reader_kind *kind, int argc, char **argv)
{
	struct reader_load load = { .kind = kind, .told = ATOMIC_FLAG_INIT };
	bool ok;

	load.options = read_options(kind, argc, argv);
	if (load.options.bad) {
		fprintf(stderr, "%s%s", kind->help, common_help);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
	connections_allow_many();
	load.all = strcmp(load.options.mode, kind->retrieve) == 0;
	load.tls = SSL_CTX_new(TLS_client_method());
	if (load.tls == NULL)
		return 1;
	ok = strcmp(load.options.mode, "idle") == 0 ? idle(&load) : run_all(&load);
	SSL_CTX_free(load.tls);
	return ok ? 0 : 1;
}
