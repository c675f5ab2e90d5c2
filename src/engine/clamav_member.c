/* Signatures of what a container tells of its members: name:container:its
 * size:expression for the member's name:packed size:size:encrypted:position:
 * checksum:reserved[:least[:most level]]. */
#include "config.h"

#include "engine/clamav_db.h"

/* Of a zip or RAR; containers do not tell it here. */
static bool
asks_checksum(struct span field)
{
	return !span_is(field, "*") && field.len > 0;
}

static bool
read_encrypted(struct span text, int8_t *out)
{
	*out = span_is(text, "*") ? -1 : (int8_t)span_is(text, "1");
	return *out != 0 || span_is(text, "0");
}

/* `(?i)` before an expression is ClamAV's own, and PCRE2's too. */
static bool
read_regex(struct clam_loader *l, struct span text, struct clam_member *m)
{
	m->has_regex = !span_is(text, "*");
	return !m->has_regex || clam_regex_compile(l->arena, text, PCRE2_DOLLAR_ENDONLY | PCRE2_DOTALL, &m->regex) == NULL;
}

/* What a packed size is compared with is known only where it is the size. */
static bool
packed_is_told(const struct clam_member *m)
{
	return (m->packed.least == 0 && m->packed.most == UINT64_MAX) || m->container == CLAM_MAIL ||
	    m->container == CLAM_POSIX_TAR || m->container == CLAM_OLD_TAR ||
	    (m->container >= CLAM_CPIO_CRC && m->container <= CLAM_CPIO_OLD);
}

enum clam_line
clam_member_line(struct clam_loader *l, struct span line)
{
	struct span f[CLAM_FIELDS_MAX] = { SPAN_NONE };
	size_t count = clam_fields(line, ':', f);
	struct clam_member m = { .container = CLAM_ANY };
	struct clam_db *db = l->db;
	bool fits;

	if (count < 10 || count > 12 || f[0].len == 0 || !clam_range_parse(f[2], &m.container_size) ||
	    !clam_range_parse(f[4], &m.packed) || !clam_range_parse(f[5], &m.size) ||
	    !read_encrypted(f[6], &m.encrypted) || !clam_range_parse(f[7], &m.position) ||
	    !clam_levels_fit(count > 10 ? f[10] : SPAN_NONE, count > 11 ? f[11] : SPAN_NONE, &fits))
		return CLAM_LINE_MALFORMED;
	if (!span_is(f[1], "*") && !clam_type_parse(f[1], &m.container))
		return span_starts(f[1], "CL_TYPE_") ? clam_unsupported(l, "containers of this type") : CLAM_LINE_MALFORMED;
	if (!fits || clam_name_is_ignored(l, f[0]))
		return CLAM_LINE_SKIPPED;
	if (asks_checksum(f[8]) && (m.container == CLAM_ZIP || m.container == CLAM_RAR))
		return clam_unsupported(l, "checksums of members");
	if (!packed_is_told(&m))
		return clam_unsupported(l, "packed sizes of members");
	if (!read_regex(l, f[3], &m))
		return CLAM_LINE_MALFORMED;
	m.name = clam_name(l, f[0]);
	db->members = arena_grow(l->arena, db->members, sizeof(*db->members), &l->member_cap, db->member_count + 1);
	db->members[db->member_count++] = m;
	return CLAM_LINE_TAKEN;
}

static bool
within(const struct clam_range *r, uint64_t value)
{
	return (r->least == 0 && r->most == UINT64_MAX) ||
	    (value != CLAM_SIZE_UNKNOWN && value >= r->least && value <= r->most);
}

static bool
numbers_fit(const struct clam_member *m, const struct clam_object *o)
{
	const struct clam_object *c = o->container;

	return (m->container == CLAM_ANY || m->container == c->type) && within(&m->container_size, c->data.len) &&
	    within(&m->packed, o->packed) && within(&m->size, o->size) &&
	    within(&m->position, o->position) &&
	    (m->encrypted < 0 || (m->encrypted == 1) == o->encrypted);
}

/* Under any of its names; one without a name has an empty one. */
static enum regex_result
name_fits(const struct clam_member *m, const struct regex_memory *memory, const struct clam_object *o)
{
	enum regex_result result = REGEX_NO_MATCH;
	size_t begin, end;

	if (!m->has_regex)
		return REGEX_MATCH;
	if (o->name_count == 0)
		return clam_regex_find(&m->regex, memory, SPAN_NONE, 0, false, &begin, &end);
	for (size_t i = 0; i < o->name_count && result == REGEX_NO_MATCH; i++)
		result = clam_regex_find(&m->regex, memory, o->names[i], 0, false, &begin, &end);
	return result;
}

bool
clam_members_find(const struct clam_db *db, const struct regex_memory *memory, const struct clam_object *o,
    void (*found)(void *context, const char *name), void *context)
{
	bool decided = true;

	if (o->container == NULL)
		return true;
	for (size_t i = 0; i < db->member_count; i++) {
		const struct clam_member *m = &db->members[i];
		enum regex_result result = numbers_fit(m, o) ? name_fits(m, memory, o) : REGEX_NO_MATCH;

		decided &= result != REGEX_LIMIT;
		if (result == REGEX_MATCH)
			found(context, m->name);
	}
	return decided;
}
