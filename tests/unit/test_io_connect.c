/* Reaching upstreams: order, rest, names, timeouts, UNIX sockets. No name
 * server is asked. */
#include "config.h"

#include "io_pair.h"

#include "io/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ADDRESSES = 4 };

struct world {
	struct pair p; /* only its loop and watchdog */
	struct arena *arena;
	struct settings settings;
	struct upstream upstream;
	struct address addresses[ADDRESSES];
	struct upstreams *all;
	struct connecting *connecting;
	unsigned calls;
	int fd;
	const struct address *answered;
	char why[300];
};

static void
on_connected(void *context, int fd, const struct address *address, const char *why)
{
	struct world *w = context;

	w->calls++;
	w->connecting = NULL;
	w->fd = fd;
	w->answered = address;
	snprintf(w->why, sizeof(w->why), "%s", why);
	loop_stop(w->p.loop);
}

static void
world_begin(struct world *w)
{
	*w = (struct world){ .fd = -1, .arena = arena_new(0) };
	pair_loop(&w->p);
	w->upstream = (struct upstream){ .name = "test", .addresses = w->addresses, .connect_timeout = 30000, .rest = 60000 };
	w->settings = (struct settings){ .upstreams = &w->upstream, .upstream_count = 1 };
}

/* A port of 127.0.0.1: one that listens, or one that refuses. */
static uint16_t
port_of(int fd)
{
	struct sockaddr_in at = { 0 };
	socklen_t len = sizeof(at);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	return ntohs(at.sin_port);
}

static int
bound_socket(bool listening, int backlog)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	if (listening)
		assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static void
add_address(struct world *w, const char *host, uint16_t port)
{
	w->addresses[w->upstream.address_count++] = (struct address){
		.text = arena_printf(w->arena, "%s:%u", host, port), .host = host, .port = port,
	};
}

static void
reach(struct world *w)
{
	unsigned calls = w->calls;

	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	if (w->all == NULL)
		w->all = upstreams_new(w->p.loop, &w->settings);
	assert_non_null(w->all);
	w->connecting = upstream_connect(w->all, 0, NULL, on_connected, w);
	assert_non_null(w->connecting);
	assert_int_equal(w->calls, calls); /* never from inside */
	run_until(&w->p, w->calls > calls);
	assert_int_equal(w->calls, calls + 1);
}

static void
world_end(struct world *w)
{
	if (w->fd >= 0)
		close(w->fd);
	upstreams_free(&w->all);
	pair_free(&w->p);
	arena_free(&w->arena);
}

static void
test_order_and_rest(void **state)
{
	struct world w;
	int dead = bound_socket(false, 0), first = bound_socket(true, 16), second = bound_socket(true, 16);

	(void)state;
	world_begin(&w);
	add_address(&w, "127.0.0.1", port_of(dead));
	add_address(&w, "127.0.0.1", port_of(first));
	add_address(&w, "127.0.0.1", port_of(second));
	reach(&w);
	assert_true(w.fd >= 0);
	assert_ptr_equal(w.answered, &w.addresses[1]);
	/* One that turned out bad is rested too. */
	upstream_failed(w.all, 0, &w.addresses[1]);
	reach(&w);
	assert_ptr_equal(w.answered, &w.addresses[2]);
	/* All rest: all are tried, in order; the dead one answers again. */
	upstream_failed(w.all, 0, &w.addresses[2]);
	assert_int_equal(listen(dead, 16), 0);
	reach(&w);
	assert_ptr_equal(w.answered, &w.addresses[0]);
	/* And rests no longer, while the others do. */
	reach(&w);
	assert_ptr_equal(w.answered, &w.addresses[0]);
	upstream_failed(w.all, 0, &w.addresses[0]);
	reach(&w);
	assert_ptr_equal(w.answered, &w.addresses[0]);
	close(dead);
	close(first);
	close(second);
	world_end(&w);
}

/* R09: want of descriptors of our own says nothing of the server. */
static void
test_no_descriptors(void **state)
{
	struct world w;
	int first = bound_socket(true, 16), second = bound_socket(true, 16);
	struct rlimit before, none;

	(void)state;
	world_begin(&w);
	add_address(&w, "127.0.0.1", port_of(first));
	add_address(&w, "127.0.0.1", port_of(second));
	reach(&w);
	assert_ptr_equal(w.answered, &w.addresses[0]);
	close(w.fd);
	w.fd = -1;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ 0, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	reach(&w);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(w.fd, -1);
	assert_non_null(strstr(w.why, strerror(EMFILE)));
	reach(&w);
	assert_ptr_equal(w.answered, &w.addresses[0]);
	close(first);
	close(second);
	world_end(&w);
}

static void
test_socket_is_ready_to_use(void **state)
{
	struct world w;
	int listener = bound_socket(true, 16), client;
	char text[8];

	(void)state;
	world_begin(&w);
	add_address(&w, "127.0.0.1", port_of(listener));
	reach(&w);
	assert_string_equal(w.why, "");
	client = accept(listener, NULL, NULL);
	assert_true(client >= 0);
	assert_int_equal(read(w.fd, text, sizeof(text)), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(write(w.fd, "EHLO", 4), 4);
	assert_int_equal(read(client, text, sizeof(text)), 4);
	close(client);
	close(listener);
	world_end(&w);
}

static void
test_none_answers(void **state)
{
	struct world w;
	int dead = bound_socket(false, 0);
	char expected[100];

	(void)state;
	world_begin(&w);
	add_address(&w, "127.0.0.1", port_of(dead));
	add_address(&w, "localhost", port_of(dead));
	reach(&w);
	assert_int_equal(w.fd, -1);
	assert_null(w.answered);
	snprintf(expected, sizeof(expected), "localhost:%u [127.0.0.1]: Connection refused", port_of(dead));
	assert_string_equal(w.why, expected);
	close(dead);
	world_end(&w);
}

static void
test_no_address(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	reach(&w);
	assert_int_equal(w.fd, -1);
	world_end(&w);
}

/* Also where no address of IPv6 but this one is of use. */
static void
test_ipv6_number(void **state)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t len = sizeof(at);
	struct world w;
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);

	(void)state;
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 16) != 0)
		skip();
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	world_begin(&w);
	add_address(&w, "::1", ntohs(at.sin6_port));
	reach(&w);
	assert_string_equal(w.why, "");
	assert_true(w.fd >= 0);
	close(fd);
	world_end(&w);
}

static void
test_name_of_hosts_file(void **state)
{
	struct world w;
	int listener = bound_socket(true, 16);

	(void)state;
	world_begin(&w);
	add_address(&w, "localhost", port_of(listener));
	reach(&w);
	assert_true(w.fd >= 0);
	assert_ptr_equal(w.answered, &w.addresses[0]);
	close(listener);
	world_end(&w);
}

/* A listener whose queue is full drops what asks for more: time passes. */
static void
test_timeout(void **state)
{
	struct world w;
	int full = bound_socket(true, 0), listener = bound_socket(true, 16), fillers[4];
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	(void)state;
	at.sin_port = htons(port_of(full));
	for (int i = 0; i < 4; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fillers[i], (struct sockaddr *)&at, sizeof(at));
	}
	world_begin(&w);
	w.upstream.connect_timeout = 50;
	add_address(&w, "127.0.0.1", port_of(full));
	reach(&w);
	assert_int_equal(w.fd, -1);
	assert_non_null(strstr(w.why, "Connection timed out"));
	upstreams_free(&w.all);
	add_address(&w, "127.0.0.1", port_of(listener));
	reach(&w);
	assert_ptr_equal(w.answered, &w.addresses[1]);
	for (int i = 0; i < 4; i++)
		close(fillers[i]);
	close(full);
	close(listener);
	world_end(&w);
}

static void
test_cancel(void **state)
{
	struct world w;
	int full = bound_socket(true, 0), listener = bound_socket(true, 16);

	(void)state;
	world_begin(&w);
	add_address(&w, "127.0.0.1", port_of(full));
	w.all = upstreams_new(w.p.loop, &w.settings);
	w.connecting = upstream_connect(w.all, 0, NULL, on_connected, &w);
	connecting_cancel(&w.connecting);
	assert_null(w.connecting);
	connecting_cancel(&w.connecting);
	upstreams_free(&w.all);
	w.upstream.address_count = 0;
	add_address(&w, "127.0.0.1", port_of(listener));
	reach(&w);
	assert_int_equal(w.calls, 1);
	close(full);
	close(listener);
	world_end(&w);
}

/* A name server that never answers: one on the loopback that nobody reads. */
static void
test_silent_name_server(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	w.upstream.connect_timeout = 50;
	add_address(&w, "mail.gatepost.invalid", 25);
	reach(&w);
	assert_int_equal(w.fd, -1);
	assert_true(span_starts(span_str(w.why), "mail.gatepost.invalid:25: "));
	/* And cancelled while it is asked. */
	w.connecting = upstream_connect(w.all, 0, NULL, on_connected, &w);
	timer_at(w.p.watchdog, loop_now(w.p.loop) + 60000);
	connecting_cancel(&w.connecting);
	assert_int_equal(w.calls, 1);
	world_end(&w);
}

static void
test_unix(void **state)
{
	struct arena *a = arena_new(0);
	struct world w;
	char folder[] = "/tmp/gatepost-connect-XXXXXX", path[64];
	const char *error = "";
	int listener;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/mta.sock", folder);
	world_begin(&w);
	w.addresses[0] = (struct address){ .text = "unix:missing", .path = "/nonexistent/mta.sock" };
	w.addresses[1] = (struct address){ .text = "unix:mta", .path = path };
	w.upstream.address_count = 2;
	listener = listen_open(a, &w.addresses[1], INTERCEPT_NONE, &error);
	assert_true(listener >= 0);
	reach(&w);
	assert_ptr_equal(w.answered, &w.addresses[1]);
	close(listener);
	unlink(path);
	reach(&w);
	assert_int_equal(w.fd, -1);
	/* The rested one is tried last, so it has the last word. */
	assert_string_equal(w.why, "unix:missing [unix]: No such file or directory");
	rmdir(folder);
	world_end(&w);
	arena_free(&a);
}

static struct peer
peer_of(const char *host, uint16_t port)
{
	struct peer p = { .len = sizeof(struct sockaddr_in) };
	struct sockaddr_in *in = (struct sockaddr_in *)(void *)&p.address;

	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	assert_int_equal(inet_pton(AF_INET, host, &in->sin_addr), 1);
	return p;
}

/* To where an intercepted client wanted to go, and from where it came. */
static void
test_fixed_destination(void **state)
{
	struct world w;
	int listener = bound_socket(true, 16), client;
	struct peer to = peer_of("127.0.0.1", port_of(listener)), source = peer_of("127.0.0.9", 4321);
	struct peer seen = { .len = sizeof(seen.address) }, six = { .len = sizeof(struct sockaddr_in6) };
	char text[PEER_TEXT_SIZE];

	(void)state;
	six.address.ss_family = AF_INET6;
	world_begin(&w);
	w.all = upstreams_new(w.p.loop, &w.settings);
	w.connecting = upstream_connect_to(w.all, &to, &source, 30000, on_connected, &w);
	run_until(&w.p, w.calls == 1);
	assert_true(w.fd >= 0);
	assert_null(w.answered);
	client = accept(listener, (struct sockaddr *)&seen.address, &seen.len);
	assert_true(client >= 0);
	peer_text(&seen, text);
	assert_string_equal(text, "127.0.0.9");
	close(client);
	close(w.fd);
	w.fd = -1;
	w.connecting = upstream_connect_to(w.all, &to, &six, 30000, on_connected, &w);
	run_until(&w.p, w.calls == 2);
	assert_int_equal(w.fd, -1);
	assert_non_null(strstr(w.why, "the client's address is of another family"));
	close(listener);
	w.connecting = upstream_connect_to(w.all, &to, NULL, 30000, on_connected, &w);
	run_until(&w.p, w.calls == 3);
	assert_non_null(strstr(w.why, "Connection refused"));
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_rest),
		cmocka_unit_test(test_no_descriptors),
		cmocka_unit_test(test_socket_is_ready_to_use),
		cmocka_unit_test(test_none_answers),
		cmocka_unit_test(test_no_address),
		cmocka_unit_test(test_ipv6_number),
		cmocka_unit_test(test_name_of_hosts_file),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_silent_name_server),
		cmocka_unit_test(test_unix),
		cmocka_unit_test(test_fixed_destination),
	};

	return cmocka_run_group_tests_name("io/connect", tests, NULL, NULL);
}
