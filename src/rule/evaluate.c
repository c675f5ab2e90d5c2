/* From facts to an outcome. Rules are decided in an order in which each comes
 * after those it refers to; then scores, thresholds and verdicts are added up
 * in the order of the files. */
#include "config.h"

#include "rule/evaluate.h"

#include "base/pattern.h"
#include "rule/author.h"
#include "rule/facts.h"

/* Scores are compared and told in millionths, so that 0.1 + 0.2 reaches 0.3. */
enum { SCORE_GRAIN = 1000000 };

struct deciding {
	struct arena *arena;
	const struct ruleset *rules;
	const struct facts *facts;
	const struct scan_preferences *own;    /* the user's */
	bool allows;                           /* the user allows the author */
	struct evaluation e;
	struct rule_outcome *out;
	const struct rule *decider;            /* whose verdict is the gravest so far */
	const struct threshold *reached;       /* the highest, or NULL */
	const struct rule *undecided;          /* the first whose outcome might matter */
	bool ambiguous;                        /* `ambiguous` has the gravest verdict so far */
	bool unremovable;                      /* something to be stripped is in no part */
};

/* deny has the last word. */
static void
author_judge(struct deciding *d)
{
	const struct scan_preferences *own = d->own;
	struct mailboxes authors;

	if (own->allow_count == 0 && own->deny_count == 0)
		return;
	authors_of(d->arena, d->facts->message, d->facts->envelope, &authors);
	d->out->denied = authors_match(&authors, own->deny, own->deny_count);
	d->allows = !d->out->denied && authors_match(&authors, own->allow, own->allow_count);
}

static bool
is_off(const struct deciding *d, const struct rule *rule)
{
	struct span name = span_str(rule->name);

	for (size_t i = 0; i < d->own->rules_off_count; i++)
		if (pattern_matches(d->own->rules_off[i], name))
			return true;
	return false;
}

static void
rules_decide(struct deciding *d)
{
	const struct ruleset *rs = d->rules;
	struct arena *a = d->arena;

	d->e = (struct evaluation){ .rules = rs, .facts = d->facts, .truths = ARENA_ARRAY(a, enum truth, rs->total),
		.places = ARENA_ARRAY(a, struct places, rs->total) };
	for (size_t i = 0; i < rs->total; i++) {
		size_t index = rs->order[i];
		const struct rule *rule = &rs->rules[index];

		if (index >= rs->count || is_off(d, rule))
			continue;
		d->e.truths[index] = rule->when.condition->evaluate(&d->e, &rule->when);
		if (d->e.truths[index] != TRUTH_YES || !rule->locates || rule->when.condition->locate == NULL)
			continue;
		d->e.places[index].items = ARENA_ARRAY(a, bool, d->facts->item_count);
		rule->when.condition->locate(&d->e, &rule->when, &d->e.places[index]);
	}
}

static const struct item *
first_place(const struct deciding *d, const struct places *p)
{
	for (const struct item *i = d->facts->items; p->items != NULL && i != NULL; i = i->next)
		if (p->items[i->index])
			return i;
	return NULL;
}

static void
hit_add(struct deciding *d, size_t index)
{
	const struct rule *rule = &d->rules->rules[index];
	const struct item *place = first_place(d, &d->e.places[index]);
	struct rule_hit *hit = &d->out->hits[d->out->hit_count++];

	*hit = (struct rule_hit){ .rule = index, .name = rule->name, .score = rule->score, .has_then = rule->has_then,
		.then = rule->then };
	if (place != NULL) {
		hit->part = span_str(place->part->section);
		hit->section = place->section;
	}
	if (d->e.places[index].detail != NULL)
		hit->detail = span_str(d->e.places[index].detail);
}

static double
to_grain(double score)
{
	return (double)(int64_t)(score * SCORE_GRAIN + (score < 0 ? -0.5 : 0.5)) / SCORE_GRAIN;
}

static void
graver(struct deciding *d, enum verdict v, const struct rule *decider)
{
	d->out->tag |= v == VERDICT_TAG;
	if (v <= d->out->verdict)
		return;
	d->out->verdict = v;
	d->decider = decider;
	d->ambiguous = false;
}

/* No score of an allowed author's message does. */
static bool
can_matter(const struct deciding *d, const struct rule *rule)
{
	return rule->has_then || (rule->score != 0 && !d->allows);
}

static void
hits_collect(struct deciding *d)
{
	const struct ruleset *rs = d->rules;
	double score = 0;

	d->out->hits = ARENA_ARRAY(d->arena, struct rule_hit, rs->count);
	for (size_t i = 0; i < rs->count; i++) {
		const struct rule *rule = &rs->rules[i];

		if (d->e.truths[i] == TRUTH_UNKNOWN && d->undecided == NULL && can_matter(d, rule))
			d->undecided = rule;
		if (d->e.truths[i] != TRUTH_YES)
			continue;
		hit_add(d, i);
		score += rule->score; /* NOLINT(clang-analyzer-core.NullDereference): so many rules there are */
		if (rule->has_then)
			graver(d, rule->then, rule);
	}
	d->out->score = to_grain(score);
}

static const struct threshold *
threshold_reached(const struct deciding *d)
{
	const struct threshold *all = d->own->has_thresholds ? d->own->thresholds : d->rules->thresholds;
	size_t count = d->own->has_thresholds ? d->own->threshold_count : d->rules->threshold_count;
	const struct threshold *reached = NULL;

	for (size_t i = 0; i < count; i++) {
		if (d->out->score < to_grain(all[i].score))
			continue;
		d->out->tag |= all[i].then == VERDICT_TAG && !d->allows;
		if (reached == NULL || all[i].score >= reached->score)
			reached = &all[i];
	}
	return reached;
}

static void
thresholds_apply(struct deciding *d)
{
	const struct threshold *reached = threshold_reached(d);

	d->out->allowed = reached != NULL && d->allows;
	if (reached == NULL || d->allows)
		return;
	d->reached = reached;
	graver(d, reached->then, NULL);
}

/* What can hide something from some reader, although all readings that are
 * known were looked at. A message that is written anew has one. */
static void
ambiguity_apply(struct deciding *d)
{
	static const enum verdict verdicts[] = { [AMBIGUOUS_REJECT] = VERDICT_REJECT,
		[AMBIGUOUS_QUARANTINE] = VERDICT_QUARANTINE, [AMBIGUOUS_REWRITE] = VERDICT_STRIP,
		[AMBIGUOUS_TAG] = VERDICT_TAG };
	const struct mime_defect *defect = d->facts->message->defects;
	enum verdict v = verdicts[d->rules->ambiguous], before = d->out->verdict;

	while (defect != NULL && !defect->hides)
		defect = defect->next;
	d->out->ambiguity = defect;
	if (defect == NULL)
		return;
	graver(d, v, NULL);
	d->ambiguous = v > before;
}

/* A multipart is never removed: it was marked only for its name. Nor is what
 * only another reading of the structure has. */
static void
strip_add(struct deciding *d, const struct item *item, size_t rule)
{
	struct rule_outcome *out = d->out;

	if (item->part->kind == PART_MULTIPART || (item->own != NULL && item->own->shadow)) {
		d->unremovable = true;
		return;
	}
	if (out->strip_count > 0 && out->strips[out->strip_count - 1].part == item->part)
		return;
	out->strips[out->strip_count++] = (struct rule_strip){ .part = item->part, .section = item->section,
		.name = item->names != NULL ? item->names->name : SPAN_NONE, .rule = rule };
}

static bool
hit_strips(const struct deciding *d, const struct rule_hit *hit)
{
	return (hit->has_then && hit->then == VERDICT_STRIP) ||
	    (d->reached != NULL && d->reached->then == VERDICT_STRIP);
}

/* The hit that wants the item removed, or NULL. */
static const struct rule_hit *
stripping_hit(const struct deciding *d, const struct item *item)
{
	for (size_t i = 0; i < d->out->hit_count; i++) {
		const struct rule_hit *hit = &d->out->hits[i];
		const bool *items = d->e.places[hit->rule].items;

		if (items != NULL && items[item->index] && hit_strips(d, hit))
			return hit;
	}
	return NULL;
}

static bool
wants_strip(struct deciding *d)
{
	bool wants = d->reached != NULL && d->reached->then == VERDICT_STRIP;

	for (size_t i = 0; i < d->out->hit_count; i++) {
		const struct rule_hit *hit = &d->out->hits[i];

		if (!hit_strips(d, hit))
			continue;
		wants = true;
		d->unremovable |= d->e.places[hit->rule].elsewhere;
		if (hit->has_then && hit->then == VERDICT_STRIP)
			d->unremovable |= hit->section.len == 0;
	}
	return wants;
}

/* What ought to be removed and cannot be keeps the whole message back. */
static void
strips_collect(struct deciding *d)
{
	if (!wants_strip(d))
		return;
	d->out->strips = ARENA_ARRAY(d->arena, struct rule_strip, d->facts->item_count);
	for (const struct item *i = d->facts->items; i != NULL; i = i->next) {
		const struct rule_hit *hit = stripping_hit(d, i);

		if (hit != NULL)
			strip_add(d, i, hit->rule);
	}
	if (d->out->strip_count == 0 || d->unremovable)
		graver(d, VERDICT_QUARANTINE, d->decider);
}

static struct span
reason_of(const struct deciding *d)
{
	const struct rule_outcome *out = d->out;
	const char *removable = d->unremovable ? ", which could not be removed" : "";
	const struct rule_hit *hit = NULL;
	const char *detail = "";

	if (out->verdict == VERDICT_ACCEPT)
		return SPAN_NONE;
	if (d->ambiguous)
		return span_str(arena_printf(d->arena, "ambiguous: %s in part %s", out->ambiguity->name,
		    out->ambiguity->section[0] != '\0' ? out->ambiguity->section : "0"));
	if (out->denied && out->verdict == VERDICT_TAG)
		return SPAN_LITERAL("sender denied by the user");
	if (d->decider == NULL)
		return span_str(arena_printf(d->arena, "score %.3f reaches %.3f", out->score, d->reached->score));
	for (size_t i = 0; i < out->hit_count && hit == NULL; i++)
		if (&d->rules->rules[out->hits[i].rule] == d->decider)
			hit = &out->hits[i];
	if (hit != NULL && hit->detail.len > 0)
		detail = arena_printf(d->arena, " %.*s", SPAN_ARG(hit->detail));
	if (hit != NULL && hit->section.len > 0)
		return span_str(arena_printf(d->arena, "rule %s%s in part %.*s%s", d->decider->name, detail,
		    SPAN_ARG(hit->section), removable));
	return span_str(arena_printf(d->arena, "rule %s%s%s", d->decider->name, detail, removable));
}

static void
conclude(struct deciding *d)
{
	struct rule_outcome *out = d->out;

	out->complete = true;
	out->reason = reason_of(d);
	if (d->decider != NULL && d->decider->reply != NULL)
		out->reply = span_str(d->decider->reply);
	if (d->ambiguous && out->verdict == VERDICT_REJECT)
		out->reply = span_str(arena_printf(d->arena, "554 5.6.0 message can be read in several ways: %s",
		    out->ambiguity->name));
	/* Of what is not delivered nothing more has to be known. */
	if (d->undecided == NULL || out->verdict >= VERDICT_QUARANTINE)
		return;
	out->ask_clamd = d->rules->search.asks_clamd && d->facts->envelope->clamd == CLAMD_UNASKED;
	out->complete = false;
	out->why_incomplete = arena_printf(d->arena, "rule %s is undecided: %s", d->undecided->name,
	    d->facts->search_failed != NULL     ? d->facts->search_failed
	        : facts_unread(d->facts) != NULL ? facts_unread(d->facts)
	        : d->facts->envelope->clamd == CLAMD_FAILED ?
	          arena_printf(d->arena, "clamd: %.*s", SPAN_ARG(d->facts->envelope->clamd_text))
	                                         : "an expression reached its limit");
	out->reason = span_str(out->why_incomplete);
	if (d->rules->on_failure == FAILURE_ACCEPT)
		return;
	out->verdict = d->rules->on_failure == FAILURE_DEFER ? VERDICT_DEFER : VERDICT_REJECT;
	out->reply = SPAN_NONE;
}

static void
parts_tell(struct deciding *d)
{
	struct rule_outcome *out = d->out;

	out->parts = ARENA_ARRAY(d->arena, struct rule_part_facts, d->facts->item_count);
	for (const struct item *i = d->facts->items; i != NULL; i = i->next) {
		struct rule_part_facts *p = &out->parts[out->part_count];

		if (!i->first_reading)
			continue;
		out->part_count++;
		*p = (struct rule_part_facts){ .section = i->section, .magic = i->magic, .octets = i->octets,
			.decoded_octets = i->size };
		p->type = i->types != NULL ? span_str(i->types->type) : SPAN_NONE;
		p->name = i->names != NULL ? i->names->name : SPAN_NONE;
		memcpy(p->sha256, i->sha256, sizeof(p->sha256));
	}
}

void
rule_evaluate(const struct ruleset *rs, struct rule_scratch *s, struct arena *a, struct mime_message *m,
    const struct rule_envelope *envelope, struct scratch *decode, bool want_parts, struct rule_outcome *out)
{
	struct facts facts = { .arena = a, .search = &rs->search, .message = m, .envelope = envelope };
	static const struct scan_preferences nothing;
	struct deciding d = { .arena = a, .rules = rs, .facts = &facts, .out = out,
		.own = envelope->own != NULL ? envelope->own : &nothing };

	*out = (struct rule_outcome){ .verdict = VERDICT_ACCEPT };
	facts_take(&facts, rs, s, decode, want_parts);
	author_judge(&d);
	rules_decide(&d);
	hits_collect(&d);
	thresholds_apply(&d);
	if (out->denied)
		graver(&d, VERDICT_TAG, NULL);
	ambiguity_apply(&d);
	strips_collect(&d);
	conclude(&d);
	if (want_parts)
		parts_tell(&d);
}
