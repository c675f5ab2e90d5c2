/* Signatures of one pattern: name:target:offset:hexadecimal[:least[:most
 * level]]. An offset $n makes it a member of a macro's group: it is found only
 * through the logical signatures that name the group. */
#include "config.h"

#include "engine/clamav_db.h"

const char *
clam_pattern_add(struct clam_loader *l, struct span hex, const struct clam_offset *offset, bool nocase, struct clam_id id)
{
	struct clam_db *db = l->db;
	struct signature_place place = clam_offset_place(offset);
	const char *wrong = signature_add_pattern(l->builder, hex, &place, nocase, (uint32_t)db->id_count);

	if (wrong != NULL)
		return wrong;
	db->ids = arena_grow(l->arena, db->ids, sizeof(*db->ids), &l->id_cap, db->id_count + 1);
	db->ids[db->id_count++] = id;
	db->wants_layout |= !clam_offset_is_plain(offset);
	return NULL;
}

/* Only executables have sections and an entry. */
static bool
offset_fits(const struct clam_offset *o, uint8_t target)
{
	return clam_offset_is_plain(o) || target == 1 || target == 6 || target == 9;
}

enum clam_line
clam_body_line(struct clam_loader *l, struct span line)
{
	struct span fields[CLAM_FIELDS_MAX] = { SPAN_NONE };
	size_t count = clam_fields(line, ':', fields);
	struct clam_db *db = l->db;
	struct clam_body body;
	bool fits;

	if (count < 4 || count > 6 || fields[0].len == 0 || fields[3].len == 0 ||
	    !clam_target_parse(fields[1], &body.target) || !clam_offset_parse(fields[2], &body.offset) ||
	    !clam_levels_fit(count > 4 ? fields[4] : SPAN_NONE, count > 5 ? fields[5] : SPAN_NONE, &fits) ||
	    !offset_fits(&body.offset, body.target))
		return CLAM_LINE_MALFORMED;
	if (!fits || clam_name_is_ignored(l, fields[0]))
		return CLAM_LINE_SKIPPED;
	if (body.offset.origin == CLAM_AT_UNSUPPORTED)
		return clam_unsupported(l, "offsets in version information");
	if (clam_pattern_add(l, fields[3], &body.offset, false, (struct clam_id){ false, (uint32_t)db->body_count }) != NULL)
		return CLAM_LINE_MALFORMED;
	body.name = clam_name(l, fields[0]);
	db->bodies = arena_grow(l->arena, db->bodies, sizeof(*db->bodies), &l->body_cap, db->body_count + 1);
	db->bodies[db->body_count++] = body;
	db->targets[body.target] = true;
	return CLAM_LINE_TAKEN;
}
