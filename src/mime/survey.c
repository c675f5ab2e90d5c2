/* Defects that are in the bytes and not in what they say: NUL, bare CR, line
 * ends of two kinds, lines that are too long. Each is looked for with memchr()
 * and its kin, at most once a line; those of line ends only where not each is a
 * CR and a LF. */
#include "config.h"

#include "base/lanes.h"
#include "mime/defects.h"
#include "mime/parser.h"

enum { LINE_TEXT_MAX = 998 }; /* RFC 5322 2.1.1, without the CRLF */

/* Jumps to the last line end within reach; only a line that is too long, or as
 * long as it may be and ended by CRLF, has none. */
static bool
has_long_line(struct span text)
{
	while (text.len > LINE_TEXT_MAX) {
		const char *newline = memrchr(text.data, '\n', LINE_TEXT_MAX + 1);

		if (newline == NULL && span_starts(span_from(text, LINE_TEXT_MAX), "\r\n"))
			newline = text.data + LINE_TEXT_MAX + 1;
		if (newline == NULL)
			return true;
		text = span_from(text, (size_t)(newline + 1 - text.data));
	}
	return false;
}

/* 0xff at each place where a CR stands without a LF behind, or the other way round. */
static inline lanes
odd_breaks(const char *at)
{
	return (lanes)(lanes_at(at) == '\r') ^ (lanes)(lanes_at(at + 1) == '\n');
}

/* Is each CR followed by a LF, and each LF behind a CR? */
static bool
has_crlf_only(struct span text)
{
	size_t i = 0;

	if (text.data[0] == '\n' || text.data[text.len - 1] == '\r')
		return false;
	for (; text.len - i > 2 * LANES; i += 2 * LANES)
		if (lanes_any(odd_breaks(text.data + i) | odd_breaks(text.data + i + LANES)))
			return false;
	for (; i + 1 < text.len; i++)
		if ((text.data[i] == '\r') != (text.data[i + 1] == '\n'))
			return false;
	return true;
}

static void
look_at_crs(struct mime_message *m, const struct mime_part *part, struct span text, size_t *pairs)
{
	const char *end = span_end(text), *at = text.data;

	while (at < end && (at = memchr(at, '\r', (size_t)(end - at))) != NULL) {
		at++;
		if (at < end && *at == '\n') {
			++*pairs;
			continue;
		}
		defect_add(m, part, DEFECT_BARE_CR);
		while (at < end && (*at == ' ' || *at == '\t'))
			at++;
		if (end - at >= 2 && at[0] == '-' && at[1] == '-')
			defect_add(m, part, DEFECT_BARE_CR_BEFORE_DASHES);
	}
}

static bool
has_bare_lf(struct span text)
{
	const char *begin = text.data, *end = span_end(text), *at = begin;

	while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		if (at == begin || at[-1] != '\r')
			return true;
		at++;
	}
	return false;
}

void
survey(struct mime_message *m, const struct mime_part *part, struct span text)
{
	size_t pairs = 0;

	if (text.len == 0)
		return;
	if (memchr(text.data, '\0', text.len) != NULL)
		defect_add(m, part, DEFECT_NUL);
	if (!has_crlf_only(text)) {
		look_at_crs(m, part, text, &pairs);
		if (pairs > 0 && has_bare_lf(text))
			defect_add(m, part, DEFECT_MIXED_LINE_ENDS);
	}
	if (has_long_line(text))
		defect_add(m, part, DEFECT_LINE_TOO_LONG);
}
