/* Uuencoded files: lines of a length and groups of four printable characters
 * between "begin MODE NAME" and "end" (POSIX uuencode, the older algorithm).
 *
 * A "begin" counts when it stands at the start of a line, with an octal mode
 * and a name, and the next line could be data; so prose hardly ever does. The
 * file then goes to the line "end", or to the end of the text: looking for it
 * never goes over the same bytes twice. */
#include "config.h"

#include "mime/uuencode.h"
#include "mime/decode.h"

enum {
	UU_LINE_MAX = 63, /* bytes that one line can stand for */
	MODE_DIGITS_MAX = 6,
};

/* Takes a line off *rest; without its end. */
static struct span
take_line(struct span *rest)
{
	size_t at = span_find_byte(*rest, '\n');
	struct span line = span_first(*rest, at);

	*rest = span_from(*rest, at == SIZE_MAX ? rest->len : at + 1);
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

static unsigned
uu_value(char c)
{
	return ((unsigned char)c - 32u) & 63u;
}

static bool
is_data(struct span line)
{
	if (line.len == 0 || line.data[0] < ' ' || line.data[0] > '`')
		return false;
	for (size_t i = 0; i < line.len; i++)
		if (line.data[i] < ' ' || line.data[i] > '`')
			return false;
	return line.len - 1 <= (UU_LINE_MAX + 2) / 3 * 4 + 1;
}

static bool
parse_begin(struct span line, struct span *name)
{
	size_t digits = 0;

	if (!span_starts(line, "begin "))
		return false;
	line = span_from(line, strlen("begin "));
	while (digits < line.len && line.data[digits] >= '0' && line.data[digits] <= '7')
		digits++;
	if (digits < 3 || digits > MODE_DIGITS_MAX || digits == line.len || line.data[digits] != ' ')
		return false;
	*name = span_trim(span_from(line, digits));
	return name->len > 0;
}

/* The line "end": where it begins, or the end of the text. */
static void
find_end(struct span rest, struct uu_file *file)
{
	const char *begin = rest.data;

	while (rest.len > 0) {
		struct span line = take_line(&rest);

		if (!span_is(span_trim(line), "end"))
			continue;
		file->finished = true;
		file->lines = span_of(begin, (size_t)(line.data - begin));
		file->whole.len = (size_t)(rest.data - file->whole.data);
		return;
	}
	file->finished = false;
	file->lines = span_of(begin, (size_t)(rest.data - begin));
	file->whole.len = (size_t)(rest.data - file->whole.data);
}

bool
uu_find(struct span text, struct uu_file *file)
{
	struct span rest = text;

	for (;;) {
		size_t at = span_find(rest, SPAN_LITERAL("begin "));
		struct span after, line;
		const char *begin;

		if (at == SIZE_MAX)
			return false;
		begin = rest.data + at;
		rest = span_from(rest, at);
		line = take_line(&rest);
		after = rest;
		if ((begin > text.data && begin[-1] != '\n') || !parse_begin(line, &file->name))
			continue;
		line = take_line(&after);
		if (!is_data(line) && !span_is(span_trim(line), "end"))
			continue;
		file->whole = span_of(begin, 0);
		find_end(rest, file);
		return true;
	}
}

/* A line's bytes: as many as its length says; what it lacks counts as zero,
 * because trailing spaces, which are zeros, get lost on the way. */
static size_t
decode_line(struct span line, char *out, size_t room, bool *strict)
{
	size_t len = uu_value(line.data[0]);

	if (len > room)
		len = room;
	line = span_from(line, 1);
	if (line.len < (len + 2) / 3 * 4)
		*strict = false;
	for (size_t i = 0; i < len; i++) {
		size_t at = i / 3 * 4 + i % 3;
		unsigned high = at < line.len ? uu_value(line.data[at]) : 0;
		unsigned low = at + 1 < line.len ? uu_value(line.data[at + 1]) : 0;

		out[i] = (char)(high << (2 + 2 * (i % 3)) | low >> (4 - 2 * (i % 3)));
	}
	return len;
}

size_t
uudecode(struct span in, char *out, struct span *name, struct span *rest, bool *strict)
{
	struct uu_file file;
	struct span lines;
	size_t len = 0;

	if (!uu_find(in, &file))
		return SIZE_MAX;
	*name = file.name;
	*rest = span_from(in, (size_t)(span_end(file.whole) - in.data));
	*strict = file.finished;
	lines = file.lines;
	while (lines.len > 0) {
		struct span line = take_line(&lines);

		if (is_data(line))
			len += decode_line(line, out + len, in.len - len, strict);
		else
			*strict = false;
	}
	return len;
}
