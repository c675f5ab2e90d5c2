/* From rules to a verdict: gravity, thresholds, what is to be removed, what
 * could not be decided; and the rules that the documentation shows. */
#include "config.h"

#include "rule_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* Archives: invoice.exe (the first 64 bytes of a program); a.zip with b.exe, and c.txt; an
 * encrypted secret.txt; the first, cut inside its member. */
#define ZIP_EXE \
	"UEsDBBQAAAAIAAAAIVAtntVyBwAAAEAAAAALAAAAaW52b2ljZS5leGXzjWKgCAAAUEsBAhQDFAAA\n" \
	"AAgAAAAhUC2e1XIHAAAAQAAAAAsAAAAAAAAAAAAAAIABAAAAAGludm9pY2UuZXhlUEsFBgAAAAAB\n" \
	"AAEAOQAAADAAAAAAAA==\n"
#define ZIP_NESTED \
	"UEsDBBQAAAAIAAAAIVDuUZtCQgAAAHMAAAAFAAAAYS56aXAL8GZmEWFgYOAAYsUA3XlXi9iBLAcg\n" \
	"ZgXiJL3UitTPvUkLgNIB3oxMIsy41cJAAyMDTGeANysbiMMIhMZAWgusAABQSwMEFAAAAAgAAAAh\n" \
	"UMenizsGAAAABAAAAAUAAABjLnR4dCtJrSgBAFBLAQIUAxQAAAAIAAAAIVDuUZtCQgAAAHMAAAAF\n" \
	"AAAAAAAAAAAAAACAAQAAAABhLnppcFBLAQIUAxQAAAAIAAAAIVDHp4s7BgAAAAQAAAAFAAAAAAAA\n" \
	"AAAAAACAAWUAAABjLnR4dFBLBQYAAAAAAgACAGYAAACOAAAAAAA=\n"
#define ZIP_ENCRYPTED \
	"UEsDBBQAAQAAAAAAIVAz8MRoEAAAABAAAAAKAAAAc2VjcmV0LnR4dDAxMjM0NTY3ODlhYmNkZWZQ\n" \
	"SwECFAMUAAEAAAAAACFQM/DEaBAAAAAQAAAACgAAAAAAAAAAAAAAgAEAAAAAc2VjcmV0LnR4dFBL\n" \
	"BQYAAAAAAQABADgAAAA4AAAAAAA=\n"
#define ZIP_CUT "UEsDBBQAAAAIAAAAIVAtntVyBwAAAEAAAAALAAAAaW52b2ljZS5leGXzjWI=\n"

#define WITH_ZIP(base64) \
	"Subject: Urgent invoice\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n" \
	"--b\n\nsee there\n" \
	"--b\nContent-Type: application/zip; name=invoice.zip\nContent-Transfer-Encoding: base64\n\n" base64 "--b--\n"

static const char plain[] = "Subject: Urgent\n\none two\n";

static void
begin(struct rule_fixture *f, const char *rules)
{
	rule_fixture_init(f);
	rule_fixture_add(f, rules);
}

static void
scan(struct rule_fixture *f, const char *message)
{
	if (f->rules == NULL && !rule_fixture_compile(f))
		fail_msg("%s", rule_fixture_errors(f));
	rule_fixture_scan(f, message, false);
}

static void
expect_text(struct rule_fixture *f, struct span text, const char *expected)
{
	assert_string_equal(arena_strndup(f->message, text), expected);
}

static void
test_the_gravest_wins(void **state)
{
	static const char *const names[] = { "accept", "tag", "strip", "quarantine", "discard", "defer", "reject" };
	struct rule_fixture f;

	(void)state;
	for (size_t a = 0; a < 7; a++)
		for (size_t b = 0; b < 7; b++) {
			rule_fixture_init(&f);
			rule_fixture_add(&f, arena_printf(f.arena,
			    "rules:\n"
			    "  - { name: A, when: { attachment: { type: text/plain } }, then: %s }\n"
			    "  - { name: B, when: { attachment: { type: 'text/*' } }, then: %s }\n"
			    "  - { name: C, when: { body: /three/ }, then: reject }\n",
			    names[a], names[b]));
			scan(&f, plain);
			assert_int_equal(f.outcome.verdict, a > b ? a : b);
			assert_int_equal(f.outcome.tag, a == VERDICT_TAG || b == VERDICT_TAG);
			assert_int_equal(f.outcome.strip_count, a == VERDICT_STRIP || b == VERDICT_STRIP);
			assert_string_equal(rule_fixture_hits(&f), "A B");
			rule_fixture_free(&f);
		}
}

static void
test_thresholds(void **state)
{
	static struct threshold thresholds[] = { { 0.3, VERDICT_TAG }, { 5, VERDICT_QUARANTINE }, { 10, VERDICT_REJECT } };
	static const struct {
		const char *scores[3];
		enum verdict verdict;
	} cases[] = {
		{ { "0.1", "0.1", "0.0999" }, VERDICT_ACCEPT },
		{ { "0.1", "0.1", "0.1" }, VERDICT_TAG },
		{ { "5", "5", "-5" }, VERDICT_QUARANTINE },
		{ { "12", "-3", "0" }, VERDICT_QUARANTINE },
		{ { "3", "3", "4" }, VERDICT_REJECT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rule_fixture f;

		rule_fixture_init(&f);
		f.policy.thresholds = thresholds;
		f.policy.threshold_count = 3;
		for (size_t n = 0; n < 3; n++)
			rule_fixture_add(&f, arena_printf(f.arena, "rules: [ { name: A%zu, when: { body: /one/ }, score: %s } ]\n",
			    n, cases[i].scores[n]));
		scan(&f, plain);
		assert_int_equal(f.outcome.verdict, cases[i].verdict);
		assert_int_equal(f.outcome.tag, cases[i].verdict != VERDICT_ACCEPT);
		rule_fixture_free(&f);
	}
}

static void
test_reasons_and_replies(void **state)
{
	static struct threshold threshold = { 5, VERDICT_REJECT };
	struct rule_fixture f;

	(void)state;
	begin(&f, "rules:\n"
	          "  - { name: A, when: { body: /one/ }, then: defer, reply: 450 4.7.1 wait }\n"
	          "  - { name: B, when: { body: /two/ }, then: reject, reply: 550 no }\n"
	          "  - { name: C, when: { body: /three/ }, score: 7.25 }\n");
	f.policy.thresholds = &threshold;
	f.policy.threshold_count = 1;
	scan(&f, plain);
	expect_text(&f, f.outcome.reply, "550 5.7.1 no");
	expect_text(&f, f.outcome.reason, "rule B");
	scan(&f, "A: b\n\none\n");
	assert_int_equal(f.outcome.verdict, VERDICT_DEFER);
	expect_text(&f, f.outcome.reply, "450 4.7.1 wait");
	scan(&f, "A: b\n\none three\n");
	assert_int_equal(f.outcome.verdict, VERDICT_REJECT);
	assert_int_equal(f.outcome.reply.len, 0);
	expect_text(&f, f.outcome.reason, "score 7.250 reaches 5.000");
	scan(&f, "A: b\n\nfour\n");
	assert_int_equal(f.outcome.reason.len, 0);
	rule_fixture_free(&f);
}

static void
test_members_are_found(void **state)
{
	struct rule_fixture f;

	(void)state;
	begin(&f, "rules: [ { name: A, when: { attachment: { extension: exe } }, then: strip } ]\n");
	scan(&f, WITH_ZIP(ZIP_EXE));
	assert_int_equal(f.outcome.verdict, VERDICT_STRIP);
	assert_int_equal(f.outcome.strip_count, 1);
	assert_string_equal(f.outcome.strips[0].part->section, "2");
	expect_text(&f, f.outcome.strips[0].section, "2!invoice.exe");
	expect_text(&f, f.outcome.strips[0].name, "invoice.exe");
	expect_text(&f, f.outcome.hits[0].part, "2");
	expect_text(&f, f.outcome.hits[0].section, "2!invoice.exe");
	expect_text(&f, f.outcome.reason, "rule A in part 2!invoice.exe");
	scan(&f, WITH_ZIP(ZIP_NESTED));
	expect_text(&f, f.outcome.hits[0].section, "2!a.zip!b.exe");
	scan(&f, plain);
	assert_int_equal(f.outcome.hit_count, 0);
	rule_fixture_free(&f);
}

static void
test_encrypted(void **state)
{
	struct rule_fixture f;

	(void)state;
	/* The archive counts as encrypted too, so that both can be told. */
	begin(&f, "rules:\n"
	          "  - { name: A, when: { attachment: { encrypted: true, extension: zip } }, then: quarantine }\n"
	          "  - { name: B, when: { attachment: { encrypted: true, extension: txt } } }\n"
	          "  - { name: C, when: { attachment: { encrypted: true, type: text/plain } } }\n");
	scan(&f, WITH_ZIP(ZIP_ENCRYPTED));
	assert_string_equal(rule_fixture_hits(&f), "A B");
	assert_int_equal(f.outcome.verdict, VERDICT_QUARANTINE);
	assert_true(f.outcome.complete);
	scan(&f, WITH_ZIP(ZIP_EXE));
	assert_string_equal(rule_fixture_hits(&f), "");
	rule_fixture_free(&f);
}

static void
test_parts_told(void **state)
{
	static const char sha256_of_text[] = "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1";
	struct rule_fixture f;

	(void)state;
	rule_fixture_init(&f);
	assert_true(rule_fixture_compile(&f));
	rule_fixture_scan(&f, WITH_ZIP(ZIP_NESTED), true);
	assert_int_equal(f.outcome.part_count, 5);
	expect_text(&f, f.outcome.parts[0].section, "1");
	expect_text(&f, f.outcome.parts[0].type, "text/plain");
	assert_string_equal(f.outcome.parts[0].magic, "text");
	expect_text(&f, f.outcome.parts[1].section, "2");
	expect_text(&f, f.outcome.parts[1].name, "invoice.zip");
	assert_string_equal(f.outcome.parts[1].magic, "zip");
	assert_int_equal(f.outcome.parts[1].decoded_octets, 266);
	expect_text(&f, f.outcome.parts[2].section, "2!a.zip");
	expect_text(&f, f.outcome.parts[3].section, "2!a.zip!b.exe");
	assert_string_equal(f.outcome.parts[3].magic, "pe");
	assert_int_equal(f.outcome.parts[3].octets, 64);
	expect_text(&f, f.outcome.parts[4].section, "2!c.txt");
	assert_int_equal(f.outcome.parts[4].type.len, 0);
	assert_string_equal(f.outcome.parts[4].sha256, sha256_of_text);
	rule_fixture_scan(&f, plain, false);
	assert_int_equal(f.outcome.part_count, 0);
	rule_fixture_free(&f);
}

static void
test_each_part_is_removed_once(void **state)
{
	struct rule_fixture f;

	(void)state;
	begin(&f, "rules:\n"
	          "  - { name: A, when: { attachment: { magic: pe } }, then: strip }\n"
	          "  - { name: B, when: { any: [ { rule: A }, { attachment: { extension: [zip, exe] } } ] }, then: strip }\n");
	scan(&f, WITH_ZIP(ZIP_EXE));
	assert_string_equal(rule_fixture_hits(&f), "A B");
	assert_int_equal(f.outcome.strip_count, 1);
	scan(&f, "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
	         "--b\nContent-Type: a/b; name=x.exe\n\nx\n--b\n\ny\n--b\nContent-Type: a/b; name=z.exe\n\nz\n--b--\n");
	assert_int_equal(f.outcome.strip_count, 2);
	expect_text(&f, f.outcome.strips[1].section, "3");
	assert_int_equal(f.outcome.strips[1].rule, 1);
	rule_fixture_free(&f);
}

/* What ought to be removed and cannot be keeps the message back. */
static void
test_what_cannot_be_removed(void **state)
{
	static struct threshold threshold = { 5, VERDICT_STRIP };
	struct rule_fixture f;

	(void)state;
	begin(&f, "rules: [ { name: A, when: { signature: { text: VIRUS } }, then: strip } ]\n");
	scan(&f, "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\nVIRUS\n--b\n\nVIRUS\n--b--\n");
	assert_int_equal(f.outcome.verdict, VERDICT_QUARANTINE);
	scan(&f, "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nVIRUS\n--b--\n");
	assert_int_equal(f.outcome.verdict, VERDICT_STRIP);
	/* In the header of an attached message, which can be removed. */
	scan(&f, "MIME-Version: 1.0\nContent-Type: message/rfc822\n\nSubject: VIRUS\n\nx\n");
	assert_int_equal(f.outcome.verdict, VERDICT_STRIP);
	expect_text(&f, f.outcome.hits[0].part, "1");
	rule_fixture_free(&f);

	begin(&f, "rules:\n"
	          "  - { name: A, when: { body: /one/ }, score: 5 }\n"
	          "  - { name: B, when: { attachment: { extension: exe } }, score: 0 }\n");
	f.policy.thresholds = &threshold;
	f.policy.threshold_count = 1;
	scan(&f, plain);
	assert_int_equal(f.outcome.verdict, VERDICT_QUARANTINE);
	scan(&f, "Content-Type: text/plain; name=a.exe\n\none\n");
	assert_int_equal(f.outcome.verdict, VERDICT_STRIP);
	assert_int_equal(f.outcome.strip_count, 1);
	rule_fixture_free(&f);
}

/* A damaged archive may hold anything. */
static void
test_undecided(void **state)
{
	static const enum verdict verdicts[] = { [FAILURE_DEFER] = VERDICT_DEFER, [FAILURE_ACCEPT] = VERDICT_TAG,
		[FAILURE_REJECT] = VERDICT_REJECT };
	struct rule_fixture f;

	(void)state;
	for (int action = FAILURE_DEFER; action <= FAILURE_REJECT; action++) {
		begin(&f, "rules:\n"
		          "  - { name: TAG, when: { header: { name: Subject, contains: urgent } }, then: tag }\n"
		          "  - { name: SEEN, when: { attachment: { type: application/zip } }, score: 1 }\n"
		          "  - { name: SECRET, when: { attachment: { name: secret.doc } }, then: strip }\n"
		          "  - { name: REJECT, when: { body: /two/ }, then: reject, reply: 554 5.7.1 no }\n");
		f.policy.on_failure = (enum failure_action)action;
		scan(&f, WITH_ZIP(ZIP_CUT));
		assert_int_equal(f.outcome.verdict, verdicts[action]);
		assert_false(f.outcome.complete);
		assert_string_equal(f.outcome.why_incomplete, "rule SECRET is undecided: the container 2 is damaged");
		assert_int_equal(f.outcome.reply.len, 0);
		assert_string_equal(rule_fixture_hits(&f), "TAG SEEN");
		/* Nothing is graver than a reject, so it is final. */
		scan(&f, "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\ntwo\n--b\n"
		         "Content-Type: application/zip\nContent-Transfer-Encoding: base64\n\n" ZIP_CUT "--b--\n");
		assert_int_equal(f.outcome.verdict, VERDICT_REJECT);
		assert_true(f.outcome.complete);
		expect_text(&f, f.outcome.reply, "554 5.7.1 no");
		rule_fixture_free(&f);
	}
}

/* Only what a verdict hangs on counts. */
static void
test_undecided_logic(void **state)
{
	static const struct {
		const char *when;
		bool complete;
	} cases[] = {
		{ "{ attachment: { name: x } }", false },
		{ "{ not: { attachment: { name: x } } }", false },
		{ "{ all: [ { attachment: { name: x } }, { body: /see/ } ] }", false },
		{ "{ all: [ { attachment: { name: x } }, { body: /none/ } ] }", true },
		{ "{ any: [ { attachment: { name: x } }, { body: /see/ } ] }", true },
		{ "{ any: [ { attachment: { name: x } }, { body: /none/ } ] }", false },
		{ "{ signature: { text: none } }", false },
		{ "{ attachment: { name: invoice.zip } }", true },
		/* A message in an archive has parts with types. */
		{ "{ attachment: { type: image/png } }", false },
		{ "{ body: /none/ }", true },
		{ "{ size: '> 1GiB' }", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rule_fixture f;

		rule_fixture_init(&f);
		rule_fixture_add(&f, arena_printf(f.arena,
		    "rules: [ { name: B, when: { rule: A }, score: 1 }, { name: A, when: %s } ]\n", cases[i].when));
		scan(&f, WITH_ZIP(ZIP_CUT));
		if (f.outcome.complete != cases[i].complete)
			fail_msg("%s: expected %d", cases[i].when, cases[i].complete);
		rule_fixture_free(&f);
	}
}

/* The policy's `ambiguous` speaks on defects that hide, and only on them. */
static void
test_ambiguous(void **state)
{
	static const enum verdict verdicts[] = { [AMBIGUOUS_REJECT] = VERDICT_REJECT,
		[AMBIGUOUS_QUARANTINE] = VERDICT_QUARANTINE, [AMBIGUOUS_REWRITE] = VERDICT_STRIP,
		[AMBIGUOUS_TAG] = VERDICT_TAG };

	(void)state;
	for (int action = AMBIGUOUS_REJECT; action <= AMBIGUOUS_TAG; action++) {
		struct rule_fixture f;

		begin(&f, "rules: [ { name: A, when: { body: /none/ }, score: 1 } ]\n");
		f.policy.ambiguous = (enum ambiguous_action)action;
		scan(&f, "Content-Type: message/partial; id=1; number=1; total=2\n\nx\n");
		assert_int_equal(f.outcome.verdict, verdicts[action]);
		expect_text(&f, f.outcome.reason, "ambiguous: partial-message in part 1");
		expect_text(&f, f.outcome.reply, action == AMBIGUOUS_REJECT ?
		    "554 5.6.0 message can be read in several ways: partial-message" : "");
		scan(&f, "Content-Type: text/plain\n\nx\n");
		assert_int_equal(f.outcome.verdict, VERDICT_ACCEPT);
		assert_null(f.outcome.ambiguity);
		rule_fixture_free(&f);
	}
}

/* R06. */
static void
test_limits(void **state)
{
	struct rule_fixture f;

	(void)state;
	/* A rule without score and then changes nothing, so nothing hangs on it. */
	begin(&f, "rules: [ { name: A, when: { body: '/(x+x+)+y(?!z)/' }, score: 1 } ]\n");
	f.settings.limits.regex_matches = 100;
	scan(&f, "A: b\n\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxyz\n");
	assert_false(f.outcome.complete);
	assert_string_equal(f.outcome.why_incomplete, "rule A is undecided: an expression reached its limit");
	rule_fixture_free(&f);

	begin(&f, "rules: [ { name: A, when: { body: '/(x+x+)+y(?!z)/' } } ]\n");
	f.settings.limits.regex_matches = 100;
	scan(&f, "A: b\n\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxyz\n");
	assert_true(f.outcome.complete);
	rule_fixture_free(&f);

	begin(&f, "rules: [ { name: A, when: { body: /z/ }, score: 1 }, { name: B, when: { size: '> 1' }, score: 1 } ]\n");
	f.settings.limits.message_parts = 2;
	f.policy.ambiguous = AMBIGUOUS_TAG;
	scan(&f, "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\n\ny\n--b\n\nz\n--b--\n");
	assert_false(f.outcome.complete);
	assert_string_equal(rule_fixture_hits(&f), "B");
	rule_fixture_free(&f);

	begin(&f, "rules: [ { name: A, when: { attachment: { name: x.exe } }, score: 1 } ]\n");
	f.settings.limits.archive_depth = 0;
	scan(&f, WITH_ZIP(ZIP_NESTED));
	assert_false(f.outcome.complete);
	rule_fixture_free(&f);
}

static struct rule_fixture *
contract(void)
{
	static struct threshold threshold = { 5, VERDICT_TAG };
	struct rule_fixture *f = malloc(sizeof(*f));
	const char *srcdir = getenv("srcdir");

	assert_non_null(f);
	rule_fixture_init(f);
	f->policy.thresholds = &threshold;
	f->policy.threshold_count = 1;
	rule_fixture_add_file(f,
	    arena_printf(f->arena, "%s/tests/data/rules-contract.yaml", srcdir != NULL ? srcdir : "."));
	if (!rule_fixture_compile(f))
		fail_msg("%s", rule_fixture_errors(f));
	return f;
}

static void
test_contract_viruses(void **state)
{
	struct rule_fixture *f = contract();

	(void)state;
	assert_int_equal(ruleset_count(f->rules), 9);
	/* Written in two pieces, so that scanners leave this file alone. */
	scan(f, "A: b\n\nX5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" "ANTIVIRUS-TEST-FILE!$H+H*\n");
	assert_int_equal(f->outcome.verdict, VERDICT_REJECT);
	expect_text(f, f->outcome.reply, "554 5.7.1 message contains a virus");
	assert_string_equal(rule_fixture_hits(f), "EICAR");
	scan(f, "MIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\n"
	        "WDVPIVAlQEFQWzRcUFpYNTQoUF4pN0NDKTd9JEVJQ0FSLVNUQU5EQVJELUFOVElWSVJVUy1URVNU\nLUZJTEUhJEgrSCo=\n");
	assert_string_equal(rule_fixture_hits(f), "EICAR KNOWN_BAD_FILE");
	rule_fixture_free(f);
	free(f);
}

static void
test_contract_attachments(void **state)
{
	struct rule_fixture *f = contract();

	(void)state;
	scan(f, WITH_ZIP(ZIP_EXE));
	assert_int_equal(f->outcome.verdict, VERDICT_STRIP);
	assert_string_equal(rule_fixture_hits(f), "BANNED_EXTENSION SUBJECT_URGENT");
	assert_true(f->outcome.score == 1.5);
	expect_text(f, f->outcome.hits[0].part, "2");
	assert_false(f->outcome.tag);
	scan(f, WITH_ZIP(ZIP_ENCRYPTED));
	assert_int_equal(f->outcome.verdict, VERDICT_QUARANTINE);
	rule_fixture_free(f);
	free(f);
}

static void
test_contract_texts(void **state)
{
	struct rule_fixture *f = contract();

	(void)state;
	scan(f, "Subject: urgent\n\nYou have won the big LOTTERY\n");
	assert_string_equal(rule_fixture_hits(f), "SUBJECT_URGENT LOTTERY URGENT_LOTTERY");
	assert_true(f->outcome.score == 6.5);
	assert_int_equal(f->outcome.verdict, VERDICT_TAG);
	f->envelope.client_known = true;
	memcpy(f->envelope.client, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x01\x02\x03", 16);
	scan(f, "Subject: urgent\n\nYou have won the big LOTTERY\n");
	assert_string_equal(rule_fixture_hits(f), "SUBJECT_URGENT LOTTERY");
	assert_int_equal(f->outcome.verdict, VERDICT_ACCEPT);
	scan(f, "A: b\n\nXJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n");
	assert_true(f->outcome.score == 1000);
	rule_fixture_free(f);
	free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_gravest_wins),
		cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_reasons_and_replies),
		cmocka_unit_test(test_members_are_found),
		cmocka_unit_test(test_encrypted),
		cmocka_unit_test(test_parts_told),
		cmocka_unit_test(test_each_part_is_removed_once),
		cmocka_unit_test(test_what_cannot_be_removed),
		cmocka_unit_test(test_undecided),
		cmocka_unit_test(test_undecided_logic),
		cmocka_unit_test(test_ambiguous),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_contract_viruses),
		cmocka_unit_test(test_contract_attachments),
		cmocka_unit_test(test_contract_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
