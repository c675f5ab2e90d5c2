/* Rich text is groups in braces, control words, and text. A group may be a
 * destination: what its text is for. Four are followed here: the bytes of
 * objects, written in hexadecimal; the instructions of fields; the name of the
 * template; and the class of an object, whose text is no one's.
 *
 * Those who hide an object rely on how Word reads on through what does not
 * belong there: blanks, control words, groups, \'hh between the digits, raw
 * bytes by \bin. Word itself and others differ on two of these: whether digits
 * in a group that nobody knows ("{\*") count, and whether \'hh drops an odd
 * digit before it. So an object is read twice, strictly and greedily, and told
 * twice when that makes a difference.
 *
 * Limits: groups deeper than GROUPS_MAX take the destination of the deepest;
 * of a field's instructions INSTRUCTION_MAX octets are looked at. */
#include "config.h"

#include "engine/rtf.h"

#include "base/codec.h"
#include "engine/ole1.h"
#include "engine/word_field.h"

enum {
	GROUPS_MAX = 256,
	INSTRUCTION_MAX = 8192,
	WORD_MAX = 32,       /* letters of a control word, as the specification has it */
};

enum destination { TEXT, OBJECT, INSTRUCTION, TEMPLATE, IGNORED };

struct group {
	enum destination destination;
	bool starred;   /* in a group that begins with \* and that nobody knows */
	bool owner;     /* the destination began here and ends here */
	uint16_t unicode_skip;
};

/* Digits that become bytes. */
struct hex {
	struct buf *out;
	int high; /* -1: none */
};

struct rtf {
	struct document d;
	struct span in;
	struct group groups[GROUPS_MAX];
	size_t depth;
	struct hex strict, greedy;
	struct buf *text;    /* of the instruction or the template at hand */
	size_t skip;         /* characters that stand for a \u before them */
	bool star;           /* \* was the last word */
};

static struct group *
group(struct rtf *r)
{
	return &r->groups[r->depth < GROUPS_MAX ? r->depth : GROUPS_MAX - 1];
}

/* --- Objects --- */

static void
hex_put(struct hex *h, char c)
{
	int value = hex_digit(c);

	if (value < 0)
		return;
	if (h->high < 0) {
		h->high = value;
		return;
	}
	buf_add_byte(h->out, (char)(h->high << 4 | value));
	h->high = -1;
}

static void
end_object(struct rtf *r)
{
	document_settle(&r->d, r->strict.out);
	document_settle(&r->d, r->greedy.out);
	if (r->strict.out->len > 0)
		ole1_object(&r->d, buf_span(r->strict.out));
	if (r->greedy.out->len > 0 && !span_eq(buf_span(r->strict.out), buf_span(r->greedy.out)))
		ole1_object(&r->d, buf_span(r->greedy.out));
	buf_clear(r->strict.out);
	buf_clear(r->greedy.out);
	r->strict.high = r->greedy.high = -1;
}

/* --- Templates --- */

static void
end_template(struct rtf *r)
{
	struct span target = span_trim(buf_span(r->text));

	if (!target_is_remote(target))
		return;
	document_trait(&r->d, TRAIT_EXTERNAL_TEMPLATE);
	document_uri(&r->d, target);
}

/* --- Text --- */

static void
put_text(struct rtf *r, char c)
{
	const struct group *g = group(r);

	if (r->skip > 0) {
		r->skip--;
		return;
	}
	if (g->destination == OBJECT) {
		hex_put(&r->greedy, c);
		if (!g->starred)
			hex_put(&r->strict, c);
	} else if ((g->destination == INSTRUCTION || g->destination == TEMPLATE) && r->text->len < INSTRUCTION_MAX) {
		buf_add_byte(r->text, c);
	}
}

/* A \'hh. In an object it is no text. */
static void
put_escaped(struct rtf *r)
{
	int high = r->in.len > 0 ? hex_digit(r->in.data[0]) : -1, low = r->in.len > 1 ? hex_digit(r->in.data[1]) : -1;

	if (high < 0 || low < 0)
		return;
	r->in = span_from(r->in, 2);
	if (group(r)->destination == OBJECT)
		r->strict.high = -1;
	else
		put_text(r, (char)(high << 4 | low));
}

static void
put_raw(struct rtf *r, size_t len)
{
	struct span raw = span_first(r->in, len);

	if (group(r)->destination == OBJECT) {
		buf_add_span(r->strict.out, raw);
		buf_add_span(r->greedy.out, raw);
	}
	r->in = span_from(r->in, len);
}

/* --- Control words --- */

static void
begin_destination(struct rtf *r, enum destination destination)
{
	struct group *g = group(r);

	g->destination = destination;
	g->owner = true;
	if (destination == INSTRUCTION || destination == TEMPLATE)
		buf_clear(r->text);
}

static const struct {
	const char *word;
	enum destination destination;
} destinations[] = {
	{ "objdata", OBJECT },
	{ "fldinst", INSTRUCTION },
	{ "template", TEMPLATE },
	{ "objclass", IGNORED },
	{ "objname", IGNORED },
};

static void
put_unicode(struct rtf *r, int32_t value)
{
	if (value > 0 && value < 0x80)
		put_text(r, (char)value);
	else
		put_text(r, '?');
	r->skip = group(r)->unicode_skip;
}

static void
read_word(struct rtf *r, struct span word, bool has_value, int32_t value)
{
	struct group *g = group(r);
	bool star = r->star;

	r->star = false;
	for (size_t i = 0; i < sizeof(destinations) / sizeof(destinations[0]); i++)
		if (span_is(word, destinations[i].word)) {
			if (g->destination != OBJECT || destinations[i].destination == OBJECT)
				begin_destination(r, destinations[i].destination);
			return;
		}
	if (star && g->destination == OBJECT)
		g->starred = true;
	if (span_is(word, "bin"))
		put_raw(r, has_value && value > 0 ? (size_t)value : 0);
	else if (span_is(word, "u") && has_value)
		put_unicode(r, value);
	else if (span_is(word, "uc") && has_value && value >= 0 && value < 256)
		g->unicode_skip = (uint16_t)value;
	else if (span_is(word, "objautlink") || span_is(word, "objlink"))
		document_trait(&r->d, TRAIT_EMBEDDED_OBJECT);
}

static int32_t
take_value(struct span *in, bool *has_value)
{
	bool negative = in->len > 1 && in->data[0] == '-' && ascii_is_digit(in->data[1]);
	int32_t value = 0;

	if (negative)
		*in = span_from(*in, 1);
	*has_value = in->len > 0 && ascii_is_digit(in->data[0]);
	while (in->len > 0 && ascii_is_digit(in->data[0])) {
		if (value < 100 * 1000 * 1000)
			value = 10 * value + (in->data[0] - '0');
		*in = span_from(*in, 1);
	}
	return negative ? -value : value;
}

/* What follows a backslash. A blank after a word belongs to it. */
static void
read_control(struct rtf *r)
{
	size_t len = 0;
	struct span word;
	bool has_value;
	int32_t value;

	while (len < r->in.len && len < WORD_MAX && ascii_lower(r->in.data[len]) >= 'a' && ascii_lower(r->in.data[len]) <= 'z')
		len++;
	if (len == 0) {
		char c = r->in.len > 0 ? r->in.data[0] : '\0';

		r->in = span_from(r->in, 1);
		if (c == '*')
			r->star = true;
		else if (c == '\'')
			put_escaped(r);
		else if (c == '\\' || c == '{' || c == '}')
			put_text(r, c);
		return;
	}
	word = span_first(r->in, len);
	r->in = span_from(r->in, len);
	value = take_value(&r->in, &has_value);
	if (r->in.len > 0 && r->in.data[0] == ' ')
		r->in = span_from(r->in, 1);
	read_word(r, word, has_value, value);
}

/* --- Groups --- */

static void
begin_group(struct rtf *r)
{
	struct group inherited = *group(r);

	inherited.owner = false;
	r->depth++;
	if (r->depth < GROUPS_MAX)
		*group(r) = inherited;
	r->star = false;
	r->skip = 0;
}

static void
end_group(struct rtf *r)
{
	struct group *g = group(r);

	if (g->owner && r->depth < GROUPS_MAX) {
		g->owner = false;
		if (g->destination == OBJECT)
			end_object(r);
		else if (g->destination == INSTRUCTION)
			word_field(r->d.sink, buf_span(r->text));
		else if (g->destination == TEMPLATE)
			end_template(r);
	}
	if (r->depth > 0)
		r->depth--;
	r->skip = 0;
}

static void
read_all(struct rtf *r)
{
	while (r->in.len > 0 && !r->d.stopped) {
		char c = r->in.data[0];

		r->in = span_from(r->in, 1);
		if (c == '{')
			begin_group(r);
		else if (c == '}')
			end_group(r);
		else if (c == '\\')
			read_control(r);
		else if (c != '\r' && c != '\n')
			put_text(r, c);
	}
	while (r->depth > 0 && !r->d.stopped) /* cut off */
		end_group(r);
}

enum archive_result
rtf_read(struct arena *a, struct span data, struct archive_budget *budget, const struct container_sink *sink)
{
	struct rtf *r;

	if (!span_starts(span_trim(data), "{\\rt"))
		return ARCHIVE_NONE;
	r = ARENA_NEW(a, struct rtf);
	*r = (struct rtf){ .in = data };
	document_begin(&r->d, a, budget, sink);
	r->groups[0].unicode_skip = 1;
	r->strict = (struct hex){ document_room(&r->d), -1 };
	r->greedy = (struct hex){ document_room(&r->d), -1 };
	r->text = document_room(&r->d);
	read_all(r);
	document_drop(r->strict.out);
	document_drop(r->greedy.out);
	document_drop(r->text);
	return document_end(&r->d);
}
