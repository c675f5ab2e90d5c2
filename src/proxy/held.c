/* A message that is held until it was judged. The answer of a scanner is not
 * believed more than it must be: edits that do not fit the message make it one
 * that could not be scanned. */
#include "config.h"

#include "proxy/held.h"

#include "base/log.h"

#include <stdio.h>

void
held_init(struct held *h, struct session *session)
{
	*h = (struct held){ .session = session };
	spool_init(&h->spool, session->proxy->spools);
}

void
held_reset(struct held *h)
{
	bool shared = h->job != NULL || h->keep != NULL || h->abandoned; /* asked, and not answered */

	scan_cancel(&h->job);
	keep_cancel(&h->keep);
	spool_reset(&h->spool, shared);
	if (h->arena != NULL)
		arena_reset(h->arena);
	*h = (struct held){ .spool = h->spool, .session = h->session, .arena = h->arena };
}

void
held_free(struct held *h)
{
	held_reset(h);
	arena_free(&h->arena);
}

struct arena *
held_arena(struct held *h)
{
	if (h->arena == NULL)
		h->arena = arena_new(0);
	return h->arena;
}

/* ---- the verdict ---- */

static void
count_failure(const struct held *h, enum stats_scan_failure failure)
{
	stats_add(&h->session->proxy->stats->scan_failures[failure], 1);
}

void
held_refuse_answer(struct held *h)
{
	count_failure(h, STATS_SCAN_BROKEN);
	scan_answer_failure(h->answer, FAILURE_DEFER, "the answer of the scan cannot be used");
}

void
held_answer(struct held *h, const struct scan_answer *answer)
{
	struct arena *a = held_arena(h);
	struct buf copy = { 0 };

	h->answer = ARENA_NEW(a, struct scan_answer);
	scan_answer_encode(&copy, answer);
	if (copy.failed || !scan_answer_decode(a, arena_copy(a, buf_span(&copy)), h->answer) ||
	    !edits_valid(h->answer->edits, h->answer->edit_count, h->spool.size))
		held_refuse_answer(h);
	buf_free(&copy);
}

static void
verdict_came(void *context, const struct scan_answer *answer)
{
	struct held *h = context;

	h->job = NULL;
	held_answer(h, answer);
	session_wake(h->session);
}

static void
fail_scan(struct held *h, size_t policy, enum stats_scan_failure failure, const char *why)
{
	struct scan_answer answer;

	count_failure(h, failure);
	scan_answer_failure(&answer, h->session->proxy->settings->policies[policy].on_failure, why);
	held_answer(h, &answer);
}

void
held_ask_verdict(struct held *h, const struct scan_request *request)
{
	h->job = scan_submit(h->session->proxy->scan, request, &h->spool, verdict_came, h);
	if (h->job == NULL)
		fail_scan(h, request->policy, STATS_SCAN_BROKEN, "no memory for the scan");
}

void
held_abandon_scan(struct held *h, size_t policy)
{
	scan_cancel(&h->job);
	h->abandoned = true;
	fail_scan(h, policy, STATS_SCAN_TIMEOUT, "not scanned in time");
}

struct span
held_head(struct held *h)
{
	struct span bytes = spool_bytes(&h->spool);
	char *head;
	ssize_t n;

	if (bytes.data != NULL)
		return span_first(bytes, WITHHOLD_HEAD_MAX);
	head = arena_alloc_raw(held_arena(h), WITHHOLD_HEAD_MAX);
	n = spool_read(&h->spool, 0, head, WITHHOLD_HEAD_MAX);
	return span_of(head, n > 0 ? (size_t)n : 0);
}

/* ---- quarantine ---- */

static void
kept(void *context, bool ok, const char *id)
{
	struct held *h = context;

	h->keep = NULL;
	h->kept = ok;
	h->keep_failed = !ok;
	if (!ok)
		stats_add(&h->session->proxy->stats->errors[STATS_ERROR_KEEPER], 1);
	snprintf(h->kept_as, sizeof(h->kept_as), "%s", id);
	session_wake(h->session);
}

static const struct span *
spans_of_rules(struct arena *a, const struct scan_answer *answer)
{
	struct span *rules = ARENA_ARRAY(a, struct span, answer->hit_count);

	for (size_t i = 0; i < answer->hit_count; i++)
		rules[i] = answer->hits[i].rule;
	return rules;
}

void
held_ask_keeper(struct held *h, const struct quarantine_item *item)
{
	struct quarantine_item whole = *item;

	whole.verdict = span_str(verdict_name(h->answer->verdict));
	whole.reason = h->answer->reason;
	whole.rules = spans_of_rules(held_arena(h), h->answer);
	whole.rule_count = h->answer->hit_count;
	whole.subject = h->answer->subject;
	whole.author = h->answer->author;
	h->keep = keep_submit(h->session->proxy->keep, &whole, &h->spool, kept, h);
	h->keep_failed = h->keep == NULL;
	if (h->keep_failed)
		stats_add(&h->session->proxy->stats->errors[STATS_ERROR_KEEPER], 1);
}

/* ---- counting, and the log ---- */

void
held_count(const struct held *h, enum protocol protocol, size_t policy)
{
	const struct proxy *p = h->session->proxy;
	const struct stats_names *names = &p->generation->names;
	const struct scan_answer *a = h->answer;
	size_t verdict = a != NULL ? (size_t)a->verdict : STATS_NO_VERDICT;

	stats_add(&p->stats->messages[protocol][names->policies[policy]][verdict], 1);
	stats_add(&p->stats->octets[protocol], h->spool.size);
	for (size_t i = 0; a != NULL && i < a->hit_count; i++)
		stats_add(&p->stats->rules[stats_rule_at(names, a->hits[i].rule)], 1);
}

static void
log_answer(struct log_entry *e, const struct scan_answer *a)
{
	struct buf rules = { 0 };

	for (size_t i = 0; i < a->hit_count && rules.len < LOG_VALUE_MAX; i++)
		buf_printf(&rules, "%s%.*s", i > 0 ? "," : "", SPAN_ARG(a->hits[i].rule));
	log_text(e, "verdict", verdict_name(a->verdict));
	log_decimal(e, "score", a->score);
	log_span(e, "rules", buf_span(&rules));
	if (!a->complete)
		log_text(e, "complete", "no");
	if (a->reason.len > 0)
		log_span(e, "reason", a->reason);
	buf_free(&rules);
}

void
held_log(struct log_entry *e, const struct held *h)
{
	if (h->answer != NULL)
		log_answer(e, h->answer);
	if (h->kept)
		log_text(e, "quarantine", h->kept_as);
}

/* ---- the message as it goes on ---- */

struct edited
held_edited(const struct held *h)
{
	return (struct edited){
		.memory = spool_bytes(&h->spool), .file = spool_file(&h->spool), .size = h->spool.size,
		.edits = h->answer->edits, .edit_count = h->answer->edit_count,
	};
}
