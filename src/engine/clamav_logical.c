/* Logical signatures: name;attributes;expression;sub-signature;…: what a line
 * is read into. Sub-signatures are patterns with an offset and modifiers,
 * expressions, comparisons of numbers, and macros. */
#include "config.h"

#include "base/codec.h"
#include "engine/clamav_db.h"

struct reading {
	struct clam_loader *l;
	struct clam_logical *logical;
	bool has_target, fits;
	const char *unsupported; /* or NULL */
};

/* --- Attributes --- */

static bool
read_intermediates(struct reading *r, struct span value)
{
	enum clam_type types[CLAM_INTERMEDIATES_MAX], *kept;
	struct span one;
	uint8_t count = 0;

	while (span_split(&value, '>', &one)) {
		if (count == CLAM_INTERMEDIATES_MAX || !span_starts(one, "CL_TYPE_"))
			return false;
		if (!clam_type_parse(one, &types[count++]))
			r->unsupported = "containers of this type";
	}
	if (count == 0)
		return false;
	kept = ARENA_ARRAY(r->l->arena, enum clam_type, count);
	memcpy(kept, types, count * sizeof(*kept));
	r->logical->intermediates = kept;
	r->logical->intermediate_count = count;
	return true;
}

/* n-m; an open end is not ClamAV's. */
static bool
read_range(struct span value, struct clam_range *out)
{
	return span_find_byte(value, '-') != SIZE_MAX && clam_range_parse(value, out);
}

static bool
read_attribute(struct reading *r, struct span key, struct span value)
{
	struct clam_logical *s = r->logical;
	struct clam_range levels;

	if (span_is(key, "Engine")) {
		r->fits = read_range(value, &levels) && levels.least <= CLAM_LEVEL && levels.most >= CLAM_LEVEL;
		return read_range(value, &levels);
	}
	if (span_is(key, "Target")) {
		r->has_target = true;
		return clam_target_parse(value, &s->target);
	}
	if (span_is(key, "FileSize"))
		return read_range(value, &s->size);
	if (span_is(key, "EntryPoint")) {
		s->asks_entry = true;
		return read_range(value, &s->entry);
	}
	if (span_is(key, "NumberOfSections")) {
		s->asks_sections = true;
		return read_range(value, &s->sections);
	}
	if (span_is(key, "Intermediates"))
		return read_intermediates(r, value);
	if (span_is(key, "Container")) {
		s->asks_container = true;
		if (!clam_type_parse(value, &s->container))
			r->unsupported = "containers of this type";
	} else if (span_starts(key, "IconGroup")) {
		r->unsupported = "icons";
	} else if (!span_is(key, "HandlerType")) {
		r->unsupported = "attributes of this kind";
	}
	return true;
}

static bool
read_attributes(struct reading *r, struct span text)
{
	struct clam_logical *s = r->logical;
	struct span one;
	bool executable;

	s->size = (struct clam_range){ 0, UINT64_MAX };
	while (span_split(&text, ',', &one)) {
		struct span key;

		if (!span_split(&one, ':', &key) || one.len == 0 || !read_attribute(r, key, one))
			return false;
	}
	executable = s->target == 1 || s->target == 6 || s->target == 9;
	return r->has_target && (executable || (!s->asks_entry && !s->asks_sections));
}

/* --- Patterns --- */

struct modifiers {
	bool nocase, wide, fullword, ascii;
};

/* Takes `::iwfa` off the end. */
static bool
take_modifiers(struct span *text, struct modifiers *m)
{
	size_t at = span_find(*text, SPAN_LITERAL("::"));

	*m = (struct modifiers){ .ascii = false };
	if (at == SIZE_MAX)
		return true;
	for (size_t i = at + 2; i < text->len; i++)
		switch (text->data[i]) {
		case 'i':
			m->nocase = true;
			break;
		case 'w':
			m->wide = true;
			break;
		case 'f':
			m->fullword = true;
			break;
		case 'a':
			m->ascii = true;
			break;
		default:
			return false;
		}
	text->len = at;
	return true;
}

/* A 00 behind each byte that is written out, also in alternatives. */
static struct span
widened(struct arena *a, struct span hex)
{
	char *out = arena_alloc_raw(a, 2 * hex.len + 1), *end = out;

	for (size_t i = 0; i < hex.len;) {
		bool byte = i + 1 < hex.len && hex_digit(hex.data[i]) >= 0 && hex_digit(hex.data[i + 1]) >= 0;
		size_t len = byte ? 2 : 1;

		if (hex.data[i] == '{' || hex.data[i] == '[')
			len = span_find_byte(span_from(hex, i), hex.data[i] == '{' ? '}' : ']') + 1;
		if (len == 0) /* no end: told as malformed by who reads it */
			len = hex.len - i;
		end = mempcpy(end, hex.data + i, len);
		if (byte)
			end = mempcpy(end, "00", 2);
		i += len;
	}
	return span_of(out, (size_t)(end - out));
}

/* As ClamAV has it, no letter or digit stands on either side. */
static struct span
as_word(struct arena *a, struct span hex)
{
	return span_str(arena_printf(a, "(W)%.*s(W)", SPAN_ARG(hex)));
}

static const char *
add_form(struct reading *r, struct span hex, const struct clam_sub *sub, const struct modifiers *m)
{
	struct clam_id id = { true, (uint32_t)r->l->db->sub_count };

	if (m->fullword)
		hex = as_word(r->l->work, hex);
	return clam_pattern_add(r->l, hex, &sub->offset, m->nocase, id);
}

/* [offset:]hexadecimal[::modifiers] */
static bool
read_pattern(struct reading *r, struct span text, struct clam_sub *sub)
{
	struct modifiers m;
	size_t colon;

	if (!take_modifiers(&text, &m))
		return false;
	colon = span_find_byte(text, ':');
	if (colon != SIZE_MAX) {
		if (!clam_offset_parse(span_first(text, colon), &sub->offset))
			return false;
		text = span_from(text, colon + 1);
	}
	if (sub->offset.origin == CLAM_AT_UNSUPPORTED) {
		r->unsupported = "offsets in version information";
		return true;
	}
	if (text.len == 0)
		return false;
	if (m.wide && add_form(r, widened(r->l->work, text), sub, &m) != NULL)
		return false;
	return (m.wide && !m.ascii) || add_form(r, text, sub, &m) == NULL;
}

/* --- The other sub-signatures --- */

/* ${least-most}group$ */
static bool
read_macro(struct reading *r, struct span text, struct clam_sub *sub)
{
	size_t end = span_find_byte(text, '}');
	uint64_t group;

	if (end == SIZE_MAX || text.data[text.len - 1] != '$' || sub->number == 0 ||
	    !read_range(span_of(text.data + 2, end - 2), &sub->macro) ||
	    !span_to_u64(span_of(text.data + end + 1, text.len - end - 2), &group) || group >= CLAM_MACROS_MAX)
		return false;
	sub->kind = CLAM_SUB_MACRO;
	sub->macro_group = (uint32_t)group;
	r->l->db->subs[r->l->db->sub_count - 1].recorded = true;
	r->logical->late = true;
	return true;
}

static bool
read_pcre(struct reading *r, struct span text, struct clam_sub *sub)
{
	struct clam_pcre *pcre = ARENA_NEW(r->l->arena, struct clam_pcre);

	if (clam_pcre_parse(r->l->arena, text, pcre) != NULL || pcre->trigger.subs > sub->number)
		return false;
	if (pcre->offset.origin == CLAM_AT_UNSUPPORTED)
		r->unsupported = "offsets in version information";
	r->l->db->wants_layout |= !clam_offset_is_plain(&pcre->offset);
	sub->kind = CLAM_SUB_PCRE;
	sub->pcre = pcre;
	r->logical->late = true;
	return true;
}

static bool
read_compare(struct reading *r, struct span text, struct clam_sub *sub)
{
	struct clam_compare *compare = ARENA_NEW(r->l->arena, struct clam_compare);

	if (!clam_compare_parse(text, compare) || compare->sub == sub->number)
		return false;
	sub->kind = CLAM_SUB_COMPARE;
	sub->compare = compare;
	r->logical->places = r->logical->late = true;
	return true;
}

static bool
is_compare(struct span text)
{
	size_t at = span_find_byte(text, '(');

	return at != SIZE_MAX && at > 0 && at <= 2 && ascii_is_digit(text.data[0]) && ascii_is_digit(text.data[at - 1]) &&
	    (span_starts(span_from(text, at + 1), ">>") || span_starts(span_from(text, at + 1), "<<"));
}

static bool
read_sub(struct reading *r, struct span text, uint8_t number)
{
	struct clam_loader *l = r->l;
	struct clam_db *db = l->db;
	struct clam_sub sub = { .number = number, .logical = (uint32_t)db->logical_count };
	bool good = true;

	if (text.len == 0)
		return false;
	if (span_starts(text, "fuzzy_img#"))
		r->unsupported = "fuzzy digests of images";
	else if (span_starts(text, "${"))
		good = read_macro(r, text, &sub);
	else if (span_find_byte(text, '/') != SIZE_MAX)
		good = read_pcre(r, text, &sub);
	else if (is_compare(text))
		good = read_compare(r, text, &sub);
	else
		good = read_pattern(r, text, &sub);
	if (!good)
		return false;
	db->subs = arena_grow(l->arena, db->subs, sizeof(*db->subs), &l->sub_cap, db->sub_count + 1);
	db->subs[db->sub_count++] = sub;
	return true;
}

/* --- The whole --- */

/* Matches of a sub-signature that are worth counting. */
static uint32_t
enough_for(const struct clam_expression *e, uint32_t enough)
{
	for (uint16_t i = 0; i < e->count; i++)
		if (e->nodes[i].comparison != 0 && e->nodes[i].matches >= enough)
			enough = e->nodes[i].matches < UINT32_MAX ? e->nodes[i].matches + 1 : UINT32_MAX;
	return enough;
}

static void
take_logical(struct clam_loader *l, struct clam_logical *s)
{
	static const uint32_t none[CLAM_SUBS_MAX] = { 0 };
	struct clam_db *db = l->db;

	s->enough = enough_for(&s->expression, 1);
	for (uint8_t i = 0; i < s->sub_count; i++)
		if (db->subs[s->first_sub + i].kind == CLAM_SUB_PCRE)
			s->enough = enough_for(&db->subs[s->first_sub + i].pcre->trigger, s->enough);

	if (clam_expression_holds(&s->expression, none)) {
		db->idle = arena_grow(l->arena, db->idle, sizeof(*db->idle), &l->idle_cap, db->idle_count + 1);
		db->idle[db->idle_count++] = (uint32_t)db->logical_count;
	}
	db->logicals = arena_grow(l->arena, db->logicals, sizeof(*db->logicals), &l->logical_cap, db->logical_count + 1);
	db->logicals[db->logical_count++] = *s;
	db->targets[s->target] = true;
	db->wants_layout |= s->asks_entry || s->asks_sections;
}

/* Patterns of a line that turns out not to be taken stay in the matcher; as
 * their id is no more than a number, they are made to belong to nothing. */
static void
disown(struct clam_db *db, size_t ids, size_t subs)
{
	for (size_t i = ids; i < db->id_count; i++)
		db->ids[i].index = UINT32_MAX;
	db->sub_count = subs;
}

enum clam_line
clam_logical_line(struct clam_loader *l, struct span line)
{
	struct span fields[CLAM_FIELDS_MAX];
	size_t count = clam_fields(line, ';', fields), ids = l->db->id_count, subs = l->db->sub_count;
	struct clam_logical s = { .first_sub = (uint32_t)subs };
	struct reading r = { .l = l, .logical = &s, .fits = true };

	if (count < 4 || count - 3 > CLAM_SUBS_MAX || fields[0].len == 0 || !read_attributes(&r, fields[1]) ||
	    !clam_expression_parse(l->arena, fields[2], &s.expression) || s.expression.subs != count - 3)
		return CLAM_LINE_MALFORMED;
	if (!r.fits || clam_name_is_ignored(l, fields[0]))
		return CLAM_LINE_SKIPPED;
	s.sub_count = (uint8_t)(count - 3);
	for (size_t i = 3; i < count && r.unsupported == NULL; i++)
		if (!read_sub(&r, fields[i], (uint8_t)(i - 3))) {
			disown(l->db, ids, subs);
			return CLAM_LINE_MALFORMED;
		}
	if (r.unsupported != NULL) {
		disown(l->db, ids, subs);
		return clam_unsupported(l, r.unsupported);
	}
	s.name = clam_name(l, fields[0]);
	take_logical(l, &s);
	return CLAM_LINE_TAKEN;
}
