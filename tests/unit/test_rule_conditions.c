/* Every condition, on small messages: each case is a `when` and whether it
 * holds for the message and envelope that its test sets up. */
#include "config.h"

#include "rule_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

struct test_case {
	const char *when;
	bool holds;
};

static void
check(const struct rule_envelope *envelope, const char *message, const struct test_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct rule_fixture f;

		rule_fixture_init(&f);
		f.envelope = *envelope;
		f.policy.ambiguous = AMBIGUOUS_TAG;
		rule_fixture_add(&f, arena_printf(f.arena, "rules:\n  - { name: A, then: tag, when: %s }\n", cases[i].when));
		if (!rule_fixture_compile(&f))
			fail_msg("%s", rule_fixture_errors(&f));
		rule_fixture_scan(&f, message, false);
		assert_true(f.outcome.complete);
		if ((f.outcome.hit_count == 1) != cases[i].holds)
			fail_msg("%s: expected %d", cases[i].when, cases[i].holds);
		assert_int_equal(f.outcome.verdict, cases[i].holds ? VERDICT_TAG : VERDICT_ACCEPT);
		rule_fixture_free(&f);
	}
}

#define CHECK(envelope, message, cases) check(envelope, message, cases, sizeof(cases) / sizeof((cases)[0]))

static const struct rule_envelope none = { .protocol = PROTOCOL_SMTP };

static void
test_header(void **state)
{
	static const struct test_case cases[] = {
		{ "{ header: { name: subject, matches: '/^caf\\x{e9} urgent$/u' } }", true },
		{ "{ header: { name: Subject, matches: ['/nothing/', '/URGENT/i'] } }", true },
		{ "{ header: { name: Subject, matches: /URGENT/ } }", false },
		{ "{ header: { name: Subject, contains: URGENT } }", true },
		{ "{ header: { name: Subject, contains: late } }", false },
		{ "{ header: { name: Received, contains: two } }", true },
		{ "{ header: { name: Received, matches: '/one.*two/s' } }", false },
		{ "{ header: { name: X-Long, matches: '/a b/' } }", true },
		{ "{ header: { name: X-Long, exists: true } }", true },
		{ "{ header: { name: X-Long, exists: false } }", false },
		{ "{ header: { name: Date, exists: false } }", true },
		{ "{ header: { name: Date, matches: '/^/' } }", false },
		/* Headers of parts are not the message's. */
		{ "{ header: { name: Content-Disposition, exists: true } }", false },
	};

	(void)state;
	CHECK(&none,
	    "Subject: =?utf-8?q?caf=C3=A9?= urgent\nReceived: one\nReceived: two\nX-Long: a\n b\n"
	    "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
	    "--b\nContent-Disposition: attachment\n\nx\n--b--\n",
	    cases);
}

static const char two_texts[] = "Subject: not in the body\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n"
                                "preamble\n--b\nContent-Type: text/plain; charset=iso-8859-1\n"
                                "Content-Transfer-Encoding: quoted-printable\n\n"
                                "win a pri=\nze in caf=E9, see http://plain.example/a.\n"
                                "--b\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n"
                                /* <p>lot<b></b>tery <a href="https://html.example/?a&amp;b">go</a></p> */
                                "PHA+bG90PGI+PC9iPnRlcnkgPGEgaHJlZj0iaHR0cHM6Ly9odG1sLmV4YW1wbGUvP2EmYW1wO2Ii\n"
                                "PmdvPC9hPjwvcD4=\n"
                                "--b\nContent-Type: application/octet-stream\n\nsecret http://data.example/\n--b--\n";

static void
test_body(void **state)
{
	static const struct test_case cases[] = {
		{ "{ body: '/win a prize in caf\\x{e9}/u' }", true },
		{ "{ body: '/lottery go/' }", true },
		{ "{ body: ['/x{9}/', /lottery/] }", true },
		{ "{ body: /href/ }", false },
		{ "{ body: /preamble/ }", false },
		{ "{ body: /not in the body/ }", false },
		{ "{ body: /secret/ }", false },
		{ "{ body: '/prize.*lottery/s' }", false },
		{ "{ raw_body: '/pri=\\r\\nze/' }", true },
		{ "{ raw_body: /PHA/ }", true },
		{ "{ raw_body: /preamble/ }", true },
		{ "{ raw_body: /secret/ }", true },
		{ "{ raw_body: /lottery/ }", false },
		{ "{ raw_body: /not in the body/ }", false },
	};

	(void)state;
	CHECK(&none, two_texts, cases);
}

/* Some programs show it as it is. */
static void
test_multipart_without_delimiter(void **state)
{
	static const struct test_case cases[] = {
		{ "{ body: /shown/ }", true },
		{ "{ uri: /example/ }", true },
	};

	(void)state;
	CHECK(&none, "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\nshown http://a.example/\n", cases);
}

static void
test_uri(void **state)
{
	static const struct test_case cases[] = {
		{ "{ uri: '/^http:\\/\\/plain\\.example\\/a$/' }", true },
		{ "{ uri: '/^https:\\/\\/html\\.example\\/\\?a&b$/' }", true },
		{ "{ uri: '/data\\.example/' }", false },
		{ "{ uri: '/lottery/' }", false },
	};

	(void)state;
	CHECK(&none, two_texts, cases);
}

static void
test_attachment(void **state)
{
	static const struct test_case cases[] = {
		{ "{ attachment: { extension: exe } }", true },
		{ "{ attachment: { extension: [com, .EXE] } }", true },
		{ "{ attachment: { extension: [pdf] } }", true },
		{ "{ attachment: { extension: [scan.pdf] } }", false },
		{ "{ attachment: { extension: [dll] } }", false },
		{ "{ attachment: { name: 'Prog*.exe*' } }", true },
		{ "{ attachment: { name: 'rog*' } }", false },
		{ "{ attachment: { name: '/^r\\x{e9}sum\\x{e9}/u' } }", true },
		{ "{ attachment: { type: 'application/*' } }", true },
		{ "{ attachment: { type: [image/png, text/plain] } }", true },
		{ "{ attachment: { type: 'image/*' } }", false },
		{ "{ attachment: { magic: pe } }", true },
		{ "{ attachment: { magic: [elf, zip] } }", false },
		{ "{ attachment: { size: '= 64' } }", true },
		{ "{ attachment: { size: '> 100' } }", false },
		{ "{ attachment: { encrypted: true } }", false },
		{ "{ attachment: { encrypted: false, magic: pe } }", true },
		/* All keys hold for one and the same part. */
		{ "{ attachment: { extension: exe, magic: pe, type: application/octet-stream } }", true },
		{ "{ attachment: { extension: pdf, magic: pe } }", false },
		{ "{ attachment: { type: message/rfc822 } }", true },
		{ "{ attachment: { name: inner.txt } }", true },
		{ "{ attachment: { type: multipart/mixed } }", false },
	};

	(void)state;
	CHECK(&none,
	    "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
	    "--b\n\nhello\n"
	    /* "MZ" and 62 NUL; dots and blanks at the end of a name are dropped by Windows */
	    "--b\nContent-Type: application/octet-stream; name=\"program.exe. .\"\nContent-Transfer-Encoding: base64\n\n"
	    "TVoAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAA==\n"
	    "--b\nContent-Type: application/pdf; name*=utf-8''r%C3%A9sum%C3%A9.pdf\n\nnot a pdf\n"
	    "--b\nContent-Type: message/rfc822\n\nContent-Type: text/plain; name=inner.txt\nMIME-Version: 1.0\n\nx\n"
	    "--b--\n",
	    cases);
}

static void
test_signature(void **state)
{
	static const struct test_case cases[] = {
		{ "{ signature: { text: 'Virus Body' } }", true },
		{ "{ signature: { text: 'virus body' } }", false },
		{ "{ signature: { text: ['nothing like it', 'Virus Body'] } }", true },
		{ "{ signature: { hex: 56697275??20 } }", true },
		{ "{ signature: { hex: 56697275??21 } }", false },
		{ "{ signature: { md5: 5adcf5e0f03d46aaa87e6b4f4fe3525b } }", true },
		{ "{ signature: { sha1: 1dcd41a42b7c778ace0897db54180ab759d166fb } }", true },
		{ "{ signature: { sha256: 4b6cd5b9e7a5b7a31babba0bdf0ff1e1b0e27d98a6e9f8ea9e0b5fa70b7e9e3e } }", false },
		{ "{ signature: { sha256: [ 4b6cd5b9e7a5b7a31babba0bdf0ff1e1b0e27d98a6e9f8ea9e0b5fa70b7e9e3e ], text: Virus } }",
		    true },
		{ "{ signature: { text: 'in the preamble' } }", true },
		{ "{ signature: { text: 'in the epilogue' } }", true },
		{ "{ signature: { text: 'X-Odd: field' } }", true },
	};

	(void)state;
	/* "Virus Body" */
	CHECK(&none,
	    "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\nX-Odd: field\n\nin the preamble\n"
	    "--b\nContent-Transfer-Encoding: base64\n\nVmlydXMgQm9keQ==\n--b--\nin the epilogue\n",
	    cases);
}

static void
test_size(void **state)
{
	static const struct test_case cases[] = {
		{ "{ size: '= 100' }", true },      { "{ size: '> 99' }", true },   { "{ size: '> 100' }", false },
		{ "{ size: '>= 100' }", true },     { "{ size: '< 101' }", true },  { "{ size: '< 100' }", false },
		{ "{ size: '<= 100' }", true },     { "{ size: '>= 1KiB' }", false }, { "{ size: '90..100' }", true },
		{ "{ size: '100 .. 1 KiB' }", true }, { "{ size: '101..200' }", false }, { "{ size: '=100' }", true },
	};
	char message[101];

	(void)state;
	/* 6 line ends become two octets each */
	memset(message, 'x', sizeof(message));
	memcpy(message, "A: b\n\n\n\n\n\n", 10);
	message[94] = '\0';
	CHECK(&none, message, cases);
}

static void
test_envelope(void **state)
{
	static const struct span recipients[] = { { "a@one.example", 13 }, { "B@two.example", 13 } };
	static const struct rule_envelope smtp = { .protocol = PROTOCOL_SMTP, .helo = { "mail.example.org", 16 },
		.sender = { "Sender@Example.org", 18 }, .recipients = recipients, .recipient_count = 2 };
	static const struct rule_envelope bounce = { .protocol = PROTOCOL_LMTP, .recipients = recipients,
		.recipient_count = 1 };
	static const struct rule_envelope retrieved = { .protocol = PROTOCOL_POP3 };
	static const struct test_case known[] = {
		{ "{ envelope: { from: sender@example.org } }", true },
		{ "{ envelope: { from: '*@example.org' } }", true },
		{ "{ envelope: { from: [a@b, '/@EXAMPLE/i'] } }", true },
		{ "{ envelope: { from: '/@EXAMPLE/' } }", false },
		{ "{ envelope: { from: 'example.org' } }", false },
		{ "{ envelope: { from: '<>' } }", false },
		{ "{ envelope: { to: 'b@two.*' } }", true },
		{ "{ envelope: { to: '*@three.example' } }", false },
		{ "{ envelope: { helo: 'mail.*' } }", true },
		{ "{ envelope: { helo: '?ail.example.org' } }", true },
		{ "{ envelope: { recipients: '= 2' } }", true },
		{ "{ envelope: { recipients: '> 2' } }", false },
		{ "{ envelope: { from: '*@example.org', recipients: '> 2' } }", false },
		{ "{ protocol: smtp }", true },
		{ "{ protocol: [imap, lmtp] }", false },
	};
	static const struct test_case null_sender[] = {
		{ "{ envelope: { from: '<>' } }", true },
		{ "{ envelope: { from: '*@*' } }", false },
		{ "{ protocol: [imap, lmtp] }", true },
	};
	static const struct test_case unknown[] = {
		{ "{ envelope: { from: '*' } }", false },
		{ "{ envelope: { recipients: '< 5' } }", false },
		{ "{ not: { envelope: { to: '*' } } }", true },
		{ "{ protocol: pop3 }", true },
	};

	(void)state;
	CHECK(&smtp, "A: b\n\nx\n", known);
	CHECK(&bounce, "A: b\n\nx\n", null_sender);
	CHECK(&retrieved, "A: b\n\nx\n", unknown);
}

static void
test_client_and_user(void **state)
{
	static const struct rule_envelope inside = { .protocol = PROTOCOL_SMTP, .client_known = true, .tls = true,
		.client = { [10] = 0xff, 0xff, 10, 1, 2, 3 }, .user = { "sales@example.org", 17 } };
	static const struct test_case known[] = {
		{ "{ client: { address: 10.0.0.0/8 } }", true },
		{ "{ client: { address: [192.168.0.0/16, 10.1.2.3] } }", true },
		{ "{ client: { address: [10.2.0.0/16, '2001:db8::/32'] } }", false },
		{ "{ client: { tls: true } }", true },
		{ "{ client: { address: 10.0.0.0/8, tls: false } }", false },
		{ "{ user: 'sales@*' }", true },
		{ "{ user: '*' }", true },
		{ "{ user: ['/^Sales/', 'nobody'] }", false },
	};
	static const struct test_case unknown[] = {
		{ "{ client: { address: '0.0.0.0/0' } }", false },
		{ "{ client: { tls: false } }", true },
		{ "{ user: '*' }", false },
	};

	(void)state;
	CHECK(&inside, "A: b\n\nx\n", known);
	CHECK(&none, "A: b\n\nx\n", unknown);
}

/* An archive is looked into for this alone. Its member has two names. */
static void
test_defect_of_archive(void **state)
{
	static const char message[] = "MIME-Version: 1.0\nContent-Type: application/zip\nContent-Transfer-Encoding: base64\n\n"
	                              "UEsDBBQAAAAAAGRlfl2DFtyMAQAAAAEAAAAFAAAAYi50eHR4UEsBAhQDFAAAAAAAZGV+XYMW3IwB\nAAAAAQAAAAUAAAAAAAAAAAAAAIABAAAAAGEudHh0UEsFBgAAAAABAAEAMwAAACQAAAAAAA==\n";
	struct rule_fixture f;

	(void)state;
	rule_fixture_init(&f);
	rule_fixture_add(&f, "rules: [{ name: A, then: tag, when: { defect: container-inconsistent } }]\n");
	assert_true(rule_fixture_compile(&f));
	rule_fixture_scan(&f, message, false);
	assert_string_equal(rule_fixture_hits(&f), "A");
	rule_fixture_free(&f);
}

static void
test_defect(void **state)
{
	static const struct test_case cases[] = {
		{ "{ defect: missing-mime-version }", true },
		{ "{ defect: [nul, base64-malformed] }", true },
		{ "{ defect: nul }", false },
	};

	(void)state;
	CHECK(&none, "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n!!!!aGVsbG8=!!!\n", cases);
}

static void
test_logic(void **state)
{
	static const struct test_case cases[] = {
		{ "{ all: [ { body: /one/ }, { body: /two/ } ] }", true },
		{ "{ all: [ { body: /one/ }, { body: /three/ } ] }", false },
		{ "{ any: [ { body: /three/ }, { body: /two/ } ] }", true },
		{ "{ any: [ { body: /three/ }, { body: /four/ } ] }", false },
		{ "{ not: { body: /three/ } }", true },
		{ "{ not: { not: { body: /one/ } } }", true },
		{ "{ not: { body: /one/, raw_body: /three/ } }", true },
		/* Several keys in one mapping must all hold. */
		{ "{ body: /one/, raw_body: /two/ }", true },
		{ "{ body: /one/, raw_body: /three/ }", false },
	};

	(void)state;
	CHECK(&none, "A: b\n\none two\n", cases);
}

static void
test_references(void **state)
{
	struct rule_fixture f;

	(void)state;
	rule_fixture_init(&f);
	rule_fixture_add(&f, "rules:\n"
	                     "  - { name: BOTH, when: { all: [ { rule: ONE }, { rule: TWO } ] }, score: 4 }\n"
	                     "  - { name: NEITHER, when: { not: { rule: ONE } }, score: 8 }\n"
	                     "  - { name: ONE, when: { body: /one/ }, score: 1 }\n");
	rule_fixture_add(&f, "rules:\n  - { name: TWO, when: { body: /two/ }, score: 2 }\n");
	assert_true(rule_fixture_compile(&f));
	rule_fixture_scan(&f, "A: b\n\none two\n", false);
	assert_string_equal(rule_fixture_hits(&f), "BOTH ONE TWO");
	assert_true(f.outcome.score == 7);
	rule_fixture_scan(&f, "A: b\n\ntwo\n", false);
	assert_string_equal(rule_fixture_hits(&f), "NEITHER TWO");
	rule_fixture_free(&f);
}

/* T77: by name, unless the content is something by itself. */
static void
test_pieces(void **state)
{
	static const struct {
		const char *name, *content; /* in base64 */
		bool piece;
	} files[] = {
		{ "a.7z.002", "cGxhaW4gd29yZHM=", true },
		{ "A.ZIP.999", "cGxhaW4gd29yZHM=", true },
		{ "a.part02.rar", "AQID", true },
		{ "a.002", "AQID", true },
		{ "a.z01", "AQID", true },
		{ "a.R00", "UEsDBBQ=", true }, /* an archive that is cut off */
		{ "a.tar.001", "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==", false }, /* and one that is whole */
		{ "a.zip.001", "", false },
		{ "report.001", "cGxhaW4gd29yZHM=", false },
		{ "report.z01", "cGxhaW4gd29yZHM=", false },
		{ "photo.001", "R0lGODlhAQ==", false },
		{ "report.2019", "AQID", false },
		{ "v1.7z.html", "cGxhaW4gd29yZHM=", false },
		{ "part2.rar.txt", "cGxhaW4gd29yZHM=", false },
		{ "a.bin", "AQID", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct test_case cases[] = { { "{ attachment: { traits: multi-volume } }", files[i].piece } };
		struct arena *a = arena_new(1 << 16);

		check(&none, arena_printf(a, "Content-Type: application/octet-stream; name=\"%s\"\n"
		    "Content-Transfer-Encoding: base64\n\n%s", files[i].name, files[i].content), cases, 1);
		arena_free(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_multipart_without_delimiter),
		cmocka_unit_test(test_uri),
		cmocka_unit_test(test_attachment),
		cmocka_unit_test(test_signature),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_envelope),
		cmocka_unit_test(test_client_and_user),
		cmocka_unit_test(test_defect),
		cmocka_unit_test(test_defect_of_archive),
		cmocka_unit_test(test_logic),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
