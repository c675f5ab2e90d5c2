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

enum match { MATCH_NONE, MATCH_PREFIX, MATCH_CLOSED, MATCH_EXACT };

/* `line`: after the dashes, without its end. */
static enum match
compare(const struct boundary *b, struct span line, bool *final)
{
	struct span rest;

	if (line.len < b->value.len || memcmp(line.data, b->value.data, b->value.len) != 0)
		return MATCH_NONE;
	rest = span_from(line, b->value.len);
	*final = span_starts(rest, "--");
	if (*final)
		rest = span_from(rest, 2);
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
		bool final;
		enum match match = compare(b, rest, &final);

		if (match > best || (match == MATCH_PREFIX && best == match && b->value.len > d->of->value.len)) {
			best = match;
			d->of = b;
			d->final = final;
		}
	}
	if (best == MATCH_NONE)
		return false;
	d->junk = best == MATCH_PREFIX;
	d->line = line;
	d->next = newline != NULL ? newline + 1 : end;
	return true;
}

/* The next line that begins with "--", at or after `at`, a place inside the
 * text that follows another byte of it; or `end`. */
static const char *
find_dashes(const char *at, const char *end)
{
	while ((at = memchr(at, '-', (size_t)(end - at))) != NULL && end - at >= 2) {
		if (at[-1] == '\n' && at[1] == '-')
			return at;
		at = memchr(at, '\n', (size_t)(end - at));
		if (at == NULL)
			break;
	}
	return end;
}

bool
delimiter_find(const struct boundary *open, const char *from, const char *end, struct delimiter *d)
{
	*d = (struct delimiter){ .line = end, .next = end };
	if (open == NULL)
		return false;
	while (from < end) {
		if (delimiter_at(open, from, end, d))
			return true;
		from = find_dashes(from + 1, end);
	}
	return false;
}
