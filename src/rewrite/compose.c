/* The verdict decides which of the rewritings apply; each is a file of its
 * own, and all of them add to one list of edits. */
#include "config.h"

#include "rewrite/compose.h"

#include "rewrite/notice.h"
#include "rewrite/preserve.h"
#include "rewrite/strip.h"
#include "rewrite/tag.h"
#include "rewrite/text.h"

bool
compose_marks(const struct policy_settings *policy, const struct ruleset *rules)
{
	if (policy->ambiguous == AMBIGUOUS_TAG)
		return true;
	for (size_t i = 0; i < policy->threshold_count; i++)
		if (policy->thresholds[i].then == VERDICT_TAG)
			return true;
	for (size_t i = 0; i < ruleset_count(rules); i++) {
		struct rule_about about = ruleset_about(rules, i);

		if (about.has_then && about.then == VERDICT_TAG)
			return true;
	}
	return false;
}

/* An allowed author's message that reached a threshold is told to be no spam. */
bool
compose_user_marks(const struct scan_preferences *own)
{
	for (size_t i = 0; i < own->threshold_count; i++)
		if (own->thresholds[i].then == VERDICT_TAG)
			return true;
	return own->deny_count > 0 || own->allow_count > 0;
}

struct span
line_end_of(struct span message)
{
	size_t at = span_find_byte(message, '\n');

	if (at == SIZE_MAX || (at > 0 && message.data[at - 1] == '\r'))
		return SPAN_LITERAL("\r\n");
	return SPAN_LITERAL("\n");
}

uint64_t
offset_in(const struct mime_message *m, struct span s)
{
	return s.data != NULL ? (uint64_t)(s.data - m->raw.data) : 0;
}

static bool
has_lines_that_are_no_fields(const struct mime_part *p)
{
	size_t fields = 0;

	for (const struct mime_header *h = p->headers; h != NULL; h = h->next)
		fields += h->raw.len;
	return p->head.len - fields > strlen("\r\n");
}

void
remove_fields(struct edits *e, const struct compose_job *job, const struct mime_part *p,
    bool (*wanted)(const struct mime_header *h), const struct mime_header *kept)
{
	bool replaced = has_lines_that_are_no_fields(p);
	struct span eol = line_end_of(job->message->raw);

	for (const struct mime_header *h = p->headers; h != NULL; h = h->next) {
		struct text t = { .arena = job->arena };

		if (h == kept || !wanted(h))
			continue;
		if (replaced) {
			text_add(&t, SPAN_LITERAL("X-Gatepost-Removed: "));
			text_add(&t, h->name);
			text_add(&t, eol);
		}
		edits_add(e, offset_in(job->message, h->raw), h->raw.len, text_span(&t));
	}
}

static bool
is_delivered(enum verdict v)
{
	return v == VERDICT_ACCEPT || v == VERDICT_TAG || v == VERDICT_STRIP;
}

bool
compose_withholds(enum verdict verdict, bool complete)
{
	return !is_delivered(verdict) && (complete || verdict != VERDICT_DEFER);
}

/* What would be written anew cannot be kept in place. */
static bool
is_kept_back(const struct compose_job *job)
{
	const struct rule_outcome *o = job->outcome;

	return o->ambiguity != NULL && job->policy->ambiguous == AMBIGUOUS_REWRITE && o->verdict == VERDICT_STRIP;
}

static void
compose_in_place(struct edits *e, const struct compose_job *job, bool withheld)
{
	if (withheld || is_kept_back(job))
		preserve_message(e, job, notice_withheld(job->arena, job->outcome->reason));
	else
		preserve_parts(e, job);
	edits_finish(e);
}

void
compose_edits(struct edits *e, const struct compose_job *job)
{
	const struct rule_outcome *o = job->outcome;
	bool withheld = job->to_reader && compose_withholds(o->verdict, o->complete);

	if (!is_delivered(o->verdict) && !withheld)
		return;
	if (job->preserve) {
		compose_in_place(e, job, withheld);
		return;
	}
	tag_remove_forged(e, job);
	tag_add_marks(e, job);
	if (withheld)
		strip_message(e, job, notice_withheld(job->arena, o->reason));
	else
		strip_parts(e, job);
	edits_finish(e);
}
