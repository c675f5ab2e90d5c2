/* IMAP's framing: a line, and the literal that it announces.
 *
 * Where the next line begins hangs on the last octets of this one, so a program
 * that reads them otherwise reads other commands. That is why only what the
 * grammar knows counts as an announcement, why a quoted string that holds one
 * does not, and why a number too large is an end to the connection instead of
 * text. */
#include "config.h"

#include "wire/imap_line.h"

#include "wire/line.h"

static int
fail(const char **why, const char *text)
{
	*why = text;
	return -1;
}

static size_t
digits_at(struct span text, size_t at)
{
	size_t len = 0;

	while (at + len < text.len && ascii_is_digit(text.data[at + len]))
		len++;
	return len;
}

/* The length of what has an announcement's form, and where its digits stand. */
static size_t
announcement(struct span text, struct imap_literal *l, struct span *number)
{
	size_t at = span_starts(text, "~") ? 1 : 0, digits;

	*l = (struct imap_literal){ .binary = at > 0, .synchronising = true };
	if (!span_starts(span_from(text, at), "{"))
		return 0;
	digits = digits_at(text, ++at);
	*number = span_first(span_from(text, at), digits);
	at += digits;
	if (span_starts(span_from(text, at), "+")) {
		l->synchronising = false;
		at++;
	}
	return digits > 0 && span_starts(span_from(text, at), "}") ? at + 1 : 0;
}

static bool
to_octets(struct span number, uint64_t *octets)
{
	return span_to_u64(number, octets) && *octets <= INT64_MAX;
}

size_t
imap_literal_parse(struct span text, struct imap_literal *l)
{
	struct span number;
	size_t len = announcement(text, l, &number);

	return len > 0 && to_octets(number, &l->octets) ? len : 0;
}

/* Where a word begins; elsewhere it is an octet of one. */
static bool
ends_in_tilde(struct span text)
{
	size_t len = text.len;

	return len > 0 && text.data[len - 1] == '~' &&
	    (len == 1 || text.data[len - 2] == ' ' || text.data[len - 2] == '(');
}

/* Where the last octets could be an announcement: its start, or SIZE_MAX. */
static size_t
find_announcement(struct span line)
{
	size_t at = line.len;

	if (at == 0 || line.data[--at] != '}')
		return SIZE_MAX;
	while (at > 0 && (ascii_is_digit(line.data[at - 1]) || line.data[at - 1] == '+'))
		at--;
	if (at == 0 || line.data[--at] != '{')
		return SIZE_MAX;
	return ends_in_tilde(span_first(line, at)) ? at - 1 : at;
}

/* Whether a quoted string is still open at the end of text. */
static bool
in_quotes(struct span text)
{
	bool quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '"')
			quoted = !quoted;
		else if (text.data[i] == '\\' && quoted)
			i++;
	}
	return quoted;
}

/* False when a literal is announced whose end nobody can tell. */
static bool
find_literal(struct imap_line *line)
{
	size_t at = find_announcement(line->whole);
	struct span number;

	line->text = line->whole;
	if (at == SIZE_MAX || announcement(span_from(line->whole, at), &line->literal, &number) == 0 ||
	    in_quotes(span_first(line->whole, at)))
		return true;
	line->text = span_first(line->whole, at);
	line->has_literal = true;
	return to_octets(number, &line->literal.octets);
}

int
imap_line_take(struct span input, size_t limit, struct imap_line *line, size_t *used, const char **why)
{
	size_t taken;
	bool clean;
	int result;

	*used = 0;
	*line = (struct imap_line){ .has_literal = false };
	result = line_take(input, limit, &line->whole, &taken, &clean);
	if (result < 0)
		return fail(why, "a line is too long");
	if (result == 0)
		return 0;
	if (!clean)
		return fail(why, "a line holds a bare CR or ends in bare LF");
	if (span_find_byte(line->whole, '\0') != SIZE_MAX)
		return fail(why, "a line holds NUL");
	if (!find_literal(line))
		return fail(why, "a literal is too long");
	*used = taken;
	return 1;
}
