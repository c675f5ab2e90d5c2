/* The grammar of Content-* fields, read the way mail programs do where it is
 * broken: a missing semicolon ends a value all the same, an unquoted value may
 * hold any sign, and one with spaces is told in both readings, to the space
 * and to the semicolon. What some program makes of comments, quotes and escapes
 * at odd places is told as an alternative. */
#include "config.h"

#include "mime/field.h"
#include "mime/text.h"

/* Alternatives of longer values would make long fields cost more than they are
 * long; no file name and no boundary is. */
enum {
	ALTERNATIVE_MAX = 1024,
	RUNS_MAX = 4, /* of names over semicolons: the program goes by the first that it sees */
};

struct lexer {
	struct arena *arena;
	const char *at, *end;
	struct field_flaws *flaws;
	struct raw_param *params;
	size_t count, cap;
	const char *value; /* where the last one's began */
	unsigned runs;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* At a "(": past the comment, which may hold others. */
static void
skip_comment(struct lexer *x)
{
	size_t depth = 0;

	for (; x->at < x->end; x->at++) {
		if (*x->at == '\\' && x->at + 1 < x->end) {
			x->at++;
		} else if (*x->at == '(') {
			depth++;
		} else if (*x->at == ')' && --depth == 0) {
			x->at++;
			return;
		}
	}
	x->flaws->malformed = true;
}

static void
skip_blanks(struct lexer *x)
{
	while (x->at < x->end) {
		if (is_blank(*x->at)) {
			x->at++;
		} else if (*x->at == '(') {
			skip_comment(x);
			x->flaws->odd = true;
		} else {
			break;
		}
	}
}

static bool
next_is(const struct lexer *x, char c)
{
	return x->at < x->end && *x->at == c;
}

/* What stands before a blank or one of `stops`. */
static struct span
take_until(struct lexer *x, const char *stops)
{
	const char *begin = x->at;

	while (x->at < x->end && !is_blank(*x->at) && (*x->at == '\0' || strchr(stops, *x->at) == NULL))
		x->at++;
	return span_of(begin, (size_t)(x->at - begin));
}

/* At a quote: past its end; the text with its backslashes undone. */
static struct span
take_quoted(struct lexer *x)
{
	const char *begin = ++x->at;
	bool escaped = false;
	char *out;
	size_t len = 0;

	for (; x->at < x->end && *x->at != '"'; x->at++) {
		if (*x->at != '\\' || x->at + 1 == x->end)
			continue;
		escaped = true;
		x->at++;
	}
	struct span raw = span_of(begin, (size_t)(x->at - begin));
	if (x->at < x->end)
		x->at++;
	else
		x->flaws->malformed = true;
	if (!escaped)
		return raw;
	x->flaws->odd = true;
	out = arena_alloc_raw(x->arena, raw.len);
	for (size_t i = 0; i < raw.len; i++) {
		if (raw.data[i] == '\\' && i + 1 < raw.len)
			i++;
		out[len++] = raw.data[i];
	}
	return span_of(out, len);
}

static char *
lower(struct arena *a, struct span s)
{
	char *text = arena_strndup(a, s);

	for (char *c = text; *c != '\0'; c++)
		*c = ascii_lower(*c);
	return text;
}

/* Splits the stars of RFC 2231 off the name. */
static void
classify(struct arena *a, struct span written, struct raw_param *p)
{
	size_t star = span_find_byte(written, '*');
	struct span stars = span_from(written, star);
	uint64_t index;

	p->form = RAW_PLAIN;
	p->name = lower(a, span_first(written, star));
	if (star == SIZE_MAX)
		return;
	p->encoded = stars.data[stars.len - 1] == '*';
	if (p->encoded)
		stars.len--;
	if (stars.len == 0) {
		p->form = RAW_EXTENDED;
	} else if (span_to_u64(span_from(stars, 1), &index) && index < FIELD_PARAMS_MAX) {
		p->form = RAW_PIECE;
		p->index = (unsigned)index;
	} else {
		p->encoded = false;
		p->name = lower(a, written);
	}
}

static void
add_param(struct lexer *x, struct span name, struct span value, bool alternative)
{
	struct raw_param *p;

	if (x->count == FIELD_PARAMS_MAX) {
		x->flaws->too_many = true;
		x->at = x->end;
		return;
	}
	x->params = arena_grow(x->arena, x->params, sizeof(*p), &x->cap, x->count + 1);
	p = &x->params[x->count];
	*p = (struct raw_param){ .written = name, .value = value, .alternative = alternative, .order = x->count };
	classify(x->arena, name, p);
	x->count++;
}

static void
add_alternative(struct lexer *x, struct span name, struct span value)
{
	if (value.len > 0 && value.len <= ALTERNATIVE_MAX)
		add_param(x, name, value, true);
}

/* The same without comments, escapes, quotes. */
static void
add_without(struct lexer *x, struct span name, struct span value, const char *drop)
{
	if (value.len <= ALTERNATIVE_MAX)
		add_alternative(x, name, text_without(x->arena, value, drop));
}

/* Does no token hold it (RFC 2045 5.1)? */
static bool
ends_token(char c)
{
	return c != '\0' && strchr("()<>@,;:\\\"/[]?=", c) != NULL;
}

/* A file name ends where a token does, for some, and for some of these so do the
 * signs of RFC 2231 or octets over 127 end it. */
static void
add_tokens(struct lexer *x, struct span name, struct span value)
{
	bool encoded = name.len > 0 && name.data[name.len - 1] == '*';
	size_t token = 0, attribute, ascii = 0;

	if (value.len > ALTERNATIVE_MAX || span_find_nocase(name, SPAN_LITERAL("name")) == SIZE_MAX)
		return;
	while (token < value.len && !ends_token(value.data[token]))
		token++;
	for (unsigned quotes = 0; encoded && quotes < 2 && ascii < token; ascii++)
		quotes += value.data[ascii] == '\'';
	for (attribute = ascii; attribute < token && value.data[attribute] != '*' && value.data[attribute] != '\'';)
		attribute++;
	while (ascii < token && (unsigned char)value.data[ascii] < 0x80)
		ascii++;
	if (token < value.len)
		add_alternative(x, name, span_first(value, token));
	if (attribute < token)
		add_alternative(x, name, span_first(value, attribute));
	if (ascii < token)
		add_alternative(x, name, span_first(value, ascii));
}

/* For a program that has an unquoted file name go on to the next blank, whatever
 * stands between: a;x=b.exe. Told where that ends in an extension, since fields
 * written without blanks are no rarity. */
static void
add_over_semicolons(struct lexer *x, struct span name, const char *begin)
{
	struct span all = span_first(span_of(begin, (size_t)(x->end - begin)), ALTERNATIVE_MAX);
	size_t semicolon, tail = 0;

	if (!span_is_nocase(name, "filename") || ++x->runs > RUNS_MAX)
		return;
	while (tail < all.len && !is_blank(all.data[tail]) && all.data[tail] != '(')
		tail++;
	all.len = tail;
	semicolon = span_find_byte(all, ';');
	if (semicolon == SIZE_MAX)
		return;
	while (tail > semicolon && ascii_is_alnum(all.data[tail - 1]))
		tail--;
	if (all.data[tail - 1] == '.')
		add_alternative(x, name, all);
}

/* What follows an unquoted value up to the semicolon, when it may belong to
 * it: neither a comment nor the name of a next parameter. */
static struct span
take_rest_of_value(struct lexer *x, const char *begin)
{
	const char *at = x->at;

	while (at < x->end && *at != ';' && *at != '=' && *at != '(' && *at != '"')
		at++;
	if (at < x->end && *at != ';')
		return SPAN_NONE;
	if (span_trim(span_of(x->at, (size_t)(at - x->at))).len == 0)
		return SPAN_NONE;
	x->at = at;
	x->flaws->malformed = true;
	return span_trim(span_of(begin, (size_t)(at - begin)));
}

/* At a "(" behind the value `strict`. */
static void
take_commented(struct lexer *x, struct span name, struct span strict)
{
	struct span all = take_until(x, ";");

	all = span_of(strict.data, (size_t)(span_end(all) - strict.data));
	x->at = span_end(strict);
	x->flaws->odd = true;
	add_alternative(x, name, all);
	add_without(x, name, all, "(");
	if (x->at < x->end)
		skip_comment(x);
}

static void
take_unquoted(struct lexer *x, struct span name)
{
	const char *begin = x->at;
	struct span strict = take_until(x, ";("), all;

	add_param(x, name, strict, false);
	add_over_semicolons(x, name, begin);
	add_tokens(x, name, strict);
	if (span_find_byte(strict, '=') != SIZE_MAX && span_find_nocase(strict, SPAN_LITERAL("name")) != SIZE_MAX)
		x->flaws->odd = true; /* a parameter in the value of one that is none */
	if (span_find_byte(strict, '"') != SIZE_MAX) {
		x->flaws->malformed = true;
		add_alternative(x, name, span_first(strict, span_find_byte(strict, '"')));
	}
	if (span_find_byte(strict, '\\') != SIZE_MAX) {
		x->flaws->odd = true;
		add_without(x, name, strict, "\\");
		add_without(x, name, strict, "\\\"");
	}
	if (next_is(x, '(')) {
		take_commented(x, name, strict);
		return;
	}
	all = take_rest_of_value(x, begin);
	add_alternative(x, name, all);
}

/* A quoted value. One with a semicolon in it ends there for a program that
 * knows no quotes, and one goes on behind its quotes for some: "a".exe. */
static void
take_quoted_value(struct lexer *x, struct span name)
{
	const char *begin = x->at, *after;
	struct span value = take_quoted(x), rest;
	size_t semicolon = span_find_byte(value, ';');
	struct text whole = { .arena = x->arena };

	after = x->at;
	add_param(x, name, value, false);
	if (semicolon != SIZE_MAX) {
		x->flaws->odd = true;
		add_alternative(x, name, span_first(value, semicolon));
	}
	if (after == x->end || is_blank(*after) || *after == ';' || *after == '(')
		return;
	x->flaws->malformed = true;
	rest = span_first(span_of(after, (size_t)(x->end - after)), ALTERNATIVE_MAX);
	rest = span_first(rest, span_find_byte(rest, ';'));
	if (value.len + rest.len > ALTERNATIVE_MAX)
		return;
	text_add(&whole, value);
	text_add(&whole, rest);
	add_alternative(x, name, text_span(&whole));
	add_alternative(x, name, span_of(begin, (size_t)(span_end(rest) - begin)));
}

/* The name of a parameter; one with a comment inside, or blanks around its
 * star, is put together. */
static struct span
take_name(struct lexer *x)
{
	struct span name = take_until(x, ";=\"("), more;
	struct text whole = { .arena = x->arena };

	if (next_is(x, '(')) {
		skip_comment(x);
		x->flaws->odd = true;
	} else {
		skip_blanks(x);
		if (!next_is(x, '*') && !(name.len > 0 && name.data[name.len - 1] == '*'))
			return name;
	}
	more = take_until(x, ";=\"(");
	if (more.len == 0)
		return name;
	x->flaws->malformed = true;
	text_add(&whole, name);
	text_add(&whole, more);
	return text_span(&whole);
}

/* A word without "=": perhaps of the value before it, with a semicolon. */
static void
add_to_last(struct lexer *x, struct span word)
{
	const struct raw_param *last = x->count > 0 ? &x->params[x->count - 1] : NULL;

	x->flaws->malformed = true;
	if (last != NULL && word.len > 0 && last->written.len > 0 && x->at > x->value)
		add_alternative(x, last->written, span_of(x->value, (size_t)(x->at - x->value)));
}

static void
take_params(struct lexer *x)
{
	bool separated = false;

	for (;;) {
		struct span name;

		skip_blanks(x);
		if (x->at >= x->end)
			return;
		if (next_is(x, ';')) {
			separated = true;
			x->at++;
			continue;
		}
		name = take_name(x);
		skip_blanks(x);
		if (!separated || name.len == 0 || !next_is(x, '='))
			x->flaws->malformed = true;
		if (next_is(x, '"'))
			take_quoted(x);
		if (!next_is(x, '=')) {
			add_to_last(x, name);
			continue;
		}
		x->at++;
		skip_blanks(x);
		x->value = x->at;
		if (next_is(x, '"'))
			take_quoted_value(x, name);
		else
			take_unquoted(x, name);
		separated = false;
	}
}

/* "word" or "word/word", in lower case; "" when it is missing. */
static const char *
take_type(struct lexer *x)
{
	struct text whole = { .arena = x->arena };
	const char *begin = x->at;
	struct span first, second;

	if (next_is(x, '"')) {
		first = take_quoted(x);
		x->flaws->odd = true;
	} else {
		first = take_until(x, "/;=\"(,");
	}
	skip_blanks(x);
	if (next_is(x, '=')) {
		x->at = begin;
		x->flaws->malformed = true;
		return "";
	}
	if (!next_is(x, '/'))
		return lower(x->arena, first);
	x->at++;
	skip_blanks(x);
	second = take_until(x, "/;=\"(,");
	if (first.len == 0 || second.len == 0)
		x->flaws->malformed = true;
	text_reserve(&whole, first.len + second.len + 2);
	text_add(&whole, first);
	text_add(&whole, SPAN_LITERAL("/"));
	text_add(&whole, second);
	return lower(x->arena, text_span(&whole));
}

struct mime_type *
field_parse(struct arena *a, struct span unfolded, struct field_flaws *flaws)
{
	struct lexer x = { .arena = a, .at = unfolded.data, .end = span_end(unfolded), .flaws = flaws };
	struct mime_type *field = ARENA_NEW(a, struct mime_type);

	skip_blanks(&x);
	field->type = take_type(&x);
	skip_blanks(&x);
	if (field->type[0] == '\0' || (x.at < x.end && *x.at != ';'))
		flaws->malformed = true;
	take_params(&x);
	field->params = params_assemble(a, x.params, x.count, flaws);
	return field;
}
