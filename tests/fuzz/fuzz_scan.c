/* The whole scan of hostile messages. Whatever they are, the edits lie within
 * the message, the answer passes between processes unchanged, and a message
 * that the same policy rewrote is not to be stripped again. */
#include "config.h"

#include "scan/scan.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char rules_text[] =
    "rules:\n"
    "  - { name: EXE, when: { attachment: { extension: [exe, js] } }, then: strip }\n"
    "  - { name: PE, when: { attachment: { magic: pe } }, then: strip }\n"
    "  - { name: ENCRYPTED, when: { attachment: { encrypted: true } }, then: quarantine }\n"
    "  - { name: VIRUS, when: { signature: { text: VIRUS } }, then: reject }\n"
    "  - { name: BODY, when: { body: '/you won/i' }, score: 5 }\n"
    "  - { name: LINK, when: { uri: '/evil/' }, score: 5 }\n"
    "  - { name: SUBJECT, when: { header: { name: Subject, matches: '/spam/' } }, score: 5 }\n";

static const char config_text[] =
    "listeners: [ { name: l, protocol: smtp, address: '127.0.0.1:25', upstream: u, policy: p } ]\n"
    "upstreams: { u: { address: '127.0.0.1:25' } }\n"
    "policies:\n"
    "  p:\n"
    "    rules: [/proc/self/fd/%d]\n"
    "    thresholds: [ { score: 5, then: tag } ]\n"
    "    subject_prefix: '[SPAM]'\n"
    "    on_failure: accept\n"
    "limits: { scan_memory: 64MiB, archive_output: 1MiB }\n";

static struct scanner *
scanner(void)
{
	static struct scanner *made;
	struct arena *a;
	const struct settings *settings;
	struct ruleset *rules;
	struct report report;
	int fd;

	if (made != NULL)
		return made;
	a = arena_new(0);
	fd = memfd_create("rules", 0);
	if (fd < 0 || write(fd, rules_text, sizeof(rules_text) - 1) < 0)
		abort();
	report_init(&report, a);
	settings = settings_read_text(a, "fuzz", span_str(arena_printf(a, config_text, fd)), &report);
	rules = settings != NULL ? ruleset_compile(a, settings, 0, &report) : NULL;
	report_print(&report, stderr);
	if (rules == NULL)
		abort();
	made = scanner_new(settings, &rules);
	return made;
}

static void
check_encoding(const struct scan_answer *answer)
{
	struct arena *a = arena_new(0);
	struct buf encoded = { 0 }, again = { 0 };
	struct scan_answer decoded;

	scan_answer_encode(&encoded, answer);
	if (!scan_answer_decode(a, buf_span(&encoded), &decoded))
		abort();
	scan_answer_encode(&again, &decoded);
	if (!span_eq(buf_span(&encoded), buf_span(&again)))
		abort();
	buf_free(&encoded);
	buf_free(&again);
	arena_free(&a);
}

struct rewriting {
	struct buf bytes;
	struct span message;
};

static bool
add_piece(void *context, bool original, uint64_t offset, struct span bytes)
{
	struct rewriting *r = context;

	buf_add(&r->bytes, original ? r->message.data + offset : bytes.data, bytes.len);
	return true;
}

static void
check_rewritten(struct span message, const struct scan_answer *answer)
{
	struct rewriting r = { .message = message };
	bool strip = answer->verdict == VERDICT_STRIP && answer->complete;
	struct scan_request request = { .policy = 0 };

	if (!edits_stream(answer->edits, answer->edit_count, message.len, add_piece, &r))
		abort();
	request.message = buf_span(&r.bytes);
	if (strip && scanner_run(scanner(), &request, -1)->verdict == VERDICT_STRIP)
		abort();
	buf_free(&r.bytes);
}

static struct scan_preferences
preferences(void)
{
	static struct span allow[] = { SPAN_LITERAL("*@a*"), SPAN_LITERAL("b@example.org") };
	static struct span deny[] = { SPAN_LITERAL("*c@*"), SPAN_LITERAL("?@d") };

	return (struct scan_preferences){ .has_prefix = true, .subject_prefix = SPAN_LITERAL("[JUNK]"), .allow = allow,
		.allow_count = 2, .deny = deny, .deny_count = 2 };
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct scan_request request = {
		.message = span_of((const char *)data, size),
		.want_parts = size % 2 == 0,
		.own = size % 3 == 0 ? preferences() : (struct scan_preferences){ 0 },
	};
	const struct scan_answer *answer = scanner_run(scanner(), &request, -1);
	struct buf json = { 0 };

	check_encoding(answer);
	scan_answer_json(&json, answer, "fuzz", 1);
	buf_free(&json);
	check_rewritten(request.message, answer);
	return 0;
}
