/* The encoding of a scan's request and answer: a version byte, then the fields
 * of the struct in order, numbers little-endian and bytes counted. The reader
 * believes nothing, for a scanner that has read hostile mail may be hostile
 * itself: every value is in its range, a list never claims more items than
 * the bytes that are left can hold, and nothing may follow the last field. */
#include "config.h"

#include "scan/request.h"

#include "base/codec.h"
#include "wire/imap_token.h"

#include <math.h>

enum {
	REQUEST_VERSION = 4,
	ANSWER_VERSION = 5,

	/* The fewest octets that one item of a list takes. */
	SPAN_LEAST = 8,
	THRESHOLD_LEAST = 8 + 4,
	HIT_LEAST = 8 + 8 + 4 + 4 + 8 + 8,
	DEFECT_LEAST = 2 * 8,
	PART_LEAST = 4 * 8 + 2 * 8 + 8,
	SECTION_LEAST = 8 + 4 * 2 * 8 + 2 * 4 + 8,

	SHA256_DIGITS = 64,
};

/* A reading in progress; `bad` sticks. */
struct reader {
	struct arena *arena;
	struct span in;
	bool bad;
};

static uint64_t
read_number(struct reader *r)
{
	uint64_t value;

	if (!take_u64(&r->in, &value))
		r->bad = true;
	return value;
}

/* A number of at most `most`. */
static uint32_t
read_choice(struct reader *r, uint32_t most)
{
	uint32_t value;

	if (!take_u32(&r->in, &value) || value > most) {
		r->bad = true;
		return 0;
	}
	return value;
}

static bool
read_bool(struct reader *r)
{
	return read_choice(r, 1) == 1;
}

static struct span
read_span(struct reader *r)
{
	struct span value;

	if (!take_span(&r->in, &value))
		r->bad = true;
	return value;
}

/* A span that goes into replies and logs: of one line. */
static struct span
read_line(struct reader *r)
{
	struct span value = read_span(r);

	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.data[i] < ' ' || value.data[i] == 0x7f)
			r->bad = true;
	return value;
}

static struct span
read_shown(struct reader *r)
{
	struct span value = read_line(r);

	if (value.len > SCAN_SHOWN_MAX)
		r->bad = true;
	return value;
}

static double
read_decimal(struct reader *r)
{
	uint64_t bits = read_number(r);
	double value;

	memcpy(&value, &bits, sizeof(value));
	if (!isfinite(value)) {
		r->bad = true;
		return 0;
	}
	return value;
}

/* The length of a list whose items take at least `least` octets each. */
static size_t
read_count(struct reader *r, size_t least)
{
	uint64_t count = read_number(r);

	if (count > r->in.len / least) {
		r->bad = true;
		return 0;
	}
	return (size_t)count;
}

static void
read_version(struct reader *r, char version)
{
	if (r->in.len == 0 || r->in.data[0] != version)
		r->bad = true;
	r->in = span_from(r->in, 1);
}

static bool
read_finished(const struct reader *r)
{
	return !r->bad && r->in.len == 0;
}

static void
put_decimal(struct buf *out, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	buf_put_u64(out, bits);
}

static void
put_spans(struct buf *out, const struct span *spans, size_t count)
{
	buf_put_u64(out, count);
	for (size_t i = 0; i < count; i++)
		buf_put_span(out, spans[i]);
}

static struct span *
read_spans(struct reader *r, size_t *count)
{
	struct span *spans;

	*count = read_count(r, SPAN_LEAST);
	spans = ARENA_ARRAY(r->arena, struct span, *count);
	for (size_t i = 0; i < *count; i++)
		spans[i] = read_span(r);
	return spans;
}

static void
put_preferences(struct buf *out, const struct scan_preferences *p)
{
	buf_put_u32(out, p->has_thresholds);
	buf_put_u64(out, p->threshold_count);
	for (size_t i = 0; i < p->threshold_count; i++) {
		put_decimal(out, p->thresholds[i].score);
		buf_put_u32(out, p->thresholds[i].then);
	}
	buf_put_u32(out, p->has_prefix);
	buf_put_span(out, p->subject_prefix);
	put_spans(out, p->allow, p->allow_count);
	put_spans(out, p->deny, p->deny_count);
	put_spans(out, p->rules_off, p->rules_off_count);
}

/* Ascending, and of verdicts that a score may have: which part to strip it
 * cannot tell. */
static void
read_thresholds(struct reader *r, struct scan_preferences *p)
{
	p->threshold_count = read_count(r, THRESHOLD_LEAST);
	p->thresholds = ARENA_ARRAY(r->arena, struct threshold, p->threshold_count);
	for (size_t i = 0; i < p->threshold_count; i++) {
		struct threshold *t = &p->thresholds[i];

		t->score = read_decimal(r);
		t->then = (enum verdict)read_choice(r, VERDICT_REJECT);
		if (t->then == VERDICT_ACCEPT || t->then == VERDICT_STRIP || (i > 0 && t->score <= t[-1].score))
			r->bad = true;
	}
}

static void
read_preferences(struct reader *r, struct scan_preferences *p)
{
	p->has_thresholds = read_bool(r);
	read_thresholds(r, p);
	p->has_prefix = read_bool(r);
	p->subject_prefix = read_line(r);
	p->allow = read_spans(r, &p->allow_count);
	p->deny = read_spans(r, &p->deny_count);
	p->rules_off = read_spans(r, &p->rules_off_count);
}

void
scan_request_encode(struct buf *out, const struct scan_request *r)
{
	buf_add_byte(out, REQUEST_VERSION);
	buf_put_u64(out, r->policy);
	buf_put_u32(out, r->protocol);
	buf_put_span(out, r->helo);
	buf_put_span(out, r->sender);
	put_spans(out, r->recipients, r->recipient_count);
	buf_add(out, r->client, sizeof(r->client));
	buf_put_span(out, r->user);
	buf_put_u32(out, r->tls);
	buf_put_u32(out, r->clamd);
	buf_put_span(out, r->clamd_text);
	buf_put_u32(out, r->rewrite);
	buf_put_u32(out, r->want_parts);
	put_preferences(out, &r->own);
}

static void
read_client(struct reader *r, unsigned char client[16])
{
	if (r->in.len < 16)
		r->bad = true;
	else
		memcpy(client, r->in.data, 16);
	r->in = span_from(r->in, 16);
}

bool
scan_request_decode(struct arena *a, struct span in, struct scan_request *out)
{
	struct reader r = { .arena = a, .in = in };

	*out = (struct scan_request){ 0 };
	read_version(&r, REQUEST_VERSION);
	out->policy = read_number(&r);
	out->protocol = (enum protocol)read_choice(&r, PROTOCOL_IMAP);
	out->helo = read_span(&r);
	out->sender = read_span(&r);
	out->recipients = read_spans(&r, &out->recipient_count);
	read_client(&r, out->client);
	out->user = read_span(&r);
	out->tls = read_bool(&r);
	out->clamd = (enum clamd_result)read_choice(&r, CLAMD_FAILED);
	out->clamd_text = read_line(&r);
	out->rewrite = read_bool(&r);
	out->want_parts = read_bool(&r);
	read_preferences(&r, &out->own);
	return read_finished(&r);
}

static void
put_hits(struct buf *out, const struct scan_answer *r)
{
	buf_put_u64(out, r->hit_count);
	for (size_t i = 0; i < r->hit_count; i++) {
		const struct scan_hit *hit = &r->hits[i];

		buf_put_span(out, hit->rule);
		put_decimal(out, hit->score);
		buf_put_u32(out, hit->has_then);
		buf_put_u32(out, hit->then);
		buf_put_span(out, hit->part);
		buf_put_span(out, hit->detail);
	}
}

static void
read_hits(struct reader *r, struct scan_answer *out)
{
	out->hit_count = read_count(r, HIT_LEAST);
	out->hits = ARENA_ARRAY(r->arena, struct scan_hit, out->hit_count);
	for (size_t i = 0; i < out->hit_count; i++) {
		struct scan_hit *hit = &out->hits[i];

		hit->rule = read_span(r);
		hit->score = read_decimal(r);
		hit->has_then = read_bool(r);
		hit->then = (enum verdict)read_choice(r, VERDICT_REJECT);
		hit->part = read_span(r);
		hit->detail = read_line(r);
	}
}

static void
put_defects(struct buf *out, const struct scan_answer *r)
{
	buf_put_u64(out, r->defect_count);
	for (size_t i = 0; i < r->defect_count; i++) {
		buf_put_span(out, r->defects[i].name);
		buf_put_span(out, r->defects[i].section);
	}
}

static void
read_defects(struct reader *r, struct scan_answer *out)
{
	out->defect_count = read_count(r, DEFECT_LEAST);
	out->defects = ARENA_ARRAY(r->arena, struct scan_defect, out->defect_count);
	for (size_t i = 0; i < out->defect_count; i++) {
		out->defects[i].name = read_span(r);
		out->defects[i].section = read_span(r);
	}
}

static void
put_parts(struct buf *out, const struct scan_answer *r)
{
	buf_put_u64(out, r->part_count);
	for (size_t i = 0; i < r->part_count; i++) {
		const struct scan_part *part = &r->parts[i];

		buf_put_span(out, part->section);
		buf_put_span(out, part->type);
		buf_put_span(out, part->name);
		buf_put_span(out, part->magic);
		buf_put_u64(out, part->octets);
		buf_put_u64(out, part->decoded_octets);
		buf_put_span(out, span_str(part->sha256));
	}
}

/* Nothing, or all the digits. */
static void
read_sha256(struct reader *r, char out[SHA256_DIGITS + 1])
{
	struct span digits = read_span(r);

	for (size_t i = 0; i < digits.len; i++)
		if (hex_digit(digits.data[i]) < 0)
			r->bad = true;
	if (digits.len == SHA256_DIGITS)
		memcpy(out, digits.data, SHA256_DIGITS);
	else if (digits.len != 0)
		r->bad = true;
}

static void
read_parts(struct reader *r, struct scan_answer *out)
{
	out->part_count = read_count(r, PART_LEAST);
	out->parts = ARENA_ARRAY(r->arena, struct scan_part, out->part_count);
	for (size_t i = 0; i < out->part_count; i++) {
		struct scan_part *part = &out->parts[i];

		part->section = read_span(r);
		part->type = read_span(r);
		part->name = read_span(r);
		part->magic = read_span(r);
		part->octets = read_number(r);
		part->decoded_octets = read_number(r);
		read_sha256(r, part->sha256);
	}
}

/* They are sorted and lie apart; only who has the message can tell whether
 * they lie within it, and edits_stream() asks that. */
static void
read_edits(struct reader *r, struct scan_answer *out)
{
	out->edits = edits_take(r->arena, &r->in, &out->edit_count);
	if (out->edits == NULL)
		r->bad = true;
}

static void
put_range(struct buf *out, struct scan_range range)
{
	buf_put_u64(out, range.offset);
	buf_put_u64(out, range.octets);
}

static struct scan_range
read_range(struct reader *r)
{
	struct scan_range range;

	range.offset = read_number(r);
	range.octets = read_number(r);
	if (range.octets > UINT64_MAX - range.offset)
		r->bad = true;
	return range;
}

static void
put_sections(struct buf *out, const struct scan_answer *r)
{
	buf_put_u64(out, r->section_count);
	for (size_t i = 0; i < r->section_count; i++) {
		const struct scan_section *section = &r->sections[i];

		buf_put_span(out, section->section);
		put_range(out, section->mime);
		put_range(out, section->body);
		buf_put_u32(out, section->is_message);
		put_range(out, section->header);
		put_range(out, section->text);
		buf_put_u32(out, section->encoding);
		buf_put_u64(out, section->decoded_octets);
	}
}

/* Numbers with dots, as they are asked for. */
static struct span
read_section_name(struct reader *r)
{
	struct span name = read_span(r);

	for (size_t i = 0; i < name.len; i++)
		if (!ascii_is_digit(name.data[i]) && name.data[i] != '.')
			r->bad = true;
	return name;
}

static void
read_sections(struct reader *r, struct scan_answer *out)
{
	struct scan_section *sections;

	out->section_count = read_count(r, SECTION_LEAST);
	if (out->section_count > SCAN_SECTIONS_MAX) {
		r->bad = true;
		out->section_count = 0;
	}
	sections = ARENA_ARRAY(r->arena, struct scan_section, out->section_count);
	for (size_t i = 0; i < out->section_count; i++) {
		sections[i].section = read_section_name(r);
		sections[i].mime = read_range(r);
		sections[i].body = read_range(r);
		sections[i].is_message = read_bool(r);
		sections[i].header = read_range(r);
		sections[i].text = read_range(r);
		sections[i].encoding = (enum scan_encoding)read_choice(r, SCAN_ENCODING_OTHER);
		sections[i].decoded_octets = read_number(r);
	}
	out->sections = sections;
}

bool
scan_is_list(struct span text)
{
	struct imap_cursor c = imap_cursor(text);

	return span_starts(text, "(") && imap_skip_value(&c, NULL) && imap_at_end(&c);
}

static void
put_told(struct buf *out, const struct scan_answer *r)
{
	buf_put_u32(out, r->has_told);
	if (!r->has_told)
		return;
	buf_put_span(out, r->told.envelope);
	buf_put_span(out, r->told.body);
	buf_put_span(out, r->told.bodystructure);
	buf_put_u64(out, r->told.octets);
}

/* It goes to clients as it is. */
static struct span
read_list(struct reader *r)
{
	struct span text = read_span(r);

	if (!scan_is_list(text))
		r->bad = true;
	return text;
}

static bool
is_within(struct scan_range range, uint64_t octets)
{
	return range.offset <= octets && range.octets <= octets - range.offset;
}

/* Sections are of the message that is told of. */
static void
read_told(struct reader *r, struct scan_answer *out)
{
	out->has_told = read_bool(r);
	if (!out->has_told)
		return;
	out->told.envelope = read_list(r);
	out->told.body = read_list(r);
	out->told.bodystructure = read_list(r);
	out->told.octets = read_number(r);
	if (out->in_place || out->section_count == 0)
		r->bad = true;
	for (size_t i = 0; i < out->section_count; i++) {
		const struct scan_section *s = &out->sections[i];

		if (!is_within(s->mime, out->told.octets) || !is_within(s->body, out->told.octets) ||
		    !is_within(s->header, out->told.octets) || !is_within(s->text, out->told.octets) ||
		    s->header.octets > SCAN_HEADER_MAX)
			r->bad = true;
	}
}

void
scan_answer_encode(struct buf *out, const struct scan_answer *r)
{
	buf_add_byte(out, ANSWER_VERSION);
	buf_put_u32(out, r->verdict);
	put_decimal(out, r->score);
	buf_put_span(out, r->reply);
	buf_put_span(out, r->reason);
	buf_put_u32(out, r->complete);
	buf_put_u32(out, r->readings);
	put_hits(out, r);
	put_defects(out, r);
	put_parts(out, r);
	edits_put(out, r->edits, r->edit_count);
	buf_put_u32(out, r->ask_clamd);
	buf_put_u32(out, r->keep_original);
	buf_put_span(out, r->subject);
	buf_put_span(out, r->author);
	buf_put_u32(out, r->in_place);
	put_sections(out, r);
	buf_put_u32(out, r->sections_doubtful);
	put_told(out, r);
	buf_put_u32(out, r->tagged);
	buf_put_u32(out, r->allowed);
	buf_put_u64(out, r->micros);
}

bool
scan_answer_decode(struct arena *a, struct span in, struct scan_answer *out)
{
	struct reader r = { .arena = a, .in = in };

	*out = (struct scan_answer){ 0 };
	read_version(&r, ANSWER_VERSION);
	out->verdict = (enum verdict)read_choice(&r, VERDICT_REJECT);
	out->score = read_decimal(&r);
	out->reply = read_line(&r);
	out->reason = read_line(&r);
	out->complete = read_bool(&r);
	out->readings = read_choice(&r, UINT32_MAX);
	read_hits(&r, out);
	read_defects(&r, out);
	read_parts(&r, out);
	read_edits(&r, out);
	out->ask_clamd = read_bool(&r);
	out->keep_original = read_bool(&r);
	out->subject = read_shown(&r);
	out->author = read_shown(&r);
	out->in_place = read_bool(&r);
	if (out->in_place ? !edits_in_place(out->edits, out->edit_count, UINT64_MAX) :
	    edits_filled(out->edits, out->edit_count))
		r.bad = true;
	read_sections(&r, out);
	out->sections_doubtful = read_bool(&r);
	read_told(&r, out);
	out->tagged = read_bool(&r);
	out->allowed = read_bool(&r);
	out->micros = read_number(&r);
	return read_finished(&r);
}
