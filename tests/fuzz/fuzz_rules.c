/* A rule file from bytes: it compiles or it is reported, and what compiles can
 * be held against a message. The file is followed by NUL and the message. */
#include "config.h"

#include "rule/evaluate.h"

#include "engine/signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char message_default[] = "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
                                      "--b\r\nContent-Type: text/html\r\n\r\n<p>you have won http://a.example/\r\n"
                                      "--b\r\nContent-Type: a/b; name=a.exe\r\n\r\nMZ\r\n--b--\r\n";

static void
evaluate(struct ruleset *rules, struct span message)
{
	static const struct mime_limits limits = { 50, 8, 200 };
	struct rule_envelope envelope = { .protocol = PROTOCOL_SMTP };
	struct rule_scratch *scratch = rule_scratch_new(rules);
	struct scratch *decode = scratch_new(-1);
	struct arena *a = arena_new(0);
	struct rule_outcome outcome;

	rule_evaluate(rules, scratch, a, mime_parse(a, message, &limits), &envelope, decode, true, &outcome);
	if (outcome.complete == (outcome.why_incomplete != NULL) || outcome.hit_count > ruleset_count(rules))
		abort();
	rule_scratch_free(&scratch);
	scratch_free(&decode);
	arena_free(&a);
}

static void
compile_and_evaluate(const char *path, struct span message)
{
	struct arena *a = arena_new(0);
	struct threshold thresholds[] = { { 1, VERDICT_TAG }, { 2, VERDICT_STRIP } };
	struct policy_settings policy = { .name = "fuzz", .rules = { &path, 1 }, .thresholds = thresholds,
		.threshold_count = 2 };
	struct settings settings = { .policies = &policy, .policy_count = 1,
		.limits = { .archive_entries = 20, .archive_depth = 2, .archive_output = 100000, .archive_ratio = 100,
		    .regex_matches = 1000, .regex_depth = 100 } };
	struct report report;
	struct ruleset *rules;

	report_init(&report, a);
	rules = ruleset_compile(a, &settings, 0, &report);
	if ((rules == NULL) != (report.count > 0))
		abort();
	if (rules != NULL)
		evaluate(rules, message);
	arena_free(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_of((const char *)data, size), message = span_of(message_default, sizeof(message_default) - 1);
	size_t end = span_find_byte(input, '\0');
	char path[] = "/dev/shm/gatepost-fuzz-rules-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0)
		abort();
	charset_open_all();
	digest_open_all();
	if (end != SIZE_MAX)
		message = span_from(input, end + 1);
	input = span_first(input, end);
	if (write(fd, input.data, input.len) != (ssize_t)input.len)
		abort();
	compile_and_evaluate(path, message);
	close(fd);
	unlink(path);
	return 0;
}
