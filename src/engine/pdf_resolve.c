/* A stream's dictionary may say everything by reference, "/Filter 5 0 R", as a
 * value or within one. Such a reference gives way to the value of the object,
 * so that who reads the dictionary finds it there. Of several objects with one
 * number the last in the file counts, as it is the newest.
 *
 * Limits: an object that is a reference itself is followed REFERENCES_MAX
 * times, arrays and dictionaries as deep, and what all adds up to more than
 * RESOLVED_MAX octets is cut off: filters and their parameters are short. All of it
 * counts as work. */
#include "config.h"

#include "engine/pdf_resolve.h"

#include <stdlib.h>

enum {
	REFERENCES_MAX = 8,
	RESOLVED_MAX = 4 * 1024,
};

static int
by_number(const void *left, const void *right)
{
	const struct pdf_object *a = left, *b = right;

	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

void
pdf_sort(struct pdf *p)
{
	if (p->sorted < p->object_count)
		qsort(p->objects, p->object_count, sizeof(p->objects[0]), by_number);
	p->sorted = p->object_count;
}

size_t
pdf_find(const struct pdf *p, uint64_t number)
{
	size_t low = 0, high = p->sorted;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->objects[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < p->sorted && p->objects[low].number == number ? low : p->sorted;
}

/* --- Dictionaries --- */

struct resolving {
	const struct pdf *p;
	struct buf *out;
	bool replaced, missing;
};

static bool
is_full(const struct resolving *r)
{
	return r->out->failed || r->out->len > RESOLVED_MAX;
}

static bool
matters(const char *key)
{
	static const char *const keys[] = { "Filter", "F", "DecodeParms", "DP", "First", "Length", NULL };

	for (const char *const *k = keys; *k != NULL; k++)
		if (strcmp(key, *k) == 0)
			return true;
	return false;
}

/* Whether "5 0 R" goes on with that number; then it is taken off. */
static bool
takes_reference(struct span *in)
{
	struct span ahead = *in;
	struct pdf_token t;

	if (!pdf_next(&ahead, &t) || t.kind != PDF_NUMBER || !pdf_next(&ahead, &t) || t.kind != PDF_WORD || !span_is(t.raw, "R"))
		return false;
	*in = ahead;
	return true;
}

static void copy_value(struct resolving *r, struct span *in, unsigned depth);

static void
copy_object(struct resolving *r, uint64_t number, unsigned depth)
{
	size_t at = pdf_find(r->p, number);
	struct span value;

	r->replaced = true;
	if (at == r->p->sorted || depth == REFERENCES_MAX) {
		r->missing = true;
		buf_add_str(r->out, " null");
		return;
	}
	while (at + 1 < r->p->sorted && r->p->objects[at + 1].number == number)
		at++;
	value = r->p->objects[at].dictionary;
	copy_value(r, &value, depth + 1);
}

static void
copy_value(struct resolving *r, struct span *in, unsigned depth)
{
	struct span before = *in;
	struct pdf_token t;
	bool ends;

	if (is_full(r) || !pdf_next(in, &t))
		return;
	if (t.kind == PDF_NUMBER && takes_reference(in)) {
		copy_object(r, t.number, depth);
		return;
	}
	buf_add_byte(r->out, ' ');
	buf_add(r->out, before.data, before.len - in->len);
	if ((t.kind != PDF_ARRAY_BEGIN && t.kind != PDF_DICT_BEGIN) || depth == REFERENCES_MAX)
		return;
	do {
		struct span ahead = *in;

		ends = !pdf_next(&ahead, &t) || t.kind == PDF_ARRAY_END || t.kind == PDF_DICT_END;
		copy_value(r, in, depth + 1);
	} while (!ends && !is_full(r));
}

static void
skip_value(struct span *in)
{
	struct pdf_token t;
	size_t depth = 0;

	do {
		if (!pdf_next(in, &t))
			return;
		depth += t.kind == PDF_ARRAY_BEGIN || t.kind == PDF_DICT_BEGIN;
		depth -= depth > 0 && (t.kind == PDF_ARRAY_END || t.kind == PDF_DICT_END);
	} while (depth > 0);
	if (t.kind == PDF_NUMBER)
		takes_reference(in);
}

static void
copy_keys(struct resolving *r, struct span in)
{
	struct pdf_token t;

	while (!is_full(r) && pdf_next(&in, &t) && t.kind != PDF_DICT_END) {
		if (t.kind != PDF_NAME || !matters(t.name)) {
			if (t.kind == PDF_NAME)
				skip_value(&in);
			continue;
		}
		buf_add_byte(r->out, '/');
		buf_add_str(r->out, t.name);
		copy_value(r, &in, 0);
	}
}

struct span
pdf_resolve(struct pdf *p, struct span dictionary, bool *complete)
{
	struct resolving r = { .p = p };
	struct span in = dictionary;
	struct pdf_token t;

	*complete = true;
	if (!pdf_next(&in, &t) || t.kind != PDF_DICT_BEGIN)
		return dictionary;
	r.out = document_room(&p->d);
	buf_add_str(r.out, "<<");
	copy_keys(&r, in);
	buf_add_str(r.out, ">>");
	*complete = !r.missing;
	if (r.replaced) {
		if (r.out->len > p->work)
			document_over_limit(&p->d);
		p->work -= r.out->len < p->work ? r.out->len : p->work;
		dictionary = arena_copy(p->d.arena, buf_span(r.out));
	}
	document_drop(r.out);
	return dictionary;
}

uint64_t
pdf_number(struct span dictionary, const char *key)
{
	struct pdf_token t;

	while (pdf_next(&dictionary, &t))
		if (t.kind == PDF_NAME && strcmp(t.name, key) == 0 && pdf_next(&dictionary, &t))
			return t.number;
	return 0;
}

/* Where the length is told by reference the first "endstream" may be content. */
struct span
pdf_raw(const struct pdf *p, const struct pdf_object *o, struct span dictionary)
{
	uint64_t length = pdf_number(dictionary, "Length");
	struct span all;

	if (o->raw.data < p->data.data || o->raw.data >= span_end(p->data) || length <= o->raw.len)
		return o->raw;
	all = span_from(p->data, (size_t)(o->raw.data - p->data.data));
	if (length > all.len || !span_starts(span_trim(span_sub(all, (size_t)length, 16)), "endstream"))
		return o->raw;
	return span_first(all, (size_t)length);
}
