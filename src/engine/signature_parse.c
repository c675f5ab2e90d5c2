/* Byte patterns in ClamAV's body syntax, read into segments.
 *
 * Alternatives of equal length stay in their segment. Those of unequal
 * length would give a segment no length of its own, so such a pattern is
 * rewritten first as several, one for each combination of lengths, and each is
 * read alone. `{n}` of a few octets becomes that many `??`, so that the
 * segment goes on. */
#include "config.h"

#include "engine/signature_pattern.h"

#include "base/codec.h"

enum {
	GAP_INLINE_MAX = 32,
	/* Each has two lengths at least: one more would be over PATTERN_VARIANTS_MAX. */
	UNEQUAL_GROUPS_MAX = 6,
	EDGES_MAX = 2 * PATTERN_SEGMENTS_MAX,
	/* Room for the digits of the longest pattern and as many in alternatives and gaps. */
	HEX_MAX = 4 * PATTERN_BYTES_MAX,
};

/* A pattern while it is read. */
struct reading {
	struct arena *arena;
	struct span hex, rest;
	size_t len;                         /* bytes so far, of all segments */
	size_t segment_count, group_count, edge_count;
	bool nocase;
	struct segment segments[PATTERN_SEGMENTS_MAX]; /* the last one is being read; without value and mask */
	struct alternatives groups[PATTERN_GROUPS_MAX];
	struct edge edges[EDGES_MAX];
	unsigned char value[PATTERN_BYTES_MAX], mask[PATTERN_BYTES_MAX];
	const char *error;
};

static bool
fail(struct reading *r, const char *why)
{
	if (r->error == NULL)
		r->error = arena_printf(r->arena, "%s, at character %zu", why, r->hex.len - r->rest.len + 1);
	return false;
}

static struct segment *
current(struct reading *r)
{
	return &r->segments[r->segment_count - 1];
}

static bool
add_byte(struct reading *r, unsigned char value, unsigned char mask)
{
	if (r->len == PATTERN_BYTES_MAX)
		return fail(r, "the pattern is too long");
	r->value[r->len] = value & mask;
	r->mask[r->len++] = mask;
	current(r)->len++;
	return true;
}

static bool
ascii_is_letter(unsigned char c)
{
	return (c | PATTERN_CASE_BIT) >= 'a' && (c | PATTERN_CASE_BIT) <= 'z';
}

/* Takes two characters off *rest: digits or question marks. The bit that tells
 * a letter's case counts only without nocase. */
static bool
take_pair(struct span *rest, bool nocase, unsigned char *value, unsigned char *mask)
{
	*value = *mask = 0;
	if (rest->len < 2)
		return false;
	for (size_t i = 0; i < 2; i++) {
		int digit = hex_digit(rest->data[i]);

		if (digit < 0 && rest->data[i] != '?')
			return false;
		*value = (unsigned char)(*value << 4 | (digit < 0 ? 0 : digit));
		*mask = (unsigned char)(*mask << 4 | (digit < 0 ? 0 : 15));
	}
	*rest = span_from(*rest, 2);
	if (nocase && *mask == 0xff && ascii_is_letter(*value)) {
		*mask &= (unsigned char)~PATTERN_CASE_BIT;
		*value &= *mask;
	}
	return true;
}

static bool
read_pair(struct reading *r)
{
	unsigned char value, mask;

	if (!take_pair(&r->rest, r->nocase, &value, &mask))
		return fail(r, "two hexadecimal digits are expected");
	return add_byte(r, value, mask);
}

/* --- Gaps --- */

static bool
begin_segment(struct reading *r, uint32_t gap_min, uint32_t gap_max)
{
	if (current(r)->len == 0)
		return fail(r, "a gap needs bytes before it");
	if (r->rest.len == 0)
		return fail(r, "a gap needs bytes after it");
	if (r->segment_count == PATTERN_SEGMENTS_MAX)
		return fail(r, "the pattern has too many gaps");
	r->segments[r->segment_count++] = (struct segment){ .gap_min = gap_min, .gap_max = gap_max };
	return true;
}

static bool
gap_bound(struct span text, uint64_t absent, uint64_t *out)
{
	*out = absent;
	return text.len == 0 || (span_to_u64(text, out) && *out < GAP_ANY);
}

/* {n} {n-m} {n-} {-m}; the `{` is taken. [n-m] stands where one side is a
 * single byte, which makes no difference here. */
static bool
read_gap(struct reading *r, char close)
{
	size_t end = span_find_byte(r->rest, close);
	struct span inner = span_first(r->rest, end), low;
	uint64_t least, most;
	bool range = span_find_byte(inner, '-') != SIZE_MAX;

	if (end == SIZE_MAX || inner.len == 0 || span_is(inner, "-") || !span_split(&inner, '-', &low) ||
	    !gap_bound(low, 0, &least) || !gap_bound(range ? inner : low, GAP_ANY, &most) || least > most)
		return fail(r, "a gap is {n}, {n-m}, {n-} or {-m}");
	r->rest = span_from(r->rest, end + 1);
	if (least != most || least > GAP_INLINE_MAX)
		return begin_segment(r, (uint32_t)least, (uint32_t)most);
	while (least-- > 0)
		if (!add_byte(r, 0, 0))
			return false;
	return true;
}

/* --- Alternatives --- */

/* The inside of the group that begins *rest; *rest goes behind its `)`. */
static bool
take_group(struct span *rest, struct span *inner)
{
	size_t end = span_find_byte(*rest, ')');

	if (end == SIZE_MAX)
		return false;
	*inner = span_of(rest->data + 1, end - 1);
	*rest = span_from(*rest, end + 1);
	return true;
}

static bool
read_alternative(struct reading *r, struct span text, unsigned char *value, unsigned char *mask)
{
	while (text.len > 0)
		if (!take_pair(&text, r->nocase, value++, mask++))
			return fail(r, "alternatives are hexadecimal digits: (aa|bb)");
	return true;
}

static bool
read_alternatives(struct reading *r, struct span inner, bool negated)
{
	struct alternatives *group = &r->groups[r->group_count];
	unsigned char *value, *mask;
	struct span one;
	size_t size = span_first(inner, span_find_byte(inner, '|')).len;

	if (r->group_count == PATTERN_GROUPS_MAX)
		return fail(r, "the pattern has too many alternatives");
	if (size == 0 || size % 2 != 0)
		return fail(r, "alternatives are hexadecimal digits: (aa|bb)");
	*group = (struct alternatives){ .offset = current(r)->len, .len = (uint32_t)(size / 2), .negated = negated };
	value = arena_alloc(r->arena, inner.len);
	mask = arena_alloc(r->arena, inner.len);
	for (group->value = value, group->mask = mask; span_split(&inner, '|', &one); group->count++) {
		if (one.len != size)
			return fail(r, "alternatives behind ! are of equal length");
		if (!read_alternative(r, one, value + group->count * group->len, mask + group->count * group->len))
			return false;
	}
	for (uint32_t i = 0; i < group->len; i++)
		if (!add_byte(r, 0, 0))
			return false;
	current(r)->alternatives_count++;
	r->group_count++;
	return true;
}

/* (B), (L) or (W): before bytes that a gap is in front of, behind bytes that one
 * follows, or itself one of the bytes. before: what stands in front of it. */
static bool
read_edge(struct reading *r, char kind, bool negated, struct span before)
{
	struct edge *e = &r->edges[r->edge_count];

	if (r->edge_count == EDGES_MAX)
		return fail(r, "the pattern has too many of (B), (L) and (W)");
	*e = (struct edge){ current(r)->len, kind, '=', negated };
	if (before.len == 0 || strchr("*}]", before.data[before.len - 1]) != NULL)
		e->side = '<';
	else if (r->rest.len == 0 || strchr("*{[", r->rest.data[0]) != NULL)
		e->side = '>';
	current(r)->edge_count++;
	r->edge_count++;
	return e->side != '=' || add_byte(r, 0, 0);
}

static bool
read_group(struct reading *r, bool negated)
{
	struct span before = span_first(r->hex, r->hex.len - r->rest.len - negated), inner;

	if (!span_starts(r->rest, "(") || !take_group(&r->rest, &inner))
		return fail(r, "alternatives begin with ( and end with )");
	if (inner.len == 1 && (inner.data[0] == 'B' || inner.data[0] == 'L' || inner.data[0] == 'W'))
		return read_edge(r, inner.data[0], negated, before);
	return read_alternatives(r, inner, negated);
}

/* --- The whole --- */

static bool
all_fixed(const unsigned char *mask, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (mask[i] != 0xff)
			return false;
	return true;
}

static const void *
copy_bytes(struct arena *a, const void *bytes, size_t size)
{
	return size > 0 ? memcpy(arena_alloc_raw(a, size), bytes, size) : NULL;
}

/* Copies what was read into the arena, in its own size. */
static const char *
finish(struct reading *r, struct pattern *out)
{
	size_t at = 0, group = 0, edge = 0;

	*out = (struct pattern){ .count = (uint32_t)r->segment_count };
	out->segments = ARENA_ARRAY(r->arena, struct segment, r->segment_count);
	for (uint32_t i = 0; i < out->count; i++) {
		struct segment *s = &out->segments[i];

		*s = r->segments[i];
		s->value = copy_bytes(r->arena, r->value + at, s->len);
		if (!all_fixed(r->mask + at, s->len))
			s->mask = copy_bytes(r->arena, r->mask + at, s->len);
		s->alternatives = copy_bytes(r->arena, r->groups + group, s->alternatives_count * sizeof(r->groups[0]));
		s->edges = copy_bytes(r->arena, r->edges + edge, s->edge_count * sizeof(r->edges[0]));
		at += s->len;
		group += s->alternatives_count;
		edge += s->edge_count;
	}
	return pattern_has_anchor(out) ? NULL : "the pattern needs two fixed bytes in a row";
}

static bool
read_item(struct reading *r)
{
	switch (r->rest.data[0]) {
	case '*':
		r->rest = span_from(r->rest, 1);
		return begin_segment(r, 0, GAP_ANY);
	case '{':
		r->rest = span_from(r->rest, 1);
		return read_gap(r, '}');
	case '[':
		r->rest = span_from(r->rest, 1);
		return read_gap(r, ']');
	case '!':
		r->rest = span_from(r->rest, 1);
		return read_group(r, true);
	case '(':
		return read_group(r, false);
	default:
		return read_pair(r);
	}
}

/* A pattern whose alternatives are of equal length. */
static const char *
read_variant(struct arena *a, struct span hex, bool nocase, struct pattern *out)
{
	struct reading r;

	r.arena = a;
	r.hex = r.rest = hex;
	r.len = r.group_count = r.edge_count = 0;
	r.nocase = nocase;
	r.segment_count = 1;
	r.segments[0] = (struct segment){ .len = 0 };
	r.error = NULL;
	while (r.rest.len > 0)
		if (!read_item(&r))
			return r.error;
	if (current(&r)->len == 0 && r.segment_count > 1)
		return "a gap needs bytes after it";
	return finish(&r, out);
}

const char *
pattern_of_text(struct arena *a, struct span text, struct pattern *out)
{
	struct segment *s = ARENA_NEW(a, struct segment);

	if (text.len > PATTERN_BYTES_MAX)
		return "the text is too long";
	*s = (struct segment){ .len = (uint32_t)text.len, .value = copy_bytes(a, text.data, text.len) };
	*out = (struct pattern){ .segments = s, .count = 1 };
	return pattern_has_anchor(out) ? NULL : "a text needs two bytes at least";
}

/* --- Alternatives of unequal length --- */

struct variants {
	struct arena *arena;
	void (*add)(void *context, const struct pattern *p);
	void *context;
	size_t count;
	bool nocase;
};

/* Finds the first group without `!` whose alternatives differ in length. */
static bool
find_unequal(struct span hex, struct span *inner)
{
	size_t at;

	while ((at = span_find_byte(hex, '(')) != SIZE_MAX) {
		struct span list, one;
		size_t size = SIZE_MAX;
		bool negated = at > 0 && hex.data[at - 1] == '!';

		hex = span_from(hex, at);
		if (!take_group(&hex, inner))
			return false;
		for (list = *inner; span_split(&list, '|', &one); size = one.len)
			if (size != SIZE_MAX && size != one.len && !negated)
				return true;
	}
	return false;
}

/* The pattern with only those alternatives of one group that have this length. */
static struct span
keep_length(struct arena *a, struct span hex, struct span inner, size_t len)
{
	char *text = arena_alloc_raw(a, hex.len), *out = text;
	size_t before = (size_t)(inner.data - hex.data);
	struct span one;

	out = mempcpy(out, hex.data, before);
	for (struct span list = inner; span_split(&list, '|', &one);)
		if (one.len == len) {
			if (out > text + before)
				*out++ = '|';
			out = mempcpy(out, one.data, one.len);
		}
	out = mempcpy(out, span_end(inner), hex.len - before - inner.len);
	return span_of(text, (size_t)(out - text));
}

/* Whether an alternative of this length stands before `end`. */
static bool
length_is_known(struct span inner, const char *end, size_t len)
{
	struct span one;

	while (span_split(&inner, '|', &one) && one.data < end)
		if (one.len == len)
			return true;
	return false;
}

static const char *
read_variants(struct variants *v, struct span hex, unsigned groups)
{
	struct span inner, one;
	struct pattern p;
	const char *error;

	if (!find_unequal(hex, &inner)) {
		if (++v->count > PATTERN_VARIANTS_MAX)
			return "the alternatives have too many combinations of lengths";
		error = read_variant(v->arena, hex, v->nocase, &p);
		if (error == NULL)
			v->add(v->context, &p);
		return error;
	}
	if (groups == UNEQUAL_GROUPS_MAX)
		return "too many alternatives of unequal length";
	for (struct span list = inner; span_split(&list, '|', &one);) {
		if (length_is_known(inner, one.data, one.len))
			continue;
		error = read_variants(v, keep_length(v->arena, hex, inner, one.len), groups + 1);
		if (error != NULL)
			return error;
	}
	return NULL;
}

/* An end of line within a segment is one byte or two. */
static struct span
write_out_line_ends(struct arena *a, struct span hex)
{
	static const char marker[] = "(L)", meaning[] = "(0a|0d0a)";
	char *text = arena_alloc_raw(a, hex.len * (strlen(meaning) / strlen(marker)) + 1), *out = text;
	size_t at;

	while ((at = span_find(hex, span_str(marker))) != SIZE_MAX) {
		struct span before = span_first(hex, at), after = span_from(hex, at + strlen(marker));
		bool within = before.len > 0 && after.len > 0 && strchr("*}]!", before.data[before.len - 1]) == NULL &&
		    strchr("*{[", after.data[0]) == NULL;

		out = mempcpy(out, before.data, before.len);
		out = stpcpy(out, within ? meaning : marker);
		hex = after;
	}
	out = mempcpy(out, hex.data, hex.len);
	return span_of(text, (size_t)(out - text));
}

const char *
pattern_parse(struct arena *a, struct span hex, bool nocase, void (*add)(void *context, const struct pattern *p),
    void *context)
{
	struct variants v = { a, add, context, 0, nocase };

	if (hex.len > HEX_MAX)
		return "the pattern is too long";
	if (span_find(hex, SPAN_LITERAL("(L)")) != SIZE_MAX)
		hex = write_out_line_ends(a, hex);
	return read_variants(&v, hex, 0);
}
