/* Content-* fields, word by word. A parameter in pieces, "name*0", "name*1*" …
 * (RFC 2231 3), is told as one, as other servers do; where pieces are missing
 * or there are two of one number, each is told by itself. */
#include "config.h"

#include "mime/imap_field.h"
#include "mime/text.h"

#include <stdlib.h>

/* Honest fields have under ten. */
enum { PARAMS_MAX = 1024, INDEX_DIGITS_MAX = 4 };

struct piece {
	struct span name; /* without the stars */
	unsigned index;
	bool encoded;     /* percent signs stand for octets */
	size_t order;
	struct imap_param *param;
};

struct reading {
	struct arena *arena;
	const char *at, *end;
	struct imap_param *first, **last;
	struct piece *pieces;
	size_t piece_count, piece_cap, count;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
next_is(const struct reading *r, char c)
{
	return r->at < r->end && *r->at == c;
}

static void
skip_comment(struct reading *r)
{
	size_t depth = 0;

	for (; r->at < r->end; r->at++) {
		if (*r->at == '\\' && r->at + 1 < r->end) {
			r->at++;
		} else if (*r->at == '(') {
			depth++;
		} else if (*r->at == ')' && --depth == 0) {
			r->at++;
			return;
		}
	}
}

static void
skip_blanks(struct reading *r)
{
	while (r->at < r->end) {
		if (is_blank(*r->at))
			r->at++;
		else if (*r->at == '(')
			skip_comment(r);
		else
			break;
	}
}

/* RFC 2045 5.1, and octets that are not ASCII. */
static bool
is_token(char c)
{
	unsigned char u = (unsigned char)c;

	return u > ' ' && u != 0x7f && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

/* A token, which may be empty, and the blanks behind it. */
static struct span
take_token(struct reading *r)
{
	const char *begin = r->at;
	size_t len;

	while (r->at < r->end && is_token(*r->at))
		r->at++;
	len = (size_t)(r->at - begin);
	skip_blanks(r);
	return span_of(begin, len);
}

/* At a quote. False: it does not end. */
static bool
take_quoted(struct reading *r, struct span *value)
{
	const char *begin = ++r->at;
	char *out;
	size_t len = 0;

	while (r->at < r->end && *r->at != '"')
		r->at += *r->at == '\\' && r->at + 1 < r->end ? 2 : 1;
	if (r->at == r->end)
		return false;
	out = arena_alloc_raw(r->arena, (size_t)(r->at - begin));
	for (const char *at = begin; at < r->at; at++) {
		if (*at == '\\')
			at++;
		out[len++] = *at;
	}
	*value = span_of(out, len);
	r->at++;
	skip_blanks(r);
	return true;
}

/* Unquoted. Programs write signs there that no token may have, and read them. */
static struct span
take_bare_value(struct reading *r)
{
	const char *begin = r->at;
	size_t len;

	while (r->at < r->end && !is_blank(*r->at) && *r->at != ';' && *r->at != '(')
		r->at++;
	len = (size_t)(r->at - begin);
	skip_blanks(r);
	return span_of(begin, len);
}

/* Splits "name*3*"; false where that is no piece of a parameter. */
static bool
read_stars(struct span written, struct piece *piece)
{
	size_t star = span_find_byte(written, '*');
	struct span stars = span_from(written, star == SIZE_MAX ? written.len : star + 1);
	uint64_t index = 0;

	if (star == SIZE_MAX)
		return false;
	piece->name = span_first(written, star);
	piece->encoded = stars.len == 0 || stars.data[stars.len - 1] == '*';
	if (stars.len > 0 && piece->encoded)
		stars.len--;
	if (stars.len > INDEX_DIGITS_MAX || (stars.len > 0 && !span_to_u64(stars, &index)))
		return false;
	piece->index = (unsigned)index;
	return true;
}

static void
add_param(struct reading *r, struct span name, struct span value)
{
	struct imap_param *param = ARENA_NEW(r->arena, struct imap_param);
	struct piece piece = { .param = param, .order = r->count++ };

	param->name = name;
	param->value = value;
	if (!read_stars(name, &piece)) {
		*r->last = param;
		r->last = &param->next;
		return;
	}
	r->pieces = arena_grow(r->arena, r->pieces, sizeof(*r->pieces), &r->piece_cap, r->piece_count + 1);
	r->pieces[r->piece_count++] = piece;
}

/* At a semicolon, behind which a parameter may stand. */
static void
take_param(struct reading *r)
{
	struct span name, value = SPAN_LITERAL("");

	r->at++;
	skip_blanks(r);
	name = take_token(r);
	if (name.len == 0 || !next_is(r, '='))
		return;
	r->at++;
	skip_blanks(r);
	if (next_is(r, '"')) {
		if (!take_quoted(r, &value))
			return;
	} else {
		value = take_bare_value(r);
	}
	add_param(r, name, value);
}

static int
compare(const void *left, const void *right)
{
	const struct piece *a = left, *b = right;
	size_t common = a->name.len < b->name.len ? a->name.len : b->name.len;
	int names = 0;

	for (size_t i = 0; i < common && names == 0; i++)
		names = (unsigned char)ascii_lower(a->name.data[i]) - (unsigned char)ascii_lower(b->name.data[i]);
	if (names != 0)
		return names;
	if (a->name.len != b->name.len)
		return a->name.len < b->name.len ? -1 : 1;
	if (a->index != b->index)
		return a->index < b->index ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

/* In a value that is partly encoded the plain pieces have to be as well. */
static void
add_encoded(struct text *t, struct span plain)
{
	size_t percent;

	while ((percent = span_find_byte(plain, '%')) != SIZE_MAX) {
		text_add(t, span_first(plain, percent));
		text_add(t, SPAN_LITERAL("%25"));
		plain = span_from(plain, percent + 1);
	}
	text_add(t, plain);
}

static void
join(struct reading *r, const struct piece *pieces, size_t count, bool encoded)
{
	struct text name = { .arena = r->arena }, value = { .arena = r->arena };
	struct imap_param *param = pieces[0].param;

	text_add(&name, pieces[0].name);
	if (encoded)
		text_add(&name, SPAN_LITERAL("*"));
	if (encoded && !pieces[0].encoded)
		text_add(&value, SPAN_LITERAL("''"));
	for (size_t i = 0; i < count; i++) {
		if (encoded && !pieces[i].encoded)
			add_encoded(&value, pieces[i].param->value);
		else
			text_add(&value, pieces[i].param->value);
	}
	param->name = text_span(&name);
	param->value = text_span(&value);
	*r->last = param;
	r->last = &param->next;
}

static void
add_pieces(struct reading *r, const struct piece *pieces, size_t count)
{
	bool whole = true, encoded = false;

	for (size_t i = 0; i < count; i++) {
		whole &= pieces[i].index == i;
		encoded |= pieces[i].encoded;
	}
	if (whole) {
		join(r, pieces, count, encoded);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		*r->last = pieces[i].param;
		r->last = &pieces[i].param->next;
	}
}

static void
add_all_pieces(struct reading *r)
{
	size_t count;

	if (r->piece_count > 1)
		qsort(r->pieces, r->piece_count, sizeof(*r->pieces), compare);
	for (size_t i = 0; i < r->piece_count; i += count) {
		for (count = 1; i + count < r->piece_count; count++)
			if (!span_eq_nocase(r->pieces[i].name, r->pieces[i + count].name))
				break;
		add_pieces(r, &r->pieces[i], count);
	}
}

/* What is not a parameter is passed over up to the next semicolon. */
static void
take_params(struct reading *r)
{
	while (r->at < r->end && r->count < PARAMS_MAX) {
		if (next_is(r, ';'))
			take_param(r);
		else
			r->at++;
	}
	add_all_pieces(r);
}

void
imap_field_read(struct arena *a, struct span unfolded, struct imap_field *out)
{
	struct reading r = { .arena = a, .at = unfolded.data, .end = span_end(unfolded) };

	*out = (struct imap_field){ 0 };
	r.last = &r.first;
	skip_blanks(&r);
	out->type = take_token(&r);
	if (next_is(&r, '/')) {
		r.at++;
		skip_blanks(&r);
		out->subtype = take_token(&r);
	}
	out->rest = span_of(r.at, (size_t)(r.end - r.at));
	take_params(&r);
	out->params = r.first;
}
