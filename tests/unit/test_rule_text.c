/* The conditions on text and links: `body` in each view, `hidden_text`, `uri`. */
#include "config.h"

#include "rule_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>
#include <unistd.h>

struct test_case {
	const char *when;
	bool holds;
};

static void
check(const char *message, const struct test_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct rule_fixture f;

		rule_fixture_init(&f);
		rule_fixture_add(&f, arena_printf(f.arena, "rules:\n  - { name: A, then: tag, when: %s }\n", cases[i].when));
		if (!rule_fixture_compile(&f))
			fail_msg("%s", rule_fixture_errors(&f));
		rule_fixture_scan(&f, message, false);
		assert_true(f.outcome.complete);
		if ((f.outcome.hit_count == 1) != cases[i].holds)
			fail_msg("%s: expected %d", cases[i].when, cases[i].holds);
		rule_fixture_free(&f);
	}
}

#define CHECK(message, cases) check(message, cases, sizeof(cases) / sizeof((cases)[0]))
#define HTML "MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n"
#define PLAIN "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n"

static void
test_views(void **state)
{
	static const struct test_case cases[] = {
		{ "{ body: /viagra/ }", true },
		{ "{ body: /vixyzagra/ }", true },
		{ "{ body: { matches: /viagra/ } }", true },
		{ "{ body: { matches: /viagra/, view: text } }", true },
		{ "{ body: { matches: /viagra/, view: visible } }", true },
		{ "{ body: { matches: [/xyz/, /nothing/], view: visible } }", false },
		{ "{ body: { matches: /xyz/, view: hidden } }", true },
		{ "{ body: { matches: /viagra/, view: hidden } }", false },
		{ "{ body: { matches: /^viagra cash$/, view: folded } }", true },
		{ "{ body: { matches: /C A S H/, view: text } }", false },
		{ "{ body: /C a S h/ }", true },
		{ "{ hidden_text: '= 3' }", true },
		{ "{ hidden_text: '> 3' }", false },
	};
	static const struct test_case plain[] = {
		{ "{ body: { matches: /viagra/, view: visible } }", true },
		{ "{ body: { matches: /viagra/, view: hidden } }", false },
		{ "{ body: { matches: /viagra/, view: folded } }", true },
		{ "{ body: /viagra/ }", true },
		{ "{ hidden_text: '> 0' }", false },
		{ "{ hidden_text: '= 0' }", true },
	};

	(void)state;
	CHECK(HTML "vi<b style='display:none'>xyz</b>agra C a S h\n", cases);
	CHECK(PLAIN "vi\xe2\x80\x8b" "agra\n", plain);
}

/* T47: what one program reads is found whatever the others do. */
static void
test_charsets(void **state)
{
	static const struct test_case cases[] = {
		{ "{ body: /viagra/ }", true },
		{ "{ body: /AHYAaQ/ }", true },
		{ "{ uri: '/a\\.example/' }", true },
	};

	(void)state;
	CHECK("MIME-Version: 1.0\nContent-Type: text/html; charset=us-ascii\n\n"
	      "<meta charset=utf-7>+AHYAaQBhAGcAcgBh- http://a.example/\n",
	    cases);
}

#define FILE_OF(type, name) "MIME-Version: 1.0\nContent-Type: " type "; name=" name "\nContent-Transfer-Encoding: base64\n\n"
/* <a href="http://a.example/">, and a script that goes to https://b.example/y */
#define PAGE "PGEgaHJlZj0iaHR0cDovL2EuZXhhbXBsZS8iPng8L2E+PHNjcmlwdD5sb2NhdGlvbj0iaHR0cHM6XC9c" \
	"L2IuZXhhbSIrInBsZS95Ijwvc2NyaXB0Pg=="
/* A script that writes a link to http://c.example/ in escapes. */
#define WRITER "aGkgPHNjcmlwdD5kb2N1bWVudC53cml0ZSh1bmVzY2FwZSgiJTNDYSBocmVmPSUyMmh0dHAlM0EvL2Mu" \
	"ZXhhbXBsZS8lMjIlM0UiKSk8L3NjcmlwdD4="

/* A page is one by its content, its name or its type; its words are not the message's. */
static void
test_uri_of_pages(void **state)
{
	static const struct test_case page[] = {
		{ "{ uri: { host: a.example } }", true },
		{ "{ uri: '/^https:\\/\\/b\\.example\\/y$/' }", true },
		{ "{ body: /x/ }", false },
	};
	static const struct test_case in_page[] = {
		{ "{ uri: { host: a.example } }", true },
		{ "{ uri: { host: b.example } }", true },
		{ "{ uri: { mismatch: true } }", false },
	};
	static const struct test_case written[] = { { "{ uri: { host: c.example } }", true } };

	(void)state;
	CHECK(FILE_OF("application/octet-stream", "a.html") PAGE, page);
	CHECK(FILE_OF("application/octet-stream", "a") PAGE, page);
	CHECK(FILE_OF("image/png", "a.png") PAGE, page);
	CHECK(FILE_OF("image/svg+xml", "a") PAGE, page);
	CHECK(FILE_OF("text/html", "a.html") PAGE, in_page);
	CHECK(FILE_OF("application/octet-stream", "a.html") WRITER, written);
	CHECK(FILE_OF("text/html", "a") WRITER, written);
}

/* What is asked of parts besides, as for a list of them, changes nothing. */
static void
test_uri_in_file_alone(void **state)
{
	static const char message[] = "MIME-Version: 1.0\nContent-Type: application/pdf; name=a.pdf\n\n"
	                              "%PDF-1.4\n1 0 obj<</S/URI/URI(http://a.example/)>>endobj\n";

	(void)state;
	for (int parts = 0; parts < 2; parts++) {
		struct rule_fixture f;

		rule_fixture_init(&f);
		rule_fixture_add(&f, "rules: [{ name: A, then: tag, when: { uri: { host: a.example } } }]\n");
		assert_true(rule_fixture_compile(&f));
		rule_fixture_scan(&f, message, parts);
		assert_string_equal(rule_fixture_hits(&f), "A");
		rule_fixture_free(&f);
	}
}

static void
test_uri(void **state)
{
	static const struct test_case cases[] = {
		{ "{ uri: '/^http:\\/\\/bank\\.com@evil/' }", true },
		{ "{ uri: '/^http:\\/\\/evil\\.org\\/x$/' }", true },
		{ "{ uri: { matches: '/^http:\\/\\/evil\\.org\\/x$/' } }", true },
		{ "{ uri: { matches: '/bank.com@/' } }", true },
		{ "{ uri: { matches: '/nothing/' } }", false },
		{ "{ uri: { host: evil.org } }", true },
		{ "{ uri: { host: ['*.example', bank.com] } }", true },
		{ "{ uri: { host: 'bank.com' } }", false },
		{ "{ uri: { host: 'b\xc3\xbc" "cher.*' } }", true },
		{ "{ uri: { host: 'xn--*' } }", true },
		{ "{ uri: { host: '/^127\\.0\\.0\\.1$/' } }", true },
		{ "{ uri: { domain: evil.org } }", true },
		{ "{ uri: { domain: [Sub.Example, b\xc3\xbc" "cher.example] } }", true },
		{ "{ uri: { domain: [bank.com, org, vil.org] } }", true },
		{ "{ uri: { domain: [ank.com, vil.org] } }", false },
		/* All of one link. */
		{ "{ uri: { host: evil.org, matches: '/x$/' } }", true },
		{ "{ uri: { host: evil.org, matches: '/index/' } }", false },
		{ "{ uri: { count: '= 5' } }", true },
		{ "{ uri: { count: '> 5' } }", false },
		{ "{ uri: { count: '= 0' } }", false },
		{ "{ uri: { host: nowhere, count: '= 0' } }", true },
		{ "{ uri: { matches: /example/, count: '= 2' } }", true },
		{ "{ uri: { mismatch: true } }", true },
		{ "{ uri: { mismatch: true, host: '*.example' } }", false },
		{ "{ uri: { mismatch: false, host: evil.org } }", false },
	};

	(void)state;
	CHECK(HTML "<a href='http://bank.com@evil.org/x'>www.bank.com</a> http://b\xc3\xbc" "cher.example/index\n"
	           "<a href='http://www.sub.example/'>here</a> <a href='http://0x7f.1/'>x</a>\n"
	           "<a href='http://0x7f.1/'>x</a>\n",
	    cases);
}

static void
check_mismatch(const char *body, bool holds)
{
	const struct test_case cases[] = { { "{ uri: { mismatch: true } }", holds } };
	struct arena *a = arena_new(0);

	CHECK(arena_printf(a, HTML "%s\n", body), cases);
	arena_free(&a);
}

static void
test_mismatch(void **state)
{
	(void)state;
	check_mismatch("<a href='http://evil.org/'>bank.com</a>", true);
	check_mismatch("<a href='http://evil.org/'>https://www.bank.com/login</a>", true);
	check_mismatch("<a href='http://evil.org/'>Go to http://bank.com/ now</a>", true);
	check_mismatch("<a href='http://192.0.2.1/'><b>bank.com</b></a>", true);
	check_mismatch("<a href='http://bank.com.evil.org/'>bank.com</a>", true);
	check_mismatch("<a href='http://click.bank.com/x'>www.bank.com</a>", false);
	check_mismatch("<a href='http://evil.org/'>click here</a>", false);
	check_mismatch("<a href='http://evil.org/a.exe'>a.exe</a>", false);
	check_mismatch("<a href='mailto:a@evil.org'>bank.com</a>", false);
	check_mismatch("<a href='http://evil.org/'>me@bank.com</a>", false);
	check_mismatch("<a href='http://evil.org/'></a>bank.com", false);
}

/* Links beyond those that are kept may be what is looked for. */
static void
test_too_many_links(void **state)
{
	enum { LINKS = 10001 };
	struct rule_fixture f;
	char *message;
	size_t len;

	(void)state;
	rule_fixture_init(&f);
	rule_fixture_add(&f, "rules:\n  - { name: A, then: reject, when: { uri: { host: nowhere } } }\n");
	assert_true(rule_fixture_compile(&f));
	message = arena_alloc(f.arena, LINKS * 24 + 256);
	len = (size_t)sprintf(message, "%s", PLAIN);
	for (unsigned i = 0; i < LINKS; i++)
		len += (size_t)sprintf(message + len, "http://a.example/%u\n", i);
	rule_fixture_scan(&f, message, false);
	assert_false(f.outcome.complete);
	rule_fixture_free(&f);
}

static void
test_domain_file(void **state)
{
	struct rule_fixture f;
	char path[128];
	FILE *file;

	(void)state;
	rule_fixture_init(&f);
	snprintf(path, sizeof(path), "%s/domains.txt", f.folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("# known bad\nevil.org # since long\n\n  Other.Example.\r\n", file);
	fclose(file);
	rule_fixture_add(&f, "rules:\n"
	                     "  - { name: A, then: tag, when: { uri: { domain_file: domains.txt } } }\n"
	                     "  - { name: B, then: tag, when: { uri: { domain_file: domains.txt, domain: c.example } } }\n"
	                     "  - { name: C, then: tag, when: { uri: { domain_file: [domains.txt], host: 'www.*' } } }\n");
	if (!rule_fixture_compile(&f))
		fail_msg("%s", rule_fixture_errors(&f));
	rule_fixture_scan(&f, PLAIN "http://a.OTHER.example/\n", false);
	assert_string_equal(rule_fixture_hits(&f), "A B");
	rule_fixture_scan(&f, PLAIN "http://c.example/ http://www.evil.org\n", false);
	assert_string_equal(rule_fixture_hits(&f), "A B C");
	rule_fixture_scan(&f, PLAIN "http://good.example/\n", false);
	assert_string_equal(rule_fixture_hits(&f), "");
	unlink(path);
	rule_fixture_free(&f);
}

static void
expect_error(const char *when, const char *error)
{
	struct rule_fixture f;

	rule_fixture_init(&f);
	rule_fixture_add(&f, arena_printf(f.arena, "rules:\n  - name: A\n    when: %s\n", when));
	assert_false(rule_fixture_compile(&f));
	assert_string_equal(rule_fixture_errors(&f), error);
	rule_fixture_free(&f);
}

static void
test_errors(void **state)
{
	struct rule_fixture f;
	char path[128];
	FILE *file;

	(void)state;
	expect_error("{ body: { view: text } }", "1.yaml:3:19: a body needs \"matches\"");
	expect_error("{ body: { matches: /a/, veiw: text } }", "1.yaml:3:35: unknown key \"veiw\", did you mean \"view\"?");
	expect_error("{ hidden_text: 5 }",
	    "1.yaml:3:26: expected a comparison: \"> N\", \">= N\", \"< N\", \"<= N\", \"= N\" or \"N..M\"");
	expect_error("{ uri: {} }", "1.yaml:3:18: a link is tested by at least one key");
	expect_error("{ uri: { domain: [a.example, 'b c'] } }", "1.yaml:3:40: not a domain's name: \"b c\"");
	rule_fixture_init(&f);
	snprintf(path, sizeof(path), "%s/domains.txt", f.folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("good.example\n  b@d.example\n", file);
	fclose(file);
	rule_fixture_add(&f, "rules:\n  - { name: A, when: { uri: { domain_file: domains.txt } } }\n");
	assert_false(rule_fixture_compile(&f));
	assert_string_equal(rule_fixture_errors(&f), "domains.txt:2:3: not a domain's name: \"b@d.example\"");
	unlink(path);
	rule_fixture_free(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_charsets),
		cmocka_unit_test(test_uri),
		cmocka_unit_test(test_uri_of_pages),
		cmocka_unit_test(test_uri_in_file_alone),
		cmocka_unit_test(test_mismatch),
		cmocka_unit_test(test_too_many_links),
		cmocka_unit_test(test_domain_file),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
