/* Tagging: three headers at the very top, so that they come first to whoever
 * reads the first of several, and the policy's or the user's prefix in the
 * subject. The prefix goes into the raw header where the text begins, so that the rest of
 * the subject, encoded or folded or broken as it may be, is not touched. */
#include "config.h"

#include "rewrite/tag.h"

#include "rewrite/text.h"

enum {
	LINE_COLUMNS = 78, /* RFC 5322 2.1.1 */
	REASON_MAX = 200,  /* in a header line */
	TAB_COLUMNS = 8,   /* as it is shown */
};

static const char *const forgeable[] = {
	"X-Spam-Flag", "X-Spam-Score", "X-Spam-Status", "X-Spam-Level", "X-Gatepost-Incomplete",
};

static const char ambiguity_field[] = "MIME-Ambiguity-Results";

static bool
is_ambiguity_field(const struct mime_header *h)
{
	return span_is_nocase(h->name, ambiguity_field);
}

static bool
is_forgeable(const struct mime_header *h)
{
	for (size_t i = 0; i < sizeof(forgeable) / sizeof(forgeable[0]); i++)
		if (span_is_nocase(h->name, forgeable[i]))
			return true;
	return false;
}

void
tag_remove_forged(struct edits *e, const struct compose_job *job)
{
	if (job->marks)
		remove_fields(e, job, job->message->root, is_forgeable, NULL);
	if (job->policy->ambiguity_header)
		remove_fields(e, job, job->message->root, is_ambiguity_field, NULL);
}

/* One decimal, or as many as it takes up to three. */
static const char *
score_text(struct arena *a, double score)
{
	char *text = arena_printf(a, "%.3f", score);
	size_t len = strlen(text);

	while (text[len - 1] == '0' && text[len - 2] != '.')
		text[--len] = '\0';
	return strcmp(text, "-0.0") == 0 ? "0.0" : text;
}

/* The score from which the user or the policy tags: the lowest threshold that
 * says so. */
static const struct threshold *
tag_threshold(const struct compose_job *job)
{
	bool own = job->own != NULL && job->own->has_thresholds;
	const struct threshold *all = own ? job->own->thresholds : job->policy->thresholds;
	size_t count = own ? job->own->threshold_count : job->policy->threshold_count;

	for (size_t i = 0; i < count; i++)
		if (all[i].then == VERDICT_TAG)
			return &all[i];
	return count > 0 ? &all[0] : NULL;
}

/* Adds `word` to the header line that has reached `column`, folded when it
 * would not fit with what must follow it. */
static size_t
add_folded(struct text *t, size_t column, const char *before, const char *word, struct span eol)
{
	size_t len = strlen(word);

	if (column + strlen(before) + len + 1 > LINE_COLUMNS) {
		text_add(t, eol);
		before = "\t";
		column = TAB_COLUMNS - 1;
	}
	text_printf(t, "%s%s", before, word);
	return column + strlen(before) + len;
}

/* What the user says of the author stands before the rules. */
static void
add_status(struct text *t, const struct compose_job *job, struct span eol)
{
	const struct rule_outcome *o = job->outcome;
	const struct threshold *required = tag_threshold(job);
	const char *user = o->denied ? "sender-denied" : o->allowed ? "sender-allowed" : NULL;
	size_t start = t->len, column;

	text_printf(t, "X-Spam-Status: %s, score=%s", o->tag ? "Yes" : "No", score_text(job->arena, o->score));
	if (required != NULL)
		text_printf(t, " required=%s", score_text(job->arena, required->score));
	column = t->len - start;
	if (user != NULL)
		column = add_folded(t, column, " ", arena_printf(job->arena, "user=%s", user), eol);
	for (size_t i = 0; i < o->hit_count; i++) {
		const char *word = arena_printf(job->arena, "%s%s%s", i == 0 ? "tests=" : "", o->hits[i].name,
		    i + 1 < o->hit_count ? "," : "");

		column = add_folded(t, column, i == 0 ? " " : "", word, eol);
	}
	text_add(t, eol);
}

static struct span
first_line(struct span raw)
{
	size_t end = span_find_byte(raw, '\n');

	return span_trim(span_first(raw, end));
}

/* What is inserted before the text of that subject, if any. An encoded word
 * takes the space to its neighbour into itself when that is one too, for the
 * space between two of them is not shown (RFC 2047 6.2). */
static struct span
prefix_before(const struct compose_job *job, struct span prefix, struct span value, size_t line_len, struct span eol)
{
	bool encoded = !span_is_ascii(prefix);
	struct text t = { .arena = job->arena };

	if (encoded && span_starts(span_trim(value), "=?"))
		prefix = span_str(arena_printf(job->arena, "%.*s ", SPAN_ARG(prefix)));
	text_add_lines(&t, encoded ? encoded_words_encode(job->arena, prefix) : prefix, eol);
	if (span_trim(value).len == 0 || value.data[0] == '\r' || value.data[0] == '\n')
		return text_span(&t);
	if (line_len + t.len + 1 > LINE_COLUMNS)
		text_add(&t, eol);
	text_add(&t, SPAN_LITERAL(" "));
	return text_span(&t);
}

static void
prefix_subject(struct edits *e, const struct compose_job *job, const struct mime_header *h, struct span prefix,
    struct span eol)
{
	size_t at = span_find_byte(h->raw, ':') + 1;
	struct span value = span_from(h->raw, at), text;
	bool spaced = value.len > 0 && (value.data[0] == ' ' || value.data[0] == '\t');

	if (span_starts(mime_header_text(job->arena, h), arena_strndup(job->arena, prefix)))
		return;
	text = prefix_before(job, prefix, value, first_line(h->raw).len, eol);
	at += offset_in(job->message, h->raw);
	if (!spaced)
		edits_add(e, at, 0, SPAN_LITERAL(" "));
	edits_add(e, at + spaced, 0, text);
}

static struct span
prefix_of(const struct compose_job *job)
{
	if (job->own != NULL && job->own->has_prefix)
		return job->own->subject_prefix;
	return span_str(job->policy->subject_prefix);
}

/* Every Subject gets it, for programs differ on which of several they show. */
static void
add_prefix(struct edits *e, const struct compose_job *job, struct text *top, struct span eol)
{
	struct span prefix = span_trim(prefix_of(job));
	const struct mime_header *h = mime_header_find(job->message->root, SPAN_LITERAL("Subject"), NULL);

	if (prefix.len == 0)
		return;
	if (h == NULL) {
		text_add(top, SPAN_LITERAL("Subject: "));
		text_add_lines(top, encoded_words_encode(job->arena, prefix), eol);
		text_add(top, eol);
	}
	for (; h != NULL; h = mime_header_find(job->message->root, SPAN_LITERAL("Subject"), h))
		prefix_subject(e, job, h, prefix, eol);
}

/* In the form of RFC 8601's Authentication-Results. */
static void
add_ambiguity(struct text *top, const struct compose_job *job, struct span eol)
{
	const char *result = job->outcome->ambiguity == NULL ? "none" :
	    job->judged != job->message ? "rewritten" : "present";
	size_t start, column;

	text_printf(top, "%s: %s;%s", ambiguity_field, job->hostname, eol.data);
	start = top->len;
	text_printf(top, "\tambiguity=%s readings=%zu", result, job->judged->readings);
	column = TAB_COLUMNS - 1 + top->len - start;
	for (const struct mime_defect *d = job->judged->defects; d != NULL; d = d->next)
		if (d->hides)
			column = add_folded(top, column, " ", arena_printf(job->arena, "defect=%s", d->name), eol);
	text_add(top, eol);
}

/* The reason may tell names that are the message's. */
static void
add_incomplete(struct text *top, struct span why, struct span eol)
{
	text_add(top, SPAN_LITERAL("X-Gatepost-Incomplete: "));
	text_add(top, shown_text_ascii(top->arena, why, REASON_MAX));
	text_add(top, eol);
}

/* An mbox's From_ line that was left on a message is no field: programs that
 * know it expect it first. */
static uint64_t
top_of(const struct mime_message *m)
{
	struct span head = m->root->head;

	if (span_starts(head, "From ") || span_starts(head, ">From "))
		head = span_from(head, span_find_byte(head, '\n') + 1);
	return offset_in(m, head);
}

void
tag_add_marks(struct edits *e, const struct compose_job *job)
{
	const struct mime_part *root = job->message->root;
	struct span eol = line_end_of(job->message->raw);
	struct text top = { .arena = job->arena };

	if (job->outcome->tag) {
		text_printf(&top, "X-Spam-Flag: YES%sX-Spam-Score: %s%s", eol.data,
		    score_text(job->arena, job->outcome->score), eol.data);
		add_status(&top, job, eol);
		add_prefix(e, job, &top, eol);
	} else if (job->outcome->allowed) {
		add_status(&top, job, eol);
	}
	if (!job->outcome->complete)
		add_incomplete(&top, span_str(job->outcome->why_incomplete), eol);
	if (job->policy->ambiguity_header)
		add_ambiguity(&top, job, eol);
	if (top.len == 0)
		return;
	if (root->head.len == 0)
		text_add(&top, eol);
	edits_add(e, top_of(job->message), 0, text_span(&top));
}
