/* A set of signatures over one content. Byte patterns: one pass looks for the
 * anchors of all (grams.h; literals.h where they are few and it is enough to see
 * one once); where one may be, its segment is compared there and then. Most
 * patterns are a single segment, and so decided. A pattern with gaps is matched as
 * a whole, after the pass, when the segment of its anchor was seen. Digests:
 * computed once for each kind that the set has with this size.
 *
 * The time is that of the pass, plus the comparison of a segment for each
 * occurrence of an anchor, plus one walk for each pattern with gaps whose
 * segment was seen. In what nobody made for the purpose that is the pass. Content
 * can be made of the anchors of many patterns, or of one byte that a pattern
 * repeats a thousand times; so the comparisons are counted, and a search that
 * takes more than WORK_PER_OCTET of them fails: it is never clean by being slow.
 * With that the time is linear in the content whatever it is. */
#include "config.h"

#include "engine/signature.h"

#include "base/codec.h"
#include "engine/digest_set.h"
#include "engine/literals.h"
#include "engine/signature_pattern.h"

#include <stdlib.h>

/* `number` is the place of the id among the set's ids; while the set is being
 * built it is the id itself. */
struct numbered_pattern {
	struct pattern pattern;
	uint32_t number;
};

enum {
	/* Steps of comparing (struct work) for each octet of content, of a
	 * nanosecond or two each. With 100,000 signatures ordinary content takes
	 * less than a hundredth of one. */
	WORK_PER_OCTET = 64,
	WORK_LEAST = 1 << 20, /* however small the content is: a millisecond or two */
	FEW = 64,             /* patterns up to which a search for literals is several times as fast */
};

struct signatures {
	struct numbered_pattern *patterns;
	size_t pattern_count;
	struct digest_set digests[DIGEST_KINDS];
	struct grams *anchors;    /* their indexes are those of patterns */
	struct literals *few;     /* the same, or NULL: there are more than a few, or none */
	uint32_t *ids;            /* sorted, each once */
	size_t id_count, count;
};

struct signature_builder {
	struct arena *arena;
	struct numbered_pattern *patterns;
	size_t pattern_count, pattern_cap;
	struct digest_set digests[DIGEST_KINDS];
	uint32_t *ids; /* of each signature added */
	size_t count, id_cap;
	/* Of the signature whose variants are being added. */
	uint32_t adding;
	const struct signature_place *place;
};

struct signatures_scratch {
	struct work work;
	bool *done;      /* of each id: no more of it is to be told */
	bool *waits;     /* of each pattern with gaps: to be walked */
	uint32_t *waiting, *finished; /* which are true above */
	size_t waiting_count, finished_count;
	struct literals_scratch *few;
};

/* --- Building --- */

struct signature_builder *
signature_builder_new(struct arena *a)
{
	struct signature_builder *b = ARENA_NEW(a, struct signature_builder);

	b->arena = a;
	return b;
}

static void
add_id(struct signature_builder *b, uint32_t id)
{
	b->ids = arena_grow(b->arena, b->ids, sizeof(*b->ids), &b->id_cap, b->count + 1);
	b->ids[b->count++] = id;
}

static void
add_pattern(void *context, const struct pattern *p)
{
	struct signature_builder *b = context;

	b->patterns = arena_grow(b->arena, b->patterns, sizeof(*b->patterns), &b->pattern_cap, b->pattern_count + 1);
	b->patterns[b->pattern_count] = (struct numbered_pattern){ *p, b->adding };
	b->patterns[b->pattern_count++].pattern.place = b->place;
}

const char *
signature_add_text(struct signature_builder *b, struct span text, uint32_t id)
{
	struct pattern p;
	const char *error = pattern_of_text(b->arena, text, &p);

	if (error != NULL)
		return error;
	b->adding = id;
	b->place = NULL;
	add_pattern(b, &p);
	add_id(b, id);
	return NULL;
}

const char *
signature_add_hex(struct signature_builder *b, struct span hex, uint32_t id)
{
	return signature_add_pattern(b, hex, NULL, false, id);
}

const char *
signature_add_pattern(struct signature_builder *b, struct span hex, const struct signature_place *place, bool nocase,
    uint32_t id)
{
	size_t before = b->pattern_count;
	const char *error;

	b->adding = id;
	b->place = NULL;
	if (place != NULL && place->origin != SIGNATURE_ANYWHERE) {
		struct signature_place *copy = ARENA_NEW(b->arena, struct signature_place);

		*copy = *place;
		b->place = copy;
	}
	error = pattern_parse(b->arena, hex, nocase, add_pattern, b);
	if (error != NULL)
		b->pattern_count = before; /* variants may have been added before the one that is wrong */
	else
		add_id(b, id);
	return error;
}

const char *
signature_add_digest(struct signature_builder *b, enum digest_kind kind, struct span hex, uint32_t id)
{
	return signature_add_sized_digest(b, kind, hex, DIGEST_ANY_SIZE, id);
}

const char *
signature_add_sized_digest(struct signature_builder *b, enum digest_kind kind, struct span hex, uint64_t content_size,
    uint32_t id)
{
	size_t size = digest_size(kind);
	unsigned char digest[DIGEST_MAX];

	if (hex.len != 2 * size)
		return arena_printf(b->arena, "a digest of this kind has %zu hexadecimal digits", 2 * size);
	for (size_t i = 0; i < size; i++) {
		int high = hex_digit(hex.data[2 * i]), low = hex_digit(hex.data[2 * i + 1]);

		if (high < 0 || low < 0)
			return "a digest is written in hexadecimal digits";
		digest[i] = (unsigned char)(high << 4 | low);
	}
	digest_set_add(b->arena, &b->digests[kind], kind, digest, content_size, id);
	add_id(b, id);
	return NULL;
}

static int
compare_ids(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return (a > b) - (a < b);
}

static void
sort_ids(struct signatures *s)
{
	size_t kept = 0;

	if (s->id_count > 1)
		qsort(s->ids, s->id_count, sizeof(*s->ids), compare_ids);
	for (size_t i = 0; i < s->id_count; i++)
		if (kept == 0 || s->ids[i] != s->ids[kept - 1])
			s->ids[kept++] = s->ids[i];
	s->id_count = kept;
}

static struct grams *
compile_anchors(struct arena *a, struct signatures *s)
{
	struct arena *work = arena_new_within(a);
	struct pattern **patterns = ARENA_ARRAY(work, struct pattern *, s->pattern_count);
	struct gram_item *items = ARENA_ARRAY(work, struct gram_item, s->pattern_count);
	struct grams *anchors;

	for (size_t i = 0; i < s->pattern_count; i++)
		patterns[i] = &s->patterns[i].pattern;
	pattern_choose_anchors(work, patterns, s->pattern_count);
	for (size_t i = 0; i < s->pattern_count; i++) {
		const struct pattern *p = patterns[i];

		items[i] = (struct gram_item){ p->segments[p->anchor_segment].value + p->anchor_offset, p->anchor_kind };
	}
	anchors = grams_compile(a, items, s->pattern_count);
	arena_free(&work);
	return anchors;
}

static size_t
window_of(const struct pattern *p)
{
	return gram_shapes[p->anchor_kind].window;
}

/* Without regard to the case of letters, as of the anchors in grams.h. */
static struct literals *
compile_few(struct arena *a, const struct signatures *s)
{
	struct literal items[FEW];

	if (s->pattern_count == 0 || s->pattern_count > FEW)
		return NULL;
	for (size_t i = 0; i < s->pattern_count; i++) {
		const struct pattern *p = &s->patterns[i].pattern;
		const unsigned char *window = p->segments[p->anchor_segment].value + p->anchor_offset;

		items[i] = (struct literal){ span_of((const char *)window, window_of(p)), true, (uint32_t)i };
	}
	return literals_compile(a, items, s->pattern_count);
}

static uint32_t
number_of(const struct signatures *s, uint32_t id)
{
	const uint32_t *at = bsearch(&id, s->ids, s->id_count, sizeof(id), compare_ids);

	return (uint32_t)(at - s->ids);
}

struct signatures *
signatures_compile(struct signature_builder *b)
{
	struct signatures *s = ARENA_NEW(b->arena, struct signatures);

	s->patterns = b->patterns;
	s->pattern_count = b->pattern_count;
	s->ids = b->ids;
	s->id_count = s->count = b->count;
	sort_ids(s);
	for (size_t i = 0; i < s->pattern_count; i++)
		s->patterns[i].number = number_of(s, s->patterns[i].number);
	for (int kind = 0; kind < DIGEST_KINDS; kind++) {
		s->digests[kind] = b->digests[kind];
		digest_set_sort(b->arena, &s->digests[kind], (enum digest_kind)kind);
	}
	s->anchors = compile_anchors(b->arena, s);
	s->few = compile_few(b->arena, s);
	return s;
}

size_t
signatures_count(const struct signatures *s)
{
	return s->count;
}

/* --- Searching --- */

struct signatures_scratch *
signatures_scratch_new(const struct signatures *s)
{
	struct signatures_scratch *scratch = calloc(1, sizeof(*scratch));

	if (scratch == NULL)
		return NULL;
	scratch->done = calloc(s->id_count + 1, sizeof(*scratch->done));
	scratch->finished = calloc(s->id_count + 1, sizeof(*scratch->finished));
	scratch->waits = calloc(s->pattern_count + 1, sizeof(*scratch->waits));
	scratch->waiting = calloc(s->pattern_count + 1, sizeof(*scratch->waiting));
	if (scratch->done == NULL || scratch->finished == NULL || scratch->waits == NULL || scratch->waiting == NULL)
		signatures_scratch_free(&scratch);
	else if (s->few != NULL)
		scratch->few = literals_scratch_new(s->few);
	return scratch;
}

void
signatures_scratch_free(struct signatures_scratch **s)
{
	if (*s == NULL)
		return;
	free((*s)->done);
	free((*s)->finished);
	free((*s)->waits);
	free((*s)->waiting);
	literals_scratch_free(&(*s)->few);
	free(*s);
	*s = NULL;
}

struct search {
	const struct signatures *set;
	struct signatures_scratch *scratch;
	struct span data;
	bool (*found)(void *context, uint32_t id, size_t offset);
	void *context;
	uint32_t number; /* of the pattern that is being walked */
};

/* found() of a number of the set; true when more of it are wanted. */
static bool
tell(struct search *s, uint32_t number, size_t offset)
{
	struct signatures_scratch *scratch = s->scratch;

	if (scratch->done[number])
		return false;
	if (s->found(s->context, s->set->ids[number], offset))
		return true;
	scratch->done[number] = true;
	scratch->finished[scratch->finished_count++] = number;
	return false;
}

static bool
anchor_found(void *context, uint32_t index, size_t at)
{
	struct search *s = context;
	struct signatures_scratch *scratch = s->scratch;
	const struct numbered_pattern *n = &s->set->patterns[index];
	const struct pattern *p = &n->pattern;
	size_t begin = at - p->anchor_offset, first, last;

	scratch->work.done++;
	if (scratch->done[n->number] || scratch->waits[index] || at < p->anchor_offset ||
	    (p->count == 1 && (!place_range(p->place, s->data.len, &first, &last) || begin < first || begin > last)) ||
	    !segment_matches(&p->segments[p->anchor_segment], s->data, begin, &scratch->work))
		return scratch->work.done <= scratch->work.most;
	if (p->count == 1) {
		tell(s, n->number, begin);
	} else {
		scratch->waits[index] = true;
		scratch->waiting[scratch->waiting_count++] = index;
	}
	return scratch->work.done <= scratch->work.most;
}

static bool
literal_found(void *context, uint32_t index, size_t end)
{
	const struct search *s = context;

	return anchor_found(context, index, end - window_of(&s->set->patterns[index].pattern));
}

/* False when it took too long. libhs refuses texts of 4 GiB and more. */
static bool
search_anchors(struct search *s, bool once)
{
	const struct work *work = &s->scratch->work;

	if (once && s->set->few != NULL && s->data.len <= UINT32_MAX &&
	    literals_scan(s->set->few, s->scratch->few, s->data, literal_found, s))
		return work->done <= work->most;
	return grams_scan(s->set->anchors, s->data, anchor_found, s);
}

static bool
walk_found(void *context, size_t begin)
{
	struct search *s = context;

	return tell(s, s->number, begin);
}

static void
digest_found(void *context, uint32_t id)
{
	struct search *s = context;

	tell(s, number_of(s->set, id), 0);
}

static bool
search_digests(struct search *s, const unsigned char *sha256)
{
	unsigned char computed[DIGEST_MAX];

	for (int k = 0; k < DIGEST_KINDS; k++) {
		enum digest_kind kind = (enum digest_kind)k;
		const struct digest_set *set = &s->set->digests[kind];
		const unsigned char *digest = kind == DIGEST_SHA256 && sha256 != NULL ? sha256 : computed;

		if (!digest_set_has_size(set, s->data.len))
			continue;
		if (digest == computed && !digest_of(kind, s->data, computed))
			return false;
		digest_set_find(set, kind, digest, s->data.len, digest_found, s);
	}
	return true;
}

/* The scratch as it was before the search. */
static void
clear(struct signatures_scratch *scratch)
{
	while (scratch->waiting_count > 0)
		scratch->waits[scratch->waiting[--scratch->waiting_count]] = false;
	while (scratch->finished_count > 0)
		scratch->done[scratch->finished[--scratch->finished_count]] = false;
}

/* once: it is enough to be told of one place for each id. */
static bool
search(struct search *s, const unsigned char *sha256, bool once)
{
	struct signatures_scratch *scratch = s->scratch;

	if (scratch == NULL)
		return false;
	clear(scratch);
	scratch->work = (struct work){ 0, WORK_LEAST + WORK_PER_OCTET * (uint64_t)s->data.len };
	if (!search_anchors(s, once))
		return false;
	for (size_t i = 0; i < scratch->waiting_count; i++) {
		const struct numbered_pattern *n = &s->set->patterns[scratch->waiting[i]];

		s->number = n->number;
		if (!scratch->done[n->number])
			pattern_find(&n->pattern, s->data, &scratch->work, walk_found, s);
		if (scratch->work.done > scratch->work.most)
			return false;
	}
	return search_digests(s, sha256);
}

bool
signatures_scan_at(const struct signatures *s, struct signatures_scratch *scratch, struct span data,
    const unsigned char *sha256, bool (*found)(void *context, uint32_t id, size_t offset), void *context)
{
	struct search all = { s, scratch, data, found, context, 0 };

	return search(&all, sha256, false);
}

uint64_t
signatures_work(const struct signatures_scratch *scratch)
{
	return scratch->work.done;
}

struct once {
	void (*found)(void *context, uint32_t id);
	void *context;
};

static bool
found_once(void *context, uint32_t id, size_t offset)
{
	const struct once *once = context;

	(void)offset;
	once->found(once->context, id);
	return false;
}

bool
signatures_scan(const struct signatures *s, struct signatures_scratch *scratch, struct span data,
    const unsigned char *sha256, void (*found)(void *context, uint32_t id), void *context)
{
	struct once once = { found, context };
	struct search first = { s, scratch, data, found_once, &once, 0 };

	return search(&first, sha256, true);
}
