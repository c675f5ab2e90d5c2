/* The tree of parts. One reader goes over the text from front to end; a header
 * is read, then the body by its kind, and every body ends at the next line
 * that is a delimiter of any multipart that is open (RFC 2046 5.1.2). Functions
 * call each other as parts lie in each other, no deeper than the depth limit.
 *
 * What is parsed is the strict reading: the first type and encoding. Parts
 * after a final delimiter are read like others. An encoded message is decoded
 * into the arena and read there; so is a multipart that says it is encoded,
 * where its delimiters do not show. How much may be decoded so is bounded by
 * the size of the message, since every layer of it can hold the next. */
#include "config.h"

#include "mime/decode.h"
#include "mime/defects.h"
#include "mime/guess.h"
#include "mime/parser.h"

enum {
	DECODED_RATIO = 4,     /* bytes of decoded messages a byte of the message */
	BOUNDARY_TEXT_MAX = 70, /* RFC 2046 5.1.1 */
	KEPT_DECODED_MAX = 128 * 1024, /* octets, of a message: what most texts have, and little beside scan_memory */
};

static void read_part(struct parser *p, struct mime_part *part, const char *default_type);

static bool
is_multipart(const struct mime_part *part)
{
	return span_starts(span_str(part->types->type), "multipart/");
}

static bool
is_message(const struct mime_part *part)
{
	return strcmp(part->types->type, "message/rfc822") == 0 || strcmp(part->types->type, "message/global") == 0;
}

static bool
is_encoded(const struct mime_part *part)
{
	return part->encodings->encoding != ENCODING_IDENTITY && part->encodings->encoding != ENCODING_UNKNOWN;
}

static struct mime_part *
new_part(struct parser *p, struct mime_part *parent)
{
	struct mime_part *part = ARENA_NEW(p->m->arena, struct mime_part);

	part->found = ARENA_NEW(p->m->arena, struct mime_defect_list);
	part->parent = parent;
	part->depth = parent != NULL ? parent->depth + 1 : 0;
	part->detached = parent != NULL && p->in.text.data != p->m->raw.data;
	part->section = "";
	part->shadow = p->sweeping;
	if (p->sweeping)
		p->shadow_count++;
	else
		p->m->part_count++;
	return part;
}

struct mime_part *
parser_new_child(struct parser *p, struct mime_part *parent)
{
	if (p->m->part_count + p->shadow_count < p->limits.parts)
		return new_part(p, parent);
	defect_over_limit(p->m, parent, DEFECT_LIMIT_PARTS);
	p->stopped = true;
	p->in.at = span_end(p->in.text);
	p->in.ended_by = (struct delimiter){ .line = p->in.at, .next = p->in.at };
	return NULL;
}

void
parser_add_leaf(struct parser *p, struct mime_part *part)
{
	*p->leaf_end = part;
	p->leaf_end = &part->next_leaf;
}

static void
set_section(struct mime_part *part, const char *section)
{
	part->section = section;
	for (struct mime_defect *d = part->found->first; d != NULL; d = d->next_of_part)
		d->section = section;
}

/* The root of a message, which has a number of its own unless it is a
 * multipart. */
static void
number_root(struct parser *p, struct mime_part *part)
{
	const char *outer = part->parent != NULL ? part->parent->section : "";

	if (part->kind == PART_MULTIPART)
		set_section(part, outer);
	else
		set_section(part, outer[0] != '\0' ? arena_printf(p->m->arena, "%s.1", outer) : "1");
}

static bool
is_root(const struct mime_part *part)
{
	return part->parent == NULL || part->parent->kind == PART_MESSAGE;
}

/* Where the body that began at `begin` ends: before the line end that belongs
 * to the delimiter. */
static struct span
content(const struct parser *p, const char *begin)
{
	const char *stop = p->in.ended_by.line;

	if (p->in.ended_by.of != NULL) {
		if (stop > begin && stop[-1] == '\n')
			stop--;
		if (stop > begin && stop[-1] == '\r')
			stop--;
	}
	return span_of(begin, (size_t)(stop - begin));
}

/* The same for a body of parts. An empty line that ends the header of an empty
 * last part is part of it, although it is the delimiter's line end as well. */
static struct span
content_with(const struct parser *p, const char *begin, const struct mime_part *last)
{
	struct span body = content(p, begin);

	if (last != NULL && span_end(last->whole) > span_end(body))
		body.len = (size_t)(span_end(last->whole) - begin);
	return body;
}

static void
note_delimiter(struct parser *p, const struct mime_part *part)
{
	const struct delimiter *d = &p->in.ended_by;
	bool bare_before = d->line > p->in.text.data && (d->line - p->in.text.data < 2 || d->line[-2] != '\r');
	bool bare_after = d->next[-1] == '\n' && d->next[-2] != '\r';

	if (d->junk)
		defect_add(p->m, part, DEFECT_DELIMITER_WITH_JUNK);
	if (p->in.crlf && (bare_before || bare_after))
		defect_add(p->m, part, DEFECT_BARE_LF_AT_DELIMITER);
}

/* Text of the part up to the next delimiter. */
static struct span
read_to_delimiter(struct parser *p, const struct mime_part *part)
{
	const char *begin = p->in.at;

	delimiter_find(p->in.open, begin, span_end(p->in.text), &p->in.ended_by);
	if (p->in.ended_by.indented)
		defect_add(p->m, part, DEFECT_DELIMITER_INDENTED);
	if (p->in.ended_by.fields)
		defect_add(p->m, part, DEFECT_FIELDS_IN_TEXT);
	p->doubt |= p->in.ended_by.padded || p->in.ended_by.longer;
	p->in.at = p->in.ended_by.next;
	return content(p, begin);
}

/* Content- fields, and files as text, where no header and no text is read. */
static void
look_for_fields(struct parser *p, const struct mime_part *part, struct span text)
{
	enum content_field kind;

	for (struct span line; span_split(&text, '\n', &line);)
		if (loose_field_name(line, &kind) > 0)
			defect_add(p->m, part, DEFECT_FIELDS_OUTSIDE_PARTS);
		else if (span_starts(line, "begin"))
			p->doubt = true;
}

/* What stands before the first part or behind the last. */
static struct span
read_aside(struct parser *p, const struct mime_part *part)
{
	struct span text = read_to_delimiter(p, part);

	look_for_fields(p, part, text);
	return text;
}

bool
parser_decode(struct parser *p, const struct mime_part *part, struct span body, enum mime_encoding encoding,
    struct span *out)
{
	struct span name, rest;
	char *room;
	bool strict;
	size_t len;

	p->decoded += body.len;
	if (p->decoded / DECODED_RATIO > p->m->raw.len) {
		defect_over_limit(p->m, part, DEFECT_LIMIT_DECODED);
		return false;
	}
	room = arena_alloc_raw(p->m->arena, body.len);
	switch (encoding) {
	case ENCODING_BASE64:
		len = base64_decode(body, room, &strict);
		break;
	case ENCODING_QUOTED_PRINTABLE:
		len = quoted_printable_decode(body, room, &strict);
		break;
	case ENCODING_UUENCODE:
		len = uudecode(body, room, &name, &rest, &strict);
		break;
	default:
		return false;
	}
	*out = span_of(room, len);
	return len != SIZE_MAX;
}

void
parser_keep_inner(struct parser *p, struct mime_part *part, struct span text, bool message)
{
	struct inner_text *inner = ARENA_NEW(p->m->arena, struct inner_text);

	*inner = (struct inner_text){ .text = text, .part = part, .message = message };
	*p->inner_end = inner;
	p->inner_end = &inner->next;
}

/* A message or multipart decoded as it is read, in its first encoding. */
static bool
decode_inside(struct parser *p, struct mime_part *part, struct span *out)
{
	if (!parser_decode(p, part, part->body, part->encodings->encoding, out))
		return false;
	parser_keep_inner(p, part, *out, is_message(part));
	return true;
}

struct reader
reader_over(struct span text)
{
	const char *newline = text.len > 0 ? memchr(text.data, '\n', text.len) : NULL;

	return (struct reader){ .text = text, .at = text.data,
		.crlf = newline != NULL && newline > text.data && newline[-1] == '\r' };
}

/* part->body is known, and the reader is after it. */
static void
finish_leaf(struct parser *p, struct mime_part *part)
{
	part->kind = PART_LEAF;
	parser_add_leaf(p, part);
	embedded_read(p, part);
}

/* Reads a message inside: its root is the one child. */
static void
read_root(struct parser *p, struct mime_part *part)
{
	part->first_child = new_part(p, part);
	read_part(p, part->first_child, "text/plain");
}

static void
read_message(struct parser *p, struct mime_part *part)
{
	const char *begin = p->in.at;
	struct reader outside;
	struct span decoded;

	if (!is_encoded(part)) {
		read_root(p, part);
		part->body = content_with(p, begin, part->first_child);
		return;
	}
	part->body = read_to_delimiter(p, part);
	if (strcmp(part->types->type, "message/global") != 0)
		defect_add(p->m, part, DEFECT_ENCODED_MESSAGE);
	if (!decode_inside(p, part, &decoded)) {
		finish_leaf(p, part);
		return;
	}
	outside = p->in;
	p->in = reader_over(decoded);
	survey(p->m, part, decoded);
	read_root(p, part);
	p->in = outside;
}

/* The nth part of a multipart; false when there are too many. */
static bool
read_child(struct parser *p, struct mime_part *part, struct mime_part **link, size_t n)
{
	bool digest = strcmp(part->types->type, "multipart/digest") == 0;
	struct mime_part *child = parser_new_child(p, part);

	if (child == NULL)
		return false;
	child->section = part->section[0] != '\0' ? arena_printf(p->m->arena, "%s.%zu", part->section, n) :
	    arena_printf(p->m->arena, "%zu", n);
	*link = child;
	read_part(p, child, digest ? "message/rfc822" : "text/plain"); /* RFC 2046 5.1.5 */
	return true;
}

enum outcome { PARTS_READ, NO_PARTS, NO_DELIMITER };

/* The parts of a multipart. When there are none, all of it is the body. */
static enum outcome
read_parts(struct parser *p, struct mime_part *part, struct span value)
{
	struct boundary own = { .outer = p->in.open, .value = value };
	struct mime_part **link = &part->first_child, *last = NULL;
	const char *begin = p->in.at;
	size_t n = 0;

	p->in.open = &own;
	part->preamble = read_aside(p, part);
	while (p->in.ended_by.of == &own) {
		note_delimiter(p, part);
		if (p->in.ended_by.final) {
			own.closed = true;
			part->epilogue = read_aside(p, part);
			continue;
		}
		if (own.closed)
			defect_add(p->m, part, DEFECT_DELIMITER_AFTER_FINAL);
		own.closed = false;
		if (!read_child(p, part, link, ++n))
			break;
		last = *link;
		link = &last->next;
	}
	p->in.open = own.outer;
	part->body = content_with(p, begin, last);
	if (n == 0) {
		part->preamble = part->epilogue = SPAN_NONE;
		return own.closed ? NO_PARTS : NO_DELIMITER;
	}
	if (!own.closed && !p->stopped)
		defect_add(p->m, part, DEFECT_MISSING_FINAL_BOUNDARY);
	return PARTS_READ;
}

static enum outcome
read_parts_decoded(struct parser *p, struct mime_part *part, struct span boundary)
{
	struct span decoded, body = part->body;
	struct reader outside = p->in;
	enum outcome outcome;

	if (!decode_inside(p, part, &decoded))
		return NO_DELIMITER;
	p->in = reader_over(decoded);
	outcome = read_parts(p, part, boundary);
	if (outcome == PARTS_READ)
		survey(p->m, part, decoded);
	p->in = outside;
	part->body = body;
	return outcome;
}

/* Blanks at the end are not part of a boundary: they may have come on the way. */
static struct span
boundary_of(const struct mime_part *part)
{
	const struct mime_param *param = mime_param_find(part->types, "boundary");
	struct span value = param != NULL ? param->value : SPAN_NONE;

	while (value.len > 0 && (value.data[value.len - 1] == ' ' || value.data[value.len - 1] == '\t'))
		value.len--;
	return value;
}

/* A boundary that programs may read differently, or mistake for another. */
static void
doubt_boundary(struct parser *p, const struct mime_part *part, struct span boundary)
{
	const struct mime_header *h = mime_header_find(part, SPAN_LITERAL("Content-Type"), NULL);

	if (boundary.len > BOUNDARY_TEXT_MAX)
		defect_add(p->m, part, DEFECT_BOUNDARY_TOO_LONG);
	p->doubt |= h == NULL || !boundary_is_plain(h->value);
	for (const struct boundary *b = p->in.open; b != NULL; b = b->outer) {
		size_t common = b->value.len < boundary.len ? b->value.len : boundary.len;

		p->doubt |= memcmp(b->value.data, boundary.data, common) == 0;
		if (span_eq(b->value, boundary))
			defect_add(p->m, part, DEFECT_BOUNDARY_REUSED);
	}
}

static void
read_multipart(struct parser *p, struct mime_part *part)
{
	struct span boundary = boundary_of(part);
	enum outcome outcome;

	doubt_boundary(p, part, boundary);
	if (is_encoded(part))
		defect_add(p->m, part, DEFECT_ENCODED_MULTIPART);
	outcome = read_parts(p, part, boundary);
	if (outcome == NO_DELIMITER && is_encoded(part))
		outcome = read_parts_decoded(p, part, boundary);
	if (outcome == PARTS_READ)
		return;
	defect_add(p->m, part, outcome == NO_PARTS || span_trim(part->body).len == 0 ? DEFECT_NO_PARTS :
	    DEFECT_BOUNDARY_NOT_FOUND);
	part->kind = PART_LEAF;
	if (is_root(part))
		number_root(p, part);
	finish_leaf(p, part);
}

/* What stands for a file that is not here, or not whole. */
static void
note_absent(struct parser *p, const struct mime_part *part)
{
	for (const struct mime_type *t = part->types; t != NULL; t = t->next) {
		if (strcmp(t->type, "message/partial") == 0)
			defect_add(p->m, part, DEFECT_PARTIAL_MESSAGE);
		else if (strcmp(t->type, "message/external-body") == 0)
			defect_add(p->m, part, DEFECT_EXTERNAL_BODY);
	}
}

/* Of what reports consist. Some programs take all of message for messages; of
 * these it is known that they hold none, unless they are encoded. */
static bool
is_report(const struct mime_part *part)
{
	static const char *const reports[] = { "message/delivery-status", "message/disposition-notification",
		"message/feedback-report", "message/global-delivery-status", "message/global-headers" };

	for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++)
		if (strcmp(part->types->type, reports[i]) == 0)
			return !is_encoded(part);
	return false;
}

static bool
is_doubtful_message(const struct mime_part *part)
{
	return span_starts(span_str(part->types->type), "message/") && !is_message(part) && !is_report(part);
}

static enum mime_kind
choose_kind(struct parser *p, const struct mime_part *part)
{
	note_absent(p, part);
	if (!is_multipart(part) && (mime_param_find(part->types, "boundary") != NULL || is_doubtful_message(part)))
		p->doubt = true;
	if (!is_multipart(part) && !is_message(part))
		return PART_LEAF;
	if (is_multipart(part) && boundary_of(part).len == 0) {
		defect_add(p->m, part, DEFECT_MISSING_BOUNDARY);
		return PART_LEAF;
	}
	if (part->depth >= p->limits.depth) {
		defect_over_limit(p->m, part, DEFECT_LIMIT_DEPTH);
		return PART_LEAF;
	}
	if (is_multipart(part))
		return PART_MULTIPART;
	if (p->m->part_count >= p->limits.parts) {
		defect_over_limit(p->m, part, DEFECT_LIMIT_PARTS);
		return PART_LEAF;
	}
	return PART_MESSAGE;
}

/* Does a body that is a leaf's begin like a header, behind empty lines or none? */
static void
look_for_second_header(struct parser *p, const struct mime_part *part)
{
	const char *at = part->body.data, *end = span_end(part->body);
	enum content_field kind;

	while (at < end && (unsigned char)*at <= ' ')
		at++;
	if (loose_field_name(span_of(at, (size_t)(end - at)), &kind) > 0)
		defect_add(p->m, part, DEFECT_HEADER_AFTER_BLANK_LINE);
}

/* The type, encoding and names; those too that only some programs see. */
static void
read_content(struct parser *p, struct mime_part *part, const char *default_type)
{
	struct loose_head *loose;

	if (!p->odd_head) {
		content_read(p->m, part, default_type);
		return;
	}
	loose = ARENA_NEW(p->m->arena, struct loose_head);
	loose_head_read(p->m->arena, part->head, p->in.crlf, loose);
	content_read_loose(p->m, part, loose, default_type);
}

static void
read_part(struct parser *p, struct mime_part *part, const char *default_type)
{
	const char *begin = p->in.at;
	bool has_body = header_read(p, part);

	read_content(p, part, default_type);
	part->kind = has_body ? choose_kind(p, part) : PART_LEAF;
	if (is_root(part))
		number_root(p, part);
	if (part->kind == PART_MULTIPART) {
		read_multipart(p, part);
	} else if (part->kind == PART_MESSAGE) {
		read_message(p, part);
	} else {
		part->body = has_body ? read_to_delimiter(p, part) : span_from(part->head, part->head.len);
		look_for_second_header(p, part);
		if (is_report(part))
			look_for_fields(p, part, part->body);
		finish_leaf(p, part);
	}
	part->whole = span_of(begin, (size_t)(span_end(part->body) - begin));
}

/* Of the fields that readers show or sort by there should be one each. */
static void
look_for_duplicates(struct mime_message *m)
{
	static const char *const names[] = { "From", "Subject", "Date" };
	unsigned seen[sizeof(names) / sizeof(names[0])] = { 0 };

	for (const struct mime_header *h = m->root->headers; h != NULL; h = h->next) {
		if (h->name.len != strlen("From") && h->name.len != strlen("Subject"))
			continue;
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (span_is_nocase(h->name, names[i]) && seen[i]++ > 0)
				defect_add(m, m->root, DEFECT_DUPLICATE_HEADER);
	}
}

struct mime_message *
mime_parse(struct arena *a, struct span raw, const struct mime_limits *limits)
{
	struct mime_message *m = ARENA_NEW(a, struct mime_message);
	struct parser p = { .m = m, .limits = *limits, .leaf_end = &m->first_leaf, .keep_left = KEPT_DECODED_MAX };

	if (raw.data == NULL)
		raw = SPAN_LITERAL("");
	*m = (struct mime_message){ .arena = a, .raw = raw, .limits = *limits, .readings = 1, .defects_end = &m->defects };
	p.inner_end = &p.inner;
	p.in = reader_over(raw);
	m->root = new_part(&p, NULL);
	read_part(&p, m->root, "text/plain");
	survey(m, m->root, raw);
	if (mime_header_find(m->root, SPAN_LITERAL("Content-Type"), NULL) != NULL &&
	    mime_header_find(m->root, SPAN_LITERAL("MIME-Version"), NULL) == NULL)
		defect_add(m, m->root, DEFECT_MISSING_MIME_VERSION);
	look_for_duplicates(m);
	if (sweep_is_due(&p))
		sweep(&p);
	m->shadow_count = p.shadow_count;
	m->doubtful = m->first_shadow != NULL || m->over_limit;
	return m;
}
