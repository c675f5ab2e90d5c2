/* Reading tests of rules. Paths are relative to the file that has them. A
 * message that is written in the file itself gets the line ends of the wire. */
#include "config.h"

#include "cli/rule_tests.h"

#include "conf/yaml.h"

#include <errno.h>
#include <stdio.h>

enum { MESSAGE_FILE_MAX = 64 * 1024 * 1024, READ_STEP = 64 * 1024 };

struct reading {
	struct arena *arena;
	struct report *report;
	const char *file;
};

static bool
fail(struct reading *r, const struct yaml *at, const char *message)
{
	report_add(r->report, at->mark, "%s", message);
	return false;
}

static const char *
beside(const struct reading *r, const char *path)
{
	const char *slash = strrchr(r->file, '/');

	if (path[0] == '/' || slash == NULL)
		return path;
	return arena_printf(r->arena, "%.*s/%s", (int)(slash - r->file), r->file, path);
}

/* NULL: no such key, which is no error. */
static bool
read_text(struct reading *r, const struct yaml *mapping, const char *key, const char **out)
{
	const struct yaml *value = yaml_get(mapping, key);

	return value == NULL || yaml_string(value, out, r->report);
}

static bool
read_list(struct reading *r, const struct yaml *mapping, const char *key, struct strings *out)
{
	struct yaml *value = yaml_get(mapping, key);
	struct yaml *const *items;
	bool good = true;

	if (value == NULL)
		return true;
	out->count = yaml_list(&value, &items);
	out->items = ARENA_ARRAY(r->arena, const char *, out->count);
	for (size_t i = 0; i < out->count; i++)
		good &= yaml_string(items[i], &out->items[i], r->report);
	return good;
}

/* Lines of a YAML block end with LF. */
static struct span
with_crlf(struct arena *a, struct span text)
{
	char *out = arena_alloc_raw(a, 2 * text.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\n' && (i == 0 || text.data[i - 1] != '\r'))
			out[len++] = '\r';
		out[len++] = text.data[i];
	}
	return span_of(out, len);
}

/* NULL when it was read, else why not. */
static const char *
read_whole(struct arena *a, FILE *in, struct span *out)
{
	size_t len = 0, cap = 0, n;
	char *data = NULL;

	do {
		data = arena_grow(a, data, 1, &cap, len + READ_STEP);
		n = fread(data + len, 1, READ_STEP, in);
		len += n;
	} while (n > 0 && len <= MESSAGE_FILE_MAX);
	*out = span_of(data, len);
	return ferror(in) ? strerror(errno) : len > MESSAGE_FILE_MAX ? "too big for a test" : NULL;
}

static bool
read_message_file(struct reading *r, const struct yaml *at, const char *path, struct span *out)
{
	FILE *in = fopen(path, "rb");
	const char *error = in != NULL ? read_whole(r->arena, in, out) : strerror(errno);

	if (error != NULL)
		report_add(r->report, at->mark, "%s: %s", path, error);
	if (in != NULL)
		fclose(in);
	return error == NULL;
}

static bool
read_message(struct reading *r, const struct yaml *node, struct rule_test *t)
{
	const struct yaml *file = yaml_get(node, "file");
	const char *text = NULL, *path = NULL;

	if (!read_text(r, node, "message", &text) || !read_text(r, node, "file", &path))
		return false;
	if ((text == NULL) == (path == NULL))
		return fail(r, node, "a test has a \"message\" or a \"file\"");
	if (path != NULL)
		return read_message_file(r, file, beside(r, path), &t->message);
	t->message = with_crlf(r->arena, yaml_get(node, "message")->text);
	return true;
}

static bool
read_envelope(struct reading *r, const struct yaml *node, struct rule_test *t)
{
	static const char *const keys[] = { "from", "to", "client", NULL };
	const struct yaml *envelope = yaml_get(node, "envelope");
	const char *from = NULL, *client = NULL;
	struct strings to = { 0 };
	struct network address;

	if (envelope == NULL)
		return true;
	if (!yaml_check_keys(envelope, keys, r->report) || !read_text(r, envelope, "from", &from) ||
	    !read_text(r, envelope, "client", &client) || !read_list(r, envelope, "to", &to))
		return false;
	t->sender = span_str(from);
	t->recipient_count = to.count;
	t->recipients = ARENA_ARRAY(r->arena, struct span, to.count);
	for (size_t i = 0; i < to.count; i++)
		t->recipients[i] = span_str(to.items[i]);
	if (client == NULL)
		return true;
	if (!network_parse(span_str(client), &address) || address.bits != 128)
		return fail(r, yaml_get(envelope, "client"), "not an IP address");
	memcpy(t->client, address.address, sizeof(t->client));
	return true;
}

static bool
read_expected(struct reading *r, const struct yaml *node, struct rule_test *t)
{
	const struct yaml *verdict = yaml_get(node, "verdict"), *score = yaml_get(node, "score");
	const char *name;

	t->has_verdict = verdict != NULL;
	t->has_score = score != NULL;
	if (verdict != NULL && (!yaml_string(verdict, &name, r->report) || !verdict_parse(span_str(name), &t->verdict)))
		return fail(r, verdict, "not a verdict");
	if (score != NULL && !yaml_decimal(score, &t->score, r->report))
		return false;
	if (!read_list(r, node, "rules", &t->rules) || !read_list(r, node, "not_rules", &t->not_rules))
		return false;
	if (!t->has_verdict && !t->has_score && t->rules.count + t->not_rules.count == 0)
		return fail(r, node, "the test expects nothing: give \"verdict\", \"rules\", \"not_rules\" or \"score\"");
	return true;
}

static bool
read_test(struct reading *r, const struct yaml *node, struct rule_test *t)
{
	static const char *const keys[] = { "name", "message", "file", "envelope", "clamd", "verdict", "rules",
		"not_rules", "score", NULL };
	const char *clamd = NULL;

	t->mark = node->mark;
	if (!yaml_check_keys(node, keys, r->report) || !read_text(r, node, "name", &t->name) ||
	    !read_text(r, node, "clamd", &clamd))
		return false;
	if (clamd != NULL)
		t->clamd = span_str(clamd);
	if (t->name == NULL)
		return fail(r, node, "a test has a \"name\"");
	return read_message(r, node, t) && read_envelope(r, node, t) && read_expected(r, node, t);
}

/* What the tests are run with. */
static bool
read_subject(struct reading *r, const struct yaml *root, struct rule_tests *t)
{
	struct strings rules = { 0 };

	if (!read_text(r, root, "config", &t->config) || !read_text(r, root, "policy", &t->policy) ||
	    !read_list(r, root, "rules", &rules))
		return false;
	if ((t->config == NULL) == (rules.count == 0))
		return fail(r, root, "tests have a \"config\" or \"rules\"");
	if (t->policy != NULL && t->config == NULL)
		return fail(r, yaml_get(root, "policy"), "\"policy\" needs a \"config\"");
	if (t->config != NULL)
		t->config = beside(r, t->config);
	for (size_t i = 0; i < rules.count; i++)
		rules.items[i] = beside(r, rules.items[i]);
	t->rules = rules.items;
	t->rule_count = rules.count;
	return true;
}

bool
rule_tests_read(struct rule_tests *t, const char *file, struct report *report)
{
	static const char *const keys[] = { "config", "policy", "rules", "tests", NULL };
	struct reading r = { .arena = report->arena, .report = report, .file = file };
	const struct yaml *root = yaml_read_file(r.arena, file, NULL, report), *list;
	bool good;

	*t = (struct rule_tests){ 0 };
	if (root == NULL || !yaml_check_keys(root, keys, report))
		return false;
	good = read_subject(&r, root, t);
	list = yaml_get(root, "tests");
	if (list == NULL || list->kind != YAML_SEQUENCE || list->count == 0)
		return fail(&r, list != NULL ? list : root, "a list of \"tests\" is expected");
	t->count = list->count;
	t->tests = ARENA_ARRAY(r.arena, struct rule_test, t->count);
	for (size_t i = 0; i < t->count; i++)
		good &= read_test(&r, list->items[i], &t->tests[i]);
	return good;
}
