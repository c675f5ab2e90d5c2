/* Removing parts. First each found part is widened to the unit that can be
 * removed without breaking what stands around it; units that lie in others go
 * with them. Then each unit is replaced:
 *
 * - a part inside a multipart: all of it, header and body. The CRLF before the
 *   next delimiter line belongs to the delimiter (RFC 2046 5.1.1) and stays;
 * - the content of a message (the outer one, or one in a message/rfc822): its
 *   Content-* fields and its body, for the other fields are the message's;
 * - a file in a text, uuencoded or otherwise: its lines, by one line of text. */
#include "config.h"

#include "rewrite/strip.h"

#include "base/codec.h"
#include "engine/signature.h"
#include "rewrite/notice.h"

#include <stdlib.h>

/* A unit and one of the findings that removes it. */
struct removal {
	const struct mime_part *unit;
	const struct rule_strip *strip;
};

static bool
lies_in(struct span outer, struct span inner)
{
	return inner.data != NULL && inner.data >= outer.data && span_end(inner) <= span_end(outer);
}

static bool
is_encoded(const struct mime_part *p)
{
	for (const struct mime_encodings *e = p->encodings; e != NULL; e = e->next)
		if (e->encoding != ENCODING_IDENTITY && e->encoding != ENCODING_UNKNOWN)
			return true;
	return false;
}

static bool
is_signed_or_encrypted(const struct mime_part *p)
{
	static const char *const types[] = {
		"multipart/signed", "multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime",
	};

	for (const struct mime_type *t = p->types; t != NULL; t = t->next)
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
			if (strcmp(t->type, types[i]) == 0)
				return true;
	return false;
}

static bool
ends_with_blank_line(struct span head)
{
	const char *end = span_end(head);

	if (head.len == 0 || end[-1] != '\n')
		return false;
	end--;
	if (end > head.data && end[-1] == '\r')
		end--;
	return end == head.data || end[-1] == '\n';
}

/* Nothing inside can be changed without making the whole invalid: a signature
 * covers it (RFC 1847, RFC 8551), it would have to be encoded anew, or where
 * its header ends is only known from the line that follows. */
static bool
is_indivisible(const struct mime_part *p)
{
	return is_signed_or_encrypted(p) || (p->kind != PART_MULTIPART && is_encoded(p)) ||
	       !ends_with_blank_line(p->head);
}

static const struct mime_part *
unit_of(const struct mime_message *m, const struct mime_part *part)
{
	const struct mime_part *unit = part;

	for (const struct mime_part *p = part->parent; p != NULL; p = p->parent)
		if (is_indivisible(p) || !lies_in(m->raw, unit->whole))
			unit = p;
	return unit;
}

/* In the order of the message, outer before inner. */
static int
compare_removals(const void *left, const void *right)
{
	const struct removal *a = left, *b = right;
	const char *a_start = a->unit->whole.data, *b_start = b->unit->whole.data;

	if (a_start != b_start)
		return a_start < b_start ? -1 : 1;
	if (a->unit->depth != b->unit->depth)
		return a->unit->depth < b->unit->depth ? -1 : 1;
	return (a->strip > b->strip) - (a->strip < b->strip);
}

/* How many removals from the first on are done by removing its unit. */
static size_t
group_length(const struct removal *first, size_t count)
{
	size_t n = 1;

	while (n < count && (first[n].unit == first->unit || lies_in(first->unit->whole, first[n].unit->whole)))
		n++;
	return n;
}

static const struct notice_reason *
reasons_of(const struct compose_job *job, const struct removal *group, size_t count)
{
	struct notice_reason *reasons = ARENA_ARRAY(job->arena, struct notice_reason, count);

	for (size_t i = 0; i < count; i++) {
		const struct rule_strip *s = group[i].strip;
		struct rule_about about = ruleset_about(job->rules, s->rule);
		bool inside = group[i].unit != s->part || span_find_byte(s->section, '!') != SIZE_MAX;

		reasons[i] = (struct notice_reason){ .rule = about.name, .about = about.about };
		if (inside && job->policy->notice_names)
			reasons[i].found = s->name;
	}
	return reasons;
}

static const char *
sha256_text(struct arena *a, struct span content)
{
	unsigned char digest[DIGEST_MAX];
	char *hex = arena_alloc(a, 2 * DIGEST_MAX + 1);

	if (digest_of(DIGEST_SHA256, content, digest))
		hex_encode(span_of((const char *)digest, digest_size(DIGEST_SHA256)), hex);
	return hex;
}

/* What the unit holds, decoded; a multipart is taken as it stands. */
static struct span
content_of(const struct compose_job *job, const struct mime_part *unit)
{
	if (unit->kind == PART_MULTIPART)
		return unit->body;
	return mime_decode_body(job->message, unit, unit->encodings->encoding, job->scratch);
}

static bool
is_message_root(const struct mime_part *p)
{
	return p->parent == NULL || p->parent->kind == PART_MESSAGE;
}

static struct notice
describe(const struct compose_job *job, const struct removal *group, size_t count)
{
	const struct mime_part *unit = group->unit;
	struct span content = content_of(job, unit);
	bool named = unit->names != NULL;

	return (struct notice){
		.what = named ? "attachment" : is_message_root(unit) ? "content" : "part",
		.name = named && job->policy->notice_names ? unit->names->name : SPAN_NONE,
		.size = content.len,
		.sha256 = sha256_text(job->arena, content),
		.reasons = reasons_of(job, group, count),
		.reason_count = count,
	};
}

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

static bool
is_in_text(const struct mime_part *p)
{
	return p->parent != NULL && p->parent->kind == PART_LEAF;
}

/* The line end of "end" stays. */
static void
replace_in_text(struct edits *e, const struct compose_job *job, const struct mime_part *p, struct span line)
{
	struct span lines = p->whole;

	if (lines.len > 0 && lines.data[lines.len - 1] == '\n')
		lines.len--;
	if (lines.len > 0 && lines.data[lines.len - 1] == '\r')
		lines.len--;
	edits_add(e, offset_in(job->message, lines), lines.len, line);
}

static void
replace(struct edits *e, const struct compose_job *job, const struct mime_part *unit, const struct notice *notice)
{
	if (is_in_text(unit))
		replace_in_text(e, job, unit, notice_line(job->arena, notice));
	else if (is_message_root(unit))
		replace_content(e, job, unit, notice_text(job->arena, notice));
	else
		replace_part(e, job, unit, notice_text(job->arena, notice));
}

void
strip_parts(struct edits *e, const struct compose_job *job)
{
	const struct rule_outcome *o = job->outcome;
	struct removal *all = ARENA_ARRAY(job->arena, struct removal, o->strip_count);

	for (size_t i = 0; i < o->strip_count; i++)
		all[i] = (struct removal){ unit_of(job->message, o->strips[i].part), &o->strips[i] };
	qsort(all, o->strip_count, sizeof(*all), compare_removals);
	for (size_t i = 0, n; i < o->strip_count; i += n) {
		struct notice notice;

		n = group_length(&all[i], o->strip_count - i);
		notice = describe(job, &all[i], n);
		replace(e, job, all[i].unit, &notice);
	}
}

void
strip_message(struct edits *e, const struct compose_job *job, struct span text)
{
	replace_content(e, job, job->message->root, text);
}
