/* Offsets of signatures: n, EOF-n, EP+n, Sx+n, SL+n, SEx, each with a range
 * behind a comma, and $n, the group of a macro. Those relative to an executable
 * are known only when its headers were read. */
#include "config.h"

#include "engine/clamav_db.h"

static bool
number(struct span text, uint64_t most, uint64_t *out)
{
	return span_to_u64(text, out) && *out <= most;
}

/* A sign and a number. */
static bool
signed_number(struct span text, int64_t *out)
{
	uint64_t value;

	if (text.len < 2 || (text.data[0] != '+' && text.data[0] != '-') || !number(span_from(text, 1), UINT32_MAX, &value))
		return false;
	*out = text.data[0] == '+' ? (int64_t)value : -(int64_t)value;
	return true;
}

/* Before the beginning of a section there is no offset. */
static bool
forward_number(struct span text, int64_t *out)
{
	return span_starts(text, "+") && signed_number(text, out);
}

/* Behind the S: Ex, L+n or x+n. */
static bool
parse_section(struct span text, struct clam_offset *out)
{
	size_t sign = 0;
	uint64_t section;

	if (span_starts(text, "E")) {
		out->origin = CLAM_IN_SECTION;
		text = span_from(text, 1);
		if (!number(text, UINT16_MAX, &section))
			return false;
		out->section = (uint32_t)section;
		return true;
	}
	if (span_starts(text, "L")) {
		out->origin = CLAM_AT_LAST_SECTION;
		return forward_number(span_from(text, 1), &out->distance);
	}
	while (sign < text.len && ascii_is_digit(text.data[sign]))
		sign++;
	out->origin = CLAM_AT_SECTION;
	if (!number(span_first(text, sign), UINT16_MAX, &section))
		return false;
	out->section = (uint32_t)section;
	return forward_number(span_from(text, sign), &out->distance);
}

static bool
parse_origin(struct span text, struct clam_offset *out)
{
	uint64_t value;

	if (span_is(text, "*"))
		return true;
	if (span_starts(text, "VI")) {
		out->origin = CLAM_AT_UNSUPPORTED;
		return true;
	}
	if (span_starts(text, "$")) {
		out->origin = CLAM_AT_MACRO;
		if (!number(span_from(text, 1), CLAM_MACROS_MAX - 1, &value))
			return false;
		out->section = (uint32_t)value;
		return true;
	}
	if (span_starts(text, "EP")) {
		out->origin = CLAM_AT_ENTRY;
		return signed_number(span_from(text, 2), &out->distance);
	}
	if (span_starts(text, "EOF-")) {
		out->origin = CLAM_AT_END;
		text = span_from(text, 4);
	} else if (span_starts(text, "S")) {
		return parse_section(span_from(text, 1), out);
	} else {
		out->origin = CLAM_AT_BEGIN;
	}
	if (!number(text, UINT32_MAX, &value))
		return false;
	out->distance = out->origin == CLAM_AT_END ? -(int64_t)value : (int64_t)value;
	return true;
}

bool
clam_offset_parse(struct span text, struct clam_offset *out)
{
	struct span origin;
	uint64_t shift = 0;
	bool floating = span_find_byte(text, ',') != SIZE_MAX;

	*out = (struct clam_offset){ .origin = CLAM_AT_ANY };
	if (!span_split(&text, ',', &origin) || !parse_origin(origin, out))
		return false;
	if (floating && !number(text, UINT32_MAX, &shift))
		return false;
	out->shift = (uint32_t)shift;
	return true;
}

bool
clam_offset_is_plain(const struct clam_offset *o)
{
	return o->origin <= CLAM_AT_END || o->origin == CLAM_AT_MACRO;
}

struct signature_place
clam_offset_place(const struct clam_offset *o)
{
	uint64_t distance = (uint64_t)(o->distance < 0 ? -o->distance : o->distance);

	if (o->origin == CLAM_AT_BEGIN)
		return (struct signature_place){ SIGNATURE_FROM_BEGIN, distance, distance + o->shift };
	if (o->origin == CLAM_AT_END)
		return (struct signature_place){ SIGNATURE_FROM_END, distance > o->shift ? distance - o->shift : 0, distance };
	return (struct signature_place){ .origin = SIGNATURE_ANYWHERE };
}

/* Where the origin lies; false when there is none in this content. */
static bool
find_origin(const struct clam_offset *o, const struct executable *e, size_t len, int64_t *at)
{
	switch (o->origin) {
	case CLAM_AT_BEGIN:
		*at = 0;
		return true;
	case CLAM_AT_END:
		*at = (int64_t)len;
		return true;
	case CLAM_AT_ENTRY:
		*at = (int64_t)e->entry;
		return e->known && e->has_entry;
	case CLAM_AT_SECTION:
	case CLAM_IN_SECTION:
		if (!e->known || o->section >= e->section_count)
			return false;
		*at = (int64_t)e->sections[o->section].offset;
		return true;
	case CLAM_AT_LAST_SECTION:
		if (!e->known || e->section_count == 0)
			return false;
		*at = (int64_t)e->sections[e->section_count - 1].offset;
		return true;
	case CLAM_AT_ANY:
	case CLAM_AT_MACRO:
	case CLAM_AT_UNSUPPORTED:
		break;
	}
	return false;
}

bool
clam_offset_range(const struct clam_offset *o, const struct executable *e, size_t len, size_t *first, size_t *last)
{
	int64_t at, end;

	*first = 0;
	*last = len;
	if (o->origin == CLAM_AT_ANY || o->origin == CLAM_AT_MACRO)
		return true;
	if (!find_origin(o, e, len, &at))
		return false;
	at += o->distance;
	end = at + o->shift;
	if (o->origin == CLAM_IN_SECTION)
		end = at + (int64_t)e->sections[o->section].size + o->shift;
	if (at < 0 || at > (int64_t)len)
		return false;
	*first = (size_t)at;
	*last = (size_t)end;
	return true;
}
