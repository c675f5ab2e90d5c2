/* Uuencoded files: lines of a length and groups of four printable characters
 * between "begin MODE NAME" and "end" (POSIX uuencode, the older algorithm),
 * and the sections of the newer one, base64 between "begin-base64 MODE NAME"
 * and "====".
 *
 * A "begin" counts when it stands at the start of a line, and a line soon after
 * is data beyond doubt; with an octal mode and a name also when the next could
 * be data, or one soon after is "end". So prose hardly ever does. The file then
 * goes to the line "end", to the first line of another file, or to the end of
 * the text. */
#include "config.h"

#include "mime/base64.h"
#include "mime/decode.h"
#include "mime/embedded.h"

enum {
	MODE_DIGITS_MAX = 6,
	UU_AFTER_MAX = 2,    /* characters behind the data of a line */
	BLANK_LINES_MAX = 4, /* before the data */
	BAD_LINES_MAX = 5,   /* among which the first sound one has to be */
};

static unsigned
uu_value(char c)
{
	return ((unsigned char)c - 32u) & 63u;
}

/* Characters that a line of that length needs. */
static size_t
uu_needs(struct span line)
{
	return 1 + (uu_value(line.data[0]) + 2) / 3 * 4;
}

/* What stands behind the data of a line may be anything, as checksums are. */
static bool
is_data(struct span line)
{
	size_t len;

	if (line.len == 0 || line.data[0] < ' ' || line.data[0] > '`')
		return false;
	len = line.len < uu_needs(line) ? line.len : uu_needs(line);
	for (size_t i = 0; i < len; i++)
		if (line.data[i] < ' ' || line.data[i] > '`')
			return false;
	return true;
}

/* As long as a line of data is, whatever its characters: their values count
 * modulo 64 for some. */
static bool
is_like_data(struct span line)
{
	return line.len > 0 && line.data[0] >= ' ' && line.data[0] <= '`' && line.len >= uu_needs(line) &&
	       line.len <= uu_needs(line) + UU_AFTER_MAX;
}

/* What no line of prose is: as long as it says, and more than nothing. */
static bool
is_sound_data(struct span line)
{
	return is_data(line) && uu_value(line.data[0]) > 0 && is_like_data(line);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* False when there is no mode or no name; then *name is what there is. */
static bool
parse_begin(struct span line, const char *begin, struct span *name)
{
	size_t digits = 0;

	line = span_from(line, strlen(begin));
	*name = span_trim(line);
	while (digits < line.len && line.data[digits] >= '0' && line.data[digits] <= '7')
		digits++;
	if (digits < 3 || digits > MODE_DIGITS_MAX || digits == line.len || line.data[digits] != ' ') {
		while (name->len > 0 && ascii_is_digit(name->data[0]))
			*name = span_from(*name, 1);
		*name = span_trim(*name);
		return false;
	}
	*name = span_trim(span_from(line, digits));
	return name->len > 0;
}

static bool
is_end(struct span line, const char *end)
{
	return span_is(span_trim(line), end);
}

/* Perhaps behind a line or a few that are none; or at least the end. */
static bool
sound_data_follows(struct span rest, bool or_end)
{
	for (unsigned n = 0; n < BAD_LINES_MAX && rest.len > 0; n++) {
		struct span line = embedded_line(&rest);

		if (is_sound_data(line) || (or_end && is_end(line, "end")))
			return true;
		if (embedded_begins_at(line))
			break;
	}
	return false;
}

bool
uu_begins(struct span text, struct embedded_file *file)
{
	struct span rest = text, line = embedded_line(&rest);
	bool usual;

	if (!span_starts_nocase(line, "begin") || line.len == strlen("begin") || !is_blank(line.data[strlen("begin")]))
		return false;
	usual = parse_begin(line, "begin ", &file->name) && span_starts(line, "begin ");
	file->lines = rest;
	line = embedded_line(&rest);
	for (unsigned n = 0; n < BLANK_LINES_MAX && line.len == 0 && rest.len > 0; n++)
		line = embedded_line(&rest);
	if (usual && (is_data(line) || is_like_data(line)))
		return true;
	return sound_data_follows(span_of(line.data, (size_t)(span_end(rest) - line.data)), usual);
}

bool
begin_base64_begins(struct span text, struct embedded_file *file)
{
	struct span rest = text, line = embedded_line(&rest);

	if (!span_starts(line, "begin-base64 ") || !parse_begin(line, "begin-base64 ", &file->name))
		return false;
	file->lines = rest;
	line = span_trim(embedded_line(&rest));
	return line.len > 0 && (base64_digit[(unsigned char)line.data[0]] != 0xff || line.data[0] == '=');
}

/* The line `end`, or the first of another file. */
static void
find_end(struct span text, struct embedded_file *file, const char *end)
{
	struct span rest = file->lines;
	const char *begin = rest.data, *stop = span_end(rest);

	file->finished = false;
	while (rest.len > 0) {
		struct span line = embedded_line(&rest);

		file->finished = is_end(line, end);
		if (!file->finished && !embedded_begins_at(line))
			continue;
		stop = line.data;
		if (!file->finished)
			rest.data = stop;
		break;
	}
	file->lines = span_of(begin, (size_t)(stop - begin));
	file->whole = span_of(text.data, (size_t)(rest.data - text.data));
}

void
uu_ends(struct span text, struct embedded_file *file)
{
	find_end(text, file, "end");
}

void
begin_base64_ends(struct span text, struct embedded_file *file)
{
	find_end(text, file, "====");
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
uudecode_lines(struct span lines, char *out, size_t room, bool *strict)
{
	size_t len = 0;

	while (lines.len > 0) {
		struct span line = embedded_line(&lines);

		if (is_data(line) || is_like_data(line))
			len += decode_line(line, out + len, room - len, strict);
		else
			*strict = false;
	}
	return len;
}

/* Takes a line off *lines. True when those programs decode it that know data by
 * its length, in which the end of the line counts, and small letters for none. */
static bool
take_plain(struct span *lines, struct span *line)
{
	const char *begin = lines->data;
	size_t whole;

	*line = embedded_line(lines);
	whole = (size_t)(lines->data - begin);
	if (line->len == 0 || line->data[0] <= ' ' || line->data[0] > '`' || (uu_needs(*line) - 1) / 4 != whole / 4)
		return false;
	for (size_t i = 0; i < line->len; i++)
		if (line->data[i] >= 'a' && line->data[i] <= 'z')
			return false;
	return true;
}

size_t
uudecode_plain(struct span in, char *out)
{
	struct embedded_file file;
	struct span line;
	size_t len = 0;
	bool strict;

	if (!embedded_find_uu(in, &file))
		return 0;
	while (file.lines.len > 0)
		if (take_plain(&file.lines, &line))
			len += decode_line(line, out + len, in.len - len, &strict);
	return len;
}

bool
uu_has_odd_lines(struct span in)
{
	struct embedded_file file;
	struct span line;

	if (!embedded_find_uu(in, &file))
		return false;
	while (file.lines.len > 0) {
		bool plain = take_plain(&file.lines, &line), empty = line.len == 0 || uu_value(line.data[0]) == 0;

		if (!empty && plain != (is_data(line) || is_like_data(line)))
			return true;
	}
	return false;
}

size_t
uudecode(struct span in, char *out, struct span *name, struct span *rest, bool *strict)
{
	struct embedded_file file;

	if (!embedded_find_uu(in, &file))
		return SIZE_MAX;
	*name = file.name;
	*rest = span_from(in, (size_t)(span_end(file.whole) - in.data));
	*strict = file.finished;
	return uudecode_lines(file.lines, out, in.len, strict);
}

bool
uu_is_likely(struct span in)
{
	bool full = false;

	while (in.len > 0) {
		struct span line = embedded_line(&in);

		if (line.len == 0 || is_end(line, "end") || is_end(line, "`"))
			continue;
		if (!is_sound_data(line))
			return false;
		full |= line.data[0] == 'M';
	}
	return full;
}
