/* Reading headers loosely. A line ends at LF or CR, for some at VT or FF; a field may stand behind
 * blanks, control characters and NUL; its name may be followed by blanks,
 * comments, any number of colons, a fold, or itself once more, or be a part of a
 * longer one, as in X-Content-Type. Each empty line,
 * line of blanks and line that is no field may be the end of the header, and
 * none is, up to the first empty line that all programs take for the end and
 * that no Content- field follows.
 *
 * What is read so is not what any one program reads, but all that each does. */
#include "config.h"

#include "mime/loose.h"

enum {
	JUNK_BREAKS_MAX = LOOSE_BREAKS_MAX - 2, /* the last place is the real end's */
	COLON_REACH = 80,                       /* longer names are text */
	VALUE_MAX = 64 * 1024,                  /* no program reads so much */
};

static bool
is_odd_blank(char c)
{
	return (unsigned char)c <= ' ';
}

static struct span
skip_odd_blanks(struct span s)
{
	size_t len = 0;

	while (len < s.len && is_odd_blank(s.data[len]))
		len++;
	return span_from(s, len);
}

static bool
is_name_byte(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_';
}

static const char *const names[] = { "Content-Type", "Content-Transfer-Encoding", "Content-Disposition",
	"Content-Description", "Content-Location" };

enum content_field
content_field_of(struct span name)
{
	enum content_field kind = CONTENT_TYPE;

	if (name.len < 8 || ascii_lower(name.data[0]) != 'c' || name.data[7] != '-')
		return CONTENT_FIELDS;
	while (kind < CONTENT_FIELDS && !span_is_nocase(name, names[kind]))
		kind++;
	return kind;
}

/* The name alone. */
static size_t
plain_name(struct span text, enum content_field *kind)
{
	if (text.len < 8 || ascii_lower(text.data[0]) != 'c' || text.data[7] != '-')
		return 0;
	for (size_t i = 0; i < CONTENT_FIELDS; i++) {
		size_t len = strlen(names[i]);

		if (span_starts_nocase(text, names[i]) && text.len > len && !is_name_byte(text.data[len])) {
			*kind = (enum content_field)i;
			return len;
		}
	}
	return 0;
}

/* A longer name with the field's in it: some programs look for no more. Behind a
 * blank there may stand anything up to the colon. */
static size_t
longer_name(struct span text, enum content_field *kind)
{
	size_t word = 0, colon;

	text = span_first(text, COLON_REACH);
	while (word < text.len && text.data[word] != ':' && !is_odd_blank(text.data[word]))
		word++;
	colon = word;
	while (colon < text.len && text.data[colon] != ':' && !loose_breaks_line(text.data[colon]))
		colon++;
	if (colon == text.len || text.data[colon] != ':')
		return 0;
	for (size_t i = 0; i < CONTENT_DESCRIPTION; i++)
		if (span_find_nocase(span_first(text, word), span_str(names[i])) != SIZE_MAX) {
			*kind = (enum content_field)i;
			return colon + 1;
		}
	return 0;
}

/* Past a comment at the front, or nothing. */
static size_t
comment_length(struct span s)
{
	size_t close = s.len > 0 && s.data[0] == '(' ? span_find_byte(span_first(s, COLON_REACH), ')') : SIZE_MAX;

	return close != SIZE_MAX ? close + 1 : 0;
}

size_t
loose_field_name(struct span text, enum content_field *kind)
{
	enum content_field again;
	size_t len = plain_name(text, kind), more;

	if (len == 0)
		return longer_name(text, kind);
	for (;;) {
		struct span rest = span_from(text, len);

		if (rest.len > 0 && (rest.data[0] == ':' || rest.data[0] == ' ' || rest.data[0] == '\t' ||
		    rest.data[0] == '\0' || rest.data[0] == '\v' || rest.data[0] == '\f'))
			more = 1;
		else if (rest.len > 2 && rest.data[0] == '\r' && rest.data[1] == '\n' &&
		    (rest.data[2] == ' ' || rest.data[2] == '\t'))
			more = 3;
		else if (rest.len > 1 && (rest.data[0] == '\n' || rest.data[0] == '\r') &&
		    (rest.data[1] == ' ' || rest.data[1] == '\t'))
			more = 2;
		else
			more = comment_length(rest);
		if (more == 0)
			more = plain_name(rest, &again);
		if (more == 0)
			return len;
		len += more;
	}
}

bool
loose_breaks_line(char c)
{
	return (c >= '\n' && c <= '\r') || c == '\0';
}

const char *
loose_field_around(const char *begin, const char *dash, const char *end, enum content_field *kind)
{
	const char *at = dash;

	while (at > begin && dash - at < COLON_REACH && !is_odd_blank(at[-1]) && at[-1] != ':' && at[-1] != '-')
		at--;
	/* A dash at the front is a first one too, but no word stands before it. */
	if (at > begin && at[-1] == '-' && (at - 1 == begin || loose_breaks_line(at[-2])))
		at--;
	if (at > begin && !loose_breaks_line(at[-1]))
		return NULL;
	return loose_field_name(span_of(at, (size_t)(end - at)), kind) > 0 ? at : NULL;
}

bool
loose_field_is_sane(struct span line)
{
	static const char *const words[] = { "base64", "quoted-printable", "x-uuencode", "uuencode", "x-uue", "7bit",
		"8bit", "binary", "attachment", "inline" };
	enum content_field kind;
	struct span value;
	size_t len = 0;

	line = skip_odd_blanks(line);
	value = span_from(line, loose_field_name(line, &kind));
	if (value.data == line.data)
		return false;
	while (len < value.len && is_name_byte(value.data[len]))
		len++;
	if (kind == CONTENT_TYPE)
		return len > 0 && len + 1 < value.len && value.data[len] == '/' && is_name_byte(value.data[len + 1]);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (span_is_nocase(span_first(value, len), words[i]))
			return kind < CONTENT_DESCRIPTION;
	return false;
}

/* Lines, ended by CR, LF or both; or by VT or FF, unless one stands in front. */
struct line {
	struct span text;
	const char *next;
	bool lf, crlf; /* what ends it; neither: a bare CR, or the end */
};

static struct line
line_at(const char *at, const char *end)
{
	const char *stop = at;
	struct line line = { 0 };

	while (stop < end && *stop != '\r' && *stop != '\n' && (stop == at || (*stop != '\v' && *stop != '\f')))
		stop++;
	line.text = span_of(at, (size_t)(stop - at));
	line.crlf = end - stop >= 2 && stop[0] == '\r' && stop[1] == '\n';
	line.lf = line.crlf || (stop < end && *stop == '\n');
	line.next = stop + (line.crlf ? 2 : stop < end ? 1 : 0);
	return line;
}

static bool
continues(const char *at, const char *end)
{
	return at < end && (*at == ' ' || *at == '\t');
}

/* To the end of the field, when lines end at LF alone, or at CR too. */
static struct span
value_at(const char *at, const char *end, bool cr_ends)
{
	const char *begin = at, *newline;

	do {
		if (cr_ends) {
			at = line_at(at, end).next;
		} else {
			newline = memchr(at, '\n', (size_t)(end - at));
			at = newline != NULL ? newline + 1 : end;
		}
	} while (continues(at, end) && at - begin < VALUE_MAX);
	return span_trim(span_first(span_of(begin, (size_t)(at - begin)), VALUE_MAX));
}

static void
add_value(struct loose_head *h, struct loose_field field, struct span value)
{
	field.value = value;
	if (h->field_count < LOOSE_FIELDS_MAX)
		h->fields[h->field_count++] = field;
}

/* The field on the line, if there is one. folded: the line continues another. */
static bool
add_field(struct loose_head *h, struct line line, const char *end, bool folded)
{
	struct span text = skip_odd_blanks(line.text);
	struct loose_field field = { 0 };
	enum content_field kind;
	struct span value, shorter;
	size_t len;

	text.len = (size_t)(end - text.data);
	if (h->field_count == LOOSE_FIELDS_MAX || (len = loose_field_name(text, &field.kind)) == 0)
		return false;
	field.within = plain_name(text, &kind) == 0;
	if (folded && !loose_field_is_sane(line.text))
		return false;
	value = value_at(text.data + len, end, false);
	shorter = value_at(text.data + len, end, true);
	add_value(h, field, value);
	if (shorter.len != value.len)
		add_value(h, field, shorter);
	return true;
}

static void
add_break(struct loose_head *h, const char *at, bool real)
{
	if (h->break_count > 0 && h->breaks[h->break_count - 1] >= at)
		return;
	if (h->break_count < (real ? LOOSE_BREAKS_MAX : JUNK_BREAKS_MAX))
		h->breaks[h->break_count++] = at;
}

bool
loose_is_field(struct span line)
{
	struct span start = span_first(line, COLON_REACH);
	size_t colon = span_find_byte(start, ':');

	return colon != SIZE_MAX && colon > 0;
}

/* Does a Content- field stand at the front, whatever is before its name? */
static bool
content_follows(const char *at, const char *end)
{
	enum content_field kind;

	return loose_field_name(skip_odd_blanks(span_of(at, (size_t)(end - at))), &kind) > 0;
}

static void
read_lines(struct span text, bool crlf, struct loose_head *h)
{
	const char *end = span_end(text), *at = text.data;
	bool after_lf = true, after_crlf = true, begun = false, junk = false, torn = false;

	while (at < end) {
		struct line line = line_at(at, end);
		bool folded = begun && after_lf && continues(at, end);
		size_t fields = h->field_count;

		if (line.text.len == 0) {
			bool real = line.lf && after_lf && (!crlf || (line.crlf && after_crlf));

			torn = false;
			add_break(h, line.next, real);
			if (real && !content_follows(line.next, end)) {
				h->ended = true;
				return;
			}
		} else if (skip_odd_blanks(line.text).len == 0) {
			add_break(h, line.next, false);
		} else if (add_field(h, line, end, folded) || folded || loose_is_field(line.text)) {
			begun = true;
			h->broken |= torn && (folded || h->field_count > fields);
		} else {
			add_break(h, at, false);
			if (!junk)
				add_break(h, line.next, false);
			junk = true;
			torn = begun;
			h->nearly |= span_starts_nocase(skip_odd_blanks(line.text), "content-");
		}
		/* Empty lines that CRs alone make leave the state as it is. */
		if (line.lf || line.text.len > 0) {
			after_lf = line.lf;
			after_crlf = line.crlf;
		}
		at = line.next;
	}
}

/* The same of a copy without NUL: some programs pass over it. */
static void
read_without_nul(struct arena *a, struct span text, bool crlf, struct loose_head *h)
{
	struct loose_head copy = { 0 };
	char *out = arena_alloc_raw(a, text.len);
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] != '\0')
			out[len++] = text.data[i];
	read_lines(span_of(out, len), crlf, &copy);
	for (size_t i = 0; i < copy.field_count; i++)
		add_value(h, copy.fields[i], copy.fields[i].value);
}

void
loose_head_read(struct arena *a, struct span text, bool crlf, struct loose_head *h)
{
	*h = (struct loose_head){ 0 };
	read_lines(text, crlf, h);
	/* Text without a header: that its lines are none tells nothing. */
	if (h->field_count == 0 && h->break_count > 2) {
		h->breaks[1] = h->breaks[h->break_count - 1];
		h->break_count = 2;
	}
	if (h->break_count > 0)
		text.len = (size_t)(h->breaks[h->break_count - 1] - text.data);
	if (span_find_byte(text, '\0') != SIZE_MAX)
		read_without_nul(a, text, crlf, h);
}

bool
loose_head_end(struct span text, struct loose_head *h)
{
	text = span_trim(text);
	while (text.len > 0 && text.data[text.len - 1] != '\n')
		text.len--;
	if (text.len > 0)
		add_break(h, span_end(text), true);
	return h->break_count > 0;
}
