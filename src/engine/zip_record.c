/* Records of a zip. All offsets may be hostile: each is held against the data
 * before a byte is read. */
#include "config.h"

#include "engine/zip_record.h"

enum {
	LOCAL_SIZE = 30,
	CENTRAL_SIZE = 46,
	END_SIZE = 22,
	ZIP64_END_SIZE = 56,
	ZIP64_LOCATOR_SIZE = 20,
	EXTRA_ZIP64 = 0x0001,
	EXTRA_UNICODE_PATH = 0x7075,
	UNICODE_PATH_NAME = 5, /* after its version and the checksum of the other name */
};
#define ELSEWHERE UINT32_MAX /* 4.5.3: the value stands in ZIP64's field */

static uint32_t
number32(struct span s, size_t offset, unsigned octets)
{
	return (uint32_t)span_number(s, offset, octets);
}

/* What stands at the offset, if it begins so and is at least that long. */
static bool
record_at(struct span data, uint64_t offset, const char *mark, size_t size, struct span *record)
{
	if (offset > data.len || data.len - offset < size)
		return false;
	*record = span_from(data, (size_t)offset);
	return memcmp(record->data, mark, 4) == 0;
}

/* APPNOTE.TXT 4.4.5, with what it marks as obsolete or reserved for known tools. */
static bool
is_method(uint32_t method)
{
	static const unsigned char beyond[] = { 12, 14, 16, 18, 19, 20, 93, 94, 95, 96, 97, 98, 99 };

	return method <= 10 || (method < 256 && memchr(beyond, (int)method, sizeof(beyond)) != NULL);
}

static struct span
extra_field(struct span extra, uint32_t id)
{
	while (extra.len >= 4) {
		size_t len = number32(extra, 2, 2);

		if (number32(extra, 0, 2) == id)
			return span_first(span_from(extra, 4), len);
		extra = span_from(extra, 4 + len);
	}
	return SPAN_NONE;
}

/* Takes from ZIP64's field what stands there instead of in *value. */
static void
take_zip64(struct span *field, uint64_t *value)
{
	if (*value != ELSEWHERE || field->len < 8)
		return;
	*value = span_number(*field, 0, 8);
	*field = span_from(*field, 8);
}

static void
take_extra(struct zip_entry *e, struct span extra, bool central)
{
	struct span zip64 = extra_field(extra, EXTRA_ZIP64), path = extra_field(extra, EXTRA_UNICODE_PATH);

	if (path.len > UNICODE_PATH_NAME && !span_eq(span_from(path, UNICODE_PATH_NAME), e->name))
		e->other_name = span_from(path, UNICODE_PATH_NAME);
	/* Where it is not called for it has no meaning, but some programs take it. */
	if (zip64.len >= 16 && e->size != ELSEWHERE && e->packed != ELSEWHERE && e->header != ELSEWHERE)
		e->doubtful = (span_number(zip64, 0, 8) != e->size && span_number(zip64, 0, 8) != 0) ||
		    (span_number(zip64, 8, 8) != e->packed && span_number(zip64, 8, 8) != 0);
	take_zip64(&zip64, &e->size);
	take_zip64(&zip64, &e->packed);
	if (central)
		take_zip64(&zip64, &e->header);
}

/* What both headers share, in this order. */
static void
take_common(struct zip_entry *e, struct span from_flags)
{
	e->flags = number32(from_flags, 0, 2);
	e->method = number32(from_flags, 2, 2);
	e->crc = number32(from_flags, 8, 4);
	e->packed = number32(from_flags, 12, 4);
	e->size = number32(from_flags, 16, 4);
}

/* ZIP64 says that there is no content, where something is that is no record: a
 * program that does not know the field unpacks it. */
static bool
hides_content(struct span data, const struct zip_entry *e)
{
	return e->packed == 0 && (e->flags & ZIP_SIZES_FOLLOW) == 0 && e->content < data.len &&
	    !span_starts(span_from(data, (size_t)e->content), "PK");
}

bool
zip_local_at(struct span data, uint64_t offset, struct zip_entry *e)
{
	struct span r;
	size_t name, extra;
	bool elsewhere;

	if (!record_at(data, offset, "PK\x03\x04", LOCAL_SIZE, &r) || !is_method(number32(r, 8, 2)))
		return false;
	name = number32(r, 26, 2);
	extra = number32(r, 28, 2);
	if (name > r.len - LOCAL_SIZE)
		return false;
	*e = (struct zip_entry){ .name = span_first(span_from(r, LOCAL_SIZE), name), .header = offset };
	take_common(e, span_from(r, 6));
	elsewhere = e->packed == ELSEWHERE;
	take_extra(e, span_first(span_from(r, LOCAL_SIZE + name), extra), false);
	e->record = LOCAL_SIZE + name + extra;
	e->content = offset + e->record;
	if (e->content > data.len)
		e->content = data.len;
	e->open_end = (e->flags & ZIP_SIZES_FOLLOW) != 0 && e->packed == 0;
	if (elsewhere && hides_content(data, e))
		e->doubtful = e->open_end = true;
	return true;
}

bool
zip_central_at(struct span data, uint64_t offset, struct zip_entry *e)
{
	struct span r;
	size_t name, extra;

	if (!record_at(data, offset, "PK\x01\x02", CENTRAL_SIZE, &r))
		return false;
	name = number32(r, 28, 2);
	extra = number32(r, 30, 2);
	if (name + extra > r.len - CENTRAL_SIZE)
		return false;
	*e = (struct zip_entry){ .name = span_first(span_from(r, CENTRAL_SIZE), name), .header = span_number(r, 42, 4) };
	take_common(e, span_from(r, 8));
	take_extra(e, span_first(span_from(r, CENTRAL_SIZE + name), extra), true);
	e->record = CENTRAL_SIZE + name + extra + number32(r, 32, 2);
	return true;
}

bool
zip_descriptor_agrees(struct span data, const struct zip_entry *e)
{
	struct span s = e->content <= data.len && e->packed <= data.len - e->content
	    ? span_from(data, (size_t)(e->content + e->packed)) : SPAN_NONE;

	if (s.len >= 4 && memcmp(s.data, "PK\x07\x08", 4) == 0)
		s = span_from(s, 4);
	if (s.len < 12 || number32(s, 0, 4) != e->crc)
		return false;
	return (span_number(s, 4, 4) == e->packed && span_number(s, 8, 4) == e->size) ||
	    (s.len >= 20 && span_number(s, 4, 8) == e->packed && span_number(s, 12, 8) == e->size);
}

/* --- The end --- */

static bool
find_zip64(struct span data, const struct zip_end *end, struct zip_end *zip64)
{
	struct span r;
	uint64_t at;

	if (end->at < ZIP64_LOCATOR_SIZE ||
	    !record_at(data, end->at - ZIP64_LOCATOR_SIZE, "PK\x06\x07", ZIP64_LOCATOR_SIZE, &r))
		return false;
	at = span_number(r, 8, 8);
	if (!record_at(data, at, "PK\x06\x06", ZIP64_END_SIZE, &r)) {
		if (end->at < ZIP64_LOCATOR_SIZE + ZIP64_END_SIZE)
			return false;
		at = end->at - ZIP64_LOCATOR_SIZE - ZIP64_END_SIZE;
		if (!record_at(data, at, "PK\x06\x06", ZIP64_END_SIZE, &r))
			return false;
	}
	zip64->at = at;
	zip64->entries = span_number(r, 32, 8);
	zip64->size = span_number(r, 40, 8);
	zip64->offset = span_number(r, 48, 8);
	zip64->split = number32(r, 16, 4) != 0;
	return true;
}

static bool
contradicts(uint64_t value, uint64_t elsewhere, uint64_t zip64)
{
	return value != elsewhere && value != zip64;
}

bool
zip_end_at(struct span data, uint64_t offset, struct zip_end *end, struct zip_end *zip64, bool *doubtful)
{
	struct span r;

	if (!record_at(data, offset, "PK\x05\x06", END_SIZE, &r) || number32(r, 20, 2) > r.len - END_SIZE)
		return false;
	*end = (struct zip_end){ .at = offset, .entries = span_number(r, 10, 2), .size = span_number(r, 12, 4),
		.offset = span_number(r, 16, 4), .exact = number32(r, 20, 2) == r.len - END_SIZE };
	end->split = number32(r, 4, 2) != 0 && number32(r, 4, 2) != UINT16_MAX;
	*doubtful = span_number(r, 8, 2) != end->entries && !end->split;
	*zip64 = *end;
	if (find_zip64(data, end, zip64)) {
		*doubtful = *doubtful || contradicts(end->entries, UINT16_MAX, zip64->entries) ||
		    contradicts(end->size, ELSEWHERE, zip64->size) || contradicts(end->offset, ELSEWHERE, zip64->offset);
		zip64->exact = end->exact;
	}
	return true;
}
