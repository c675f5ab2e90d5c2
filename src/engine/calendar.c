/* iCalendar (RFC 5545) and vCard (RFC 6350 and what was before it). Lines that
 * begin with a blank go on the one before; of each, parameters stand behind the
 * name and the value behind a colon. A value in base64 says so by a parameter
 * ("ENCODING=BASE64", "ENCODING=b", in vCard 2.1 "BASE64" alone), whatever the
 * property: programs make an attachment of the meeting or the contact of it. */
#include "config.h"

#include "engine/calendar.h"

#include "engine/document.h"

static bool
is_calendar(struct span data)
{
	struct span start = span_trim(span_first(data, 64));

	if (span_starts(start, "\xef\xbb\xbf"))
		start = span_from(start, 3);
	return span_starts_nocase(start, "BEGIN:VCALENDAR") || span_starts_nocase(start, "BEGIN:VCARD");
}

/* Without the line ends that only fold a line. */
static struct span
unfold(struct arena *a, struct span in)
{
	char *out = arena_alloc_raw(a, in.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < in.len; i++) {
		size_t end = in.data[i] == '\r' && i + 1 < in.len && in.data[i + 1] == '\n' ? i + 1 : i;
		bool folds = (in.data[i] == '\r' || in.data[i] == '\n') && end + 1 < in.len &&
		    (in.data[end + 1] == ' ' || in.data[end + 1] == '\t');

		if (folds)
			i = end + 1;
		else
			out[len++] = in.data[i];
	}
	return span_of(out, len);
}

/* The name or parameter that a line begins with: up to a ";" or ":" outside of quotes. */
static struct span
first_part(struct span line)
{
	bool quoted = false;
	size_t at = 0;

	for (; at < line.len && (quoted || (line.data[at] != ';' && line.data[at] != ':')); at++)
		quoted ^= line.data[at] == '"';
	return span_first(line, at);
}

static struct span
unquoted(struct span value)
{
	value = span_trim(value);
	if (span_starts(value, "\""))
		value = span_from(value, 1);
	return span_first(value, span_find_byte(value, '"'));
}

/* What one line has of interest. */
struct property {
	struct span file;
	bool base64;
};

static void
take_parameter(struct property *p, struct span parameter)
{
	size_t equals = span_find_byte(parameter, '=');
	struct span name = span_trim(span_first(parameter, equals));
	struct span value = equals != SIZE_MAX ? unquoted(span_from(parameter, equals + 1)) : name;

	if (equals == SIZE_MAX || span_is_nocase(name, "ENCODING"))
		p->base64 |= span_is_nocase(value, "BASE64") || span_is_nocase(value, "B");
	if (span_ends_nocase(name, "FILENAME") && value.len > 0)
		p->file = value;
}

static void
read_line(struct document *d, struct span line)
{
	struct property p = { .file = SPAN_LITERAL("attachment") };
	struct span part = first_part(line);
	struct buf *room;

	while (line.len > part.len && line.data[part.len] == ';') {
		line = span_from(line, part.len + 1);
		part = first_part(line);
		take_parameter(&p, part);
	}
	line = span_from(line, part.len + 1);
	if (!p.base64 || line.len == 0)
		return;
	room = document_room(d);
	document_base64(line, room);
	document_settle(d, room);
	document_trait(d, TRAIT_EMBEDDED_OBJECT);
	document_tell(d, p.file, buf_span(room));
	document_drop(room);
}

enum archive_result
calendar_read(struct arena *a, struct span data, struct archive_budget *budget, const struct container_sink *sink)
{
	struct document d;
	struct span rest, line;

	if (!is_calendar(data))
		return ARCHIVE_NONE;
	document_begin(&d, a, budget, sink);
	rest = unfold(a, data);
	while (!d.stopped && span_split(&rest, '\n', &line))
		read_line(&d, line);
	return document_end(&d);
}
