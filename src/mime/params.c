/* Parameters put together from their pieces (RFC 2231): charsets, languages,
 * percent signs, continuations.
 *
 * The raw parameters are sorted so that those of one name stand together, in
 * the order in which readings are told: name*, then name*0…, then name. A plain
 * value may hold encoded words, which no standard allows and many senders
 * write. A boundary is never decoded: it is compared with raw bytes. */
#include "config.h"

#include "mime/decode.h"
#include "mime/field.h"
#include "mime/text.h"
#include "mime/utf8.h"

#include <stdlib.h>

enum {
	EXTENSION_MAX = 8,
	PIECES_TRIED = 4, /* of one number; what a program makes of one differs in no more ways */
};

struct assembler {
	struct arena *arena;
	struct mime_param *first, *last;
	struct field_flaws *flaws;
};

static int
compare(const void *left, const void *right)
{
	const struct raw_param *a = left, *b = right;
	int names = strcmp(a->name, b->name);

	if (names != 0)
		return names;
	if (a->form != b->form)
		return a->form < b->form ? -1 : 1;
	if (a->index != b->index)
		return a->index < b->index ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

static bool
must_agree(const char *name)
{
	return strcmp(name, "boundary") == 0 || strcmp(name, "charset") == 0;
}

/* Adds one reading, unless it is the one before. */
static void
add(struct assembler *s, const struct raw_param *raw, struct span value, bool guess)
{
	struct mime_param *p;

	if (s->last != NULL && strcmp(s->last->name, raw->name) == 0) {
		if (span_eq(s->last->value, value))
			return;
		if (!guess && must_agree(raw->name))
			s->flaws->conflict = true;
	}
	p = ARENA_NEW(s->arena, struct mime_param);
	*p = (struct mime_param){ .name = raw->name, .value = value, .guess = guess };
	if (s->last != NULL)
		s->last->next = p;
	else
		s->first = p;
	s->last = p;
}

/* Takes charset'language' off the front; NULL when it is not there. */
static const char *
take_charset(struct arena *a, struct span *value)
{
	size_t first = span_find_byte(*value, '\'');
	struct span after = span_from(*value, first == SIZE_MAX ? value->len : first + 1);
	size_t second = span_find_byte(after, '\'');
	const char *charset;

	if (first == SIZE_MAX || second == SIZE_MAX)
		return NULL;
	charset = first > 0 ? arena_strndup(a, span_first(*value, first)) : NULL;
	*value = span_from(after, second + 1);
	return charset;
}

/* name* or the pieces name*0 … name*n as one value. Of pieces with one number
 * the nth counts, or where there are fewer the last; or all. */
enum { CHOOSE_FIRST = 0, CHOOSE_LAST = FIELD_PARAMS_MAX, CHOOSE_ALL };

static struct span
join(struct arena *a, const struct raw_param *raw, size_t count, unsigned nth)
{
	struct text t = { .arena = a };
	const char *charset = NULL;
	bool encoded = false, known;
	unsigned rank = 0;

	for (size_t i = 0; i < count; i++) {
		struct span value = raw[i].value;
		bool last = i + 1 == count || raw[i].index != raw[i + 1].index;

		rank = i > 0 && raw[i].index == raw[i - 1].index ? rank + 1 : 0;
		if (raw[i].form == RAW_PIECE && nth != CHOOSE_ALL && rank != nth && !(last && rank < nth))
			continue;
		if (t.len == 0 && raw[i].encoded)
			charset = take_charset(a, &value);
		if (raw[i].encoded)
			text_add_percent_decoded(&t, value);
		else
			text_add(&t, value);
		encoded |= raw[i].encoded;
	}
	if (strcmp(raw->name, "boundary") == 0)
		return text_span(&t);
	return encoded ? charset_to_utf8(a, text_span(&t), charset, &known) : encoded_words_decode(a, text_span(&t));
}

static int
compare_order(const void *left, const void *right)
{
	const struct raw_param *a = left, *b = right;

	return a->order < b->order ? -1 : 1;
}

/* What programs make of pieces that are doubled, or read in several ways, not in
 * order or not all there. Changes their order. */
static void
add_odd_pieces(struct assembler *s, struct raw_param *raw, size_t count)
{
	for (unsigned nth = 1; nth <= PIECES_TRIED; nth++)
		add(s, raw, join(s->arena, raw, count, nth), true);
	add(s, raw, join(s->arena, raw, count, CHOOSE_LAST), true);
	qsort(raw, count, sizeof(*raw), compare_order);
	add(s, raw, join(s->arena, raw, count, CHOOSE_ALL), true);
	add(s, raw, join(s->arena, raw, 1, CHOOSE_ALL), true);
}

/* Is the first piece a name by itself? Some programs see no more of it. */
static bool
ends_like_file(struct span value)
{
	size_t len = 0;

	while (len < value.len && ascii_is_alnum(value.data[value.len - 1 - len]))
		len++;
	return len > 0 && len <= EXTENSION_MAX && len < value.len && value.data[value.len - 1 - len] == '.';
}

/* The pieces of one name: those without a gap, and all where there is one. */
static void
add_pieces(struct assembler *s, struct raw_param *raw, size_t count)
{
	unsigned expected = 0;
	size_t whole = 0;
	bool odd = false;

	for (; whole < count; whole++) {
		if (whole > 0 && raw[whole].order < raw[whole - 1].order)
			odd = true;
		if (raw[whole].alternative) {
			odd = true;
			continue;
		}
		if (whole > 0 && raw[whole].index == raw[whole - 1].index)
			s->flaws->duplicate = odd = true;
		else if (raw[whole].index != expected++)
			break;
	}
	if (whole > 0)
		add(s, raw, join(s->arena, raw, whole, CHOOSE_FIRST), false);
	if (whole < count) {
		s->flaws->gap = odd = true;
		add(s, raw, join(s->arena, raw, count, CHOOSE_FIRST), false);
	}
	if (odd)
		add_odd_pieces(s, raw, count);
	else if (count > 1 && ends_like_file(raw->value))
		add(s, raw, join(s->arena, raw, 1, CHOOSE_ALL), true);
}

static struct span
plain_value(struct arena *a, const struct raw_param *raw)
{
	return strcmp(raw->name, "boundary") == 0 ? raw->value : encoded_words_decode(a, raw->value);
}

static bool
belongs_with(const struct raw_param *a, const struct raw_param *b)
{
	return a->form == b->form && strcmp(a->name, b->name) == 0;
}

struct mime_param *
params_assemble(struct arena *a, struct raw_param *raw, size_t count, struct field_flaws *flaws)
{
	struct assembler s = { .arena = a, .flaws = flaws };

	if (count > 1)
		qsort(raw, count, sizeof(*raw), compare);
	for (size_t i = 0; i < count;) {
		size_t pieces = 1;

		if (raw[i].form == RAW_PIECE) {
			while (i + pieces < count && belongs_with(&raw[i], &raw[i + pieces]))
				pieces++;
			add_pieces(&s, &raw[i], pieces);
		} else {
			if (i > 0 && belongs_with(&raw[i - 1], &raw[i]) && !raw[i].alternative)
				flaws->duplicate = true;
			add(&s, &raw[i], raw[i].form == RAW_EXTENDED ? join(a, &raw[i], 1, CHOOSE_ALL) :
			    plain_value(a, &raw[i]), raw[i].alternative);
		}
		i += pieces;
	}
	return s.first;
}
