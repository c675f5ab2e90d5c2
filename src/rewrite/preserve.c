/* Removing in place. First the regions are collected, each with the texts that
 * it may be overwritten with; then they are sorted, for one may lie in another,
 * and overwritten in turn (preserve_body.c). Of a structure that is doubtful
 * what lies between them is overwritten too. */
#include "config.h"

#include "rewrite/preserve.h"

#include "rewrite/preserve_body.h"
#include "rewrite/removal.h"
#include "rewrite/text.h"

#include <stdlib.h>

enum { TEXTS = 3 };

/* The notice, a shorter one, and a word. */
struct texts {
	struct span list[TEXTS];
};

struct region {
	struct span bytes;
	enum mime_encoding encoding;
	bool open;                 /* the header before it has no empty line */
	const struct texts *texts; /* or NULL: blanks */
};

struct regions {
	struct arena *arena;
	struct span message;
	struct region *items;
	size_t count, cap;
};

/* ASCII, and without what begins markup or an escape in the content that it
 * takes the place of. A character of several octets becomes one "?". */
static struct span
plain_text(struct arena *a, struct span text)
{
	char *out = arena_alloc(a, text.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c >= 0xc0 || c == 0x7f || strchr("<>&=", c) != NULL)
			out[len++] = '?';
		else if (c < 0x80)
			out[len++] = (char)c;
	}
	return span_of(out, len);
}

static const struct texts *
texts_of(struct arena *a, struct span whole, struct span line, struct span word)
{
	struct texts *texts = ARENA_NEW(a, struct texts);

	*texts = (struct texts){ { plain_text(a, whole), plain_text(a, line), word } };
	return texts;
}

static void
add_region(struct regions *r, struct span bytes, enum mime_encoding encoding, bool open, const struct texts *texts)
{
	if (bytes.len == 0)
		return;
	r->items = arena_grow(r->arena, r->items, sizeof(*r->items), &r->cap, r->count + 1);
	r->items[r->count++] = (struct region){ bytes, encoding, open, texts };
}

/* What is inside of an encoded message lies elsewhere. */
static bool
has_parts(const struct mime_part *p)
{
	return p->kind != PART_LEAF && p->first_child != NULL && !p->first_child->detached;
}

/* A multipart that ends before any part began: where it does must stay, for a
 * multipart around it may have the same boundary. */
static void
add_between_ends(struct regions *r, const struct mime_part *p, struct span end, const struct texts *texts)
{
	struct span rest = p->body;
	const char *begin = rest.data;

	while (rest.len > 0) {
		size_t newline = span_find_byte(rest, '\n');

		if (rest.len >= end.len && memcmp(rest.data, end.data, end.len) == 0) {
			add_region(r, span_of(begin, (size_t)(rest.data - begin)), ENCODING_IDENTITY,
			    begin == p->body.data && removal_header_is_open(p), texts);
			begin = rest.data + end.len;
			texts = NULL;
		}
		rest = span_from(rest, newline == SIZE_MAX ? rest.len : newline + 1);
	}
	add_region(r, span_of(begin, (size_t)(span_end(p->body) - begin)), ENCODING_IDENTITY,
	    begin == p->body.data && removal_header_is_open(p), texts);
}

/* The line that ends the multipart, or empty for other leaves. */
static struct span
end_of_multipart(struct arena *a, const struct mime_part *p)
{
	const struct mime_param *boundary = mime_param_find(p->types, "boundary");
	struct text end = { .arena = a };

	if (!span_starts(span_str(p->types->type), "multipart/") || boundary == NULL)
		return SPAN_NONE;
	text_add(&end, SPAN_LITERAL("--"));
	text_add(&end, boundary->value);
	text_add(&end, SPAN_LITERAL("--"));
	return text_span(&end);
}

static void
add_leaf(struct regions *r, const struct mime_part *p, const struct texts *texts)
{
	bool open = removal_header_is_open(p);
	enum mime_encoding encoding = p->encodings->encoding;
	struct span end = encoding == ENCODING_IDENTITY ? end_of_multipart(r->arena, p) : SPAN_NONE;

	if (end.len > 0) {
		add_between_ends(r, p, end, texts);
		return;
	}
	/* A blank in quoted-printable may stand for itself, and go on with the header. */
	if (open && encoding == ENCODING_QUOTED_PRINTABLE)
		encoding = ENCODING_IDENTITY;
	add_region(r, p->body, encoding, open, texts);
}

static void
add_part(struct regions *r, const struct mime_part *p, const struct texts *texts)
{
	if (!has_parts(p)) {
		add_leaf(r, p, texts);
		return;
	}
	add_region(r, p->preamble, ENCODING_IDENTITY, removal_header_is_open(p), NULL);
	for (const struct mime_part *child = p->first_child; child != NULL; child = child->next)
		add_part(r, child, texts);
	add_region(r, p->epilogue, ENCODING_IDENTITY, false, NULL);
}

/* The leaf of the tree that all of the shadow lies in, or NULL. */
static const struct mime_part *
leaf_around(const struct mime_part *shadow)
{
	const struct mime_part *leaf = shadow->parent;

	if (leaf == NULL || leaf->shadow || has_parts(leaf) || shadow->whole.data < leaf->body.data ||
	    span_end(shadow->whole) > span_end(leaf->body))
		return NULL;
	return leaf;
}

static bool
add_removal(struct regions *r, const struct removal *removal)
{
	const struct mime_part *unit = removal->unit;
	const struct texts *texts = texts_of(r->arena, notice_text(r->arena, &removal->notice),
	    notice_line(r->arena, &removal->notice), SPAN_LITERAL("[removed]"));

	if (unit->shadow)
		unit = leaf_around(unit);
	if (unit == NULL)
		return false;
	if (removal_is_in_text(unit))
		add_region(r, removal_lines(unit), ENCODING_IDENTITY, false, texts);
	else
		add_part(r, unit, texts);
	return true;
}

/* In the order of the message, outer before inner. */
static int
compare_regions(const void *left, const void *right)
{
	const struct region *a = left, *b = right;

	if (a->bytes.data != b->bytes.data)
		return a->bytes.data < b->bytes.data ? -1 : 1;
	return (a->bytes.len < b->bytes.len) - (a->bytes.len > b->bytes.len);
}

static void
overwrite(struct overwriting *o, const struct region *region)
{
	const struct span *texts = region->texts != NULL ? region->texts->list : NULL;
	size_t count = region->texts != NULL ? TEXTS : 0;

	if (region->open && region->encoding != ENCODING_BASE64)
		overwrite_lines(o, region->bytes, true, texts, count);
	else
		overwrite_body(o, region->bytes, region->encoding, texts, count);
}

/* What lies before `end` and was not overwritten yet. */
static void
overwrite_gap(struct overwriting *o, const struct region *rest, const char *at, const char *end)
{
	bool first = at == rest->bytes.data;

	overwrite_lines(o, span_of(at, (size_t)(end - at)), first && rest->open, rest->texts->list, first ? TEXTS : 0);
}

/* rest: where all that is in none of the regions is overwritten too, or NULL. */
static void
overwrite_all(struct edits *e, struct regions *r, const struct region *rest)
{
	struct overwriting o = { .edits = e, .message = r->message, .quoted_room = QUOTED_EXACT_MAX };
	const char *at = rest != NULL ? rest->bytes.data : r->message.data;

	if (r->count > 0)
		qsort(r->items, r->count, sizeof(*r->items), compare_regions);
	for (size_t i = 0; i < r->count; i++) {
		const struct region *next = &r->items[i];

		if (next->bytes.data < at)
			continue;
		if (rest != NULL)
			overwrite_gap(&o, rest, at, next->bytes.data);
		overwrite(&o, next);
		at = span_end(next->bytes);
	}
	if (rest != NULL)
		overwrite_gap(&o, rest, at, span_end(rest->bytes));
}

/* For some program a body may begin in what is the header in the tree. */
static size_t
header_kept(const struct mime_message *m)
{
	size_t end = offset_in(m, m->root->head) + m->root->head.len;

	for (const struct mime_part *p = m->first_shadow; p != NULL; p = p->next_leaf)
		if (!p->detached && p->body.data != NULL && offset_in(m, p->body) < end)
			end = offset_in(m, p->body);
	return end;
}

static void
overwrite_message(struct edits *e, const struct compose_job *job, struct span text, bool doubtful)
{
	const struct mime_part *root = job->message->root;
	struct regions r = { .arena = job->arena, .message = job->message->raw };
	const struct texts *texts = texts_of(job->arena, text,
	    SPAN_LITERAL("[The content of this message was withheld.]"), SPAN_LITERAL("[withheld]"));

	struct region rest = { .open = removal_header_is_open(root), .texts = texts };

	rest.bytes = span_from(r.message, header_kept(job->message));
	rest.open &= rest.bytes.data == span_end(root->head);
	add_part(&r, root, texts);
	overwrite_all(e, &r, doubtful ? &rest : NULL);
}

void
preserve_message(struct edits *e, const struct compose_job *job, struct span text)
{
	overwrite_message(e, job, text, job->message->doubtful);
}

void
preserve_parts(struct edits *e, const struct compose_job *job)
{
	struct regions r = { .arena = job->arena, .message = job->message->raw };
	size_t count;
	const struct removal *removals = removals_of(job, &count);
	bool all = true;

	for (size_t i = 0; i < count && all; i++)
		all = add_removal(&r, &removals[i]);
	if (all)
		overwrite_all(e, &r, NULL);
	else
		overwrite_message(e, job, notice_withheld(job->arena, job->outcome->reason), true);
}
