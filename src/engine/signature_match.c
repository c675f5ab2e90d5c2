/* Byte patterns held against text.
 *
 * A pattern is a row of segments with gaps between. Its segments are looked
 * for in order, each by a cursor that walks the text once from its beginning
 * to its end: the cursor of segment i gives the ends of all places of segment
 * i that can be reached, in ascending order, and draws those of segment i - 1
 * as it needs them. A place p can be reached when some end e of the segment
 * before satisfies p - gap_max <= e <= p - gap_min; of all ends up to
 * p - gap_min the last is the best, so one is remembered and nothing is tried
 * twice. However many gaps there are, the time is that of the walks: text
 * times pattern at worst, text at best. */
#include "config.h"

#include "engine/signature_pattern.h"

static bool
masked_equal(const unsigned char *text, const unsigned char *value, const unsigned char *mask, size_t len)
{
	if (mask == NULL)
		return memcmp(text, value, len) == 0;
	for (size_t i = 0; i < len; i++)
		if ((text[i] & mask[i]) != value[i])
			return false;
	return true;
}

static bool
alternatives_match(const struct alternatives *a, const unsigned char *text)
{
	for (uint32_t i = 0; i < a->count; i++)
		if (masked_equal(text + a->offset, a->value + i * a->len, a->mask + i * a->len, a->len))
			return true;
	return false;
}

bool
segment_matches(const struct segment *s, struct span text, size_t offset)
{
	const unsigned char *at = (const unsigned char *)text.data + offset;

	if (offset > text.len || s->len > text.len - offset || !masked_equal(at, s->value, s->mask, s->len))
		return false;
	for (uint32_t i = 0; i < s->alternatives_count; i++)
		if (!alternatives_match(&s->alternatives[i], at))
			return false;
	return true;
}

/* The first place of the segment at or after offset, or SIZE_MAX. */
static size_t
segment_find(const struct segment *s, struct span text, size_t offset)
{
	bool fixed = s->mask == NULL || s->mask[0] == 0xff;

	while (offset < text.len) {
		if (fixed) {
			size_t next = span_find_byte(span_from(text, offset), (char)s->value[0]);

			if (next == SIZE_MAX)
				break;
			offset += next;
		}
		if (segment_matches(s, text, offset))
			return offset;
		offset++;
	}
	return SIZE_MAX;
}

struct cursor {
	size_t at;   /* the segment is looked for from here */
	size_t last; /* the last end of the segment before that is far enough back; SIZE_MAX = none yet */
	size_t next; /* the end after it; SIZE_MAX = there is none */
};

struct walk {
	const struct pattern *pattern;
	struct span text;
	struct cursor cursors[PATTERN_SEGMENTS_MAX];
};

/* The next end of a place of segment i that can be reached, or SIZE_MAX. */
static size_t
next_end(struct walk *w, uint32_t i)
{
	const struct segment *s = &w->pattern->segments[i];
	struct cursor *c = &w->cursors[i];
	size_t p;

	while ((p = segment_find(s, w->text, c->at)) != SIZE_MAX) {
		c->at = p + 1;
		if (i == 0)
			return p + s->len;
		while (c->next != SIZE_MAX && c->next + s->gap_min <= p) {
			c->last = c->next;
			c->next = next_end(w, i - 1);
		}
		if (c->last != SIZE_MAX && (s->gap_max == GAP_ANY || p - c->last <= s->gap_max))
			return p + s->len;
		/* Further on, `last` is only further away. */
		if (c->next == SIZE_MAX)
			break;
		if (c->at < c->next + s->gap_min)
			c->at = c->next + s->gap_min;
	}
	return SIZE_MAX;
}

bool
pattern_matches(const struct pattern *p, struct span text)
{
	struct walk w = { .pattern = p, .text = text };
	size_t end = next_end(&w, 0);

	for (uint32_t i = 1; i < p->count && end != SIZE_MAX; i++) {
		w.cursors[i] = (struct cursor){ end + p->segments[i].gap_min, SIZE_MAX, end };
		end = next_end(&w, i);
	}
	return end != SIZE_MAX;
}
