/* Guessing at names. Where the fields of a part are not of the grammar, some
 * programs look for no more than the word "name" and take what stands behind
 * it, whatever field, parameter or piece of one it is in: ";#filename=x",
 * "name*1(=x", "filename "x"". So the raw text of the fields is read in that
 * way too. And where a part is from some take for its name. A name too many
 * costs a look at it. */
#include "config.h"

#include "mime/names.h"
#include "mime/text.h"

enum {
	KEY_ROOM = 32,    /* between "name" and its value: stars, numbers, junk */
	PIECES_MAX = 16,  /* honest names have a few */
	VALUE_MAX = 1024, /* no file has so long a name */
};

struct piece {
	struct span value;
	bool numbered; /* it has the star of a piece */
};

static bool
begins_value(char c)
{
	return c == '=' || c == ':' || c == '"';
}

static struct span
up_to(struct span s, const char *stops)
{
	for (; *stops != '\0'; stops++)
		s = span_first(s, span_find_byte(s, *stops));
	return s;
}

/* Without any sign between it is the next word for some. */
static bool
take_word(struct span rest, struct piece *piece)
{
	if (rest.len == 0 || (rest.data[0] != ' ' && rest.data[0] != '\t'))
		return false;
	piece->value = up_to(span_trim(span_first(rest, VALUE_MAX)), "; \t");
	return piece->value.len > 0;
}

/* What stands behind the word "name", which `rest` follows. */
static bool
take_value(struct span rest, struct piece *piece)
{
	size_t at = 0;

	rest = span_first(rest, span_find_byte(rest, '\n'));
	piece->numbered = false;
	while (at < rest.len && at < KEY_ROOM && !begins_value(rest.data[at])) {
		if (rest.data[at] == ';' && !span_starts(span_trim(span_from(rest, at + 1)), "="))
			return take_word(rest, piece);
		piece->numbered |= rest.data[at++] == '*';
	}
	if (at == rest.len || at == KEY_ROOM)
		return take_word(rest, piece);
	rest = span_first(span_from(rest, at), VALUE_MAX);
	if (rest.data[0] != '"')
		rest = span_trim(span_from(rest, 1));
	if (span_starts(rest, "\"")) {
		rest = span_from(rest, 1);
		piece->value = span_first(rest, span_find_byte(rest, '"'));
	} else {
		piece->value = up_to(rest, "; ");
	}
	return piece->value.len > 0;
}

/* The same for a program that goes by the "=" and knows a quote for no more than a
 * sign at either end. */
static struct span
value_behind_equals(struct span rest)
{
	size_t equals = span_find_byte(span_first(rest, KEY_ROOM), '=');

	rest = span_first(rest, span_find_byte(rest, '\n'));
	rest = span_trim(span_first(span_from(rest, equals == SIZE_MAX ? rest.len : equals + 1), VALUE_MAX));
	return up_to(span_from(rest, span_starts(rest, "\"") ? 1 : 0), ";\"");
}

/* Behind the charset and the language of RFC 2231. */
static struct span
without_charset(struct span value)
{
	size_t first = span_find_byte(value, '\'');
	struct span rest = span_from(value, first != SIZE_MAX ? first + 1 : value.len);
	size_t second = span_find_byte(rest, '\'');

	return second != SIZE_MAX ? span_from(rest, second + 1) : value;
}

void
names_from_text(struct mime_message *m, struct mime_part *part, struct span text)
{
	const struct span word = SPAN_LITERAL("name");
	struct text whole = { .arena = m->arena }, all = { .arena = m->arena }, bare = { .arena = m->arena };
	size_t at, count = 0, numbered = 0;

	while (count < PIECES_MAX && (at = span_find_nocase(text, word)) != SIZE_MAX) {
		struct piece piece;

		text = span_from(text, at + word.len);
		if (!take_value(text, &piece))
			continue;
		piece.value = without_charset(piece.value);
		names_guess_one(m, part, piece.value);
		count++;
		if (piece.numbered) {
			text_add(&whole, piece.value);
			numbered++;
		}
		text_add(&all, piece.value);
		text_add(&bare, without_charset(value_behind_equals(text)));
	}
	if (numbered > 1)
		names_guess_one(m, part, text_span(&whole));
	if (numbered > 0 && count > numbered) /* where one is a piece all are for some */
		names_guess_one(m, part, text_span(&all));
	if (numbered > 0 && count > 1)
		names_guess_one(m, part, text_span(&bare));
}

static struct span
without_query(struct span link)
{
	return span_first(span_first(link, span_find_byte(link, '?')), span_find_byte(link, '#'));
}

/* Behind the last slash, unless that is a host. */
static struct span
last_element(struct span link)
{
	size_t at = link.len;

	while (at > 0 && link.data[at - 1] != '/' && link.data[at - 1] != '\\')
		at--;
	if (at >= 2 && link.data[at - 1] == '/' && link.data[at - 2] == '/' && (at == 2 || link.data[at - 3] == ':'))
		return SPAN_NONE;
	return span_from(link, at);
}

static bool
is_part_link(struct span link)
{
	return (span_starts_nocase(link, "cid:") || span_starts_nocase(link, "mid:")) &&
	    span_find_byte(link, '@') != SIZE_MAX;
}

void
names_from_location(struct mime_message *m, struct mime_part *part, struct span unfolded)
{
	struct span link = span_trim(unfolded);

	if (is_part_link(link))
		return;
	names_guess_one(m, part, last_element(without_query(link)));
	names_guess_one(m, part, without_query(last_element(link)));
}
