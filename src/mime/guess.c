/* Guessing at boundaries. Mail programs differ in where a parameter's value
 * ends and in what of its writing is undone; here it is read in all ways, from
 * the raw text around the word "boundary" itself, whatever field, quotes or
 * comments it stands in. A plain value gives the same text in each way.
 *
 * A guess too many costs a look at some lines, one too few can hide a part; but
 * only where no Content- field follows its delimiters, for those are found
 * anyway. */
#include "config.h"

#include "mime/decode.h"
#include "mime/guess.h"
#include "mime/text.h"

enum {
	KEY_ROOM = 100,        /* between "boundary" and "=": stars, blanks, comments */
	VALUE_ROOM = 8192,     /* longer values are no program's */
	WORK_MAX = 128 * 1024, /* bytes of values: a thousand honest ones */
	BOUNDARY_CUT = 70,     /* RFC 2046 5.1.1 */
	PLAIN_LONGEST = 70,
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void
guesses_add(struct guesses *g, struct span value)
{
	value = span_trim(value);
	if (value.len == 0)
		return;
	for (size_t i = 0; i < g->count; i++)
		if (span_eq(g->value[i], value))
			return;
	if (g->count == GUESSES_MAX) {
		g->over = true;
		return;
	}
	g->value[g->count++] = value;
}

static struct span
up_to(struct span s, const char *stops)
{
	size_t len = 0;

	while (len < s.len && (s.data[len] == '\0' || strchr(stops, s.data[len]) == NULL))
		len++;
	return span_first(s, len);
}

/* What the value is after its encodings and odd signs are undone. */
static void
add_undone(struct guesses *g, struct span value)
{
	size_t nul = span_find_byte(value, '\0'), quote = span_find_byte(value, '\'');

	guesses_add(g, value);
	if (value.len > BOUNDARY_CUT)
		guesses_add(g, span_first(value, BOUNDARY_CUT));
	if (nul != SIZE_MAX) {
		guesses_add(g, span_first(value, nul));
		guesses_add(g, text_without(g->arena, value, ""));
	}
	if (span_find_byte(value, '(') != SIZE_MAX)
		guesses_add(g, text_without(g->arena, value, "("));
	if (span_find_byte(value, '"') != SIZE_MAX || span_find_byte(value, '\\') != SIZE_MAX) {
		guesses_add(g, text_without(g->arena, value, "\\"));
		guesses_add(g, text_without(g->arena, value, "\"\\"));
	}
	if (span_find_byte(value, '%') != SIZE_MAX)
		guesses_add(g, text_percent_decoded(g->arena, value));
	if (span_find(value, SPAN_LITERAL("=?")) != SIZE_MAX)
		guesses_add(g, encoded_words_decode(g->arena, value));
	if (quote != SIZE_MAX) {
		struct span rest = span_from(value, quote + 1);
		size_t second = span_find_byte(rest, '\'');

		guesses_add(g, text_without(g->arena, value, "'"));
		if (second != SIZE_MAX)
			guesses_add(g, text_percent_decoded(g->arena, span_from(rest, second + 1)));
	}
}

/* `rest`: what follows the "=", without line ends. */
static void
add_value(struct guesses *g, struct span rest)
{
	static const char *const ends[] = { ";", "; \t", "; \t,()\"", "(; \t", ",;" };

	rest = span_trim(rest);
	if (span_trim(text_without(g->arena, up_to(rest, ";"), "(\"")).len == 0)
		g->empty = true;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		add_undone(g, up_to(rest, ends[i]));
	add_undone(g, rest);
	if (rest.len > 0 && rest.data[0] == '(') {
		size_t close = span_find_byte(rest, ')');

		if (close != SIZE_MAX)
			add_undone(g, up_to(span_trim(span_from(rest, close + 1)), "; \t"));
	}
	if (rest.len > 0 && rest.data[0] == '"') {
		struct span inside = span_from(rest, 1);
		size_t len = 0;

		while (len < inside.len && inside.data[len] != '"')
			len += inside.data[len] == '\\' ? 2 : 1;
		add_undone(g, span_first(inside, len));
		add_undone(g, up_to(inside, "\""));
		add_undone(g, up_to(inside, "\";"));
		add_undone(g, up_to(inside, "\" \t"));
	}
}

/* Up to the end of the field. */
static struct span
field_rest(struct span text)
{
	size_t len = 0;

	while (len < text.len && !(text.data[len] == '\n' && (len + 1 == text.len ||
	    (text.data[len + 1] != ' ' && text.data[len + 1] != '\t'))))
		len++;
	while (len > 0 && text.data[len - 1] == '\r')
		len--;
	return span_first(text, len);
}

/* A bare CR ends the field in one reading, in the other not; so does a fold. */
static void
add_field(struct guesses *g, struct span rest)
{
	size_t cr;

	g->work += rest.len;
	if (g->work > WORK_MAX) {
		g->over = true;
		return;
	}
	add_value(g, text_without(g->arena, rest, "\r\n"));
	cr = span_find_byte(rest, '\r');
	if (cr != SIZE_MAX)
		add_value(g, span_first(rest, cr));
	if (span_find_byte(rest, '\n') != SIZE_MAX)
		add_value(g, span_first(rest, span_find_byte(rest, '\n')));
}

/* Where the value begins behind the key, or SIZE_MAX. */
static size_t
find_value(struct span after_key)
{
	struct span s = span_first(after_key, KEY_ROOM);
	size_t depth = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];

		if (c == '(')
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (depth == 0 && c == '=')
			return i + 1;
		else if (depth == 0 && !is_blank(c) && c != '*' && c != '"' && c != '\0' && !ascii_is_digit(c))
			return SIZE_MAX;
	}
	return SIZE_MAX;
}

void
guesses_from_text(struct guesses *g, struct span text)
{
	while (!g->over) {
		size_t at = span_find_nocase(text, SPAN_LITERAL("boundary")), value;

		if (at == SIZE_MAX)
			return;
		text = span_from(text, at + strlen("boundary"));
		value = find_value(text);
		if (value != SIZE_MAX)
			add_field(g, field_rest(span_first(span_from(text, value), VALUE_ROOM)));
	}
}

bool
boundary_is_plain(struct span field)
{
	const struct span key = SPAN_LITERAL("boundary=");
	size_t at = span_find_nocase(field, key), len = 0;
	struct span value;
	bool quoted;

	if (at == SIZE_MAX)
		return false;
	value = span_from(field, at + key.len);
	quoted = span_starts(value, "\"");
	value = span_from(value, quoted ? 1 : 0);
	if (span_find_nocase(value, SPAN_LITERAL("boundary")) != SIZE_MAX)
		return false;
	while (len < value.len && (ascii_is_alnum(value.data[len]) || (value.data[len] != '\0' &&
	    strchr("+_-./:=,?", value.data[len]) != NULL)))
		len++;
	if (len == 0 || len > PLAIN_LONGEST || span_find(span_first(value, len), SPAN_LITERAL("=?")) != SIZE_MAX)
		return false;
	if (quoted)
		return len < value.len && value.data[len] == '"' &&
		    (len + 1 == value.len || value.data[len + 1] == ';' || is_blank(value.data[len + 1]));
	return len == value.len || value.data[len] == ';' || is_blank(value.data[len]);
}
