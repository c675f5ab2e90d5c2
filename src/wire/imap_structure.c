/* BODY and BODYSTRUCTURE: parentheses without names, each place of which means
 * something by its number and by what came before it.
 *
 * The recursion is as deep as the parts are nested, which is bounded, as are the
 * parts; what is not kept is skipped as values, whatever it holds. */
#include "config.h"

#include "wire/imap_structure.h"

struct reading {
	struct imap_cursor *c;
	struct arena *a;
	unsigned depth;
	size_t parts;
};

static bool
fail(struct reading *r)
{
	r->c->failed = true;
	return false;
}

/* SP nstring */
static bool
take_next(struct reading *r, struct span *value)
{
	return imap_take_space(r->c) && imap_take_nstring(r->c, r->a, value);
}

static bool
take_parameter(struct reading *r, struct imap_parameter *p)
{
	return imap_take_string(r->c, r->a, &p->name) && take_next(r, &p->value);
}

/* "(" name SP value *(SP name SP value) ")" or NIL */
static bool
take_parameters(struct reading *r, struct imap_parameter **list, size_t *count)
{
	size_t cap = 0;

	if (!imap_sees(r->c, '('))
		return imap_take_word(r->c, "NIL");
	imap_take_char(r->c, '(');
	while (!r->c->failed && !imap_sees(r->c, ')')) {
		if (*count == IMAP_STRUCTURE_PARAMETERS_MAX || (*count > 0 && !imap_take_space(r->c)))
			return fail(r);
		*list = arena_grow(r->a, *list, sizeof(**list), &cap, *count + 1);
		if (!take_parameter(r, *list + *count))
			return false;
		++*count;
	}
	return imap_take_char(r->c, ')');
}

/* "(" string SP parameters ")" or NIL */
static bool
take_disposition(struct reading *r, struct imap_part *part)
{
	if (!imap_sees(r->c, '('))
		return imap_take_word(r->c, "NIL");
	return imap_take_char(r->c, '(') && imap_take_string(r->c, r->a, &part->disposition) &&
	    imap_take_space(r->c) &&
	    take_parameters(r, &part->disposition_parameters, &part->disposition_parameter_count) &&
	    imap_take_char(r->c, ')');
}

/* What both kinds of parts end in: [SP disposition [SP more ...]] ")" */
static bool
take_tail(struct reading *r, struct imap_part *part)
{
	if (imap_sees(r->c, ' ') && (!imap_take_space(r->c) || !take_disposition(r, part)))
		return false;
	while (imap_sees(r->c, ' '))
		if (!imap_take_space(r->c) || !imap_skip_value(r->c, NULL))
			return false;
	return imap_take_char(r->c, ')');
}

static struct imap_part *take_part(struct reading *r);

static bool
take_children(struct reading *r, struct imap_part *part)
{
	struct imap_part **last = &part->children;

	while (imap_sees(r->c, '(')) {
		*last = take_part(r);
		if (*last == NULL)
			return false;
		last = &(*last)->next;
	}
	return true;
}

static bool
take_multipart(struct reading *r, struct imap_part *part)
{
	part->type = SPAN_LITERAL("multipart");
	if (!take_children(r, part) || !imap_take_space(r->c) ||
	    !imap_take_string(r->c, r->a, &part->subtype))
		return false;
	if (imap_sees(r->c, ' ') &&
	    (!imap_take_space(r->c) || !take_parameters(r, &part->parameters, &part->parameter_count)))
		return false;
	return take_tail(r, part);
}

static bool
take_lines(struct reading *r, struct imap_part *part)
{
	part->has_lines = true;
	return imap_take_space(r->c) && imap_take_u63(r->c, &part->lines);
}

/* envelope SP body SP lines */
static bool
take_message(struct reading *r, struct imap_part *part)
{
	imap_take_space(r->c);
	if (!imap_skip_value(r->c, &part->envelope) || !imap_take_space(r->c))
		return false;
	part->children = take_part(r);
	return part->children != NULL && take_lines(r, part);
}

static bool
is_message(const struct imap_part *part)
{
	return span_is_nocase(part->type, "message") &&
	    (span_is_nocase(part->subtype, "rfc822") || span_is_nocase(part->subtype, "global"));
}

static bool
take_fields(struct reading *r, struct imap_part *part)
{
	return imap_take_string(r->c, r->a, &part->type) && imap_take_space(r->c) &&
	    imap_take_string(r->c, r->a, &part->subtype) && imap_take_space(r->c) &&
	    take_parameters(r, &part->parameters, &part->parameter_count) && take_next(r, &part->id) &&
	    take_next(r, &part->description) && take_next(r, &part->encoding) && imap_take_space(r->c) &&
	    imap_take_u63(r->c, &part->octets);
}

static bool
take_single(struct reading *r, struct imap_part *part)
{
	if (!take_fields(r, part))
		return false;
	if (span_is_nocase(part->type, "text") && !take_lines(r, part))
		return false;
	if (is_message(part) && span_starts(r->c->rest, " (") && !take_message(r, part))
		return false;
	if (imap_sees(r->c, ' ') && !take_next(r, &part->md5))
		return false;
	return take_tail(r, part);
}

static struct imap_part *
take_part(struct reading *r)
{
	struct imap_part *part = ARENA_NEW(r->a, struct imap_part);
	bool taken;

	if (r->depth == IMAP_STRUCTURE_DEPTH_MAX || r->parts == IMAP_STRUCTURE_PARTS_MAX) {
		fail(r);
		return NULL;
	}
	r->depth++;
	r->parts++;
	taken = imap_take_char(r->c, '(') &&
	    (imap_sees(r->c, '(') ? take_multipart(r, part) : take_single(r, part));
	r->depth--;
	return taken ? part : NULL;
}

struct imap_part *
imap_take_structure(struct imap_cursor *c, struct arena *a)
{
	struct reading r = { .c = c, .a = a };

	return take_part(&r);
}
