/* One message scanned and told of, in the form that was asked for. */
#include "config.h"

#include "cli/scan_job.h"

#include "cli/clamd_asker.h"
#include "cli/mbox.h"
#include "rewrite/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { SHOWN_PATH_MAX = 4096 };

struct scan_worker {
	const struct scan_job *job;
	struct scanner *scanner;
	struct mail_file file;
	struct arena *arena; /* of one message */
	struct clamd_asker *clamd; /* made when it is first needed */
};

void
scan_report_free(struct scan_report *r)
{
	buf_free(&r->hits);
	buf_free(&r->out);
	buf_free(&r->err);
}

struct scan_worker *
scan_worker_new(const struct scan_job *job)
{
	struct scan_worker *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->job = job;
	w->arena = arena_new(0);
	w->scanner = scanner_new(job->loaded->settings, job->loaded->rules);
	if (w->scanner == NULL)
		scan_worker_free(&w);
	return w;
}

void
scan_worker_free(struct scan_worker **w)
{
	if (*w == NULL)
		return;
	scanner_free(&(*w)->scanner);
	clamd_asker_free(&(*w)->clamd);
	mail_file_close(&(*w)->file);
	arena_free(&(*w)->arena);
	free(*w);
	*w = NULL;
}

static void
add_place(struct buf *out, struct arena *a, const struct mail_item *item)
{
	buf_add_span(out, shown_text(a, span_str(item->path), SHOWN_PATH_MAX));
	if (item->boxed)
		buf_printf(out, ", message %" PRIu64, item->number);
}

static void
add_line(struct buf *out, struct arena *a, const struct mail_item *item, const struct scan_answer *answer)
{
	add_place(out, a, item);
	buf_printf(out, ": %s, score %.10g", verdict_name(answer->verdict), answer->score);
	for (size_t i = 0; i < answer->hit_count; i++) {
		const struct scan_hit *hit = &answer->hits[i];

		buf_add_str(out, ", ");
		buf_add_span(out, hit->rule);
		if (hit->part.len > 0)
			buf_printf(out, " (part %.*s)", SPAN_ARG(hit->part));
	}
	if (!answer->complete)
		buf_printf(out, ", incomplete: %.*s", SPAN_ARG(answer->reason));
	else if (answer->hit_count == 0 && answer->reason.len > 0)
		buf_printf(out, ", %.*s", SPAN_ARG(answer->reason));
	buf_add_byte(out, '\n');
}

struct rewriting {
	struct buf *out;
	struct span message;
};

static bool
add_piece(void *context, bool original, uint64_t offset, struct span bytes)
{
	struct rewriting *r = context;

	buf_add(r->out, original ? r->message.data + offset : bytes.data, bytes.len);
	return true;
}

static bool
is_delivered(enum verdict v)
{
	return v == VERDICT_ACCEPT || v == VERDICT_TAG || v == VERDICT_STRIP;
}

static void
add_rewritten(struct scan_report *r, struct arena *a, const struct mail_item *item, struct span message,
    const struct scan_answer *answer)
{
	struct rewriting rewriting = { &r->out, message };

	if (is_delivered(answer->verdict))
		edits_stream(answer->edits, answer->edit_count, message.len, add_piece, &rewriting);
	else
		add_line(&r->err, a, item, answer);
}

static void
add_hits(const struct scan_job *job, const struct scan_answer *answer, struct scan_report *r)
{
	const struct ruleset *rules = job->loaded->rules[job->request.policy];
	size_t hit = 0;

	/* Hits are in the order of the rules. */
	for (size_t i = 0; i < ruleset_count(rules) && hit < answer->hit_count; i++) {
		if (!span_is(answer->hits[hit].rule, ruleset_about(rules, i).name))
			continue;
		buf_put_u32(&r->hits, (uint32_t)i);
		hit++;
	}
}

static void
add_report(const struct scan_job *job, struct arena *a, const struct mail_item *item, struct span message,
    const struct scan_answer *answer, struct scan_report *r)
{
	r->verdict = answer->verdict;
	r->micros = answer->micros;
	r->octets = message.len;
	add_hits(job, answer, r);
	if (job->rewritten) {
		add_rewritten(r, a, item, message, answer);
	} else if (job->json) {
		scan_answer_json(&r->out, answer, item->path, item->number);
		buf_add_byte(&r->out, '\n');
	} else {
		add_line(&r->out, a, item, answer);
	}
}

/* The scan, and again where it hangs on clamd. */
static const struct scan_answer *
scan(struct scan_worker *w, struct scan_request *request)
{
	const struct scan_answer *answer = scanner_run(w->scanner, request, -1);

	if (!answer->ask_clamd)
		return answer;
	if (w->clamd == NULL)
		w->clamd = clamd_asker_new(w->job->loaded->settings);
	request->clamd = clamd_ask(w->clamd, request->policy, request->message, w->arena, &request->clamd_text);
	return scanner_run(w->scanner, request, -1);
}

void
scan_worker_run(struct scan_worker *w, const struct mail_item *item, struct scan_report *r)
{
	struct scan_request request = w->job->request;

	arena_reset(w->arena);
	if (!mail_item_open(&w->file, w->job->list, item, &request.message)) {
		r->failed = true;
		buf_add_str(&r->err, "gatepost: ");
		add_place(&r->err, w->arena, item);
		buf_printf(&r->err, ": %s\n", strerror(errno));
		return;
	}
	if (item->boxed)
		request.message = mbox_unquote(w->arena, request.message);
	add_report(w->job, w->arena, item, request.message, scan(w, &request), r);
}

void
scan_report_death(const struct scan_job *job, const struct mail_item *item, struct scan_report *r)
{
	const struct policy_settings *policy = &job->loaded->settings->policies[job->request.policy];
	struct arena *a = arena_new(0);
	struct scan_answer answer;

	scan_answer_failure(&answer, policy->on_failure, "the scanner died on this message");
	add_report(job, a, item, SPAN_NONE, &answer, r);
	arena_free(&a);
}
