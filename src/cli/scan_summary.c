/* Counting reports as they come; only what is printed is sorted, at the end.
 * Rules and the slowest are of interest where there were many messages. */
#include "config.h"

#include "cli/scan_summary.h"

#include "rewrite/text.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
	MANY = 20,         /* messages from which on more than the verdicts is told */
	RULES_SHOWN = 20,
	SHOWN_PATH_MAX = 200,
};

void
scan_summary_init(struct scan_summary *s, struct arena *a, const struct scan_job *job)
{
	const struct ruleset *rules = job->loaded->rules[job->request.policy];

	*s = (struct scan_summary){ .job = job, .hits = ARENA_ARRAY(a, size_t, ruleset_count(rules)) };
}

static void
add_slow(struct scan_summary *s, const struct mail_item *item, uint64_t micros)
{
	size_t at = SLOWEST_SHOWN;

	while (at > 0 && (s->slowest[at - 1].item == NULL || s->slowest[at - 1].micros < micros))
		at--;
	if (at == SLOWEST_SHOWN)
		return;
	memmove(&s->slowest[at + 1], &s->slowest[at], (SLOWEST_SHOWN - 1 - at) * sizeof(s->slowest[0]));
	s->slowest[at] = (struct slow){ item, micros };
}

void
scan_summary_add(struct scan_summary *s, const struct scan_report *r)
{
	const struct ruleset *rules = s->job->loaded->rules[s->job->request.policy];
	struct span hits = buf_span(&r->hits);
	uint32_t rule;

	add_slow(s, &s->job->list->items[s->done++], r->micros);
	if (r->failed) {
		s->errors++;
		return;
	}
	s->verdicts[r->verdict]++;
	s->octets += r->octets;
	while (take_u32(&hits, &rule))
		if (rule < ruleset_count(rules))
			s->hits[rule]++;
}

size_t
scan_summary_held(const struct scan_summary *s)
{
	return s->done - s->verdicts[VERDICT_ACCEPT] - s->verdicts[VERDICT_TAG];
}

static void
print_verdicts(const struct scan_summary *s, uint64_t millis, FILE *out)
{
	const char *before = ": ";

	fprintf(out, "%zu message%s", s->done, s->done == 1 ? "" : "s");
	for (int v = VERDICT_ACCEPT; v <= VERDICT_REJECT; v++) {
		if (s->verdicts[v] == 0)
			continue;
		fprintf(out, "%s%zu %s", before, s->verdicts[v], verdict_name((enum verdict)v));
		before = ", ";
	}
	fprintf(out, " in %.1f s", (double)millis / 1000);
	if (s->done >= MANY && millis > 0)
		fprintf(out, " (%" PRIu64 " messages and %.1f MB a second)", (uint64_t)s->done * 1000 / millis,
		    (double)s->octets / 1000 / (double)millis);
	fputc('\n', out);
}

struct count {
	size_t rule, hits;
};

static int
compare_counts(const void *left, const void *right)
{
	const struct count *a = left, *b = right;

	if (a->hits != b->hits)
		return a->hits > b->hits ? -1 : 1;
	return (a->rule > b->rule) - (a->rule < b->rule);
}

static void
print_rules(const struct scan_summary *s, FILE *out)
{
	const struct ruleset *rules = s->job->loaded->rules[s->job->request.policy];
	size_t total = ruleset_count(rules), count = 0;
	struct count *counts = calloc(total + 1, sizeof(*counts));

	for (size_t i = 0; counts != NULL && i < total; i++)
		if (s->hits[i] > 0)
			counts[count++] = (struct count){ i, s->hits[i] };
	if (count > 0) {
		qsort(counts, count, sizeof(*counts), compare_counts);
		fputs("rules by hits:\n", out);
	}
	for (size_t i = 0; i < count && i < RULES_SHOWN; i++)
		fprintf(out, "%8zu  %s\n", counts[i].hits, ruleset_about(rules, counts[i].rule).name);
	if (count > RULES_SHOWN)
		fprintf(out, "          and %zu more\n", count - RULES_SHOWN);
	free(counts);
}

static void
print_slowest(const struct scan_summary *s, FILE *out)
{
	struct arena *a = arena_new(0);

	fputs("slowest:\n", out);
	for (size_t i = 0; i < SLOWEST_SHOWN && s->slowest[i].item != NULL; i++) {
		const struct slow *slow = &s->slowest[i];

		fprintf(out, "%8.1f ms  %.*s", (double)slow->micros / 1000,
		    SPAN_ARG(shown_text(a, span_str(slow->item->path), SHOWN_PATH_MAX)));
		if (slow->item->boxed)
			fprintf(out, ", message %" PRIu64, slow->item->number);
		fputc('\n', out);
	}
	arena_free(&a);
}

void
scan_summary_print(const struct scan_summary *s, uint64_t millis, FILE *out)
{
	print_verdicts(s, millis, out);
	if (s->done < MANY)
		return;
	print_rules(s, out);
	print_slowest(s, out);
}
