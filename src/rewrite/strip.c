/* Removing parts. Each unit (removal.c) is replaced:
 *
 * - a part inside a multipart: all of it, header and body. The CRLF before the
 *   next delimiter line belongs to the delimiter (RFC 2046 5.1.1) and stays;
 * - the content of a message (the outer one, or one in a message/rfc822): its
 *   Content-* fields and its body, for the other fields are the message's;
 * - a file in a text, uuencoded or otherwise: its lines, by one line of text. */
#include "config.h"

#include "rewrite/strip.h"

#include "rewrite/removal.h"

/* A part that ends without the line end that belongs to the next delimiter
 * (empty parts may share their blank line with it) must not run into it, and
 * a message ends with a line end. */
static bool
needs_line_end(const struct mime_message *m, struct span whole)
{
	const char *end = span_end(whole);

	return end == span_end(m->raw) || (*end != '\r' && *end != '\n');
}

static void
replace_part(struct edits *e, const struct compose_job *job, const struct mime_part *p, struct span text)
{
	struct span eol = line_end_of(job->message->raw);
	struct notice_entity entity = notice_entity(job->arena, text, eol);
	struct text t = { .arena = job->arena };

	if (p->whole.data[-1] != '\n') /* the message ended in the delimiter before */
		text_add(&t, eol);
	text_add(&t, entity.fields);
	text_add(&t, eol);
	text_add(&t, entity.body);
	if (needs_line_end(job->message, p->whole))
		text_add(&t, eol);
	edits_add(e, offset_in(job->message, p->whole), p->whole.len, text_span(&t));
}

/* Also in a longer name, as X-Content-Type: some programs look for no more. */
static bool
is_content_field(const struct mime_header *h)
{
	return span_find_nocase(h->name, SPAN_LITERAL("Content-")) != SIZE_MAX;
}

/* The end of the last header field; the blank line is what follows. */
static const char *
fields_end(const struct mime_part *p)
{
	const char *end = p->head.data;

	for (const struct mime_header *h = p->headers; h != NULL; h = h->next)
		end = span_end(h->raw);
	return end;
}

/* A message may end within its last field. */
static void
finish_last_field(struct edits *e, const struct compose_job *job, const struct mime_part *p, struct span eol)
{
	const struct mime_header *last = p->headers;

	while (last != NULL && last->next != NULL)
		last = last->next;
	if (last != NULL && !is_content_field(last) && last->raw.data[last->raw.len - 1] != '\n')
		edits_add(e, offset_in(job->message, span_of(span_end(last->raw), 0)), 0, eol);
}

/* The new Content-* fields stand where the first of the old ones stood. */
static void
replace_fields(struct edits *e, const struct compose_job *job, const struct mime_part *p, struct span fields,
    struct span eol)
{
	const struct mime_message *m = job->message;
	const struct mime_header *first = p->headers;
	struct text t = { .arena = job->arena };

	if (mime_header_find(p, SPAN_LITERAL("MIME-Version"), NULL) == NULL)
		text_printf(&t, "MIME-Version: 1.0%s", eol.data);
	text_add(&t, fields);
	while (first != NULL && !is_content_field(first))
		first = first->next;
	remove_fields(e, job, p, is_content_field, first);
	finish_last_field(e, job, p, eol);
	if (first != NULL)
		edits_add(e, offset_in(m, first->raw), first->raw.len, text_span(&t));
	else
		edits_add(e, offset_in(m, span_of(fields_end(p), 0)), 0, text_span(&t));
}

static void
replace_content(struct edits *e, const struct compose_job *job, const struct mime_part *p, struct span text)
{
	const struct mime_message *m = job->message;
	struct span eol = line_end_of(m->raw);
	struct notice_entity entity = notice_entity(job->arena, text, eol);
	struct span body = span_of(p->body.data, (size_t)(span_end(p->whole) - p->body.data));
	struct text t = { .arena = job->arena };

	replace_fields(e, job, p, entity.fields, eol);
	if (p->body.data == fields_end(p))
		text_add(&t, eol);
	text_add(&t, entity.body);
	if (needs_line_end(m, p->whole))
		text_add(&t, eol);
	edits_add(e, offset_in(m, body), body.len, text_span(&t));
}

static void
replace_in_text(struct edits *e, const struct compose_job *job, const struct mime_part *p, struct span line)
{
	struct span lines = removal_lines(p);

	edits_add(e, offset_in(job->message, lines), lines.len, line);
}

static void
replace(struct edits *e, const struct compose_job *job, const struct mime_part *unit, const struct notice *notice)
{
	if (removal_is_in_text(unit))
		replace_in_text(e, job, unit, notice_line(job->arena, notice));
	else if (removal_is_message_root(unit))
		replace_content(e, job, unit, notice_text(job->arena, notice));
	else
		replace_part(e, job, unit, notice_text(job->arena, notice));
}

void
strip_parts(struct edits *e, const struct compose_job *job)
{
	size_t count;
	const struct removal *removals = removals_of(job, &count);

	for (size_t i = 0; i < count; i++)
		replace(e, job, removals[i].unit, &removals[i].notice);
}

void
strip_message(struct edits *e, const struct compose_job *job, struct span text)
{
	replace_content(e, job, job->message->root, text);
}
