/* Parts taken out of hostile messages. The first octets say which leaves are
 * removed and whether the message is tagged. Then
 * - the edits are valid, and their size is as told;
 * - a message of which nothing is asked is not touched;
 * - every part that was not removed is still there under its section. */
#include "config.h"

#include "rewrite/compose.h"

#include "base/buf.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct mime_limits limits = { 64, 16, 256 };
/* The header has grown by a few fields. */
static const struct mime_limits limits_after = { 128, 16, 4096 };

struct applied {
	struct buf bytes;
	struct span message;
};

static bool
add_piece(void *context, bool original, uint64_t offset, struct span bytes)
{
	struct applied *r = context;

	buf_add(&r->bytes, original ? r->message.data + offset : bytes.data, bytes.len);
	return true;
}

static struct policy_settings
policy_new(struct threshold *threshold)
{
	return (struct policy_settings){ .name = "p", .thresholds = threshold, .threshold_count = 1,
		.subject_prefix = "[M\xc3\xbcll]", .notice_names = true };
}

/* Compiled once: one rule, for notices to name. */
static const struct ruleset *
rules(void)
{
	static const char text[] = "rules: [ { name: R, when: { attachment: { extension: x } }, then: strip } ]";
	static struct ruleset *compiled;
	struct policy_settings policy = policy_new(&(struct threshold){ 5.0, VERDICT_TAG });
	struct settings settings = { .policies = &policy, .policy_count = 1 };
	struct arena *a = arena_new(0);
	struct report report;
	const char *path;
	int fd;

	if (compiled != NULL) {
		arena_free(&a);
		return compiled;
	}
	fd = memfd_create("rules", 0);
	if (fd < 0 || write(fd, text, sizeof(text) - 1) < 0)
		abort();
	path = arena_printf(a, "/proc/self/fd/%d", fd);
	policy.rules = (struct strings){ &path, 1 };
	report_init(&report, a);
	compiled = ruleset_compile(a, &settings, 0, &report);
	return compiled;
}

static size_t
choose(struct rule_strip *strips, const struct mime_message *m, uint32_t chosen)
{
	size_t count = 0, n = 0;

	for (const struct mime_part *p = m->first_leaf; p != NULL && n < 32; p = p->next_leaf, n++)
		if ((chosen >> n & 1) != 0)
			strips[count++] = (struct rule_strip){ .part = p, .section = span_str(p->section) };
	return count;
}

static bool
has_section(const struct mime_part *p, const char *section)
{
	for (; p != NULL; p = p->next)
		if (strcmp(p->section, section) == 0 || has_section(p->first_child, section))
			return true;
	return false;
}

static bool
is_removed(struct span bytes, const struct edits *e, const struct mime_message *m)
{
	uint64_t offset = offset_in(m, bytes);

	for (size_t i = 0; i < e->count; i++)
		if (e->items[i].offset <= offset &&
		    offset + bytes.len <= e->items[i].offset + e->items[i].length)
			return true;
	return false;
}

/* What lies in a removed part went with it; files in a text have no number. */
static bool
went_away(const struct mime_part *p, const struct edits *e, const struct mime_message *m)
{
	if (p->detached || strchr(p->section, '!') != NULL)
		return true;
	for (const struct mime_part *outer = p->parent; outer != NULL; outer = outer->parent)
		if (is_removed(outer->body, e, m))
			return true;
	return false;
}

static void
check_sections(const struct mime_message *m, const struct mime_message *after, const struct edits *e)
{
	for (const struct mime_part *p = m->first_leaf; p != NULL; p = p->next_leaf)
		if (!went_away(p, e, m) && !has_section(after->root, p->section))
			abort();
}

static void
compose(struct arena *a, struct span message, uint32_t chosen, bool tag)
{
	struct threshold threshold = { 5.0, VERDICT_TAG };
	struct policy_settings policy = policy_new(&threshold);
	struct mime_message *m = mime_parse(a, message, &limits);
	struct rule_strip strips[32];
	struct rule_outcome outcome = { .verdict = tag ? VERDICT_TAG : VERDICT_ACCEPT, .tag = tag, .complete = true,
		.strips = strips, .strip_count = choose(strips, m, chosen) };
	struct compose_job job = { .arena = a, .message = m, .judged = m,
		.hostname = "mx.example.org", .policy = &policy, .rules = rules(),
		.outcome = &outcome, .scratch = scratch_new(-1), .marks = tag };
	struct applied result = { .message = message };
	struct edits e;

	edits_init(&e, a);
	compose_edits(&e, &job);
	if (!edits_stream(e.items, e.count, message.len, add_piece, &result) ||
	    edits_apply_size(&e, message.len) != result.bytes.len)
		abort();
	if (!tag && outcome.strip_count == 0 && e.count != 0)
		abort();
	if (!m->over_limit)
		check_sections(m, mime_parse(a, buf_span(&result.bytes), &limits_after), &e);
	scratch_free(&job.scratch);
	buf_free(&result.bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of((const char *)data, size);
	struct arena *a = arena_new(0);
	uint32_t chosen;

	if (take_u32(&in, &chosen))
		compose(a, in, chosen >> 1, (chosen & 1) != 0);
	arena_free(&a);
	return 0;
}
