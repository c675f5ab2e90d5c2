/* Base64 as programs read it that take another way where it is malformed: they
 * stop where others go on, or pass over what others do not.
 *
 * What can be wrong in the middle of a body, strangers, padding and groups cut
 * by the ends of lines, can be handled each in its own manner by one program,
 * so these are combined. The rest is tried alone: to stop somewhere, to begin
 * later, to take what is no base64 as it stands. When that is more than there
 * is room for, each manner is still tried alone, and the caller is told.
 *
 * One case that honest mail has is kept small: a list's footer, appended to
 * base64 that is well-formed. Its lines all hold strangers, and some of them
 * blanks. */
#include "config.h"

#include "mime/base64.h"

enum {
	NO = 0xff,
	LIKELY_LINE_MIN = 16, /* a shorter line of the alphabet may be a word */
	FOOTER_MAX = 4096,    /* with a disclaimer; a longer one is suspect */
	LINES_TRIED = 64,     /* of junk before the data */
	LIKELY_MIN = 32,      /* a shorter body says nothing */
};

struct group {
	uint32_t bits;
	unsigned count, pads;
};

static size_t
flush(struct group *g, char *out)
{
	size_t len = g->count > 1 ? g->count - 1 : 0;

	len = len > g->pads ? len - g->pads : 0;
	g->bits <<= 6 * (4 - g->count);
	for (size_t i = 0; i < len; i++)
		out[i] = (char)(g->bits >> (16 - 8 * i));
	*g = (struct group){ 0 };
	return len;
}

static size_t
push(struct group *g, unsigned char value, char *out)
{
	g->bits = g->bits << 6 | value;
	return ++g->count == 4 ? flush(g, out) : 0;
}

static unsigned char
value_of(unsigned char c, const struct base64_way *way)
{
	if (way->junk == JUNK_URL_SAFE && (c == '-' || c == '_'))
		return c == '-' ? 62 : 63;
	return base64_digit[c];
}

/* True when the body ends there. */
static bool
take_pad(struct group *g, unsigned *pads, const struct base64_way *way, char **out)
{
	switch (way->pad) {
	case PAD_RESTARTS:
		*out += flush(g, *out);
		return false;
	case PAD_IGNORED:
		return false;
	case PAD_IN_GROUP:
		g->pads++;
		*out += push(g, 0, *out);
		return false;
	case PAD_IS_A:
		*out += push(g, 0, *out);
		return false;
	default:
		return g->count >= 2 && g->count + ++*pads >= 4;
	}
}

static void
take_line_end(struct group *g, const struct base64_way *way, char **out)
{
	if (way->split == SPLIT_CARRIED)
		return;
	if (way->split == SPLIT_FLUSHED)
		*out += flush(g, *out);
	*g = (struct group){ 0 };
}

/* The line at `at`, without its end. */
static struct span
line_at(struct span in, size_t at)
{
	struct span line = span_first(span_from(in, at), span_find_byte(span_from(in, at), '\n'));

	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

static size_t
after_line(struct span in, size_t at)
{
	size_t end = span_find_byte(span_from(in, at), '\n');

	return end == SIZE_MAX ? in.len : at + end + 1;
}

static bool
has_junk(struct span line)
{
	for (size_t i = 0; i < line.len; i++)
		if (base64_digit[(unsigned char)line.data[i]] == NO && line.data[i] != '=')
			return true;
	return false;
}

/* From `at` on, past the lines that this way skips. */
static size_t
skip_lines(struct span in, size_t at, const struct base64_way *way)
{
	if (way->junk == JUNK_LINES_SKIPPED)
		while (at < in.len && has_junk(line_at(in, at)))
			at = after_line(in, at);
	return at;
}

size_t
base64_decode_way(struct span in, const struct base64_way *way, char *out)
{
	struct span text = span_from(span_first(in, way->to), way->from);
	const unsigned char *begin = (const unsigned char *)text.data;
	size_t at = skip_lines(text, 0, way);
	unsigned skip = way->skip, pads = 0;
	struct group g = { 0 };
	char *o = out;

	while (at < text.len) {
		unsigned char c = begin[at], value = value_of(c, way);

		if (value != NO) {
			const unsigned char *end = g.count == 0 && skip == 0 ? base64_groups(begin + at, begin + text.len, &o) :
			    begin + at;

			pads = 0;
			if (end > begin + at) {
				at = (size_t)(end - begin);
				continue;
			}
			if (skip > 0)
				skip--;
			else
				o += push(&g, value, o);
		} else if (c == '=') {
			if (take_pad(&g, &pads, way, &o))
				break;
		} else if (c == '\n') {
			take_line_end(&g, way, &o);
			at = skip_lines(text, at + 1, way);
			continue;
		}
		at++;
	}
	if (!way->cut_dropped)
		o += flush(&g, o);
	return (size_t)(o - out);
}

/* Of the alphabet alone, and padding at its end. */
static bool
is_base64_line(struct span line)
{
	size_t data = line.len;

	while (data > 0 && line.len - data < 2 && line.data[data - 1] == '=')
		data--;
	line = span_first(line, data);
	return !has_junk(line) && span_find_byte(line, '=') == SIZE_MAX;
}

/* What no line of prose is. */
static bool
is_good_line(struct span line)
{
	return line.len >= LIKELY_LINE_MIN && line.len % 4 == 0 && is_base64_line(line);
}

/* Where the data begins, when other lines stand before it; 0 when none do. */
static size_t
data_begin(struct span in)
{
	size_t at = 0;

	for (unsigned n = 0; n < LINES_TRIED && at < in.len; n++) {
		if (is_good_line(line_at(in, at)))
			return at;
		at = after_line(in, at);
	}
	return 0;
}

/* The lines from the first on that are base64 as one writes it. */
static size_t
sound_length(struct span in)
{
	size_t at = 0;

	while (at < in.len) {
		struct span line = line_at(in, at);

		if (line.len % 4 != 0 || line.len == 0 || !is_base64_line(line))
			break;
		at = after_line(in, at);
		if (line.data[line.len - 1] == '=')
			break;
	}
	return at;
}

/* Where a footer begins, SIZE_MAX when there is none. */
static size_t
footer_begin(struct span in)
{
	size_t footer = sound_length(in);

	if (footer == 0 || footer == in.len || in.len - footer > FOOTER_MAX)
		return SIZE_MAX;
	for (size_t at = footer; at < in.len; at = after_line(in, at)) {
		struct span line = line_at(in, at);

		if (!has_junk(line) && line.len >= LIKELY_LINE_MIN)
			return SIZE_MAX;
	}
	return footer;
}

struct list {
	struct base64_way *ways;
	size_t count, room, len;
	bool over;
};

static void
add(struct list *l, struct base64_way way)
{
	if (way.to == 0)
		way.to = l->len;
	if (way.from >= way.to)
		return;
	if (l->count < l->room)
		l->ways[l->count++] = way;
	else
		l->over = true;
}

#define WAY(...) add(l, (struct base64_way){ __VA_ARGS__ })

/* To stop where others go on, and to begin later. */
static void
add_pieces(struct list *l, struct span in, const struct base64_flaws *f)
{
	size_t data = f->kinds != 0 ? data_begin(in) : 0, second = after_line(in, 0);

	if (f->junk_at > 0 && f->junk_at < in.len)
		WAY(.to = f->junk_at);
	if (f->blank_at > 0 && f->blank_at < f->junk_at)
		WAY(.to = f->blank_at);
	if ((f->kinds & (BASE64_PAD_INSIDE | BASE64_PAD_ODD)) != 0 && f->pad_at > 0)
		WAY(.to = f->pad_at);
	if ((f->kinds & BASE64_PAD_INSIDE) != 0)
		WAY(.from = f->tail_at);
	if ((f->kinds & BASE64_EMPTY_LINE) != 0) {
		WAY(.to = f->empty_at);
		WAY(.from = f->after_empty);
	}
	if (data > 0 && data != f->after_empty)
		WAY(.from = data);
	if ((f->kinds & (BASE64_SPLIT | BASE64_JUNK)) != 0 && second != data && second != f->after_empty &&
	    !is_good_line(line_at(in, 0)))
		WAY(.from = second);
}

static void
add_offsets(struct list *l, const struct base64_flaws *f)
{
	if ((f->kinds & (BASE64_SPLIT | BASE64_CUT | BASE64_PAD_ODD)) == 0)
		return;
	for (unsigned char skip = 1; skip <= 3; skip++)
		WAY(.skip = skip);
	if ((f->kinds & BASE64_CUT) != 0)
		WAY(.cut_dropped = true);
}

/* The manners that the flaws allow, as how many of each kind. */
struct manners {
	unsigned junk, pad, split;
	unsigned char junk_of[3], pad_of[5];
};

static struct manners
manners_of(const struct base64_flaws *f)
{
	struct manners m = { .junk = 1, .pad = 1, .split = 1 };

	if ((f->kinds & BASE64_JUNK) != 0)
		m.junk_of[m.junk++] = JUNK_LINES_SKIPPED;
	if ((f->kinds & BASE64_URL_SAFE) != 0)
		m.junk_of[m.junk++] = JUNK_URL_SAFE;
	if ((f->kinds & (BASE64_PAD_INSIDE | BASE64_PAD_ODD)) != 0) {
		m.pad_of[m.pad++] = PAD_IGNORED;
		m.pad_of[m.pad++] = PAD_IS_A;
	}
	if ((f->kinds & BASE64_PAD_ODD) != 0) {
		m.pad_of[m.pad++] = PAD_IN_GROUP;
		m.pad_of[m.pad++] = PAD_ENDS;
	}
	if ((f->kinds & BASE64_SPLIT) != 0)
		m.split = SPLIT_FLUSHED + 1;
	return m;
}

static void
add_manners(struct list *l, const struct manners *m)
{
	unsigned total = m->junk * m->pad * m->split;
	bool all = l->count + total - 1 <= l->room;

	for (unsigned i = 1; i < total; i++) {
		unsigned junk = i % m->junk, pad = i / m->junk % m->pad, split = i / m->junk / m->pad;

		if (all || (junk > 0) + (pad > 0) + (split > 0) == 1)
			WAY(.junk = m->junk_of[junk], .pad = m->pad_of[pad], .split = split);
	}
	l->over |= !all;
}

/* The base64 alone or with the footer ignored, the footer as text, and both as
 * one base64. */
static void
add_footed(struct list *l, const struct base64_flaws *f, size_t footer)
{
	WAY(.to = footer);
	WAY(.from = footer);
	WAY(.from = footer, .raw = true);
	if (f->junk_at > footer)
		WAY(.to = f->junk_at);
	if (f->blank_at > footer && f->blank_at < f->junk_at)
		WAY(.to = f->blank_at);
	if ((f->kinds & (BASE64_PAD_INSIDE | BASE64_PAD_ODD)) != 0) {
		WAY(.pad = PAD_IGNORED);
		WAY(.pad = PAD_IS_A);
		if (f->pad_at > footer)
			WAY(.to = f->pad_at);
	}
	if ((f->kinds & BASE64_PAD_ODD) != 0)
		WAY(.pad = PAD_ENDS);
	if ((f->kinds & BASE64_URL_SAFE) != 0)
		WAY(.junk = JUNK_URL_SAFE);
	if ((f->kinds & BASE64_SPLIT) != 0)
		WAY(.split = SPLIT_DROPPED);
	if ((f->kinds & BASE64_CUT) != 0)
		WAY(.cut_dropped = true);
}

size_t
base64_ways(struct span in, const struct base64_flaws *f, struct base64_way *ways, size_t room, bool *over)
{
	struct list list = { .ways = ways, .room = room, .len = in.len }, *l = &list;
	struct manners m = manners_of(f);
	bool prose = (f->kinds & BASE64_JUNK) != 0 && (f->kinds & BASE64_BLANK) != 0;
	size_t footer = prose ? footer_begin(in) : SIZE_MAX;

	if (footer != SIZE_MAX && f->blank_at >= footer) {
		add_footed(l, f, footer);
	} else if (f->kinds != 0) {
		if ((f->kinds & BASE64_JUNK) != 0)
			WAY(.raw = true);
		add_pieces(l, in, f);
		add_offsets(l, f);
		add_manners(l, &m);
	}
	*over = list.over;
	return list.count;
}

bool
base64_is_likely(struct span in)
{
	size_t data = 0;

	for (size_t at = 0; at < in.len; at++) {
		if (base64_digit[(unsigned char)in.data[at]] != NO)
			data++;
		else if (in.data[at] != '\r' && in.data[at] != '\n' && in.data[at] != '=')
			return false;
	}
	return data >= LIKELY_MIN;
}
