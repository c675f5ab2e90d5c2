/* Looking for delimiter lines.
 *
 * Base64 knows no '-' and other text little, so the search goes for that byte
 * rather than for each end of a line; a line with a '-' elsewhere is left at
 * once. Only a line that begins with "--" is compared, with each multipart
 * that is open, of which there are no more than the depth limit allows; so all
 * of this is linear in the message.
 *
 * A line that is nothing but a delimiter goes before one that only begins
 * with a boundary (RFC 2046 5.1.1 says that this suffices, and mail programs
 * differ), and of those the longest boundary wins. */
#include "config.h"

#include "mime/boundary.h"
#include "mime/loose.h"

enum match { MATCH_NONE, MATCH_PREFIX, MATCH_CLOSED, MATCH_EXACT };

/* `line`: after the dashes, without its end. */
static enum match
compare(const struct boundary *b, struct span line, bool *final, bool *padded)
{
	struct span rest;

	if (line.len < b->value.len || memcmp(line.data, b->value.data, b->value.len) != 0)
		return MATCH_NONE;
	rest = span_from(line, b->value.len);
	*final = span_starts(rest, "--");
	if (*final)
		rest = span_from(rest, 2);
	*padded = rest.len > 0 && rest.data[0] != '\r';
	if (span_trim(rest).len == 0)
		return b->closed ? MATCH_CLOSED : MATCH_EXACT;
	return b->closed ? MATCH_NONE : MATCH_PREFIX;
}

bool
delimiter_at(const struct boundary *open, const char *line, const char *end, struct delimiter *d)
{
	const char *newline;
	struct span rest;
	enum match best = MATCH_NONE;

	*d = (struct delimiter){ .line = end, .next = end };
	if (end - line < 2 || line[0] != '-' || line[1] != '-' || open == NULL)
		return false;
	newline = memchr(line, '\n', (size_t)(end - line));
	rest = span_of(line + 2, (size_t)((newline != NULL ? newline : end) - line - 2));
	for (const struct boundary *b = open; b != NULL; b = b->outer) {
		bool final, padded;
		enum match match = compare(b, rest, &final, &padded);

		if (match > best || (match == MATCH_PREFIX && best == match && b->value.len > d->of->value.len)) {
			best = match;
			d->of = b;
			d->final = final;
			d->padded = padded;
		}
	}
	if (best == MATCH_NONE)
		return false;
	d->junk = best == MATCH_PREFIX;
	d->line = line;
	d->next = newline != NULL ? newline + 1 : end;
	return true;
}

/* Of a line with dashes at `dashes`: is it a delimiter but for the blanks, or
 * the text and a CR, VT or FF, before them? */
static bool
is_indented(const struct boundary *open, const char *begin, const char *dashes, const char *end)
{
	const char *at = dashes;
	struct delimiter d;

	while (at > begin && (at[-1] == ' ' || at[-1] == '\t' || at[-1] == '\0'))
		at--;
	return (at == begin || (at[-1] >= '\n' && at[-1] <= '\r')) && delimiter_at(open, dashes, end, &d);
}

/* The first dash of a line, in a text from `begin`: is it that of a Content- field, or
 * of one with such a name in its own? */
static void
look_for_field(const char *begin, const char *dash, const char *end, struct delimiter *seen)
{
	enum content_field kind;
	const char *line = loose_field_around(begin, dash, end, &kind);

	if (line == NULL)
		return;
	seen->fields |= ascii_lower(*line) == 'c';
	seen->longer |= ascii_lower(*line) != 'c';
}

/* The next line that begins with "--" behind the one at `from`, or `end`; tells
 * of what stands before it. Only the first dash of a line is looked at. */
static const char *
find_dashes(const struct boundary *open, const char *from, const char *end, struct delimiter *seen)
{
	const char *at = from + 1;

	while ((at = memchr(at, '-', (size_t)(end - at))) != NULL && end - at >= 2) {
		look_for_field(from, at, end, seen);
		if (at[1] == '-') {
			if (at[-1] == '\n')
				return at;
			if (open != NULL && !seen->indented)
				seen->indented = is_indented(open, from, at, end);
		}
		at = memchr(at, '\n', (size_t)(end - at));
		if (at == NULL)
			break;
	}
	return end;
}

bool
delimiter_find(const struct boundary *open, const char *from, const char *end, struct delimiter *d)
{
	struct delimiter seen = { 0 };
	bool found = false;

	*d = (struct delimiter){ .line = end, .next = end };
	while (from < end && !(found = delimiter_at(open, from, end, d)))
		from = find_dashes(open, from, end, &seen);
	d->indented = seen.indented;
	d->fields = seen.fields;
	d->longer = seen.longer;
	return found;
}
