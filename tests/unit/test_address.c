/* Addresses and networks, and the names of verdicts. */
#include "config.h"

#include "conf/address.h"
#include "conf_helper.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define TEST(name) cmocka_unit_test_setup_teardown(name, conf_setup, conf_teardown)

static struct address
good(struct conf_fixture *f, const char *text)
{
	struct address out;
	const char *wrong = address_parse(f->arena, "/etc/gatepost", text, &out);

	if (wrong != NULL)
		fail_msg("%s: %s", text, wrong);
	assert_string_equal(out.text, text);
	return out;
}

static void
bad(struct conf_fixture *f, const char *text, const char *expected)
{
	struct address out;
	const char *wrong = address_parse(f->arena, "/etc/gatepost", text, &out);

	assert_non_null(wrong);
	assert_non_null(strstr(wrong, expected));
}

static void
assert_host(struct address a, const char *host, unsigned port)
{
	assert_string_equal(a.host, host);
	assert_int_equal(a.port, port);
	assert_null(a.path);
}

static void
test_addresses(void **state)
{
	assert_host(good(*state, "127.0.0.1:25"), "127.0.0.1", 25);
	assert_host(good(*state, "[::1]:65535"), "::1", 65535);
	assert_host(good(*state, "[fe80::1%eth0]:25"), "fe80::1%eth0", 25);
	assert_host(good(*state, "mail.example.org:465"), "mail.example.org", 465);
	assert_host(good(*state, "*:1"), "*", 1);
}

static void
test_unix_addresses(void **state)
{
	struct address a = good(*state, "unix:/run/x.sock");
	char longest[256];

	assert_null(a.host);
	assert_string_equal(a.path, "/run/x.sock");
	assert_string_equal(good(*state, "unix:lmtp").path, "/etc/gatepost/lmtp");
	bad(*state, "unix:", "is missing");
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	memcpy(longest, "unix:/", 6);
	bad(*state, longest, "too long");
}

static void
test_wrong_addresses(void **state)
{
	bad(*state, "", "port is missing");
	bad(*state, "localhost", "port is missing");
	bad(*state, "[::1]", "port is missing");
	bad(*state, "localhost:", "not a number");
	bad(*state, "localhost:smtp", "not a number");
	bad(*state, "localhost:0", "not a number");
	bad(*state, "localhost:65536", "not a number");
	bad(*state, "::1:25", "brackets");
	bad(*state, "[127.0.0.1]:25", "not an IPv6 address");
	bad(*state, "[]:25", "not an IPv6 address");
	bad(*state, ":25", "expected an address");
	bad(*state, "a b:25", "expected an address");
	bad(*state, "-x:25", "expected an address");
	bad(*state, "**:25", "expected an address");
	bad(*state, "b\303\274cher.example:25", "expected an address");
}

static void
test_one_spelling(void **state)
{
	struct conf_fixture *f = *state;
	struct address a = good(f, "[0:0:0::1]:25"), b = good(f, "[::1]:25"), c = good(f, "MX.example.org:25"),
		       d = good(f, "mx.EXAMPLE.org:25"), e = good(f, "unix:/x");

	assert_string_equal(address_canonical(f->arena, &a), address_canonical(f->arena, &b));
	assert_string_equal(address_canonical(f->arena, &c), address_canonical(f->arena, &d));
	assert_string_not_equal(address_canonical(f->arena, &a), address_canonical(f->arena, &c));
	assert_string_equal(address_canonical(f->arena, &e), "unix:/x");
}

static void
get_bytes(const char *text, unsigned char out[16])
{
	struct network n;

	assert_true(network_parse(span_str(text), &n));
	assert_int_equal(n.bits, 128);
	memcpy(out, n.address, 16);
}

static bool
contains(const char *network, const char *address)
{
	struct network n;
	unsigned char bytes[16];

	assert_true(network_parse(span_str(network), &n));
	get_bytes(address, bytes);
	return network_contains(&n, bytes);
}

static void
test_networks(void **state)
{
	struct network n;

	(void)state;
	assert_true(network_parse(SPAN_LITERAL("10.0.0.0/8"), &n));
	assert_int_equal(n.bits, 104);
	assert_memory_equal(n.address, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\0", 16);
	assert_true(contains("10.0.0.0/8", "10.255.1.2"));
	assert_false(contains("10.0.0.0/8", "11.0.0.0"));
	assert_true(contains("192.0.2.64/27", "192.0.2.95"));
	assert_false(contains("192.0.2.64/27", "192.0.2.96"));
	assert_true(contains("0.0.0.0/0", "255.255.255.255"));
	assert_false(contains("0.0.0.0/0", "::1"));
	assert_true(contains("::/0", "192.0.2.1"));
	assert_true(contains("2001:db8::/32", "2001:db8:ffff::1"));
	assert_false(contains("2001:db8::/33", "2001:db8:8000::1"));
	assert_true(contains("::1", "::1"));
	assert_true(contains("::ffff:192.0.2.0/120", "192.0.2.7"));
}

static void
test_wrong_networks(void **state)
{
	static const char *const wrong[] = { "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "10.0.0", "::/129",
		"2001:db8::1/64", "10.0.0.0/8/8", "10.0.0.0/-1", "localhost", " 10.0.0.1", "192.0.2.128/24",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc/1" };
	struct network n;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		if (network_parse(span_str(wrong[i]), &n))
			fail_msg("\"%s\" is taken", wrong[i]);
	assert_false(network_parse((struct span){ "10.0.0.1\0", 9 }, &n));
}

static void
test_verdicts(void **state)
{
	static const char *const names[] = { "accept", "tag", "strip", "quarantine", "discard", "defer", "reject" };
	enum verdict v;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_true(verdict_parse(span_str(names[i]), &v));
		assert_int_equal(v, i); /* in the order of gravity */
		assert_string_equal(verdict_name(v), names[i]);
	}
	assert_false(verdict_parse(SPAN_LITERAL("bounce"), &v));
	assert_false(verdict_parse(SPAN_LITERAL(""), &v));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_addresses),
		TEST(test_unix_addresses),
		TEST(test_wrong_addresses),
		TEST(test_one_spelling),
		TEST(test_networks),
		TEST(test_wrong_networks),
		TEST(test_verdicts),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
