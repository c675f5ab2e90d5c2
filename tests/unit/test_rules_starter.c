/* The rules that come with gatepost: each message here is of a kind that they
 * are for, or of the ordinary kind that they must leave alone. */
#include "config.h"

#include "rule_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define HEADER \
	"From: Anna <anna@example.org>\nTo: bob@example.net\nDate: Mon, 2 Feb 2026 10:00:00 +0100\n" \
	"Message-ID: <1@example.org>\nMIME-Version: 1.0\n"
#define PLAIN HEADER "Content-Type: text/plain; charset=utf-8\nSubject: "
#define ATTACHED(fields, content) \
	HEADER "Subject: invoice\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nsee there\n--b\n" fields "\n" content \
	       "\n--b--\n"

struct rule_case {
	const char *message;
	enum verdict verdict;
	const char *hits; /* NULL: at least whatever gives the verdict */
};

static void
load(struct rule_fixture *f)
{
	static const char *const files[] = { "viruses", "malformed", "spam", "attachments" };
	static struct threshold thresholds[] = { { 5, VERDICT_TAG }, { 15, VERDICT_REJECT } };
	const char *srcdir = getenv("srcdir");

	rule_fixture_init(f);
	f->policy.thresholds = thresholds;
	f->policy.threshold_count = 2;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		rule_fixture_add_file(f,
		    arena_printf(f->arena, "%s/rules/%s.yaml", srcdir != NULL ? srcdir : ".", files[i]));
	if (!rule_fixture_compile(f))
		fail_msg("%s", rule_fixture_errors(f));
}

static void
check(const struct rule_case *cases, size_t count)
{
	struct rule_fixture f;

	load(&f);
	f.envelope = (struct rule_envelope){ .protocol = PROTOCOL_SMTP, .helo = SPAN_LITERAL("mail.example.org"),
		.sender = SPAN_LITERAL("anna@example.org") };
	for (size_t i = 0; i < count; i++) {
		rule_fixture_scan(&f, cases[i].message, false);
		assert_true(f.outcome.complete);
		if (f.outcome.verdict != cases[i].verdict ||
		    (cases[i].hits != NULL && strcmp(rule_fixture_hits(&f), cases[i].hits) != 0))
			fail_msg("case %zu: %s, score %.1f: %s", i, verdict_name(f.outcome.verdict), f.outcome.score,
			    rule_fixture_hits(&f));
	}
	rule_fixture_free(&f);
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof((cases)[0]))

static void
test_ordinary(void **state)
{
	static const struct rule_case cases[] = {
		{ PLAIN "Lunch?\n\nAre you free on Monday at noon? I would like to talk about the budget, 2 million in all.\n",
		    VERDICT_ACCEPT, "" },
		{ PLAIN "Re: your account\n\nPlease confirm your account at https://bank.example/login when you have time.\n",
		    VERDICT_ACCEPT, NULL },
		{ ATTACHED("Content-Type: application/pdf; name=report.pdf\n", "%PDF-1.4 text"), VERDICT_ACCEPT, "" },
		{ ATTACHED("Content-Type: text/plain; name=\"minutes.2026.txt\"\n", "text"), VERDICT_ACCEPT, "" },
		{ HEADER "Subject: news\nContent-Type: text/html\n\n<p>This month: <a href=\"https://news.example/?a=1&amp;b=2\">read"
		         " on</a>, or unsubscribe. Nothing else is new in the garden of the town hall this week.</p>\n",
		    VERDICT_ACCEPT, "HTML_ONLY" },
	};

	(void)state;
	CHECK(cases);
}

static void
test_spam(void **state)
{
	static const struct rule_case cases[] = {
		{ PLAIN "test\n\nXJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n", VERDICT_REJECT, "GTUBE" },
		{ PLAIN "URGENT BUSINESS PROPOSAL\n\nI am barrister John. My late client left US$15.5 million without next of kin.\n"
		        "Keep this strictly confidential.\n",
		    VERDICT_TAG, "SUBJECT_CAPITALS FEE_DEAD_OWNER FEE_MILLIONS FEE_SECRECY FEE_OFFICE FEE_FRAUD" },
		{ PLAIN "Payment\n\nI hacked your device and recorded you. Send 900 dollars in bitcoin to\n"
		        "1BoatSLRHtKNngkdXEeobR76b53LETtpyT or your contacts will see it.\n",
		    VERDICT_TAG, "EXTORTION" },
		{ PLAIN "Cheap!!!\n\nV1agra and Cialis from an online pharmacy, no prescription needed. Act now\n", VERDICT_TAG, NULL },
		{ PLAIN "Your mailbox\n\nYour mailbox is almost full and your account will be suspended. Verify your account now:\n"
		        "http://192.0.2.7/login\n",
		    VERDICT_TAG, NULL },
		{ HEADER "Subject: You won\nContent-Type: text/html\n\n<p>Your email address has <b>w</b>on 900,000 in our "
		         "l&#111;tt<i></i>ery.</p><a href=\"http://bank.example.com@evil.example/\">verify your account</a>\n",
		    VERDICT_TAG, NULL },
	};

	(void)state;
	CHECK(cases);
}

static void
test_attachments(void **state)
{
	static const struct rule_case cases[] = {
		{ ATTACHED("Content-Type: a/b; name=setup.exe\n", "x"), VERDICT_STRIP, "ATTACHMENT_EXTENSION" },
		{ ATTACHED("Content-Type: a/b; name=invoice.pdf.js\n", "x"), VERDICT_STRIP,
		    "ATTACHMENT_SCRIPT ATTACHMENT_DOUBLE_EXTENSION" },
		{ ATTACHED("Content-Type: a/b; name*=utf-8''cod%E2%80%AEgpj.ts\n", "x"), VERDICT_REJECT, "ATTACHMENT_NAME_REVERSED" },
		{ ATTACHED("Content-Type: a/b; name=\"a                            b.txt\"\n", "x"), VERDICT_STRIP,
		    "ATTACHMENT_LONG_BLANK" },
		{ ATTACHED("Content-Type: a/b; name=budget.xlsm\n", "x"), VERDICT_QUARANTINE, "ATTACHMENT_MACRO_DOCUMENT" },
		{ ATTACHED("Content-Type: image/png; name=photo.png\nContent-Transfer-Encoding: base64\n",
		      "TVoAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nAAAAAA=="),
		    VERDICT_STRIP, NULL },
	};

	(void)state;
	CHECK(cases);
}

static void
test_viruses_and_malformed(void **state)
{
	static const struct rule_case cases[] = {
		/* Written in two pieces, so that scanners leave this file alone. */
		{ ATTACHED("Content-Type: text/plain\n", "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" "ANTIVIRUS-TEST-FILE!$H+H*"),
		    VERDICT_REJECT, "EICAR" },
		{ ATTACHED("Content-Type: a/b; name=a.hta\n", "x.open('GET', u); MSXML2.XMLHTTP"), VERDICT_QUARANTINE,
		    "SCRIPT_DOWNLOADS_AND_RUNS ATTACHMENT_SCRIPT" },
		{ ATTACHED("Content-Type: a/b\nContent-Transfer-Encoding: base64\nContent-Transfer-Encoding: 7bit\n", "aGVsbG8="),
		    VERDICT_REJECT, NULL },
		{ HEADER "Content-Type: message/partial; number=1; total=2; id=x\nSubject: piece\n\nx\n", VERDICT_REJECT, NULL },
	};

	(void)state;
	CHECK(cases);
}

/* Each rule says what it is about. */
static void
test_every_rule_has_about(void **state)
{
	struct rule_fixture f;

	(void)state;
	load(&f);
	for (size_t i = 0; i < ruleset_count(f.rules); i++)
		if (ruleset_about(f.rules, i).about == NULL)
			fail_msg("%s", ruleset_about(f.rules, i).name);
	rule_fixture_free(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ordinary),
		cmocka_unit_test(test_spam),
		cmocka_unit_test(test_attachments),
		cmocka_unit_test(test_viruses_and_malformed),
		cmocka_unit_test(test_every_rule_has_about),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
