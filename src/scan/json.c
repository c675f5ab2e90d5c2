/* The answer as JSON (RFC 8259), for scripts: keys are added at the end of an
 * object only, and what is not known is null, never left out. */
#include "config.h"

#include "scan/scan.h"

#include "base/log.h"

#include <inttypes.h>

static void
add_string(struct buf *out, struct span s)
{
	buf_add_byte(out, '"');
	json_escape(out, s);
	buf_add_byte(out, '"');
}

static void
add_string_or_null(struct buf *out, struct span s)
{
	if (s.len > 0)
		add_string(out, s);
	else
		buf_add_str(out, "null");
}

/* Ten digits: 0.1 + 0.2 is 0.3 to people. */
static void
add_decimal(struct buf *out, double value)
{
	buf_printf(out, "%.10g", value);
}

/* Names only, each once: the same defect may be found in many parts. */
static void
add_defects(struct buf *out, const struct scan_answer *r)
{
	const char *comma = "";

	buf_add_str(out, ",\"defects\":[");
	for (size_t i = 0; i < r->defect_count; i++) {
		bool known = false;

		for (size_t k = 0; k < i && !known; k++)
			known = span_eq(r->defects[k].name, r->defects[i].name);
		if (known)
			continue;
		buf_add_str(out, comma);
		add_string(out, r->defects[i].name);
		comma = ",";
	}
	buf_add_byte(out, ']');
}

static void
add_hit(struct buf *out, const struct scan_hit *hit)
{
	buf_add_str(out, "{\"name\":");
	add_string(out, hit->rule);
	if (hit->score != 0 || !hit->has_then) {
		buf_add_str(out, ",\"score\":");
		add_decimal(out, hit->score);
	}
	if (hit->has_then)
		buf_printf(out, ",\"then\":\"%s\"", verdict_name(hit->then));
	buf_add_str(out, ",\"part\":");
	add_string_or_null(out, hit->part);
	if (hit->detail.len > 0) {
		buf_add_str(out, ",\"detail\":");
		add_string(out, hit->detail);
	}
	buf_add_byte(out, '}');
}

static void
add_part(struct buf *out, const struct scan_part *part)
{
	buf_add_str(out, "{\"section\":");
	add_string(out, part->section);
	buf_add_str(out, ",\"type\":");
	add_string_or_null(out, part->type);
	buf_add_str(out, ",\"name\":");
	add_string_or_null(out, part->name);
	buf_printf(out, ",\"octets\":%" PRIu64 ",\"decoded_octets\":%" PRIu64 ",\"sha256\":", part->octets,
	    part->decoded_octets);
	add_string_or_null(out, span_str(part->sha256));
	buf_add_str(out, ",\"magic\":");
	add_string_or_null(out, part->magic);
	buf_add_byte(out, '}');
}

void
scan_answer_json(struct buf *out, const struct scan_answer *r, const char *file, uint64_t message)
{
	buf_add_str(out, "{\"file\":");
	if (file != NULL)
		add_string(out, span_str(file));
	else
		buf_add_str(out, "null");
	buf_printf(out, ",\"message\":%" PRIu64 ",\"verdict\":\"%s\",\"score\":", message, verdict_name(r->verdict));
	add_decimal(out, r->score);
	buf_add_str(out, ",\"reply\":");
	add_string_or_null(out, r->reply);
	buf_printf(out, ",\"complete\":%s,\"readings\":%" PRIu32, r->complete ? "true" : "false", r->readings);
	add_defects(out, r);
	buf_add_str(out, ",\"rules\":[");
	for (size_t i = 0; i < r->hit_count; i++) {
		buf_add_str(out, i > 0 ? "," : "");
		add_hit(out, &r->hits[i]);
	}
	buf_add_str(out, "],\"parts\":[");
	for (size_t i = 0; i < r->part_count; i++) {
		buf_add_str(out, i > 0 ? "," : "");
		add_part(out, &r->parts[i]);
	}
	buf_printf(out, "],\"edits\":%zu,\"micros\":%" PRIu64 "}", r->edit_count, r->micros);
}
