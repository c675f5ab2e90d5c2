/* Byte patterns held against text.
 *
 * A pattern is a row of segments with gaps between. Its segments are looked
 * for in order, each by a cursor that walks the text once from its beginning
 * to its end: the cursor of segment i gives all places of segment
 * i that can be reached, in ascending order, and draws those of segment i - 1
 * as it needs them. A place p can be reached when some end e of the segment
 * before satisfies p - gap_max <= e <= p - gap_min; of all ends up to
 * p - gap_min the last is the best, so one is remembered and nothing is tried
 * twice. However many gaps there are, the time is that of the walks: text
 * times pattern at worst, text at best. */
#include "config.h"

#include "engine/signature_pattern.h"

static uint64_t
load(const unsigned char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

static bool
masked_equal(const unsigned char *text, const unsigned char *value, const unsigned char *mask, size_t len)
{
	size_t i = 0;

	if (mask == NULL)
		return memcmp(text, value, len) == 0;
	for (; i + sizeof(uint64_t) <= len; i += sizeof(uint64_t))
		if ((load(text + i) & load(mask + i)) != load(value + i))
			return false;
	for (; i < len; i++)
		if ((text[i] & mask[i]) != value[i])
			return false;
	return true;
}

static bool
alternatives_match(const struct alternatives *a, const unsigned char *text)
{
	for (uint32_t i = 0; i < a->count; i++)
		if (masked_equal(text + a->offset, a->value + i * a->len, a->mask + i * a->len, a->len))
			return !a->negated;
	return a->negated;
}

/* Whether this character stands before a word ('<'), behind one ('>') or either:
 * as the syntax has it for host names and attributes. */
static bool
is_boundary(char c, char side)
{
	static const char before[] = " -/_.<@", behind[] = " -/_\r\n\"'=>";

	return c != '\0' && ((side != '>' && strchr(before, c) != NULL) || (side != '<' && strchr(behind, c) != NULL));
}

static bool
is_line_end(struct span text)
{
	return span_starts(text, "\n") || span_starts(text, "\r\n");
}

static bool
edge_matches(const struct edge *e, struct span text, size_t at)
{
	bool good;
	char c;

	if (at == (e->side == '<' ? 0 : text.len))
		return !e->negated;
	c = text.data[e->side == '<' ? at - 1 : at];
	switch (e->kind) {
	case 'B':
		good = is_boundary(c, e->side);
		break;
	case 'L':
		good = e->side == '<' ? c == '\n' : is_line_end(span_from(text, at));
		break;
	default:
		good = !ascii_is_alnum(c);
		break;
	}
	return good != e->negated;
}

bool
segment_matches(const struct segment *s, struct span text, size_t offset, struct work *work)
{
	const unsigned char *at = (const unsigned char *)text.data + offset;

	work->done += 1 + s->len / 8;
	if (offset > text.len || s->len > text.len - offset || !masked_equal(at, s->value, s->mask, s->len))
		return false;
	for (uint32_t i = 0; i < s->alternatives_count; i++)
		if (!alternatives_match(&s->alternatives[i], at))
			return false;
	for (uint32_t i = 0; i < s->edge_count; i++)
		if (!edge_matches(&s->edges[i], text, offset + s->edges[i].offset))
			return false;
	return true;
}

bool
place_range(const struct signature_place *place, size_t len, size_t *first, size_t *last)
{
	*first = 0;
	*last = len;
	if (place == NULL || place->origin == SIGNATURE_ANYWHERE)
		return true;
	if (place->min > len)
		return false;
	if (place->origin == SIGNATURE_FROM_BEGIN) {
		*first = (size_t)place->min;
		*last = place->max < len ? (size_t)place->max : len;
	} else {
		*first = place->max < len ? len - (size_t)place->max : 0;
		*last = len - (size_t)place->min;
	}
	return *first <= *last;
}

/* The first place of the segment at or after offset, or SIZE_MAX. */
static size_t
segment_find(const struct segment *s, struct span text, size_t offset, struct work *work)
{
	bool fixed = s->mask == NULL || s->mask[0] == 0xff;

	while (offset < text.len && work->done <= work->most) {
		if (fixed) {
			size_t next = span_find_byte(span_from(text, offset), (char)s->value[0]);

			work->done += (next == SIZE_MAX ? text.len - offset : next) / 64;
			if (next == SIZE_MAX)
				break;
			offset += next;
		}
		if (segment_matches(s, text, offset, work))
			return offset;
		offset++;
	}
	return SIZE_MAX;
}

/* A row of segments up to one, found. */
struct reach {
	size_t begin, end; /* end SIZE_MAX = there is none */
};
static const struct reach none = { 0, SIZE_MAX };

struct cursor {
	size_t at;         /* the segment is looked for from here */
	struct reach last; /* the last of the segment before that ends far enough back */
	struct reach next; /* the one after it */
};

struct walk {
	const struct pattern *pattern;
	struct span text;
	struct work *work;
	size_t last_begin;
	struct cursor cursors[PATTERN_SEGMENTS_MAX];
};

/* The next place of segment i that can be reached. */
static struct reach
next_reach(struct walk *w, uint32_t i)
{
	const struct segment *s = &w->pattern->segments[i];
	struct cursor *c = &w->cursors[i];
	size_t p;

	while ((p = segment_find(s, w->text, c->at, w->work)) != SIZE_MAX) {
		c->at = p + 1;
		if (i == 0)
			return p <= w->last_begin ? (struct reach){ p, p + s->len } : none;
		while (c->next.end != SIZE_MAX && c->next.end + s->gap_min <= p) {
			c->last = c->next;
			c->next = next_reach(w, i - 1);
		}
		if (c->last.end != SIZE_MAX && (s->gap_max == GAP_ANY || p - c->last.end <= s->gap_max))
			return (struct reach){ c->last.begin, p + s->len };
		/* Further on, `last` is only further away. */
		if (c->next.end == SIZE_MAX)
			break;
		if (c->at < c->next.end + s->gap_min)
			c->at = c->next.end + s->gap_min;
	}
	return none;
}

void
pattern_find(const struct pattern *p, struct span text, struct work *work,
    bool (*found)(void *context, size_t begin), void *context)
{
	struct walk w = { .pattern = p, .text = text, .work = work };
	struct reach r;

	if (!place_range(p->place, text.len, &w.cursors[0].at, &w.last_begin))
		return;
	r = next_reach(&w, 0);
	for (uint32_t i = 1; i < p->count && r.end != SIZE_MAX; i++) {
		w.cursors[i] = (struct cursor){ r.end + p->segments[i].gap_min, none, r };
		r = next_reach(&w, i);
	}
	while (r.end != SIZE_MAX && found(context, r.begin))
		r = next_reach(&w, p->count - 1);
}
