/* Links in text, where they go, and domains. */
#include "config.h"

#include "rule/domain.h"
#include "rule/uri.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void
collect(void *context, struct span uri)
{
	struct buf *all = context;

	if (all->len > 0)
		buf_add_byte(all, ' ');
	buf_add_span(all, uri);
}

static void
expect(const char *text, const char *links)
{
	struct arena *a = arena_new(0);
	struct buf found = { 0 };

	uri_find(a, span_str(text), collect, &found);
	assert_string_equal(buf_str(&found), links);
	buf_free(&found);
	arena_free(&a);
}

static void
test_with_scheme(void **state)
{
	(void)state;
	expect("see http://a.example/x, or HTTPS://b.example.", "http://a.example/x HTTPS://b.example");
	expect("(ftp://c.example/y) <mailto:d@e.example>;", "ftp://c.example/y mailto:d@e.example");
	expect("xhttp://f.example/?u=http://g.example/", "http://f.example/?u=http://g.example/");
	expect("a: b http: //x ://y mailto: http://", "");
	expect("http://\xc3\xa9.example/\xc3\xa9 z", "http://\xc3\xa9.example/\xc3\xa9");
	expect("::::http://h.example", "http://h.example");
	expect("hxxp://a.example/ hXXps://b.example/", "http://a.example/ https://b.example/");
	expect("", "");
}

static void
test_without_scheme(void **state)
{
	(void)state;
	expect("www.a.example, (WWW.b.example/c) www.d", "http://www.a.example http://WWW.b.example/c");
	expect("go to example.com/path.", "http://example.com/path");
	expect("a.co.uk/ b.example/ c.txt/d and/or 1.2/3.4 e@f.com/g src/h.c/i /x.com/ y_z.com/", "http://a.co.uk/");
	expect("xwww.a.example a@www.b.example /www.c.example", "");
	expect("http://a.example/www.b.example/c.com/d", "http://a.example/www.b.example/c.com/d");
}

static void
test_wrapped(void **state)
{
	(void)state;
	expect("<http://a.example/lo\r\nng/\n  path> b", "http://a.example/lo http://a.example/long/path");
	expect("<http://a.example/x\nnot \"a link>", "http://a.example/x");
	expect("<http://a.example/x y>", "http://a.example/x");
	expect("http://a.example/x\ny>", "http://a.example/x");
	expect("<http://a.example/x\n", "http://a.example/x");
}

static void
expect_target(const char *uri, const char *host, const char *domain, const char *meant)
{
	struct arena *a = arena_new(0);
	struct uri_target t = uri_target(a, span_str(uri));

	assert_string_equal(arena_strndup(a, t.host), host);
	assert_string_equal(arena_strndup(a, uri_domain(&t)), domain);
	assert_string_equal(arena_strndup(a, t.uri), meant != NULL ? meant : uri);
	if (meant == NULL)
		assert_ptr_equal(t.uri.data, uri);
	else
		assert_true(uri_is_odd(span_str(uri)));
	arena_free(&a);
}

static void
test_targets(void **state)
{
	(void)state;
	expect_target("http://www.example.co.uk/x", "www.example.co.uk", "example.co.uk", NULL);
	expect_target("HTTP://WWW.Example.COM:8080/x", "www.example.com", "example.com", NULL);
	expect_target("http://bank.com@evil.org/x", "evil.org", "evil.org", "http://evil.org/x");
	expect_target("http://bank.com:pw@x@evil.org:81/", "evil.org", "evil.org", "http://evil.org:81/");
	expect_target("http://evil.org:x:80/", "evil.org", "evil.org", NULL);
	expect_target("http://evil.org\\@bank.com/", "evil.org", "evil.org", NULL);
	expect_target("http://evil.org?@bank.com/", "evil.org", "evil.org", NULL);
	expect_target("http://%65vil.o%72g/x", "evil.org", "evil.org", "http://evil.org/x");
	expect_target("http://evil.org./x", "evil.org", "evil.org", "http://evil.org/x");
	expect_target("http://2130706433/", "127.0.0.1", "127.0.0.1", "http://127.0.0.1/");
	expect_target("http://0x7f.1/", "127.0.0.1", "127.0.0.1", "http://127.0.0.1/");
	expect_target("http://0177.0.0.01:80/x", "127.0.0.1", "127.0.0.1", "http://127.0.0.1:80/x");
	expect_target("http://0xC0000201", "192.0.2.1", "192.0.2.1", "http://192.0.2.1");
	expect_target("http://192.0.2.1/", "192.0.2.1", "192.0.2.1", NULL);
	expect_target("http://1.2.3.4.5/", "1.2.3.4.5", "4.5", NULL);
	expect_target("http://[2001:DB8::1]:80/", "[2001:db8::1]", "[2001:db8::1]", NULL);
	expect_target("mailto:a@Example.com", "example.com", "example.com", NULL);
	expect_target("http://\xc2\xad[::1]/", "", "", NULL);
	expect_target("http://[::1", "", "", NULL);
	expect_target("http://a\xe3\x80\x80" "b.org/", "", "", NULL);
	expect_target("http://a%25b.org/", "", "", NULL);
	expect_target("http://a%2fb.org/", "", "", NULL);
	expect_target("http:///", "", "", NULL);
	expect_target("http://com/", "com", "", NULL);
	expect_target("nothing", "", "", NULL);
	expect_target("http://a.Example#://b.org/", "a.example", "a.example", NULL);
	expect_target("a:b.org/://C.example/", "b.org", "b.org", NULL);
}

static void
test_idna(void **state)
{
	struct arena *a = arena_new(0);
	struct uri_target t;

	(void)state;
	expect_target("http://b\xc3\xbc" "cher.example/", "xn--bcher-kva.example", "xn--bcher-kva.example",
	    "http://xn--bcher-kva.example/");
	/* Wide letters, an ideographic full stop, a soft hyphen. */
	expect_target("http://\xef\xbd\x85vil\xe3\x80\x82o\xc2\xadrg/", "evil.org", "evil.org", "http://evil.org/");
	expect_target("http://evil.org\xe3\x80\x82", "evil.org", "evil.org", "http://evil.org");
	t = uri_target(a, SPAN_LITERAL("http://xn--bcher-kva.example/"));
	assert_string_equal(arena_strndup(a, t.host), "xn--bcher-kva.example");
	assert_string_equal(arena_strndup(a, t.unicode), "b\xc3\xbc" "cher.example");
	t = uri_target(a, SPAN_LITERAL("http://xn--\xff\xff.example/"));
	assert_true(t.host.len > 0);
	arena_free(&a);
}

static void
test_registered(void **state)
{
	(void)state;
	assert_true(span_is(domain_registered(SPAN_LITERAL("a.b.example.com")), "example.com"));
	assert_true(span_is(domain_registered(SPAN_LITERAL("a.b.example.co.uk")), "example.co.uk"));
	assert_true(span_is(domain_registered(SPAN_LITERAL("x.github.io")), "x.github.io"));
	assert_int_equal(domain_registered(SPAN_LITERAL("co.uk")).len, 0);
	assert_int_equal(domain_registered(SPAN_NONE).len, 0);
	assert_true(domain_exists(SPAN_LITERAL("a.org")));
	assert_false(domain_exists(SPAN_LITERAL("a.exe")));
	assert_false(domain_exists(SPAN_LITERAL("org")));
	assert_false(domain_exists(SPAN_LITERAL(".org")));
}

static void
test_sets(void **state)
{
	enum { NAMES = 100 * 1000 };
	struct arena *a = arena_new(0);
	struct domain_set *set = domain_set_new(a);

	(void)state;
	assert_false(domain_set_has(set, SPAN_LITERAL("a.example")));
	for (unsigned i = 0; i < NAMES; i++)
		assert_null(domain_set_add(set, span_str(arena_printf(a, "n%u.Example", i))));
	assert_null(domain_set_add(set, SPAN_LITERAL("b\xc3\xbc" "cher.example.")));
	for (unsigned i = 0; i < NAMES; i += 997)
		assert_true(domain_set_has(set, span_str(arena_printf(a, "n%u.example", i))));
	assert_true(domain_set_has(set, SPAN_LITERAL("www.sub.n7.example")));
	assert_true(domain_set_has(set, SPAN_LITERAL("xn--bcher-kva.example")));
	assert_false(domain_set_has(set, SPAN_LITERAL("xn7.example")));
	assert_false(domain_set_has(set, SPAN_LITERAL("example")));
	assert_false(domain_set_has(set, SPAN_LITERAL("n7.example.org")));
	assert_non_null(domain_set_add(set, SPAN_LITERAL("a b.example")));
	assert_non_null(domain_set_add(set, SPAN_LITERAL("a..example")));
	assert_non_null(domain_set_add(set, SPAN_LITERAL(".example")));
	assert_non_null(domain_set_add(set, SPAN_LITERAL("http://a.example/")));
	assert_non_null(domain_set_add(set, SPAN_NONE));
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_with_scheme),
		cmocka_unit_test(test_without_scheme),
		cmocka_unit_test(test_wrapped),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_idna),
		cmocka_unit_test(test_registered),
		cmocka_unit_test(test_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
