/* Addresses, listening sockets, the PROXY protocol and the census. */
#include "config.h"

#include "io/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct peer
peer_of(int family, const char *host, uint16_t port)
{
	struct peer p = { 0 };
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)&p.address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)&p.address;

	p.address.ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		four->sin_port = htons(port);
		assert_int_equal(inet_pton(family, host, &four->sin_addr), 1);
		p.len = sizeof(*four);
	} else {
		six->sin6_port = htons(port);
		assert_int_equal(inet_pton(family, host, &six->sin6_addr), 1);
		p.len = sizeof(*six);
	}
	return p;
}

static void
check_peer(const struct peer *p, const char *text, uint16_t port, bool v4)
{
	char got[PEER_TEXT_SIZE];

	peer_text(p, got);
	assert_string_equal(got, text);
	assert_int_equal(peer_port(p), port);
	assert_int_equal(peer_is_v4(p), v4);
}

static void
test_addresses(void **state)
{
	static const unsigned char mapped[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7 };
	struct peer p = peer_of(AF_INET, "192.0.2.7", 25);
	struct peer local = { .address.ss_family = AF_UNIX, .len = sizeof(sa_family_t) };
	unsigned char bytes[16];

	(void)state;
	check_peer(&p, "192.0.2.7", 25, true);
	peer_bytes(&p, bytes);
	assert_memory_equal(bytes, mapped, 16);
	p = peer_of(AF_INET6, "::ffff:192.0.2.7", 587);
	check_peer(&p, "192.0.2.7", 587, true);
	peer_bytes(&p, bytes);
	assert_memory_equal(bytes, mapped, 16);
	p = peer_of(AF_INET6, "2001:db8::7", 993);
	check_peer(&p, "2001:db8::7", 993, false);
	check_peer(&local, "unix", 0, false);
	peer_bytes(&local, bytes);
	for (int i = 0; i < 16; i++)
		assert_int_equal(bytes[i], 0);
}

/* ---- listening ---- */

static uint16_t
bound_port(int fd)
{
	struct peer p = { .len = sizeof(p.address) };

	assert_int_equal(getsockname(fd, (struct sockaddr *)&p.address, &p.len), 0);
	return peer_port(&p);
}

static bool
can_connect(const struct peer *to)
{
	int fd = socket(to->address.ss_family, SOCK_STREAM, 0);
	bool connected = connect(fd, (const struct sockaddr *)&to->address, to->len) == 0;

	close(fd);
	return connected;
}

static void
test_listen(void **state)
{
	struct arena *a = arena_new(0);
	const char *error = NULL;
	struct address any = { .text = "*:0", .host = "*" }, one = { .text = "127.0.0.1:0", .host = "127.0.0.1" };
	struct address taken = { .text = "taken", .host = "127.0.0.1" };
	struct address foreign = { .text = "192.0.2.1:0", .host = "192.0.2.1" };
	struct address unknown = { .text = "no.such.host.invalid:25", .host = "256.256.256.256" };
	struct peer to;
	int fd;

	(void)state;
	fd = listen_open(a, &any, INTERCEPT_NONE, &error);
	assert_true(fd >= 0);
	to = peer_of(AF_INET, "127.0.0.1", bound_port(fd));
	assert_true(can_connect(&to));
	assert_int_equal(accept(fd, NULL, NULL) >= 0, 1);
	assert_int_equal(accept(fd, NULL, NULL), -1); /* non-blocking */
	assert_int_equal(errno, EAGAIN);
	close(fd);

	fd = listen_open(a, &one, INTERCEPT_NONE, &error);
	assert_true(fd >= 0);
	taken.port = bound_port(fd);
	assert_int_equal(listen_open(a, &taken, INTERCEPT_NONE, &error), -1);
	assert_string_equal(error, "taken: bind: Address already in use");
	close(fd);
	assert_int_equal(listen_open(a, &foreign, INTERCEPT_NONE, &error), -1);
	assert_string_equal(error, "192.0.2.1:0: bind: Cannot assign requested address");
	assert_int_equal(listen_open(a, &unknown, INTERCEPT_NONE, &error), -1);
	assert_true(span_starts(span_str(error), "no.such.host.invalid:25: "));
	arena_free(&a);
}

static void
test_listen_unix(void **state)
{
	struct arena *a = arena_new(0);
	char folder[] = "/tmp/gatepost-listen-XXXXXX", path[64], other[64];
	struct address at = { .text = "unix:x.sock", .path = path }, file = { .text = "unix:file", .path = other };
	const char *error = NULL;
	FILE *f;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/x.sock", folder);
	fd = listen_open(a, &at, INTERCEPT_NONE, &error);
	assert_true(fd >= 0);
	/* Somebody listens: it is not stale. */
	assert_int_equal(listen_open(a, &at, INTERCEPT_NONE, &error), -1);
	assert_string_equal(error, "unix:x.sock: bind: Address already in use");
	close(fd);
	fd = listen_open(a, &at, INTERCEPT_NONE, &error);
	assert_true(fd >= 0);
	close(fd);
	/* What is not a socket is never removed. */
	snprintf(other, sizeof(other), "%s/file", folder);
	f = fopen(other, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(listen_open(a, &file, INTERCEPT_NONE, &error), -1);
	assert_int_equal(access(other, F_OK), 0);
	at.path = "/tmp/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345";
	assert_int_equal(listen_open(a, &at, INTERCEPT_NONE, &error), -1);
	assert_string_equal(error, "unix:x.sock: path: File name too long");
	unlink(path);
	unlink(other);
	rmdir(folder);
	arena_free(&a);
}

static void
test_original_destination(void **state)
{
	struct arena *a = arena_new(0);
	struct address one = { .text = "127.0.0.1:0", .host = "127.0.0.1" };
	const char *error = NULL;
	struct peer to, found;
	int listener = listen_open(a, &one, INTERCEPT_NONE, &error), client, fd;

	(void)state;
	to = peer_of(AF_INET, "127.0.0.1", bound_port(listener));
	client = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&to.address, to.len), 0);
	fd = accept(listener, NULL, NULL);
	assert_true(fd >= 0);
	assert_false(peer_original_destination(fd, INTERCEPT_NONE, &found));
	assert_int_equal(found.len, 0);
	/* Not redirected: unknown to the kernel, or the listener itself. */
	assert_false(peer_original_destination(fd, INTERCEPT_REDIRECT, &found));
	assert_int_equal(found.len, 0);
	assert_true(peer_original_destination(fd, INTERCEPT_TPROXY, &found));
	check_peer(&found, "127.0.0.1", peer_port(&to), true);
	close(client);
	close(fd);
	close(listener);
	arena_free(&a);
}

/* ---- the PROXY protocol ---- */

struct parsed {
	int result;
	struct peer source, destination;
	size_t used;
};

static struct parsed
parse(struct span input)
{
	struct parsed p;
	/* Exactly as long as the input, so that AddressSanitizer sees a step too far. */
	char *copy = malloc(input.len > 0 ? input.len : 1);

	assert_non_null(copy);
	if (input.len > 0)
		memcpy(copy, input.data, input.len);
	p.result = proxy_header_parse(span_of(copy, input.len), &p.source, &p.destination, &p.used);
	free(copy);
	return p;
}

/* Every part of a header is incomplete; what follows it is not looked at. */
static void
check_header(struct span header, const char *source, uint16_t source_port, const char *destination,
    uint16_t destination_port)
{
	struct buf more = { 0 };
	struct parsed p;

	for (size_t len = 0; len < header.len; len++)
		assert_int_equal(parse(span_first(header, len)).result, 0);
	buf_add_span(&more, header);
	buf_add_str(&more, "EHLO client\r\n");
	p = parse(buf_span(&more));
	buf_free(&more);
	assert_int_equal(p.result, 1);
	assert_int_equal(p.used, header.len);
	if (source == NULL) {
		assert_int_equal(p.source.len, 0);
		assert_int_equal(p.destination.len, 0);
		return;
	}
	check_peer(&p.source, source, source_port, peer_is_v4(&p.source));
	check_peer(&p.destination, destination, destination_port, peer_is_v4(&p.destination));
}

static void
check_round_trip(const struct peer *source, const struct peer *destination, const char *v1)
{
	struct buf out = { 0 };
	char from[PEER_TEXT_SIZE], to[PEER_TEXT_SIZE];

	peer_text(source, from);
	peer_text(destination, to);
	for (int version = PROXY_HEADER_V1; version <= PROXY_HEADER_V2; version++) {
		buf_clear(&out);
		proxy_header_print(&out, (enum proxy_header)version, source, destination);
		if (version == PROXY_HEADER_V1)
			assert_true(span_is(buf_span(&out), v1));
		check_header(buf_span(&out), from, peer_port(source), to, peer_port(destination));
	}
	buf_free(&out);
}

static void
test_proxy_round_trip(void **state)
{
	struct peer four = peer_of(AF_INET, "192.0.2.1", 65535), to = peer_of(AF_INET, "198.51.100.2", 25);
	struct peer mapped = peer_of(AF_INET6, "::ffff:192.0.2.1", 1);
	struct peer six = peer_of(AF_INET6, "2001:db8::1", 40000), to_six = peer_of(AF_INET6, "2001:db8::25", 25);

	(void)state;
	check_round_trip(&four, &to, "PROXY TCP4 192.0.2.1 198.51.100.2 65535 25\r\n");
	check_round_trip(&mapped, &to, "PROXY TCP4 192.0.2.1 198.51.100.2 1 25\r\n");
	check_round_trip(&six, &to_six, "PROXY TCP6 2001:db8::1 2001:db8::25 40000 25\r\n");
	check_round_trip(&four, &to_six, "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::25 65535 25\r\n");
}

static void
test_proxy_unknown(void **state)
{
	struct peer local = { .address.ss_family = AF_UNIX, .len = sizeof(sa_family_t) };
	struct peer four = peer_of(AF_INET, "192.0.2.1", 1), none = { 0 };
	struct buf out = { 0 };

	(void)state;
	proxy_header_print(&out, PROXY_HEADER_NONE, &four, &four);
	assert_int_equal(out.len, 0);
	proxy_header_print(&out, PROXY_HEADER_V1, &local, &four);
	assert_true(span_is(buf_span(&out), "PROXY UNKNOWN\r\n"));
	check_header(buf_span(&out), NULL, 0, NULL, 0);
	buf_clear(&out);
	proxy_header_print(&out, PROXY_HEADER_V2, &four, &none);
	check_header(buf_span(&out), NULL, 0, NULL, 0);
	buf_free(&out);
	check_header(SPAN_LITERAL("PROXY UNKNOWN ffff::1 ffff::2 what ever\r\n"), NULL, 0, NULL, 0);
	check_header(SPAN_LITERAL("\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00"), NULL, 0, NULL, 0);
	/* LOCAL: whatever addresses say. */
	check_header(SPAN_LITERAL("\r\n\r\n\0\r\nQUIT\n\x20\x11\x00\x0c" "abcdefghijkl"), NULL, 0, NULL, 0);
}

static void
test_proxy_v2_extras(void **state)
{
	struct buf in = { 0 };
	char paths[216] = "/run/client.sock";

	(void)state;
	/* TLVs behind the addresses are skipped. */
	check_header(SPAN_LITERAL("\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x10"
	                          "\xc0\x00\x02\x01\xc6\x33\x64\x02\x00\x01\x00\x19\x04\x00\x01\x00"),
	    "192.0.2.1", 1, "198.51.100.2", 25);
	buf_add_span(&in, SPAN_LITERAL("\r\n\r\n\0\r\nQUIT\n\x21\x31\x00\xd8"));
	buf_add(&in, paths, sizeof(paths));
	check_header(buf_span(&in), "unix", 0, "unix", 0);
	buf_free(&in);
}

static void
test_proxy_malformed(void **state)
{
	static const char *const lines[] = {
		"EHLO x\r\n",
		"PROXY\r\n",
		"PROXX TCP4",
		"proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
		"PROXY \r\n",
		"PROXY TCP4\r\n",
		"PROXY UNKNOWNS\r\n",
		"PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n",
		"PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 2x\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.256 1 2\r\n",
		"PROXY TCP4 ::1 ::1 1 2\r\n",
		"PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n\r\n",
		"PROXY TCP6 2001:db8::1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17 ::1 1 2\r\n",
	};
	/* As long as a line may be, and no end of it. */
	static const char endless[] = "PROXY UNKNOWN 0123456789012345678901234567890123456789"
				      "01234567890123456789012345678901234567890123456789012";

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct parsed p = parse(span_str(lines[i]));

		if (p.result != -1)
			print_error("taken: %s\n", lines[i]);
		assert_int_equal(p.result, -1);
		assert_int_equal(p.source.len, 0);
	}
	assert_int_equal(sizeof(endless) - 1, 107);
	assert_int_equal(parse(span_str(endless)).result, -1);
	assert_int_equal(parse(span_first(span_str(endless), 106)).result, 0);
	assert_int_equal(parse(SPAN_LITERAL("PROXY TCP4 1.2.3.4\0 1.2.3.4 1 2\r\n")).result, -1);
	/* Version 2: its version, its command, its family, and lengths. */
	assert_int_equal(parse(SPAN_LITERAL("\r\n\r\n\0\r\nQUIT\r\x21\x00\x00\x00")).result, -1);
	assert_int_equal(parse(SPAN_LITERAL("\r\n\r\n\0\r\nQUIT\n\x11\x00\x00\x00")).result, -1);
	assert_int_equal(parse(SPAN_LITERAL("\r\n\r\n\0\r\nQUIT\n\x22\x00\x00\x00")).result, -1);
	assert_int_equal(parse(SPAN_LITERAL("\r\n\r\n\0\r\nQUIT\n\x21\x12\x00\x0c" "abcdefghijkl")).result, -1);
	assert_int_equal(parse(SPAN_LITERAL("\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0b" "abcdefghijk")).result, -1);
	assert_int_equal(parse(SPAN_LITERAL("\r\n\r\n\0\r\nQUIT\n\x21\x21\x00\x0c" "abcdefghijkl")).result, -1);
	assert_int_equal(parse(SPAN_LITERAL("\r\n\r\n\0\r\nQUIT\n\x21\x31\x00\x0c" "abcdefghijkl")).result, -1);
	/* More than PROXY_HEADER_MAX is not waited for. */
	assert_int_equal(parse(SPAN_LITERAL("\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff")).result, -1);
}

/* ---- the census ---- */

static void
client_number(unsigned char out[16], uint32_t n)
{
	memset(out, 0, 16);
	memcpy(out + 12, &n, sizeof(n));
}

static void
test_census_limits(void **state)
{
	struct census *c = census_new(2, 100);
	unsigned char one[16], two[16];

	(void)state;
	assert_non_null(c);
	client_number(one, 1);
	client_number(two, 2);
	/* The limits hold over both proxies together. */
	assert_int_equal(census_enter(c, 0, one, 4, 2), CENSUS_WELCOME);
	assert_int_equal(census_enter(c, 1, one, 4, 2), CENSUS_WELCOME);
	assert_int_equal(census_enter(c, 0, one, 4, 2), CENSUS_CLIENT_FULL);
	assert_int_equal(census_enter(c, 1, two, 4, 2), CENSUS_WELCOME);
	assert_int_equal(census_enter(c, 1, two, 4, 2), CENSUS_WELCOME);
	assert_int_equal(census_total(c), 4);
	assert_int_equal(census_enter(c, 0, two, 4, 2), CENSUS_FULL);
	census_leave(c, 1, one);
	assert_int_equal(census_enter(c, 0, two, 4, 2), CENSUS_CLIENT_FULL);
	assert_int_equal(census_enter(c, 0, one, 4, 2), CENSUS_WELCOME);
	/* One that never came does not leave. */
	census_leave(c, 0, two);
	assert_int_equal(census_total(c), 4);
	/* No limits. */
	assert_int_equal(census_enter(c, 0, one, 0, 0), CENSUS_WELCOME);
	census_clear(c, 0);
	assert_int_equal(census_total(c), 2);
	assert_int_equal(census_enter(c, 0, one, 4, 1), CENSUS_WELCOME);
	census_free(&c);
	assert_null(c);
}

/* What an earlier configuration's proxies have counts, for those that know of it. */
static void
test_census_of_others(void **state)
{
	struct census *before = census_new(1, 100), *between = census_new(3, 10), *now = census_new(2, 1000);
	unsigned char one[16], two[16];

	(void)state;
	assert_non_null(before);
	assert_non_null(between);
	assert_non_null(now);
	client_number(one, 1);
	client_number(two, 2);
	assert_int_equal(census_enter(before, 0, one, 4, 3), CENSUS_WELCOME);
	assert_int_equal(census_enter(between, 2, one, 4, 3), CENSUS_WELCOME);
	census_add(now, now);
	census_add(now, between);
	census_add(now, before);
	census_add(now, between);
	assert_int_equal(census_total(now), 2);
	assert_int_equal(census_total(before), 1);
	assert_int_equal(census_enter(now, 1, one, 4, 3), CENSUS_WELCOME);
	assert_int_equal(census_enter(now, 0, one, 4, 3), CENSUS_CLIENT_FULL);
	assert_int_equal(census_enter(now, 0, two, 4, 3), CENSUS_WELCOME);
	assert_int_equal(census_enter(now, 0, two, 4, 3), CENSUS_FULL);
	census_leave(between, 2, one);
	assert_int_equal(census_enter(now, 0, one, 4, 3), CENSUS_WELCOME);
	census_clear(before, 0);
	assert_int_equal(census_total(now), 3);
	census_free(&now);
	census_free(&between);
	census_free(&before);
}

static void
test_census_does_not_leak(void **state)
{
	enum { ENTRIES = 64, CLIENTS = 1000 };
	struct census *c = census_new(1, ENTRIES);
	unsigned char client[16];

	(void)state;
	for (uint32_t n = 0; n < CLIENTS; n++) {
		client_number(client, n);
		assert_int_equal(census_enter(c, 0, client, 0, 0), n < ENTRIES ? CENSUS_WELCOME : CENSUS_FULL);
	}
	for (uint32_t n = 0; n < ENTRIES; n++) {
		client_number(client, n);
		census_leave(c, 0, client);
	}
	assert_int_equal(census_total(c), 0);
	for (uint32_t n = 0; n < CLIENTS; n++) {
		client_number(client, n);
		assert_int_equal(census_enter(c, 0, client, 0, 1), CENSUS_WELCOME);
		assert_int_equal(census_enter(c, 0, client, 0, 1), CENSUS_CLIENT_FULL);
		census_leave(c, 0, client);
	}
	census_free(&c);
}

/* Processes that come and go at random, each in its own table: what is left
 * is exact. */
static void
churn(struct census *c, size_t proxy)
{
	unsigned seed = (unsigned)proxy + 1;
	unsigned char client[16];
	unsigned held[32] = { 0 };

	for (int i = 0; i < 100000; i++) {
		unsigned n = (unsigned)rand_r(&seed) % 32;

		client_number(client, n);
		if (held[n] > 0 && rand_r(&seed) % 2 == 0) {
			census_leave(c, proxy, client);
			held[n]--;
		} else if (census_enter(c, proxy, client, 0, 0) == CENSUS_WELCOME) {
			held[n]++;
		}
	}
	for (unsigned n = 0; n < 32; n++) {
		client_number(client, n);
		while (held[n]-- > 0)
			census_leave(c, proxy, client);
	}
	client_number(client, 7);
	_exit(census_enter(c, proxy, client, 0, 0) == CENSUS_WELCOME ? 0 : 1);
}

static void
test_census_of_processes(void **state)
{
	enum { PROXIES = 3 };
	struct census *c = census_new(PROXIES, 64);
	unsigned char client[16];
	int status;

	(void)state;
	for (size_t i = 0; i < PROXIES; i++)
		if (fork() == 0)
			churn(c, i);
	for (size_t i = 0; i < PROXIES; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(census_total(c), PROXIES);
	client_number(client, 7);
	assert_int_equal(census_enter(c, 0, client, 0, PROXIES), CENSUS_CLIENT_FULL);
	assert_int_equal(census_enter(c, 0, client, 0, PROXIES + 1), CENSUS_WELCOME);
	census_free(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_listen),
		cmocka_unit_test(test_listen_unix),
		cmocka_unit_test(test_original_destination),
		cmocka_unit_test(test_proxy_round_trip),
		cmocka_unit_test(test_proxy_unknown),
		cmocka_unit_test(test_proxy_v2_extras),
		cmocka_unit_test(test_proxy_malformed),
		cmocka_unit_test(test_census_limits),
		cmocka_unit_test(test_census_of_others),
		cmocka_unit_test(test_census_does_not_leak),
		cmocka_unit_test(test_census_of_processes),
	};

	return cmocka_run_group_tests_name("io/peer", tests, NULL, NULL);
}
