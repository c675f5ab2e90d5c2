/* The scanner: a message and what is known of its way go in, the answer comes
 * out. The code between is straight: what runs out of memory or over a limit
 * jumps back here and becomes an answer by the policy's on_failure.
 *
 * Bodies are decoded in memory that is kept from one message to the next; those
 * of a message that came with a file of its own, in that file. */
#include "config.h"

#include "scan/scan.h"

#include "base/clock.h"
#include "base/limits.h"
#include "engine/crypt.h"
#include "engine/signature.h"
#include "mime/decode.h"
#include "rewrite/compose.h"
#include "rewrite/renew.h"
#include "rewrite/text.h"
#include "rule/evaluate.h"
#include "scan/sections.h"
#include "scan/told.h"
#include "scan/warm_up.h"

#include <setjmp.h>
#include <stdlib.h>
#include <unistd.h>

struct scan_policy {
	const struct policy_settings *settings;
	const struct ruleset *rules;
	struct rule_scratch *scratch;
	bool marks;
};

/* Edits of a message that takes the place of another. */
struct replacing {
	struct span renewed;
	struct edits *edits;
};

struct scanner {
	const struct settings *settings;
	struct scan_policy *policies;
	struct arena *arena;        /* of the message at hand */
	bool preserve;              /* it is edited in place */
	struct scratch *kept;
	struct scratch *large;      /* of a message that came with a file, or NULL */
	struct scan_answer answer;
};

static struct rule_envelope
envelope_of(const struct scan_request *request)
{
	static const unsigned char unknown[sizeof(request->client)];
	struct rule_envelope e = {
		.protocol = request->protocol,
		.helo = request->helo,
		.sender = request->sender,
		.recipients = request->recipients,
		.recipient_count = request->recipient_count,
		.client_known = memcmp(request->client, unknown, sizeof(unknown)) != 0,
		.user = request->user,
		.tls = request->tls,
		.clamd = request->clamd,
		.clamd_text = request->clamd_text,
		.own = &request->own,
	};

	memcpy(e.client, request->client, sizeof(e.client));
	return e;
}

static void
answer_hits(struct scan_answer *r, struct arena *a, const struct rule_outcome *o)
{
	r->hits = ARENA_ARRAY(a, struct scan_hit, o->hit_count);
	r->hit_count = o->hit_count;
	for (size_t i = 0; i < o->hit_count; i++) {
		const struct rule_hit *hit = &o->hits[i];

		r->hits[i] = (struct scan_hit){ span_str(hit->name), hit->score, hit->has_then, hit->then, hit->part,
			shown_text(a, hit->detail, SHOWN_TEXT_MAX) };
	}
}

static void
answer_defects(struct scan_answer *r, const struct mime_message *m)
{
	r->defects = ARENA_ARRAY(m->arena, struct scan_defect, m->defect_count);
	for (const struct mime_defect *d = m->defects; d != NULL && r->defect_count < m->defect_count; d = d->next)
		r->defects[r->defect_count++] = (struct scan_defect){ span_str(d->name), span_str(d->section) };
}

static void
answer_parts(struct scan_answer *r, struct arena *a, const struct rule_outcome *o)
{
	r->parts = ARENA_ARRAY(a, struct scan_part, o->part_count);
	r->part_count = o->part_count;
	for (size_t i = 0; i < o->part_count; i++) {
		const struct rule_part_facts *f = &o->parts[i];
		struct scan_part *part = &r->parts[i];

		*part = (struct scan_part){ f->section, f->type, f->name, span_str(f->magic), f->octets,
			f->decoded_octets, "" };
		memcpy(part->sha256, f->sha256, sizeof(part->sha256));
	}
}

static bool
is_for_reader(const struct scan_request *request)
{
	return request->protocol == PROTOCOL_POP3 || request->protocol == PROTOCOL_IMAP;
}

/* What IMAP shows may have been told of before it was scanned: then no octet of
 * it may move. */
static bool
preserves(const struct scan_request *request)
{
	return request->protocol == PROTOCOL_IMAP && !request->rewrite;
}

static void
collect_edits(struct scanner *s, const struct scan_request *request, struct mime_message *m,
    const struct mime_message *judged, const struct rule_outcome *o, struct scratch *scratch, struct edits *edits)
{
	const struct scan_policy *policy = &s->policies[request->policy];
	const struct compose_job job = {
		.arena = s->arena,
		.message = m,
		.policy = policy->settings,
		.rules = policy->rules,
		.outcome = o,
		.own = &request->own,
		.judged = judged,
		.hostname = s->settings->hostname,
		.scratch = scratch,
		.marks = policy->marks || compose_user_marks(&request->own),
		.to_reader = is_for_reader(request),
		.preserve = s->preserve,
	};

	edits_init(edits, s->arena);
	compose_edits(edits, &job);
}

static void
answer_edits(struct scan_answer *r, const struct scan_request *request, const struct edits *edits)
{
	r->edits = edits->items;
	r->edit_count = edits->count;
	r->keep_original =
	    r->verdict == VERDICT_STRIP || (is_for_reader(request) && compose_withholds(r->verdict, r->complete));
}

static void
answer_outcome(struct scan_answer *r, struct arena *a, const struct mime_message *m, const struct rule_outcome *o)
{
	r->verdict = o->verdict;
	r->score = o->score;
	r->reply = o->reply;
	r->reason = shown_text(a, o->reason, SHOWN_TEXT_MAX);
	r->complete = o->complete;
	r->ask_clamd = o->ask_clamd;
	r->tagged = o->tag;
	r->allowed = o->allowed;
	r->readings = (uint32_t)m->readings;
	answer_hits(r, a, o);
	answer_defects(r, m);
	answer_parts(r, a, o);
}

static struct span
shown_field(struct arena *a, const struct mime_message *m, struct span name)
{
	const struct mime_header *h = mime_header_find(m->root, name, NULL);
	char *text;

	if (h == NULL)
		return SPAN_NONE;
	text = arena_strndup(a, mime_header_text(a, h));
	for (char *tab = text; (tab = strchr(tab, '\t')) != NULL;)
		*tab = ' '; /* of folding */
	return shown_text(a, span_str(text), SCAN_SHOWN_MAX);
}

/* By what people will look for it in quarantine. */
static void
answer_fields(struct scan_answer *r, struct arena *a, const struct mime_message *m)
{
	if (!r->keep_original && r->verdict != VERDICT_QUARANTINE && r->verdict != VERDICT_DISCARD)
		return;
	r->subject = shown_field(a, m, SPAN_LITERAL("Subject"));
	r->author = shown_field(a, m, SPAN_LITERAL("From"));
}

static bool
is_to_be_renewed(const struct scanner *s, const struct scan_policy *policy, const struct rule_outcome *o)
{
	return !s->preserve && o->ambiguity != NULL && policy->settings->ambiguous == AMBIGUOUS_REWRITE && o->verdict == VERDICT_STRIP;
}

static bool
insert_piece(void *context, bool original, uint64_t offset, struct span bytes)
{
	struct replacing *r = context;

	edits_add(r->edits, 0, 0, original ? span_first(span_from(r->renewed, offset), bytes.len) : bytes);
	return true;
}

/* The original is replaced as a whole by the new message with its edits. */
static void
replace_whole(struct scanner *s, size_t original_size, struct span renewed, const struct edits *own, struct edits *edits)
{
	struct replacing r = { .renewed = renewed, .edits = edits };

	edits_init(edits, s->arena);
	edits_stream(own->items, own->count, renewed.len, insert_piece, &r);
	edits_add(edits, 0, original_size, SPAN_NONE);
	edits_finish(edits);
}

/* What was not read because of a limit would be gone, not only what other
 * readings have. */
static const struct mime_defect *
unread_part(const struct mime_message *m)
{
	const struct mime_defect *d = m->defects;

	while (d != NULL && (!span_starts(span_str(d->name), "limit-") || strcmp(d->name, "limit-readings") == 0))
		d = d->next;
	return d;
}

/* What the new message's own verdict makes of that of the original. Of what is
 * to be said of it the original's rules are the ground: some look at defects,
 * which are gone. */
static void
take_graver(struct rule_outcome *o, struct rule_outcome *again)
{
	if (again->ambiguity != NULL && again->verdict < VERDICT_QUARANTINE)
		again->verdict = VERDICT_QUARANTINE;
	if (again->verdict > o->verdict) {
		o->verdict = again->verdict;
		o->reason = again->reason;
		o->reply = again->reply;
		o->complete = again->complete;
	}
	again->verdict = o->verdict;
	again->ambiguity = o->ambiguity;
	again->denied = o->denied;
	if (!o->tag)
		return;
	again->tag = true;
	again->score = o->score;
	again->hits = o->hits;
	again->hit_count = o->hit_count;
}

/* An ambiguous message is written anew, which leaves one reading of it, and
 * that is held against the rules as any message is. What is still ambiguous,
 * such as a piece of a message, is kept back. */
static void
renew(struct scanner *s, const struct scan_request *request, struct mime_message *m, struct rule_outcome *o,
    struct scratch *scratch, struct edits *edits)
{
	const struct scan_policy *policy = &s->policies[request->policy];
	const struct rule_envelope envelope = envelope_of(request);
	const struct mime_defect *unread = unread_part(m);
	struct rule_outcome again = { 0 };
	struct mime_message *anew;
	struct edits own;

	if (unread != NULL) {
		o->verdict = VERDICT_QUARANTINE;
		o->reason = span_str(arena_printf(s->arena, "ambiguous, and not read to its end: %s", unread->name));
		collect_edits(s, request, m, m, o, scratch, edits);
		return;
	}
	anew = mime_parse(s->arena, renew_message(m, scratch), &m->limits);
	rule_evaluate(policy->rules, policy->scratch, s->arena, anew, &envelope, scratch, false, &again);
	take_graver(o, &again);
	if (o->verdict != VERDICT_STRIP) {
		collect_edits(s, request, m, m, o, scratch, edits);
		return;
	}
	collect_edits(s, request, anew, m, &again, scratch, &own);
	replace_whole(s, request->message.len, anew->raw, &own, edits);
}

/* What IMAP needs to know of the edits. False: it cannot be told so. */
static bool
answer_imap(struct scanner *s, struct mime_message *m, struct scratch *scratch)
{
	s->answer.in_place = s->preserve && s->answer.edit_count > 0;
	if (s->answer.in_place)
		scan_sections(&s->answer, m, scratch);
	if (s->preserve || s->answer.edit_count == 0 || s->answer.ask_clamd)
		return true;
	return scan_tell(&s->answer, m, scratch);
}

/* False: it has to be edited in place. */
static bool
scan_by_layout(struct scanner *s, const struct scan_request *request, struct scratch *scratch)
{
	const struct limits *l = &s->settings->limits;
	const struct mime_limits limits = { l->message_parts, l->message_depth, l->message_headers };
	const struct scan_policy *policy = &s->policies[request->policy];
	const struct rule_envelope envelope = envelope_of(request);
	struct mime_message *m = mime_parse(s->arena, request->message, &limits);
	struct rule_outcome outcome = { 0 };
	struct edits edits;

	rule_evaluate(policy->rules, policy->scratch, s->arena, m, &envelope, scratch, request->want_parts, &outcome);
	if (is_to_be_renewed(s, policy, &outcome)) {
		renew(s, request, m, &outcome, scratch, &edits);
		answer_outcome(&s->answer, s->arena, m, &outcome);
	} else {
		answer_outcome(&s->answer, s->arena, m, &outcome);
		collect_edits(s, request, m, m, &outcome, scratch, &edits);
	}
	answer_edits(&s->answer, request, &edits);
	answer_fields(&s->answer, s->arena, m);
	return request->protocol != PROTOCOL_IMAP || answer_imap(s, m, scratch);
}

static void
scan_message(struct scanner *s, const struct scan_request *request, struct scratch *scratch)
{
	s->preserve = preserves(request);
	if (scan_by_layout(s, request, scratch))
		return;
	s->answer = (struct scan_answer){ .verdict = VERDICT_ACCEPT, .complete = true };
	s->preserve = true;
	scan_by_layout(s, request, scratch);
}

/* A policy without rules lets everything pass, whatever there is to tell of it. */
static bool
lets_pass(const struct scan_policy *policy, const struct scan_request *request)
{
	return ruleset_is_empty(policy->rules) && !scan_preferences_any(&request->own);
}

static void
answer_pass(struct scan_answer *r)
{
	*r = (struct scan_answer){ .verdict = VERDICT_ACCEPT, .complete = true, .readings = r->readings, .defects = r->defects,
		.defect_count = r->defect_count, .parts = r->parts, .part_count = r->part_count };
}

/* What is decided before the message is read. */
static bool
answer_unread(struct scan_answer *r, const struct scan_policy *policy, const struct scan_request *request)
{
	*r = (struct scan_answer){ .verdict = VERDICT_ACCEPT, .complete = true };
	if (policy->settings->max_message_size > 0 && request->message.len > policy->settings->max_message_size) {
		r->verdict = VERDICT_REJECT;
		r->reply = SPAN_LITERAL("552 5.3.4 message too big");
		r->reason = SPAN_LITERAL("larger than max_message_size");
		return true;
	}
	return lets_pass(policy, request) && !request->want_parts;
}

/* Apart from its caller, so that no variable lives across the jump. */
static void
scan_guarded(struct scanner *s, const struct scan_request *request, struct scratch *scratch)
{
	jmp_buf escape;

	if (setjmp(escape) == 0) {
		arena_set_escape(s->arena, &escape);
		scan_message(s, request, scratch);
	} else {
		scan_answer_failure(&s->answer, s->policies[request->policy].settings->on_failure,
		    arena_gave_up(s->arena));
	}
	arena_set_escape(s->arena, NULL);
}

static void
scan(struct scanner *s, const struct scan_request *request, int scratch_fd)
{
	const struct scan_policy *policy = &s->policies[request->policy];
	bool has_file = scratch_fd >= 0;

	if (answer_unread(&s->answer, policy, request)) {
		if (has_file)
			close(scratch_fd);
		return;
	}
	if (has_file)
		s->large = scratch_new(scratch_fd);
	if (!has_file || s->large != NULL)
		scan_guarded(s, request, has_file ? s->large : s->kept);
	else
		scan_answer_failure(&s->answer, policy->settings->on_failure, "no memory to decode a large message");
	scratch_free(&s->large);
	if (lets_pass(policy, request))
		answer_pass(&s->answer);
}

const struct scan_answer *
scanner_run(struct scanner *s, const struct scan_request *request, int scratch_fd)
{
	uint64_t began = clock_micros();

	arena_reset(s->arena);
	if (request->policy < s->settings->policy_count) {
		scan(s, request, scratch_fd);
	} else {
		scan_answer_failure(&s->answer, FAILURE_DEFER, "the request names a policy that is not there");
		if (scratch_fd >= 0)
			close(scratch_fd);
	}
	s->answer.micros = clock_micros() - began;
	return &s->answer;
}

static bool
policy_init(struct scan_policy *p, const struct policy_settings *settings, const struct ruleset *rules)
{
	*p = (struct scan_policy){
		.settings = settings,
		.rules = rules,
		.scratch = rule_scratch_new(rules),
		.marks = compose_marks(settings, rules),
	};
	return p->scratch != NULL;
}

static void
warm_up(struct scanner *s)
{
	charset_open_all();
	digest_open_all();
	crypt_open_all();
	for (size_t i = 0; i < s->settings->policy_count; i++) {
		const struct scan_request request = { .policy = i, .message = warm_up_message, .want_parts = true };

		arena_reset(s->arena);
		scan_guarded(s, &request, s->kept);
	}
}

struct scanner *
scanner_new(const struct settings *settings, struct ruleset *const *rules)
{
	struct scanner *s = calloc(1, sizeof(*s));
	bool ok;

	if (s == NULL)
		return NULL;
	s->settings = settings;
	s->arena = arena_new(settings->limits.scan_memory);
	s->kept = scratch_new(-1);
	s->policies = calloc(settings->policy_count, sizeof(*s->policies));
	ok = s->kept != NULL && s->policies != NULL;
	for (size_t i = 0; ok && i < settings->policy_count; i++)
		ok = policy_init(&s->policies[i], &settings->policies[i], rules[i]);
	if (ok)
		warm_up(s);
	else
		scanner_free(&s);
	return s;
}

void
scanner_free(struct scanner **s)
{
	struct scanner *old = *s;

	if (old == NULL)
		return;
	for (size_t i = 0; old->policies != NULL && i < old->settings->policy_count; i++)
		rule_scratch_free(&old->policies[i].scratch);
	free(old->policies);
	scratch_free(&old->kept);
	arena_free(&old->arena);
	free(old);
	*s = NULL;
}
