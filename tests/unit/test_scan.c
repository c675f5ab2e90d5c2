/* The scanner as a whole: its limits, its failures, and that it needs no file
 * once it was made. */
#include "config.h"

#include "scan/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

static const char rules_text[] =
    "rules:\n"
    "  - { name: WORD, when: { body: '/\\x{43f}\\x{440}\\x{43e}\\x{431}\\x{430}/u' }, score: 1 }\n"
    "  - { name: EXE, when: { attachment: { extension: exe } }, then: strip }\n"
    "  - { name: VIRUS, when: { signature: { text: 'VIRUS-VIRUS' } }, then: reject, reply: '554 5.7.1 no' }\n"
    "  - { name: LATER, when: { signature: { text: 'LATER-LATER' } }, then: defer }\n"
    "  - { name: KEPT, when: { signature: { text: 'KEPT-KEPT' } }, then: quarantine }\n";

/* A zip with a member a.exe, and a word in KOI8-R. */
static const char message[] =
    "Subject: =?koi8-r?B?8NLPwsE=?=\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n"
    "\r\n"
    "--b\r\n"
    "Content-Type: text/plain; charset=koi8-r\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n"
    "\r\n"
    "=D0=D2=CF=C2=C1\r\n"
    "--b\r\n"
    "Content-Type: application/zip; name=a.zip\r\n"
    "Content-Transfer-Encoding: base64\r\n"
    "\r\n"
    "UEsDBBQAAAAAAAAAIVhBm4InAwAAAAMAAAAFAAAAYS5leGVNWgpQSwECFAMUAAAAAAAAACFYQZuC\r\n"
    "JwMAAAADAAAABQAAAAAAAAAAAAAAgAEAAAAAYS5leGVQSwUGAAAAAAEAAQAzAAAAJgAAAAAA\r\n"
    "--b--\r\n";

static const char header_rules[] = "rules: [{ name: A, then: reject, when: { header: { name: Subject, contains: zz } } }]\n";

struct fixture {
	struct arena *arena;
	struct scanner *scanner;
	int rules_fd, header_fd;
};

enum { POLICY_ALL, POLICY_EMPTY, POLICY_SMALL, POLICY_ACCEPT, POLICY_HEADER, POLICIES };

static const char config_text[] =
    "listeners: [ { name: l, protocol: smtp, address: '127.0.0.1:25', upstream: u, policy: all } ]\n"
    "upstreams: { u: { address: '127.0.0.1:25' } }\n"
    "policies:\n"
    "  all: { rules: [%s] }\n"
    "  empty: {}\n"
    "  small: { rules: [%s], max_message_size: 100 }\n"
    "  accept: { rules: [%s], on_failure: accept }\n"
    "  header: { rules: [%s] }\n"
    "limits: { scan_memory: 32MiB, message_parts: 1000000 }\n";

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct ruleset *rules[POLICIES];
	const struct settings *settings;
	struct report report;
	const char *path, *header;

	f->arena = arena_new(0);
	f->rules_fd = memfd_create("rules", 0);
	assert_int_equal(write(f->rules_fd, rules_text, sizeof(rules_text) - 1), sizeof(rules_text) - 1);
	path = arena_printf(f->arena, "/proc/self/fd/%d", f->rules_fd);
	f->header_fd = memfd_create("header", 0);
	assert_int_equal(write(f->header_fd, header_rules, sizeof(header_rules) - 1), sizeof(header_rules) - 1);
	header = arena_printf(f->arena, "/proc/self/fd/%d", f->header_fd);
	report_init(&report, f->arena);
	settings = settings_read_text(f->arena, "test",
	    span_str(arena_printf(f->arena, config_text, path, path, path, header)), &report);
	for (size_t i = 0; settings != NULL && i < POLICIES; i++)
		rules[i] = ruleset_compile(f->arena, settings, i, &report);
	report_print(&report, stderr);
	assert_int_equal(report.count, 0);
	f->scanner = scanner_new(settings, rules);
	assert_non_null(f->scanner);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	scanner_free(&f->scanner);
	assert_null(f->scanner);
	arena_free(&f->arena);
	close(f->rules_fd);
	close(f->header_fd);
	free(f);
	return 0;
}

static const struct scan_answer *
scan(struct fixture *f, size_t policy, struct span text, enum protocol protocol)
{
	const struct scan_request request = { .policy = policy, .message = text, .protocol = protocol };

	return scanner_run(f->scanner, &request, -1);
}

static void
test_whole(void **state)
{
	struct fixture *f = *state;
	const struct scan_request request = { .policy = POLICY_ALL, .message = span_str(message), .want_parts = true };
	const struct scan_answer *r = scanner_run(f->scanner, &request, -1);

	assert_int_equal(r->verdict, VERDICT_STRIP);
	assert_true(r->complete);
	assert_true(r->keep_original);
	assert_int_equal(r->readings, 1);
	assert_int_equal(r->hit_count, 2);
	assert_true(span_is(r->hits[0].rule, "WORD"));
	assert_true(span_is(r->hits[1].part, "2"));
	assert_int_equal(r->part_count, 3);
	assert_true(span_is(r->parts[2].section, "2!a.exe"));
	assert_int_equal(r->edit_count, 1);
	assert_true(edits_valid(r->edits, r->edit_count, sizeof(message) - 1));
}

/* As in the cage: no descriptor can be had any more. */
static void
test_needs_no_file(void **state)
{
	struct fixture *f = *state;
	struct rlimit before, none;
	const struct scan_answer *r;
	FILE *file;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	file = fopen("/dev/null", "r");
	r = scan(f, POLICY_ALL, span_str(message), PROTOCOL_SMTP);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_null(file);
	assert_int_equal(r->verdict, VERDICT_STRIP);
	assert_true(r->complete);
	assert_int_equal(r->hit_count, 2);
}

static void
test_size_limit(void **state)
{
	struct fixture *f = *state;
	const struct scan_answer *r = scan(f, POLICY_SMALL, span_str(message), PROTOCOL_SMTP);

	assert_int_equal(r->verdict, VERDICT_REJECT);
	assert_true(span_starts(r->reply, "552 5.3.4 "));
	assert_true(r->complete);
	r = scan(f, POLICY_SMALL, span_str("A: b\r\n\r\nc\r\n"), PROTOCOL_SMTP);
	assert_int_equal(r->verdict, VERDICT_ACCEPT);
	assert_int_equal(r->readings, 1);
}

static void
test_empty_ruleset(void **state)
{
	struct fixture *f = *state;
	struct scan_request request = { .policy = POLICY_EMPTY, .message = span_str(message) };
	const struct scan_answer *r = scanner_run(f->scanner, &request, -1);

	assert_int_equal(r->verdict, VERDICT_ACCEPT);
	assert_true(r->complete);
	assert_int_equal(r->readings, 0);
	request.want_parts = true;
	r = scanner_run(f->scanner, &request, -1);
	assert_int_equal(r->verdict, VERDICT_ACCEPT);
	assert_int_equal(r->part_count, 3);
}

/* What is told of parts changes no verdict. The archive's member has two names, and no rule looks into archives. */
static void
test_parts_change_no_verdict(void **state)
{
	static const char inconsistent[] = "MIME-Version: 1.0\r\nContent-Type: application/zip\r\n"
	                                   "Content-Transfer-Encoding: base64\r\n\r\nUEsDBBQAAAAAAD1mfl2DFtyMAQAAAAEAAAAFAAAAYi50eHR4UEsBAhQDFAAAAAAAPWZ+XYMW3IwB\r\nAAAAAQAAAAUAAAAAAAAAAAAAAIABAAAAAGEudHh0UEsFBgAAAAABAAEAMwAAACQAAAAAAA==\r\n";
	static const char conflicting[] = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n"
	                                  "--a\r\n\r\nx\r\n--a--\r\n";
	struct fixture *f = *state;

	for (int parts = 0; parts < 2; parts++) {
		struct scan_request request = { .policy = POLICY_HEADER, .message = span_str(inconsistent), .want_parts = parts };

		assert_int_equal(scanner_run(f->scanner, &request, -1)->verdict, VERDICT_ACCEPT);
		request = (struct scan_request){ .policy = POLICY_EMPTY, .message = span_str(conflicting), .want_parts = parts };
		assert_int_equal(scanner_run(f->scanner, &request, -1)->verdict, VERDICT_ACCEPT);
	}
}

/* 32 MiB hold no message of so many parts. */
static struct span
bomb(struct arena *a)
{
	static const char head[] = "Content-Type: multipart/mixed; boundary=b\r\n\r\n", part[] = "--b\r\n\r\n\r\n";
	const size_t parts = 200000, part_len = sizeof(part) - 1, head_len = sizeof(head) - 1;
	char *text = arena_alloc_raw(a, head_len + parts * part_len);

	memcpy(text, head, head_len);
	for (size_t i = 0; i < parts; i++)
		memcpy(text + head_len + i * part_len, part, part_len);
	return span_of(text, head_len + parts * part_len);
}

static void
test_memory_limit(void **state)
{
	struct fixture *f = *state;
	const struct scan_answer *r = scan(f, POLICY_ALL, bomb(f->arena), PROTOCOL_SMTP);

	assert_int_equal(r->verdict, VERDICT_DEFER);
	assert_false(r->complete);
	assert_true(span_starts(r->reply, "451 "));
	assert_true(span_is(r->reason, "memory limit reached"));
	r = scan(f, POLICY_ACCEPT, bomb(f->arena), PROTOCOL_SMTP);
	assert_int_equal(r->verdict, VERDICT_ACCEPT);
	assert_false(r->complete);
	assert_true(span_starts(r->edits[0].replacement, "X-Gatepost-Incomplete: "));
	/* The next message is scanned as if nothing had been. */
	r = scan(f, POLICY_ALL, span_str(message), PROTOCOL_SMTP);
	assert_int_equal(r->verdict, VERDICT_STRIP);
}

static void
test_reader_gets_a_notice(void **state)
{
	struct fixture *f = *state;
	const char *virus = "Subject: x\r\n\r\nVIRUS-VIRUS\r\n";
	const struct scan_answer *r = scan(f, POLICY_ALL, span_str(virus), PROTOCOL_SMTP);

	assert_int_equal(r->verdict, VERDICT_REJECT);
	assert_true(span_is(r->reply, "554 5.7.1 no"));
	assert_int_equal(r->edit_count, 0);
	assert_false(r->keep_original);
	r = scan(f, POLICY_ALL, span_str(virus), PROTOCOL_POP3);
	assert_int_equal(r->verdict, VERDICT_REJECT);
	assert_true(r->edit_count > 0);
	assert_true(r->keep_original);
}

/* What goes into quarantine is told by its Subject and From, fit to be shown. */
static void
test_kept_is_told(void **state)
{
	struct fixture *f = *state;
	char text[1024], filler[2 * SCAN_SHOWN_MAX + 1];
	const struct scan_answer *r;

	memset(filler, 'x', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	snprintf(text, sizeof(text), "From: =?utf-8?q?J=C3=B6rg=1B[2J?= <a@b>\r\nSubject: =?utf-8?b?TMO8bmNo?=\r\n"
	    "\tat\r\n noon\r\n\r\nKEPT-KEPT\r\n");
	r = scan(f, POLICY_ALL, span_str(text), PROTOCOL_SMTP);
	assert_int_equal(r->verdict, VERDICT_QUARANTINE);
	assert_true(span_is(r->subject, "L\xc3\xbcnch at noon"));
	assert_true(span_is(r->author, "J\xc3\xb6rg?[2J <a@b>"));
	snprintf(text, sizeof(text), "Subject: %s\r\n\r\nKEPT-KEPT\r\n", filler);
	r = scan(f, POLICY_ALL, span_str(text), PROTOCOL_SMTP);
	assert_int_equal(r->subject.len, SCAN_SHOWN_MAX);
	assert_int_equal(r->author.len, 0);
	r = scan(f, POLICY_ALL, span_str("Subject: x\r\n\r\nVIRUS-VIRUS\r\n"), PROTOCOL_SMTP);
	assert_int_equal(r->subject.len, 0);
}

/* A reader cannot come again later for what a rule defers, but for what could
 * not be scanned. */
static void
test_reader_has_no_later(void **state)
{
	static const char *const messages[] = { "A: b\r\n\r\nLATER-LATER\r\n", "A: b\r\n\r\nKEPT-KEPT\r\n" };
	struct fixture *f = *state;
	const struct scan_answer *r;

	for (size_t i = 0; i < 2; i++) {
		r = scan(f, POLICY_ALL, span_str(messages[i]), PROTOCOL_SMTP);
		assert_int_equal(r->verdict, i == 0 ? VERDICT_DEFER : VERDICT_QUARANTINE);
		assert_int_equal(r->edit_count, 0);
		assert_false(r->keep_original);
		r = scan(f, POLICY_ALL, span_str(messages[i]), PROTOCOL_IMAP);
		assert_true(r->edit_count > 0);
		assert_true(r->keep_original);
	}
	r = scan(f, POLICY_ALL, bomb(f->arena), PROTOCOL_POP3);
	assert_int_equal(r->verdict, VERDICT_DEFER);
	assert_int_equal(r->edit_count, 0);
	assert_false(r->keep_original);
}

/* The same edits as for POP3, and what is told of them; what cannot be told is
 * edited in place. */
static void
test_layouts(void **state)
{
	struct fixture *f = *state;
	struct scan_request request = { .policy = POLICY_ALL, .message = span_str(message), .protocol = PROTOCOL_IMAP };
	const struct scan_answer *r = scanner_run(f->scanner, &request, -1);
	size_t octets = sizeof(message) - 1;

	assert_true(r->in_place && !r->has_told && r->section_count > 0);
	request.rewrite = true;
	r = scanner_run(f->scanner, &request, -1);
	assert_true(!r->in_place && r->has_told && r->section_count > 0);
	for (size_t i = 0; i < r->edit_count; i++)
		octets += r->edits[i].replacement.len - r->edits[i].length;
	assert_int_equal(r->told.octets, octets);
	request.message = span_str(arena_printf(f->arena, "X: %0*d\r\n%s", SCAN_HEADER_MAX, 0, message));
	r = scanner_run(f->scanner, &request, -1);
	assert_int_equal(r->verdict, VERDICT_STRIP);
	assert_true(r->in_place && !r->has_told);
	request.message = SPAN_LITERAL("Subject: x\r\n\r\nx\r\n");
	r = scanner_run(f->scanner, &request, -1);
	assert_true(!r->in_place && !r->has_told && r->edit_count + r->section_count == 0);
}

/* A policy without rules is scanned for a user who denies somebody. */
static void
test_user_without_rules(void **state)
{
	struct fixture *f = *state;
	struct span deny[] = { SPAN_LITERAL("*@casino.example") };
	struct scan_request request = { .policy = POLICY_EMPTY,
		.message = SPAN_LITERAL("From: a@casino.example\r\n\r\nx\r\n") };
	const struct scan_answer *r;

	request.own = (struct scan_preferences){ .deny = deny, .deny_count = 1 };
	r = scanner_run(f->scanner, &request, -1);
	assert_int_equal(r->verdict, VERDICT_TAG);
	assert_true(span_is(r->reason, "sender denied by the user"));
	assert_int_equal(r->edit_count, 1);
	assert_true(span_starts(r->edits[0].replacement, "X-Spam-Flag: YES\r\n"));
	request.own = (struct scan_preferences){ 0 };
	assert_int_equal(scanner_run(f->scanner, &request, -1)->verdict, VERDICT_ACCEPT);
}

static void
test_unknown_policy(void **state)
{
	struct fixture *f = *state;
	const struct scan_answer *r = scan(f, POLICIES, span_str(message), PROTOCOL_SMTP);

	assert_int_equal(r->verdict, VERDICT_DEFER);
	assert_false(r->complete);
}

/* A descriptor that is given is the scanner's, whatever it does. */
static void
test_scratch_descriptor_is_closed(void **state)
{
	struct fixture *f = *state;

	for (size_t policy = 0; policy <= POLICIES; policy++) {
		const struct scan_request request = { .policy = policy, .message = span_str(message) };
		int fd = memfd_create("scratch", 0);

		assert_true(fd >= 0);
		scanner_run(f->scanner, &request, fd);
		assert_int_equal(close(fd), -1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_needs_no_file),
		cmocka_unit_test(test_size_limit),
		cmocka_unit_test(test_empty_ruleset),
		cmocka_unit_test(test_parts_change_no_verdict),
		cmocka_unit_test(test_memory_limit),
		cmocka_unit_test(test_reader_gets_a_notice),
		cmocka_unit_test(test_kept_is_told),
		cmocka_unit_test(test_reader_has_no_later),
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_user_without_rules),
		cmocka_unit_test(test_unknown_policy),
		cmocka_unit_test(test_scratch_descriptor_is_closed),
	};

	return cmocka_run_group_tests_name("scan", tests, set_up, tear_down);
}
