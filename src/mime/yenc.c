/* yEnc: binary files in text, a byte as a byte (www.yenc.org, draft 1.3).
 *
 *     =ybegin line=128 size=584 name=joystick.jpg
 *     ...
 *     =yend size=584
 *
 * Each byte has 42 added; "=" marks one that had 64 added as well because it
 * would have been NUL, LF, CR or "=". A piece of a longer file has a second
 * line "=ypart"; it is decoded for itself. What sends such text may double the
 * dot that begins a line. */
#include "config.h"

#include "mime/embedded.h"

enum { SHIFT = 42, ESCAPED_SHIFT = 64 };

bool
yenc_begins(struct span text, struct embedded_file *file)
{
	struct span rest = text, line = embedded_line(&rest);
	size_t name;

	if (!span_starts(line, "=ybegin "))
		return false;
	name = span_find(line, SPAN_LITERAL(" name="));
	file->name = name != SIZE_MAX ? span_trim(span_from(line, name + strlen(" name="))) : SPAN_NONE;
	file->lines = rest;
	line = embedded_line(&rest);
	if (span_starts(line, "=ypart "))
		file->lines = rest;
	return true;
}

void
yenc_ends(struct span text, struct embedded_file *file)
{
	struct span rest = file->lines;
	const char *begin = rest.data, *stop = span_end(rest);

	file->finished = false;
	while (rest.len > 0) {
		struct span line = embedded_line(&rest);

		file->finished = span_starts(line, "=yend");
		if (!file->finished && !span_starts(line, "=ybegin "))
			continue;
		stop = line.data;
		if (!file->finished)
			rest.data = stop;
		break;
	}
	file->lines = span_of(begin, (size_t)(stop - begin));
	file->whole = span_of(text.data, (size_t)(rest.data - text.data));
}

static size_t
decode_line(struct span line, char *out, bool *strict)
{
	size_t len = 0;

	for (size_t i = 0; i < line.len; i++) {
		unsigned shift = SHIFT;

		if (line.data[i] == '=') {
			if (++i == line.len) {
				*strict = false;
				break;
			}
			shift += ESCAPED_SHIFT;
		}
		out[len++] = (char)((unsigned char)line.data[i] - shift);
	}
	return len;
}

size_t
yenc_decode(struct span in, bool unstuff, char *out, bool *strict, bool *dot_stuffed)
{
	struct embedded_file file = { .lines = in, .finished = true };
	size_t len = 0;

	*strict = embedded_find_yenc(in, &file) && file.finished;
	*dot_stuffed = false;
	while (file.lines.len > 0) {
		struct span line = embedded_line(&file.lines);
		bool stuffed = span_starts(line, "..");

		*dot_stuffed |= stuffed;
		len += decode_line(span_from(line, stuffed && unstuff), out + len, strict);
	}
	return len;
}
