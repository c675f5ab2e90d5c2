/* The texts of ENVELOPE and BODYSTRUCTURE. Fields are told as they are written,
 * of the Content-* fields the first of each name; only where a Content-Type was not read as it is
 * written, the type is told as it was read, or numbers of parts would not be
 * those that the structure has. */
#include "config.h"

#include "mime/address.h"
#include "mime/imap_field.h"
#include "mime/imap_structure.h"
#include "mime/imap_text.h"

#include <inttypes.h>
#include <stdio.h>

#define FIELD(part, name) field_of(arena, part, SPAN_LITERAL(name))

/* Line ends are counted for blocks of so many octets once. Messages lie in each
 * other, and were the lines of each counted, the work would grow with the depth. */
enum { LINES_BLOCK = 256 };

struct printer {
	struct text *out;
	const struct mime_message *m;
	bool extensible;
	uint64_t *lines_before; /* each block; NULL until a message is printed */
};

static void print_part(struct printer *p, const struct mime_part *part);

enum imap_kind
imap_kind(const struct mime_part *part)
{
	struct span type = span_str(part->types->type);

	if (span_starts(type, "multipart/"))
		return IMAP_MULTIPART;
	if (span_is(type, "message/rfc822"))
		return IMAP_MESSAGE;
	return span_starts(type, "text/") ? IMAP_TEXT : IMAP_BASIC;
}

const struct mime_part *
imap_children(const struct mime_part *part)
{
	enum imap_kind kind = imap_kind(part);
	const struct mime_part *child = part->first_child;

	if (part->kind == PART_LEAF || (kind != IMAP_MULTIPART && kind != IMAP_MESSAGE))
		return NULL;
	return child != NULL && !child->detached ? child : NULL;
}

const struct mime_part *
imap_next(const struct mime_part *part)
{
	const char *at = span_end(part->whole);
	struct span between;
	size_t newline;

	if (part->next == NULL)
		return NULL;
	between = span_of(at, (size_t)(part->next->whole.data - at));
	if (span_starts(between, "\r"))
		between = span_from(between, 1);
	if (span_starts(between, "\n"))
		between = span_from(between, 1);
	newline = span_find_byte(between, '\n');
	return newline == SIZE_MAX || newline + 1 == between.len ? part->next : NULL;
}

static void
add(struct text *out, const char *text)
{
	text_add(out, span_str(text));
}

static void
add_number(struct text *out, uint64_t number)
{
	char digits[sizeof(" 18446744073709551615")];

	snprintf(digits, sizeof(digits), " %" PRIu64, number);
	add(out, digits);
}

/* Unfolded; data is NULL where there is no such field. */
static struct span
field_of(struct arena *arena, const struct mime_part *part, struct span name)
{
	const struct mime_header *h = mime_header_find(part, name, NULL);

	return h != NULL ? mime_header_unfolded(arena, h) : SPAN_NONE;
}

/* A header has one field of each name. Of several that are text the last counts
 * and of addresses all do, as other servers have it. */
static void
print_text(struct text *out, const struct mime_part *root, const char *name,
    void (*add_text)(struct text *out, struct span s))
{
	const struct mime_header *h = NULL, *last = NULL;

	while ((h = mime_header_find(root, span_str(name), h)) != NULL)
		last = h;
	add_text(out, last != NULL ? mime_header_unfolded(out->arena, last) : SPAN_NONE);
}

static const struct mime_address *
addresses_of(struct arena *arena, const struct mime_part *root, const char *name)
{
	const struct mime_header *h = NULL;
	struct mime_address *all = NULL, **last = &all;

	while ((h = mime_header_find(root, span_str(name), h)) != NULL) {
		*last = addresses_read(arena, mime_header_unfolded(arena, h));
		while (*last != NULL)
			last = &(*last)->next;
	}
	return all;
}

static void
print_mailbox(struct text *out, const struct mime_address *a)
{
	struct span mailbox = a->mailbox, domain = a->domain;

	/* NIL would make it a group. The words are Dovecot's. */
	if (mailbox.data == NULL)
		mailbox = SPAN_LITERAL("MISSING_MAILBOX");
	if (a->broken)
		domain = SPAN_LITERAL("SYNTAX_ERROR");
	else if (domain.data == NULL)
		domain = SPAN_LITERAL("MISSING_DOMAIN");
	imap_add_prose(out, a->name);
	add(out, " ");
	imap_add_nstring(out, a->route);
	add(out, " ");
	imap_add_string(out, mailbox);
	add(out, " ");
	imap_add_string(out, domain);
}

static void
print_address(struct text *out, const struct mime_address *a)
{
	add(out, "(");
	switch (a->kind) {
	case ADDRESS_MAILBOX:
		print_mailbox(out, a);
		break;
	case ADDRESS_GROUP:
		add(out, "NIL NIL ");
		imap_add_string(out, a->mailbox);
		add(out, " NIL");
		break;
	case ADDRESS_GROUP_END:
		add(out, "NIL NIL NIL NIL");
		break;
	}
	add(out, ")");
}

static void
print_addresses(struct text *out, const struct mime_address *list)
{
	if (list == NULL) {
		add(out, " NIL");
		return;
	}
	add(out, " (");
	for (const struct mime_address *a = list; a != NULL; a = a->next)
		print_address(out, a);
	add(out, ")");
}

void
imap_print_envelope(struct text *out, const struct mime_part *root)
{
	struct arena *arena = out->arena;
	const struct mime_address *from = addresses_of(arena, root, "From");
	const struct mime_address *sender = addresses_of(arena, root, "Sender");
	const struct mime_address *reply_to = addresses_of(arena, root, "Reply-To");

	add(out, "(");
	print_text(out, root, "Date", imap_add_nstring);
	add(out, " ");
	print_text(out, root, "Subject", imap_add_prose);
	print_addresses(out, from);
	print_addresses(out, sender != NULL ? sender : from);
	print_addresses(out, reply_to != NULL ? reply_to : from);
	print_addresses(out, addresses_of(arena, root, "To"));
	print_addresses(out, addresses_of(arena, root, "Cc"));
	print_addresses(out, addresses_of(arena, root, "Bcc"));
	add(out, " ");
	print_text(out, root, "In-Reply-To", imap_add_nstring);
	add(out, " ");
	print_text(out, root, "Message-ID", imap_add_nstring);
	add(out, ")");
}

static void
print_params(struct text *out, const struct imap_param *params)
{
	if (params == NULL) {
		add(out, " NIL");
		return;
	}
	for (const struct imap_param *p = params; p != NULL; p = p->next) {
		add(out, p == params ? " (" : " ");
		imap_add_string(out, p->name);
		add(out, " ");
		imap_add_string(out, p->value);
	}
	add(out, ")");
}

/* The type as it was read, with as much as is told of the parameters. */
static void
take_type_as_read(struct arena *arena, const struct mime_part *part, struct imap_field *type)
{
	struct span read = span_str(part->types->type);
	size_t slash = span_find_byte(read, '/');
	struct imap_param **last = &type->params;

	*type = (struct imap_field){ .type = span_first(read, slash), .subtype = span_from(read, slash + 1) };
	for (const struct mime_param *p = part->types->params; p != NULL; p = p->next) {
		if (p->guess)
			continue;
		*last = ARENA_NEW(arena, struct imap_param);
		(*last)->name = span_str(p->name);
		(*last)->value = p->value;
		last = &(*last)->next;
	}
}

static bool
is_as_read(const struct imap_field *type, const struct mime_part *part)
{
	struct span read = span_str(part->types->type);
	size_t slash = span_find_byte(read, '/');

	return span_eq_nocase(type->type, span_first(read, slash)) &&
	    span_eq_nocase(type->subtype, span_from(read, slash + 1));
}

static struct imap_field
type_of(struct arena *arena, const struct mime_part *part)
{
	struct span written = FIELD(part, "Content-Type");
	struct imap_field type;

	imap_field_read(arena, written, &type);
	if (!is_as_read(&type, part))
		take_type_as_read(arena, part, &type);
	return type;
}

static void
print_type(struct text *out, const struct imap_field *type)
{
	imap_add_string(out, type->type);
	add(out, " ");
	imap_add_string(out, type->subtype);
}

/* Text says its charset, or has the default one (RFC 2045 5.2). */
static void
add_charset(struct arena *arena, struct imap_field *type)
{
	struct imap_param **last = &type->params;

	for (; *last != NULL; last = &(*last)->next)
		if (span_is_nocase((*last)->name, "charset"))
			return;
	*last = ARENA_NEW(arena, struct imap_param);
	(*last)->name = SPAN_LITERAL("charset");
	(*last)->value = SPAN_LITERAL("us-ascii");
}

/* As it is written, or where more than a word is, as it was read. */
struct span
imap_encoding(struct arena *arena, const struct mime_part *part)
{
	struct span written = FIELD(part, "Content-Transfer-Encoding");
	struct imap_field field;

	imap_field_read(arena, written, &field);
	if (field.type.len > 0 && field.subtype.data == NULL && field.rest.len == 0)
		return field.type;
	switch (part->encodings->encoding) {
	case ENCODING_BASE64:
		return SPAN_LITERAL("base64");
	case ENCODING_QUOTED_PRINTABLE:
		return SPAN_LITERAL("quoted-printable");
	default:
		return SPAN_LITERAL("7bit");
	}
}

static uint64_t
lines_of(struct span body)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < body.len; i++)
		lines += body.data[i] == '\n';
	return lines;
}

static uint64_t
lines_before(const struct printer *p, const char *at)
{
	size_t block = (size_t)(at - p->m->raw.data) / LINES_BLOCK;
	const char *begin = p->m->raw.data + block * LINES_BLOCK;

	return p->lines_before[block] + lines_of(span_of(begin, (size_t)(at - begin)));
}

static uint64_t
lines_of_message(struct printer *p, struct span body)
{
	struct span raw = p->m->raw;

	if (p->lines_before == NULL) {
		p->lines_before = ARENA_ARRAY(p->m->arena, uint64_t, raw.len / LINES_BLOCK + 1);
		for (size_t i = 1; i <= raw.len / LINES_BLOCK; i++)
			p->lines_before[i] = p->lines_before[i - 1] +
			    lines_of(span_of(raw.data + (i - 1) * LINES_BLOCK, LINES_BLOCK));
	}
	return lines_before(p, span_end(body)) - lines_before(p, body.data);
}

/* What stands for the part that a multipart or a message has to have. */
static void
print_bare_text(struct printer *p, uint64_t octets, uint64_t lines)
{
	struct text *out = p->out;

	add(out, "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\"");
	add_number(out, octets);
	add_number(out, lines);
	add(out, p->extensible ? " NIL NIL NIL NIL)" : ")");
}

static void
print_disposition(struct text *out, struct span written)
{
	struct imap_field field;

	imap_field_read(out->arena, written, &field);
	if (field.type.len == 0) {
		add(out, " NIL");
		return;
	}
	add(out, " (");
	imap_add_string(out, field.type);
	print_params(out, field.params);
	add(out, ")");
}

/* Tags between commas (RFC 3282 2). */
static void
print_languages(struct text *out, struct span written)
{
	struct span tag;
	bool any = false;

	while (span_split(&written, ',', &tag)) {
		tag = span_trim(tag);
		if (tag.len == 0)
			continue;
		add(out, any ? " " : " (");
		imap_add_string(out, tag);
		any = true;
	}
	add(out, any ? ")" : " NIL");
}

/* What both kinds of body end with. */
static void
print_extension(struct text *out, const struct mime_part *part)
{
	struct arena *arena = out->arena;

	print_disposition(out, FIELD(part, "Content-Disposition"));
	print_languages(out, FIELD(part, "Content-Language"));
	add(out, " ");
	imap_add_nstring(out, FIELD(part, "Content-Location"));
}

static void
print_multipart(struct printer *p, const struct mime_part *part)
{
	struct imap_field type = type_of(p->out->arena, part);
	const struct mime_part *child = imap_children(part);

	if (child == NULL)
		print_bare_text(p, 0, 0);
	for (; child != NULL; child = imap_next(child))
		print_part(p, child);
	add(p->out, " ");
	imap_add_string(p->out, type.subtype);
	if (!p->extensible)
		return;
	print_params(p->out, type.params);
	print_extension(p->out, part);
}

/* The message inside. */
static void
print_message(struct printer *p, const struct mime_part *part)
{
	const struct mime_part *root = imap_children(part);
	uint64_t lines = lines_of_message(p, part->body);

	add(p->out, " ");
	if (root != NULL) {
		imap_print_envelope(p->out, root);
		add(p->out, " ");
		print_part(p, root);
	} else {
		add(p->out, "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ");
		print_bare_text(p, part->body.len, lines);
	}
	add_number(p->out, lines);
}

static void
print_single(struct printer *p, const struct mime_part *part)
{
	struct text *out = p->out;
	struct arena *arena = out->arena;
	struct imap_field type = type_of(arena, part);
	enum imap_kind kind = imap_kind(part);

	if (kind == IMAP_TEXT)
		add_charset(arena, &type);
	print_type(out, &type);
	print_params(out, type.params);
	add(out, " ");
	imap_add_nstring(out, FIELD(part, "Content-ID"));
	add(out, " ");
	imap_add_nstring(out, FIELD(part, "Content-Description"));
	add(out, " ");
	imap_add_string(out, imap_encoding(arena, part));
	add_number(out, part->body.len);
	if (kind == IMAP_MESSAGE)
		print_message(p, part);
	else if (kind == IMAP_TEXT)
		add_number(out, lines_of(part->body));
	if (!p->extensible)
		return;
	add(out, " ");
	imap_add_nstring(out, FIELD(part, "Content-MD5"));
	print_extension(out, part);
}

static void
print_part(struct printer *p, const struct mime_part *part)
{
	add(p->out, "(");
	if (imap_kind(part) == IMAP_MULTIPART)
		print_multipart(p, part);
	else
		print_single(p, part);
	add(p->out, ")");
}

void
imap_print_body(struct text *out, const struct mime_message *m, bool extensible)
{
	struct printer p = { .out = out, .m = m, .extensible = extensible };

	print_part(&p, m->root);
}
