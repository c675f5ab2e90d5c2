/* What a verdict makes of a message where no golden message can show it:
 * names that are shown, the last line end, reasons that come from a message,
 * a message withheld from a reader. */
#include "config.h"

#include "rewrite/compose.h"
#include "rewrite/text.h"

#include "base/buf.h"
#include "rewrite/renew.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

struct fixture {
	struct arena *arena;
	struct settings settings;
	struct policy_settings policy;
	struct threshold threshold;
	struct ruleset *rules;
	struct rule_outcome outcome;
	struct scan_preferences own;
	struct buf result;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct report report;

	f->arena = arena_new(0);
	f->threshold = (struct threshold){ 5.0, VERDICT_TAG };
	f->policy = (struct policy_settings){ .name = "p", .thresholds = &f->threshold, .threshold_count = 1,
		.notice_names = true };
	f->settings = (struct settings){ .policies = &f->policy, .policy_count = 1 };
	report_init(&report, f->arena);
	f->rules = ruleset_compile(f->arena, &f->settings, 0, &report);
	f->outcome = (struct rule_outcome){ .complete = true };
	*state = f;
	return f->rules != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	buf_free(&f->result);
	arena_free(&f->arena);
	free(f);
	return 0;
}

struct source {
	struct buf *out;
	struct span message;
};

static bool
add_piece(void *context, bool original, uint64_t offset, struct span bytes)
{
	struct source *s = context;

	buf_add(s->out, original ? s->message.data + offset : bytes.data, bytes.len);
	return true;
}

static const char *
composed(struct fixture *f, const char *message, bool to_reader)
{
	const struct mime_limits limits = { 100, 10, 100 };
	struct source source = { &f->result, span_str(message) };
	struct scratch *scratch = scratch_new(-1);
	struct mime_message *m = mime_parse(f->arena, source.message, &limits);
	const struct compose_job job = {
		.arena = f->arena,
		.message = m,
		.judged = m,
		.hostname = "mx.example.org",
		.policy = &f->policy,
		.rules = f->rules,
		.outcome = &f->outcome,
		.own = &f->own,
		.scratch = scratch,
		.marks = compose_marks(&f->policy, f->rules) || compose_user_marks(&f->own),
		.to_reader = to_reader,
	};
	struct edits e;

	edits_init(&e, f->arena);
	compose_edits(&e, &job);
	buf_clear(&f->result);
	assert_true(edits_stream(e.items, e.count, source.message.len, add_piece, &source));
	assert_int_equal(edits_apply_size(&e, source.message.len), f->result.len);
	scratch_free(&scratch);
	return buf_str(&f->result);
}

static void
test_marks(void **state)
{
	struct fixture *f = *state;

	assert_true(compose_marks(&f->policy, f->rules));
	f->threshold.then = VERDICT_REJECT;
	assert_false(compose_marks(&f->policy, f->rules));
	assert_string_equal(composed(f, "X-Spam-Flag: YES\r\n\r\nHi\r\n", false), "X-Spam-Flag: YES\r\n\r\nHi\r\n");
}

static void
test_scores(void **state)
{
	struct fixture *f = *state;

	f->outcome.tag = true;
	f->outcome.verdict = VERDICT_TAG;
	f->outcome.score = -0.0001;
	f->threshold.score = 5.25;
	assert_string_equal(composed(f, "A: b\n", false),
	    "X-Spam-Flag: YES\nX-Spam-Score: 0.0\nX-Spam-Status: Yes, score=0.0 required=5.25\nA: b\n");
	f->outcome.score = 1000;
	f->policy.threshold_count = 0;
	assert_string_equal(composed(f, "A: b\n", false),
	    "X-Spam-Flag: YES\nX-Spam-Score: 1000.0\nX-Spam-Status: Yes, score=1000.0\nA: b\n");
}

/* A line that an mbox left on top stays there. */
static void
test_from_line(void **state)
{
	struct fixture *f = *state;

	f->outcome.tag = true;
	f->outcome.verdict = VERDICT_TAG;
	assert_string_equal(composed(f, "From a@b Mon Jan  1 00:00:00 2024\r\nA: b\r\n\r\n", false),
	    "From a@b Mon Jan  1 00:00:00 2024\r\nX-Spam-Flag: YES\r\nX-Spam-Score: 0.0\r\n"
	    "X-Spam-Status: Yes, score=0.0 required=5.0\r\nA: b\r\n\r\n");
}

/* The reason may hold an archive member's name: it makes no header of its own. */
static void
test_incomplete(void **state)
{
	struct fixture *f = *state;

	f->outcome.complete = false;
	f->outcome.why_incomplete = "member a\r\nX-Spam-Flag: NO\xc3\xbc";
	assert_string_equal(composed(f, "X-Gatepost-Incomplete: forged\r\nA: b\r\n\r\n", false),
	    "X-Gatepost-Incomplete: member a??X-Spam-Flag: NO?\r\nA: b\r\n\r\n");
}

static void
test_withheld(void **state)
{
	struct fixture *f = *state;
	const char *message = "Subject: x\r\nContent-Type: text/html\r\n\r\n<b>bad</b>\r\n";

	f->outcome.verdict = VERDICT_REJECT;
	f->outcome.reason = span_str("rule EICAR");
	assert_string_equal(composed(f, message, false), message);
	assert_string_equal(composed(f, message, true),
	    "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
	    "Content-Disposition: inline\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
	    "The content of this message was withheld.\r\n\r\nReason: rule EICAR\r\n\r\n"
	    "The original message is kept in quarantine by the postmaster.\r\n");
	/* A rule's word is the last; what could not be scanned may come again. */
	f->outcome.verdict = VERDICT_DEFER;
	assert_null(strstr(composed(f, message, true), "bad"));
	f->outcome.complete = false;
	assert_string_equal(composed(f, message, true), message);
}

static void
test_marks_of_a_user(void **state)
{
	static struct threshold own[] = { { 1, VERDICT_REJECT }, { 3.5, VERDICT_TAG } };
	struct fixture *f = *state;
	struct span pattern[] = { SPAN_LITERAL("*") };

	f->threshold.then = VERDICT_REJECT;
	assert_false(compose_user_marks(&f->own));
	f->own = (struct scan_preferences){ .deny = pattern, .deny_count = 1 };
	assert_true(compose_user_marks(&f->own));
	f->own = (struct scan_preferences){ .allow = pattern, .allow_count = 1 };
	assert_true(compose_user_marks(&f->own));
	f->own = (struct scan_preferences){ .has_thresholds = true, .thresholds = own, .threshold_count = 1 };
	assert_false(compose_user_marks(&f->own));
	f->own.threshold_count = 2;
	assert_true(compose_user_marks(&f->own));
	assert_string_equal(composed(f, "X-Spam-Flag: YES\r\n\r\nHi\r\n", false), "\r\nHi\r\n");
	f->outcome.tag = true;
	f->outcome.verdict = VERDICT_TAG;
	f->outcome.score = 4;
	assert_string_equal(composed(f, "A: b\n", false),
	    "X-Spam-Flag: YES\nX-Spam-Score: 4.0\nX-Spam-Status: Yes, score=4.0 required=3.5\nA: b\n");
}

static void
test_prefix_of_a_user(void **state)
{
	struct fixture *f = *state;

	f->outcome.tag = true;
	f->outcome.verdict = VERDICT_TAG;
	f->policy.subject_prefix = "[SPAM] ";
	assert_non_null(strstr(composed(f, "Subject: x\n", false), "\nSubject: [SPAM] x\n"));
	f->own = (struct scan_preferences){ .has_prefix = true, .subject_prefix = SPAN_LITERAL("[JUNK] ") };
	assert_non_null(strstr(composed(f, "Subject: x\n", false), "\nSubject: [JUNK] x\n"));
	f->own.subject_prefix = SPAN_NONE;
	assert_non_null(strstr(composed(f, "Subject: x\n", false), "\nSubject: x\n"));
}

static void
test_authors_of_a_user(void **state)
{
	struct rule_hit hit = { .name = "WORD", .score = 6 };
	struct span pattern[] = { SPAN_LITERAL("*") };
	struct fixture *f = *state;

	f->own = (struct scan_preferences){ .deny = pattern, .deny_count = 1 };
	f->outcome.tag = f->outcome.denied = true;
	f->outcome.verdict = VERDICT_TAG;
	assert_string_equal(composed(f, "A: b\n", false),
	    "X-Spam-Flag: YES\nX-Spam-Score: 0.0\nX-Spam-Status: Yes, score=0.0 required=5.0 user=sender-denied\nA: b\n");
	f->outcome = (struct rule_outcome){ .complete = true, .allowed = true, .score = 6, .hits = &hit,
		.hit_count = 1 };
	assert_string_equal(composed(f, "X-Spam-Flag: YES\nA: b\n", false),
	    "X-Spam-Status: No, score=6.0 required=5.0 user=sender-allowed tests=WORD\nA: b\n");
}

/* A header without an end, and no header at all. */
static void
test_withheld_without_blank_line(void **state)
{
	struct fixture *f = *state;

	f->outcome.verdict = VERDICT_DISCARD;
	assert_true(span_starts(span_str(composed(f, "Subject: x", true)), "Subject: x\r\nMIME-Version: 1.0\r\n"));
	assert_non_null(strstr(composed(f, "Subject: x\n", true), "7bit\n\nThe content"));
	assert_non_null(strstr(composed(f, "bad text\r\n", true), "7bit\r\n\r\nThe content"));
	assert_null(strstr(composed(f, "bad text\r\n", true), "bad text"));
	assert_non_null(strstr(composed(f, "", true), "7bit\r\n\r\nThe content"));
}

static void
assert_shown(struct arena *a, const char *name, const char *expected)
{
	assert_string_equal(arena_strndup(a, shown_text(a, span_str(name), SHOWN_NAME_MAX)), expected);
}

static void
test_shown_text(void **state)
{
	struct fixture *f = *state;
	char name[400];
	struct span shown;

	assert_shown(f->arena, "plain name.txt", "plain name.txt");
	assert_shown(f->arena, "Gr\xc3\xbc\xc3\x9f""e.pdf", "Gr\xc3\xbc\xc3\x9f""e.pdf");
	assert_shown(f->arena, "a\r\nb\x7f\x1b[1m", "a??b??[1m");
	assert_shown(f->arena, "a\xe2\x80\xaegpj.exe", "a?gpj.exe");          /* U+202E */
	assert_shown(f->arena, "a\xe2\x80\x8b\xef\xbb\xbf\xc2\x85z", "a???z"); /* U+200B, U+FEFF, U+0085 */
	assert_shown(f->arena, "\xff\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80", "??????????");
	assert_shown(f->arena, "cut \xe2\x82", "cut ??");
	memset(name, 'a', sizeof(name));
	memcpy(name + sizeof(name) - 5, ".exe", 5);
	shown = shown_text(f->arena, span_str(name), SHOWN_NAME_MAX);
	assert_int_equal(shown.len, SHOWN_NAME_MAX);
	assert_true(span_ends_nocase(shown, "aaa.exe"));
	/* Characters of three octets are not torn. */
	for (size_t i = 0; i + 3 < sizeof(name); i += 3)
		memcpy(name + i, "\xe2\x82\xac", 3);
	name[sizeof(name) - 1] = '\0';
	shown = shown_text(f->arena, span_str(name), SHOWN_NAME_MAX);
	assert_true(shown.len <= SHOWN_NAME_MAX);
	assert_true(span_eq(shown, shown_text(f->arena, shown, SIZE_MAX)));
	assert_string_equal(arena_strndup(f->arena, shown_text_ascii(f->arena, SPAN_LITERAL("\xc3\xbc\tx"), 64)), "??x");
}

static void
test_ambiguity_none(void **state)
{
	struct fixture *f = *state;

	f->policy.ambiguity_header = true;
	assert_string_equal(composed(f, "A: b\r\n\r\n", false),
	    "MIME-Ambiguity-Results: mx.example.org;\r\n\tambiguity=none readings=1\r\nA: b\r\n\r\n");
	assert_string_equal(composed(f, "MIME-Ambiguity-Results: mx.example.org;\n ambiguity=present\nA: b\n"
	    "mime-ambiguity-results : x\nmime-ambiguity-RESULTS:\n\n", false),
	    "MIME-Ambiguity-Results: mx.example.org;\n\tambiguity=none readings=1 defect=space-before-colon\nA: b\n\n");
	f->policy.ambiguity_header = false;
	assert_string_equal(composed(f, "MIME-Ambiguity-Results: x\n\n", false), "MIME-Ambiguity-Results: x\n\n");
}

static const char two_encodings[] = "Content-Type: text/plain; charset=us-ascii\r\n"
    "Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n\r\nSGVsbG8=\r\n";

static void
test_ambiguity_present(void **state)
{
	struct fixture *f = *state;
	const struct mime_defect defect = { .name = "conflicting-encoding", .hides = true };

	f->policy.ambiguity_header = true;
	f->outcome.ambiguity = &defect;
	assert_string_equal(composed(f, two_encodings, false),
	    arena_printf(f->arena, "MIME-Ambiguity-Results: mx.example.org;\r\n\tambiguity=present readings=2 "
	    "defect=conflicting-encoding\r\n%s", two_encodings));
}

/* Each defect is told, in lines that nobody has to break. */
static void
test_ambiguity_folded(void **state)
{
	const struct mime_limits limits = { 100, 10, 100 };
	struct fixture *f = *state;
	struct mime_message *m = mime_parse(f->arena, SPAN_LITERAL("A: b\r\n\r\n"), &limits);
	struct compose_job job = { .arena = f->arena, .message = m, .judged = m, .hostname = "mx.example.org",
		.policy = &f->policy, .rules = f->rules, .outcome = &f->outcome };
	size_t told = 0, kinds = 0;
	struct span rest, line;
	struct edits e;

	for (const struct mime_defect_kind *k = mime_defect_kinds; k->name != NULL; k++) {
		mime_add_defect(m, NULL, k->name, k->hides);
		kinds += k->hides;
	}
	f->policy.ambiguity_header = true;
	edits_init(&e, f->arena);
	compose_edits(&e, &job);
	assert_int_equal(e.count, 1);
	for (rest = e.items[0].replacement; rest.len > 0; rest = span_from(rest, line.len)) {
		line = span_first(rest, span_find_byte(rest, '\n') + 1);
		assert_true(line.len <= 80 && span_ends_nocase(line, "\r\n"));
		assert_true(span_starts(line, "MIME-") || span_starts(line, "\t"));
		for (size_t at = 0, next; (next = span_find(span_from(line, at), SPAN_LITERAL("defect="))) != SIZE_MAX; at += next + 1)
			told++;
	}
	assert_true(kinds > 10);
	assert_int_equal(told, kinds);
}

static void
test_ambiguity_rewritten(void **state)
{
	const struct mime_limits limits = { 100, 10, 100 };
	struct fixture *f = *state;
	struct scratch *scratch = scratch_new(-1);
	struct mime_message *m = mime_parse(f->arena, span_str(two_encodings), &limits);
	struct mime_message *anew = mime_parse(f->arena, renew_message(m, scratch), &limits);
	struct compose_job job = { .arena = f->arena, .message = anew, .judged = m, .hostname = "mx.example.org",
		.policy = &f->policy, .rules = f->rules, .outcome = &f->outcome, .scratch = scratch };
	struct edits e;

	f->policy.ambiguity_header = true;
	f->outcome.ambiguity = m->defects;
	edits_init(&e, f->arena);
	compose_edits(&e, &job);
	assert_int_equal(e.count, 1);
	assert_string_equal(arena_strndup(f->arena, e.items[0].replacement), "MIME-Ambiguity-Results: mx.example.org;\r\n"
	    "\tambiguity=rewritten readings=2 defect=conflicting-encoding\r\n");
	assert_string_equal(arena_strndup(f->arena, anew->raw), "MIME-Version: 1.0\r\n"
	    "Content-Type: text/plain;\r\n\tcharset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHello\r\n");
	scratch_free(&scratch);
}

/* What a header is written anew from, and what it becomes. */
static void
assert_renewed(struct fixture *f, const char *header, const char *expected)
{
	const struct mime_limits limits = { 100, 10, 100 };
	struct scratch *scratch = scratch_new(-1);
	struct mime_message *m = mime_parse(f->arena, span_str(arena_printf(f->arena, "%s\n\n", header)), &limits);
	const char *renewed = arena_strndup(f->arena, renew_message(m, scratch));

	assert_string_equal(renewed, arena_printf(f->arena, "%sContent-Transfer-Encoding: 7bit\n\n", expected));
	scratch_free(&scratch);
}

static void
test_renewed_fields(void **state)
{
	struct fixture *f = *state;
	char words[1200];

	assert_renewed(f, "Subject:  as it\n\tstands ", "Subject:  as it\n\tstands \nMIME-Version: 1.0\nContent-Type: text/plain\n");
	assert_renewed(f, "Subject: a\x01  b\n \n c", "Subject: a b c\nMIME-Version: 1.0\nContent-Type: text/plain\n");
	assert_renewed(f, "Subject: a\n Content-Type: text/html", "Subject: a Content-Type: text/html\n"
	    "MIME-Version: 1.0\nContent-Type: text/plain\n");
	assert_renewed(f, "X-Content-Type: text/html\nContent-Foo: x\n--b: x",
	    "MIME-Version: 1.0\nContent-Type: text/plain\n");
	assert_renewed(f, "Content-Type: text/plain; name=\"a/..\\\\b:c?.txt. \"; format=flowed",
	    "MIME-Version: 1.0\nContent-Type: text/plain;\n\tformat=flowed;\n\tname=a_.._b_c_.txt\n"
	    "Content-Disposition: attachment;\n\tfilename=a_.._b_c_.txt\n");
	assert_renewed(f, "Content-Type: text/plain; x=\"a;b\"; y=\"a b\"; z=\"a=?b\"; v=\"a\\\"b\"",
	    "MIME-Version: 1.0\nContent-Type: text/plain;\n\tv*=utf-8''a%22b;\n\ty=\"a b\"\n");
	/* A line over 998 is folded before a word. */
	for (size_t i = 0; i < sizeof(words) - 1; i++)
		words[i] = i % 100 == 99 ? ' ' : 'w';
	words[sizeof(words) - 1] = '\0';
	assert_renewed(f, arena_printf(f->arena, "Subject: %s", words), arena_printf(f->arena,
	    "Subject: %.899s\n %s\nMIME-Version: 1.0\nContent-Type: text/plain\n", words, words + 900));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_marks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_scores, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_from_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_incomplete, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_withheld, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_withheld_without_blank_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_marks_of_a_user, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_prefix_of_a_user, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_authors_of_a_user, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_shown_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ambiguity_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ambiguity_present, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ambiguity_folded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ambiguity_rewritten, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_renewed_fields, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("compose", tests, NULL, NULL);
}
