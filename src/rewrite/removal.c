/* What is to be removed: first each found part is widened to the unit that can
 * be removed without breaking what stands around it; units that lie in others
 * go with them. */
#include "config.h"

#include "rewrite/removal.h"

#include "base/codec.h"
#include "engine/signature.h"

#include <stdlib.h>

/* A unit and one of the findings that removes it. */
struct finding {
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
compare_findings(const void *left, const void *right)
{
	const struct finding *a = left, *b = right;
	const char *a_start = a->unit->whole.data, *b_start = b->unit->whole.data;

	if (a_start != b_start)
		return a_start < b_start ? -1 : 1;
	if (a->unit->depth != b->unit->depth)
		return a->unit->depth < b->unit->depth ? -1 : 1;
	return (a->strip > b->strip) - (a->strip < b->strip);
}

/* How many findings from the first on are gone when its unit is. */
static size_t
group_length(const struct finding *first, size_t count)
{
	size_t n = 1;

	while (n < count && (first[n].unit == first->unit || lies_in(first->unit->whole, first[n].unit->whole)))
		n++;
	return n;
}

static const struct notice_reason *
reasons_of(const struct compose_job *job, const struct finding *group, size_t count)
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

bool
removal_is_message_root(const struct mime_part *p)
{
	return p->parent == NULL || p->parent->kind == PART_MESSAGE;
}

static struct notice
describe(const struct compose_job *job, const struct finding *group, size_t count)
{
	const struct mime_part *unit = group->unit;
	struct span content = content_of(job, unit);
	bool named = unit->names != NULL;

	return (struct notice){
		.what = named ? "attachment" : removal_is_message_root(unit) ? "content" : "part",
		.name = named && job->policy->notice_names ? unit->names->name : SPAN_NONE,
		.size = content.len,
		.sha256 = sha256_text(job->arena, content),
		.reasons = reasons_of(job, group, count),
		.reason_count = count,
	};
}

bool
removal_header_is_open(const struct mime_part *p)
{
	return !ends_with_blank_line(p->head);
}

bool
removal_is_in_text(const struct mime_part *p)
{
	return p->parent != NULL && p->parent->kind == PART_LEAF;
}

struct span
removal_lines(const struct mime_part *p)
{
	struct span lines = p->whole;

	if (lines.len > 0 && lines.data[lines.len - 1] == '\n')
		lines.len--;
	if (lines.len > 0 && lines.data[lines.len - 1] == '\r')
		lines.len--;
	return lines;
}

const struct removal *
removals_of(const struct compose_job *job, size_t *count)
{
	const struct rule_outcome *o = job->outcome;
	struct finding *all = ARENA_ARRAY(job->arena, struct finding, o->strip_count);
	struct removal *removals = ARENA_ARRAY(job->arena, struct removal, o->strip_count);

	for (size_t i = 0; i < o->strip_count; i++)
		all[i] = (struct finding){ unit_of(job->message, o->strips[i].part), &o->strips[i] };
	qsort(all, o->strip_count, sizeof(*all), compare_findings);
	*count = 0;
	for (size_t i = 0, n; i < o->strip_count; i += n) {
		n = group_length(&all[i], o->strip_count - i);
		removals[(*count)++] = (struct removal){ all[i].unit, describe(job, &all[i], n) };
	}
	return removals;
}
