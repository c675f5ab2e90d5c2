/* Overwriting bodies. What a decoder makes of a body is how many octets of which
 * kind stand where; so each is replaced by one of its kind: in base64 a
 * character of the alphabet by another, in quoted-printable a character by a
 * character, an escape by an escape. Only the first octets, which tell
 * something, become a replacement; the rest is a fill.
 *
 * Base64 in lines that are all alike, as programs write it, is filled with
 * spaces, for there the place in its line tells which character of a group an
 * octet is. The last line is written out, since its last group may be short. */
#include "config.h"

#include "rewrite/preserve_body.h"

#include "mime/base64.h"
#include "rewrite/flow.h"

enum {
	ALIKE_MAX = 1000, /* octets of lines that are looked at for being alike: RFC 5322 2.1.1 */
	TAIL_MAX = 1024,  /* octets behind them: a line, and line ends */
	NOT_BASE64 = 0xff,
};

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char hex[] = "0123456789ABCDEF";

static void
add_edit(struct overwriting *o, struct span region, struct span replacement, enum edit_fill fill, size_t line)
{
	const struct edit edit = {
		.offset = (uint64_t)(region.data - o->message.data),
		.length = region.len,
		.replacement = replacement,
		.fill = replacement.len < region.len ? fill : FILL_NONE,
		.line = (uint32_t)line,
	};

	if (region.len > 0)
		edits_add_filled(o->edits, &edit);
}

/* Something that neither is a field nor goes on with one. */
static struct span
first_mark(struct arena *a, struct span lines)
{
	char *out;
	size_t len = 0;

	while (len < lines.len && (lines.data[len] == '\r' || lines.data[len] == '\n'))
		len++;
	if (len == lines.len)
		return SPAN_NONE;
	out = arena_strndup(a, span_first(lines, len + 1));
	out[len] = '*';
	return span_of(out, len + 1);
}

void
overwrite_lines(struct overwriting *o, struct span lines, bool open, const struct span *texts, size_t text_count)
{
	struct arena *a = o->edits->arena;

	add_edit(o, lines, open ? first_mark(a, lines) : flow_text(a, lines, texts, text_count), FILL_BLANK, 0);
}

/* ---- base64 ---- */

/* Writing a body anew. */
struct base64_writing {
	struct span in, text;
	char *out;        /* NULL: only to see how far the text goes */
	size_t at, taken; /* octets of the body, and of the text and what follows it */
	size_t group[4];  /* where its characters are */
	unsigned count;
};

static unsigned
next_octet(struct base64_writing *w)
{
	size_t at = w->taken++;

	return at < w->text.len ? (unsigned char)w->text.data[at] : ' ';
}

/* Also one that is cut short: its characters hold one octet less than they are. */
static void
end_group(struct base64_writing *w)
{
	unsigned bits = 0;

	for (unsigned i = 0; i + 1 < w->count; i++)
		bits |= next_octet(w) << (16 - 8 * i);
	for (unsigned i = 0; w->out != NULL && i < w->count; i++)
		w->out[w->group[i]] = alphabet[bits >> (18 - 6 * i) & 63];
	w->count = 0;
}

static void
take_octet(struct base64_writing *w)
{
	char c = w->in.data[w->at];

	if (base64_digit[(unsigned char)c] != NOT_BASE64) {
		w->group[w->count++] = w->at;
		if (w->count == 4)
			end_group(w);
	} else {
		if (c == '=')
			end_group(w);
		if (w->out != NULL)
			w->out[w->at] = edit_filled_octet(FILL_BASE64, c);
	}
	w->at++;
}

static bool
may_end(const struct base64_writing *w, bool at_line)
{
	return w->taken >= w->text.len && w->count == 0 && (!at_line || w->at == 0 || w->in.data[w->at - 1] == '\n');
}

/* How far the text goes: to the end of a group, or of a line. */
static size_t
base64_reach(struct span in, struct span text, bool at_line)
{
	struct base64_writing w = { .in = in, .text = text };

	while (w.at < in.len && !may_end(&w, at_line))
		take_octet(&w);
	return w.at;
}

static struct span
base64_written(struct arena *a, struct span in, struct span text)
{
	struct base64_writing w = { .in = in, .text = text, .out = arena_alloc_raw(a, in.len + 1) };

	while (w.at < in.len)
		take_octet(&w);
	end_group(&w);
	return span_of(w.out, in.len);
}

/* Octets of a line with its end, of whole groups and nothing else; 0 if the
 * first is none. */
static size_t
line_of_groups(struct span in)
{
	size_t newline = span_find_byte(span_first(in, ALIKE_MAX), '\n'), len = newline;

	if (newline == SIZE_MAX)
		return 0;
	len -= len > 0 && in.data[len - 1] == '\r';
	for (size_t i = 0; i < len; i++)
		if (base64_digit[(unsigned char)in.data[i]] == NOT_BASE64)
			return 0;
	return len > 0 && len % 4 == 0 ? newline + 1 : 0;
}

/* Where lines of that length end. */
static size_t
lines_end(struct span in, size_t line)
{
	size_t at = 0;

	while (line > 0 && line_of_groups(span_from(in, at)) == line)
		at += line;
	return at;
}

static struct span
first_that_fits(const struct span *texts, size_t count, size_t octets)
{
	for (size_t i = 0; i < count; i++)
		if (texts[i].len <= octets)
			return texts[i];
	return SPAN_NONE;
}

/* Octets that the first characters decode to, as far as texts go. */
static size_t
base64_room(struct span in)
{
	struct base64_writing w = { .in = in };

	while (w.at < in.len && w.taken < FLOW_MAX)
		take_octet(&w);
	end_group(&w);
	return w.taken;
}

static void
overwrite_base64(struct overwriting *o, struct span body, const struct span *texts, size_t text_count)
{
	struct arena *a = o->edits->arena;
	struct span text = first_that_fits(texts, text_count, base64_room(body));
	size_t line = line_of_groups(body), end = lines_end(body, line), reach;

	if (body.len - end > TAIL_MAX)
		end = 0;
	reach = base64_reach(body, text, end > 0);
	if (end > 0 && reach > end)
		reach = end = body.len;
	if (end == 0 && reach > FLOW_MAX) /* hardly any of it is base64 */
		reach = 0;
	if (end == 0) {
		add_edit(o, body, base64_written(a, span_first(body, reach), text), FILL_BASE64, 0);
		return;
	}
	add_edit(o, span_first(body, end), base64_written(a, span_first(body, reach), text), FILL_BASE64_LINES, line);
	add_edit(o, span_from(body, end), base64_written(a, span_from(body, end), SPAN_NONE), FILL_NONE, 0);
}

/* ---- quoted-printable ---- */

/* The decoded octets, of which only line ends count before the text is put in. */
struct quoted_writing {
	struct span in;
	char *out;
	char *plain;
	size_t count;
	bool written; /* the second time */
};

static int
hex_value(char c)
{
	c = ascii_lower(c);
	if (ascii_is_digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A character at `at`, or an escape of three. last: nothing but blanks follows
 * it in its line, where white space would be none. */
static void
take_character(struct quoted_writing *w, size_t at, size_t len, bool last)
{
	const char *in = w->in.data + at;
	char c = len == 3 ? (char)(hex_value(in[1]) << 4 | hex_value(in[2])) : in[0];
	char *plain = &w->plain[w->count++], *out = w->out + at;

	if (!w->written) {
		*plain = c;
	} else if (c == '\r' || c == '\n') {
		memcpy(out, in, len);
	} else if (len == 3) {
		out[0] = '=';
		out[1] = hex[(unsigned char)*plain >> 4];
		out[2] = hex[*plain & 15];
	} else {
		out[0] = *plain == ' ' && last ? '.' : *plain;
	}
}

static bool
is_escape(struct span in)
{
	return in.len >= 3 && in.data[0] == '=' && hex_value(in.data[1]) >= 0 && hex_value(in.data[2]) >= 0;
}

/* A line up to its end, which is at `end`. */
static void
take_line(struct quoted_writing *w, size_t at, size_t end, size_t after)
{
	size_t begin = at, text_end = end;
	bool soft;

	while (text_end > at && (w->in.data[text_end - 1] == ' ' || w->in.data[text_end - 1] == '\t'))
		text_end--;
	soft = text_end > at && w->in.data[text_end - 1] == '=';
	if (w->written)
		memcpy(w->out + text_end - soft, w->in.data + text_end - soft, after - text_end + soft);
	text_end -= soft;
	while (at < text_end) {
		size_t len = is_escape(span_of(w->in.data + at, text_end - at)) ? 3 : 1;

		take_character(w, at, len, at + len == text_end && !soft);
		at += len;
	}
	for (size_t i = end; i < after && !soft; i++)
		take_character(w, i, 1, false);
	if (w->written && line_is_special(span_first(span_of(w->out + begin, text_end - begin), FLOW_MAX)) &&
	    w->out[begin] != '=')
		w->out[begin] = '?';
}

static void
take_lines(struct quoted_writing *w)
{
	size_t at = 0;

	w->count = 0;
	while (at < w->in.len) {
		size_t newline = span_find_byte(span_from(w->in, at), '\n');
		size_t after = newline == SIZE_MAX ? w->in.len : at + newline + 1;
		size_t end = newline == SIZE_MAX ? after : after - 1;

		if (newline != SIZE_MAX && end > at && w->in.data[end - 1] == '\r')
			end--;
		take_line(w, at, end, after);
		at = after;
	}
}

/* At most `most` octets, to the end of a line, or else of no escape. */
static size_t
quoted_cut(struct span body, size_t most)
{
	size_t len = most;

	if (body.len <= most)
		return body.len;
	while (len > 0 && body.data[len - 1] != '\n')
		len--;
	if (len > 0)
		return len;
	for (size_t back = 1; back <= 2 && back <= most; back++)
		if (body.data[most - back] == '=')
			return most - back;
	return most;
}

static void
overwrite_quoted(struct overwriting *o, struct span body, const struct span *texts, size_t text_count)
{
	struct arena *a = o->edits->arena;
	struct quoted_writing w = { .in = span_first(body, quoted_cut(body, o->quoted_room)) };
	struct span text;

	w.out = arena_alloc_raw(a, w.in.len + 1);
	w.plain = arena_alloc_raw(a, w.in.len + 1);
	take_lines(&w);
	text = flow_text(a, span_of(w.plain, w.count), texts, text_count);
	for (size_t i = 0; i < w.count; i++)
		if (w.plain[i] != '\r' && w.plain[i] != '\n')
			w.plain[i] = i < text.len ? text.data[i] : ' ';
	w.written = true;
	take_lines(&w);
	o->quoted_room -= w.in.len;
	add_edit(o, body, span_of(w.out, w.in.len), FILL_QUOTED, 0);
}

void
overwrite_body(struct overwriting *o, struct span body, enum mime_encoding encoding, const struct span *texts,
    size_t text_count)
{
	if (encoding == ENCODING_BASE64)
		overwrite_base64(o, body, texts, text_count);
	else if (encoding == ENCODING_QUOTED_PRINTABLE)
		overwrite_quoted(o, body, texts, text_count);
	else
		overwrite_lines(o, body, false, texts, text_count);
}
