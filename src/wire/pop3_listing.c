/* What POP3 tells about messages.
 *
 * The lines of a listing are found by CRLF alone, like the end of the reply, so
 * that both are seen at the same place; what an odd octet has made of a line is
 * found when the line is read. Servers are forgiven SP too many, nothing else:
 * a number that is read wrongly would give one message the verdict of another. */
#include "config.h"

#include "wire/pop3_listing.h"

int
pop3_listing_line(struct span input, size_t limit, struct span *line, size_t *used)
{
	size_t len = span_find(span_first(input, limit), SPAN_LITERAL("\r\n"));

	*used = 0;
	if (len == SIZE_MAX)
		return input.len < limit ? 0 : -1;
	*used = len + 2;
	*line = span_first(input, len);
	if (span_is(*line, "."))
		return 2;
	if (span_starts(*line, "."))
		*line = span_from(*line, 1);
	return 1;
}

/* Takes the octets before the next SP; SPs around them are dropped. */
static struct span
take_word(struct span *rest)
{
	struct span word;

	while (span_starts(*rest, " "))
		*rest = span_from(*rest, 1);
	word = span_first(*rest, span_find_byte(*rest, ' '));
	*rest = span_from(*rest, word.len);
	while (span_starts(*rest, " "))
		*rest = span_from(*rest, 1);
	return word;
}

bool
pop3_listing_stat(struct span text, uint64_t *count, uint64_t *octets)
{
	return span_to_u64(take_word(&text), count) && span_to_u64(take_word(&text), octets);
}

bool
pop3_listing_scan(struct span line, uint64_t *number, uint64_t *octets)
{
	return pop3_listing_stat(line, number, octets) && *number > 0;
}

static bool
is_uid(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] <= ' ' || s.data[i] >= 0x7f)
			return false;
	return s.len > 0 && s.len <= POP3_UID_MAX;
}

bool
pop3_listing_uid(struct span line, uint64_t *number, struct span *uid)
{
	if (!span_to_u64(take_word(&line), number) || *number == 0)
		return false;
	*uid = take_word(&line);
	return is_uid(*uid) && line.len == 0;
}

enum state {
	LINE_START, /* in the header, as the next two */
	IN_LINE,
	AFTER_CR, /* which is the first octet of the line */
	IN_BODY,
};

void
pop3_top_init(struct pop3_top *t, uint64_t lines)
{
	*t = (struct pop3_top){ .lines = lines, .state = LINE_START };
}

/* Takes up to the next LF or the end; true if it was a whole line. */
static bool
take_line(struct span in, size_t *at)
{
	size_t lf = span_find_byte(span_from(in, *at), '\n');

	*at = lf != SIZE_MAX ? *at + lf + 1 : in.len;
	return lf != SIZE_MAX;
}

static void
take_header(struct pop3_top *t, struct span in, size_t *at)
{
	char c = in.data[*at];

	if (t->state == IN_LINE) {
		t->state = take_line(in, at) ? LINE_START : IN_LINE;
		return;
	}
	++*at;
	if (c == '\n')
		t->state = IN_BODY;
	else
		t->state = t->state == LINE_START && c == '\r' ? AFTER_CR : IN_LINE;
}

int
pop3_top_take(struct pop3_top *t, struct span in, size_t *used)
{
	size_t at = 0;

	while (at < in.len && t->state != IN_BODY)
		take_header(t, in, &at);
	while (at < in.len && t->lines > 0)
		if (take_line(in, &at))
			t->lines--;
	*used = at;
	return t->state == IN_BODY && t->lines == 0;
}
