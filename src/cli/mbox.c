/* mbox, the variant mboxrd: a message begins with a line "From sender date" at
 * the beginning of the file or after a blank line, and inside of messages one
 * '>' more stands before such lines. Writers of the older variants forget to
 * quote, so a line counts only if a date is in it. Content-Length is not
 * believed, for it is the sender's. */
#include "config.h"

#include "cli/mbox.h"

/* The line with its end; *rest is what follows. */
static struct span
take_line(struct span *rest)
{
	size_t end = span_find_byte(*rest, '\n');
	struct span line = end == SIZE_MAX ? *rest : span_first(*rest, end + 1);

	*rest = span_from(*rest, line.len);
	return line;
}

static bool
is_one_of(struct span word, const char *three_letter_words)
{
	for (; word.len == 3 && *three_letter_words != '\0'; three_letter_words += 3)
		if (memcmp(word.data, three_letter_words, 3) == 0)
			return true;
	return false;
}

/* "9:05", "09:05:59" */
static bool
is_time(struct span word)
{
	size_t colon = span_find_byte(word, ':');

	return (colon == 1 || colon == 2) && word.len >= colon + 3 && ascii_is_digit(word.data[0]) &&
	       ascii_is_digit(word.data[colon + 1]) && ascii_is_digit(word.data[colon + 2]);
}

/* As asctime(3) writes it after the sender, who may have spaces in his name:
 * "Thu Jan  1 00:00:00 1970". */
static bool
is_from_line(struct span line)
{
	struct span word, words[4] = { { 0 } };

	if (!span_starts(line, "From "))
		return false;
	line = span_trim(span_from(line, 5));
	while (span_split(&line, ' ', &word)) {
		if (word.len == 0)
			continue;
		memmove(&words[0], &words[1], 3 * sizeof(words[0]));
		words[3] = word;
		if (is_one_of(words[0], "MonTueWedThuFriSatSun") &&
		    is_one_of(words[1], "JanFebMarAprMayJunJulAugSepOctNovDec") && is_time(words[3]))
			return true;
	}
	return false;
}

static bool
is_blank(struct span line)
{
	return span_is(line, "\n") || span_is(line, "\r\n");
}

bool
mbox_is(struct span file)
{
	return is_from_line(take_line(&file));
}

bool
mbox_next(struct span *rest, struct span *message)
{
	struct span after = *rest;
	const char *start, *end;
	bool blank = false;

	if (rest->len == 0)
		return false;
	take_line(&after);
	start = end = after.data;
	while (after.len > 0) {
		struct span line = take_line(&after);

		if (blank && is_from_line(line)) {
			after = span_of(line.data, line.len + after.len);
			break;
		}
		if (blank)
			end = line.data;
		blank = is_blank(line);
		if (!blank)
			end = span_end(line);
	}
	*message = span_of(start, (size_t)(end - start));
	*rest = after;
	return true;
}

static bool
is_quoted_from(struct span line)
{
	size_t quotes = 0;

	while (quotes < line.len && line.data[quotes] == '>')
		quotes++;
	return quotes > 0 && span_starts(span_from(line, quotes), "From ");
}

struct span
mbox_unquote(struct arena *a, struct span message)
{
	struct span rest = message;
	size_t len = 0;
	char *text;

	if (span_find(message, SPAN_LITERAL(">From ")) == SIZE_MAX)
		return message;
	text = arena_alloc_raw(a, message.len);
	while (rest.len > 0) {
		struct span line = take_line(&rest);

		line = span_from(line, is_quoted_from(line));
		memcpy(text + len, line.data, line.len);
		len += line.len;
	}
	return span_of(text, len);
}
