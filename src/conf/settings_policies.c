/* policies: what is scanned for, and what follows. */
#include "config.h"

#include "conf/keys.h"

#include <stdlib.h>

const char *const spam_choices[] = { "tag", "hide", "move", NULL };
static const char *const failures[] = { "defer", "accept", "reject", NULL };
static const char *const ambiguous_actions[] = { "reject", "quarantine", "rewrite", "tag", NULL };
static const char *const layouts[] = { "preserve", "rewrite", NULL };

/* A score belongs to a whole message, so it cannot say "strip", which wants to
 * know the part. */
static const char *const consequences[] = { "tag", "quarantine", "discard", "defer", "reject", NULL };
static const enum verdict consequence_verdicts[] = { VERDICT_TAG, VERDICT_QUARANTINE, VERDICT_DISCARD, VERDICT_DEFER,
	VERDICT_REJECT };

static void
read_consequence(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	int index;

	if (yaml_choice(value, key->choices, &index, c->report))
		*(enum verdict *)key_field(key, object) = consequence_verdicts[index];
}

static const struct kind kind_consequence = { "choice", read_consequence, NULL };

const struct key threshold_keys[] = {
	{ KEY(struct threshold, score, decimal), .required = true },
	{ KEY(struct threshold, then, consequence), .choices = consequences, .required = true },
	{ 0 },
};

static const struct key clamd_keys[] = {
	{ KEY(struct clamd_settings, upstream, upstream), .required = true },
	/* clamd's own limit on one message is two minutes (MaxScanTime). */
	{ KEY(struct clamd_settings, timeout, duration), .preset = 60 * 1000, .least = 1, .most = 10 * 60 * 1000 },
	{ KEY(struct clamd_settings, failures, number), .preset = 3, .least = 1, .most = 1000000 },
	{ 0 },
};

static void
clamd_check(struct conf *c, const struct yaml *node, void *object)
{
	const struct clamd_settings *clamd = object;

	if (clamd->upstream < c->settings->upstream_count &&
	    c->settings->upstreams[clamd->upstream].tls.mode != TLS_NONE)
		report_add(c->report, mark_of_key(node, "upstream"), "clamd does not speak TLS");
}

const struct key policy_keys[] = {
	{ KEY(struct policy_settings, rules, paths) },
	{ KEY(struct policy_settings, thresholds, list), COUNT(struct policy_settings, threshold_count),
	    ITEMS(struct threshold, threshold_keys) },
	{ KEY(struct policy_settings, subject_prefix, line), .most = SUBJECT_PREFIX_MAX },
	/* What the large providers take, with the third that base64 adds. RFC
	 * 5321 4.5.3.1.7 demands 64K octets. */
	{ KEY(struct policy_settings, max_message_size, size), .preset = 50 * 1024 * 1024, .least = 1,
	    .most = UINT64_C(4) * 1024 * 1024 * 1024 },
	{ KEY(struct policy_settings, on_failure, choice), .choices = failures },
	{ KEY(struct policy_settings, clamd, mapping), .keys = clamd_keys, .check = clamd_check },
	{ KEY(struct policy_settings, ambiguous, choice), .choices = ambiguous_actions },
	{ KEY(struct policy_settings, ambiguity_header, boolean) },
	{ KEY(struct policy_settings, spam, choice), .choices = spam_choices },
	{ KEY(struct policy_settings, layout, choice), .choices = layouts },
	{ KEY(struct policy_settings, notice_names, boolean), .preset = true },
	{ 0 },
};

static int
compare_thresholds(const void *a, const void *b)
{
	double x = ((const struct threshold *)a)->score, y = ((const struct threshold *)b)->score;

	return (x > y) - (x < y);
}

void
thresholds_check(struct conf *c, const struct yaml *node, struct threshold *thresholds, size_t count)
{
	if (count < 2)
		return;
	qsort(thresholds, count, sizeof(*thresholds), compare_thresholds);
	for (size_t i = 1; i < count; i++)
		if (thresholds[i - 1].score == thresholds[i].score)
			report_add(c->report, mark_of_key(node, "thresholds"), "the score %g is here twice",
			    thresholds[i].score);
}

void
policy_check(struct conf *c, const struct yaml *node, void *object)
{
	struct policy_settings *p = object;

	p->rules_mark = mark_of_key(node, "rules");
	thresholds_check(c, node, p->thresholds, p->threshold_count);
}
