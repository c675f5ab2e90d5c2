/* scanbench: what scanning costs, from memory, in one process.
 *
 * Times are CPU time, so that other work on the machine disturbs little, and
 * of several batches the median. Every set of rules is compiled in a child of
 * its own, so that its memory can be told from that of the others. Prints a
 * table, or with --json one object a line. With --corpus FOLDER it writes the
 * messages and signatures instead, for other programs to read. */
#include "config.h"

#include "rule_maker.h"

#include "engine/textset.h"
#include "scan/scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	SEED = 7,
	ATTACHMENT = 1000000,
	LETTER = 10000,
	MESSAGES = 4,
	DIGESTS = 10000,
	EXPRESSIONS = 500,
	BATCHES = 7,
	MB = 1000000,
};

static const double batch_seconds = 0.2;

struct output {
	bool json;
};

static double
cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
resident_mb(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long total, pages = 0;

	if (f == NULL)
		return 0;
	if (fscanf(f, "%ld %ld", &total, &pages) != 2)
		pages = 0;
	fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / MB;
}

static int
compare_doubles(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

/* Seconds that one call takes. */
static double
measure(void (*run)(void *context), void *context)
{
	double times[BATCHES];

	run(context);
	for (int i = 0; i < BATCHES; i++) {
		double begin = cpu_seconds(), passed;
		unsigned calls = 0;

		do {
			run(context);
			calls++;
			passed = cpu_seconds() - begin;
		} while (passed < batch_seconds);
		times[i] = passed / calls;
	}
	qsort(times, BATCHES, sizeof(times[0]), compare_doubles);
	return times[BATCHES / 2];
}

static void
say(const struct output *o, const char *name, double value, const char *unit)
{
	if (o->json)
		printf("{\"case\": \"%s\", \"value\": %.6g, \"unit\": \"%s\"}\n", name, value, unit);
	else
		printf("%-52s %10.4g %s\n", name, value, unit);
	fflush(stdout);
}

/* --- What is scanned --- */

/* A letter with attachments in base64 of ATTACHMENT octets each. */
static struct span
message_with_attachments(struct mail_maker *m, size_t size, unsigned attachments)
{
	static const struct attachment_kind kind = { "image/jpeg", "photo.jpg", "\xff\xd8\xff\xe0\0\x10JFIF", 10 };
	struct buf *out = &m->message;

	buf_clear(out);
	buf_add_str(out, "From: a@example.org\r\nTo: b@example.org\r\nSubject: photos\r\nMIME-Version: 1.0\r\n"
			 "Date: Tue, 14 Jan 2025 12:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n"
			 "Content-Type: multipart/mixed; boundary=\"=_b1\"\r\n\r\n"
			 "--=_b1\r\nContent-Type: text/plain\r\n\r\n");
	mail_add_text(m, out->len + 4000);
	for (unsigned i = 0; i < attachments; i++) {
		buf_printf(out, "\r\n--=_b1\r\nContent-Type: image/jpeg; name=photo%u.jpg\r\n"
				"Content-Transfer-Encoding: base64\r\n"
				"Content-Disposition: attachment; filename=photo%u.jpg\r\n\r\n", i, i);
		mail_add_attachment(m, &kind, out->len + size);
	}
	buf_add_str(out, "\r\n--=_b1--\r\n");
	return buf_span(out);
}

static struct span
nested_message(struct mail_maker *m, unsigned depth)
{
	struct buf *out = &m->message;

	buf_clear(out);
	buf_add_str(out, "From: a@example.org\r\nMIME-Version: 1.0\r\n");
	for (unsigned i = 0; i < depth; i++)
		buf_printf(out, "Content-Type: multipart/mixed; boundary=\"=_b%03u\"\r\n\r\n--=_b%03u\r\n", i, i);
	buf_add_str(out, "Content-Type: text/plain\r\n\r\n");
	mail_add_text(m, out->len + 2000);
	for (unsigned i = depth; i > 0; i--)
		buf_printf(out, "\r\n--=_b%03u--\r\n", i - 1);
	return buf_span(out);
}

/* --- Rules --- */

static void
add_list(struct mail_maker *m, struct buf *out, const char *key, unsigned count,
    void (*add)(struct mail_maker *m, struct buf *out))
{
	buf_printf(out, "  - name: %s\n    when:\n      signature:\n        %s:\n", key, key);
	for (unsigned i = 0; i < count; i++) {
		buf_add_str(out, "          - \"");
		add(m, out);
		buf_add_str(out, "\"\n");
	}
	buf_add_str(out, "    then: reject\n");
}

static void
add_expressions(struct mail_maker *m, struct buf *out, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct buf expression = { 0 };

		rule_add_expression(m, i, &expression);
		buf_printf(out, "  - { name: E%u, score: 1, when: { body: '%.*s' } }\n", i, SPAN_ARG(buf_span(&expression)));
		buf_free(&expression);
	}
}

struct rules {
	unsigned digests, signatures, expressions;
};

static void
write_rules(struct buf *out, const struct rules *r)
{
	struct mail_maker m;

	mail_maker_init(&m, SEED);
	buf_add_str(out, "rules:\n  - { name: NEVER, when: { header: { name: X-Never, matches: /never/ } }, score: 1 }\n");
	if (r->digests > 0)
		add_list(&m, out, "sha256", r->digests, rule_add_sha256);
	if (r->signatures > 0)
		add_list(&m, out, "hex", r->signatures, rule_add_hex);
	add_expressions(&m, out, r->expressions);
	mail_maker_free(&m);
}

static int
memory_file(struct span text)
{
	int fd = memfd_create("rules", 0);

	if (fd < 0 || write(fd, text.data, text.len) != (ssize_t)text.len) {
		perror("scanbench: memfd");
		exit(1);
	}
	return fd;
}

static struct scanner *
scanner_with(struct arena *a, const struct rules *r, double *seconds, double *resident)
{
	static const char config[] =
	    "listeners: [ { name: l, protocol: smtp, address: '127.0.0.1:25', upstream: u, policy: p } ]\n"
	    "upstreams: { u: { address: '127.0.0.1:25' } }\n"
	    "policies: { p: { rules: [/proc/self/fd/%d] } }\n";
	struct ruleset **rules = ARENA_NEW(a, struct ruleset *);
	const struct settings *settings;
	struct buf text = { 0 };
	struct report report;
	struct scanner *s;
	double begin, before;
	int fd;

	write_rules(&text, r);
	fd = memory_file(buf_span(&text));
	buf_free(&text);
	report_init(&report, a);
	begin = cpu_seconds();
	before = resident_mb();
	settings = settings_read_text(a, "bench", span_str(arena_printf(a, config, fd)), &report);
	*rules = settings != NULL ? ruleset_compile(a, settings, 0, &report) : NULL;
	close(fd);
	report_print(&report, stderr);
	s = *rules != NULL ? scanner_new(settings, rules) : NULL;
	if (s == NULL)
		exit(1);
	*seconds = cpu_seconds() - begin;
	*resident = resident_mb() - before;
	return s;
}

/* --- Cases --- */

struct scan {
	struct scanner *scanner;
	struct scan_request request;
};

static void
run_scan(void *context)
{
	struct scan *s = context;

	if (!scanner_run(s->scanner, &s->request, -1)->complete) {
		fprintf(stderr, "scanbench: a message could not be scanned\n");
		exit(1);
	}
}

static double
scan_seconds(struct scanner *scanner, struct span message)
{
	struct scan s = { scanner, { .message = message } };

	return measure(run_scan, &s);
}

static void
attachments_case(const struct output *o, const char *name, struct rules rules)
{
	struct arena *a = arena_new(0);
	struct mail_maker m;
	double load, resident;
	struct scanner *s = scanner_with(a, &rules, &load, &resident);
	struct span message;
	char label[100];

	mail_maker_init(&m, SEED);
	message = message_with_attachments(&m, ATTACHMENT, 1);
	snprintf(label, sizeof(label), "1 MB attachment, %s", name);
	say(o, label, (double)message.len / scan_seconds(s, message) / MB, "MB/s");
	snprintf(label, sizeof(label), "10 KB letter, %s", name);
	say(o, label, scan_seconds(s, mail_make(&m, LETTER)) * 1e6, "us");
	snprintf(label, sizeof(label), "loading, %s", name);
	say(o, label, load, "s");
	snprintf(label, sizeof(label), "resident for rules, %s", name);
	say(o, label, resident, "MB");
	scanner_free(&s);
	mail_maker_free(&m);
	arena_free(&a);
}

static void
no_rules(const struct output *o)
{
	attachments_case(o, "no rules", (struct rules){ .digests = 0 });
}

static void
digests_only(const struct output *o)
{
	attachments_case(o, "10,000 sha256", (struct rules){ .digests = DIGESTS });
}

static void
signatures_10k(const struct output *o)
{
	attachments_case(o, "10,000 sha256 + 10,000 hex", (struct rules){ .digests = DIGESTS, .signatures = 10000 });
}

static void
signatures_100k(const struct output *o)
{
	attachments_case(o, "10,000 sha256 + 100,000 hex", (struct rules){ .digests = DIGESTS, .signatures = 100000 });
}

struct text {
	struct textset *set;
	struct textset_scratch *scratch;
	struct span text;
	enum regex_result *results;
};

static void
run_text(void *context)
{
	struct text *t = context;

	for (size_t i = 0; i < textset_count(t->set); i++)
		t->results[i] = REGEX_NO_MATCH;
	textset_match(t->set, t->scratch, t->text, t->results);
}

/* The expressions alone, on text as it is after decoding. */
static void
expressions(const struct output *o)
{
	static const struct regex_limits limits = { 1000000, 10000 };
	struct arena *a = arena_new(0);
	struct regex **items = ARENA_ARRAY(a, struct regex *, EXPRESSIONS);
	struct mail_maker rules, m;
	struct text t;
	double begin = cpu_seconds();

	mail_maker_init(&rules, SEED);
	mail_maker_init(&m, SEED);
	for (unsigned i = 0; i < EXPRESSIONS; i++) {
		struct buf expression = { 0 };
		const char *error = NULL;
		size_t offset;

		rule_add_expression(&rules, i, &expression);
		items[i] = regex_compile(a, arena_copy(a, buf_span(&expression)), &limits, &error, &offset);
		if (items[i] == NULL) {
			fprintf(stderr, "scanbench: %.*s: %s\n", SPAN_ARG(buf_span(&expression)), error);
			exit(1);
		}
		buf_free(&expression);
	}
	mail_add_text(&m, LETTER);
	t = (struct text){ .set = textset_compile(a, items, EXPRESSIONS), .text = buf_span(&m.message) };
	t.scratch = textset_scratch_new(t.set);
	t.results = ARENA_ARRAY(a, enum regex_result, EXPRESSIONS);
	say(o, "500 expressions, loading", cpu_seconds() - begin, "s");
	say(o, "500 expressions, 10 KB of text", measure(run_text, &t) * 1e6, "us");
	textset_scratch_free(&t.scratch);
	mail_maker_free(&rules);
	mail_maker_free(&m);
	arena_free(&a);
}

/* How many times as long it takes when what is scanned is doubled. */
static void
linearity(const struct output *o)
{
	const struct rules some = { 100, 1000, 100 }, more = { 200, 2000, 200 };
	struct arena *a = arena_new(0);
	double load, resident;
	struct scanner *s = scanner_with(a, &some, &load, &resident), *larger = scanner_with(a, &more, &load, &resident);
	struct mail_maker one, two;

	mail_maker_init(&one, SEED);
	mail_maker_init(&two, SEED);
	say(o, "twice the size", scan_seconds(s, message_with_attachments(&two, 2 * ATTACHMENT, 1)) /
	    scan_seconds(s, message_with_attachments(&one, ATTACHMENT, 1)), "times");
	say(o, "twice the parts", scan_seconds(s, message_with_attachments(&two, 1000, 200)) /
	    scan_seconds(s, message_with_attachments(&one, 1000, 100)), "times");
	say(o, "twice the depth", scan_seconds(s, nested_message(&two, 20)) /
	    scan_seconds(s, nested_message(&one, 10)), "times");
	say(o, "twice the rules", scan_seconds(larger, message_with_attachments(&two, ATTACHMENT, 1)) /
	    scan_seconds(s, message_with_attachments(&two, ATTACHMENT, 1)), "times");
	scanner_free(&s);
	scanner_free(&larger);
	mail_maker_free(&one);
	mail_maker_free(&two);
	arena_free(&a);
}

static bool
run_apart(void (*run)(const struct output *o), const struct output *o)
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		run(o);
		exit(0);
	}
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* --- For other programs --- */

static FILE *
create(const char *folder, const char *name)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	if (f == NULL) {
		fprintf(stderr, "scanbench: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	return f;
}

static void
write_signatures(const char *folder, const char *name, unsigned count)
{
	FILE *f = create(folder, name);
	struct buf hex = { 0 };
	struct mail_maker m;

	mail_maker_init(&m, SEED);
	for (unsigned i = 0; i < count; i++) {
		buf_clear(&hex);
		rule_add_hex(&m, &hex);
		fprintf(f, "Bench.%u:0:*:%s\n", i, buf_str(&hex));
	}
	buf_free(&hex);
	mail_maker_free(&m);
	fclose(f);
}

static int
write_corpus(const char *folder)
{
	struct mail_maker m;

	mail_maker_init(&m, SEED);
	for (unsigned i = 0; i < MESSAGES; i++) {
		char name[32];
		struct span message = message_with_attachments(&m, ATTACHMENT, 1);
		FILE *f;

		snprintf(name, sizeof(name), "%u.eml", i);
		f = create(folder, name);
		fwrite(message.data, 1, message.len, f);
		fclose(f);
	}
	mail_maker_free(&m);
	write_signatures(folder, "10k.ndb", 10000);
	write_signatures(folder, "100k.ndb", 100000);
	return 0;
}

int
main(int argc, char **argv)
{
	static void (*const cases[])(const struct output *o) = {
		no_rules, digests_only, signatures_10k, signatures_100k, expressions, linearity,
	};
	struct output o = { .json = argc == 2 && strcmp(argv[1], "--json") == 0 };
	bool good = true;

	if (argc == 3 && strcmp(argv[1], "--corpus") == 0)
		return write_corpus(argv[2]);
	if (argc != 1 && !o.json) {
		fprintf(stderr, "usage: scanbench [--json | --corpus FOLDER]\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		good &= run_apart(cases[i], &o);
	return good ? 0 : 1;
}
