/* What a part's header says of its content, every candidate of it: a program
 * takes the first Content-Type or the last, the name of the disposition or the
 * type. The strict reading, which is the first of each, leads each list. */
#include "config.h"

#include "mime/charset.h"
#include "mime/defects.h"
#include "mime/field.h"
#include "mime/parser.h"

/* Candidates of one kind that a part may have. More is no accident, and the
 * search for repetitions stays short. */
enum { CANDIDATES_MAX = 32 };

enum { ENCODING_NAME_MAX = 24 };

static void
report(struct mime_message *m, const struct mime_part *part, const struct field_flaws *flaws, enum defect malformed)
{
	if (flaws->malformed)
		defect_add(m, part, malformed);
	if (flaws->duplicate)
		defect_add(m, part, DEFECT_DUPLICATE_PARAMETER);
	if (flaws->conflict)
		defect_add(m, part, DEFECT_CONFLICTING_PARAMETER);
	if (flaws->gap)
		defect_add(m, part, DEFECT_PARAMETER_GAP);
	if (flaws->too_many)
		defect_over_limit(m, part, DEFECT_LIMIT_READINGS);
}

static struct mime_type *
parse_header(struct mime_message *m, const struct mime_part *part, const struct mime_header *h, enum defect malformed)
{
	struct field_flaws flaws = { 0 };
	struct mime_type *field = field_parse(m->arena, mime_header_unfolded(m->arena, h), &flaws);

	report(m, part, &flaws, malformed);
	return field;
}

static bool
equal_types(const struct mime_type *a, const struct mime_type *b)
{
	const struct mime_param *p = a->params, *q = b->params;

	while (p != NULL && q != NULL && strcmp(p->name, q->name) == 0 && span_eq(p->value, q->value)) {
		p = p->next;
		q = q->next;
	}
	return strcmp(a->type, b->type) == 0 && p == NULL && q == NULL;
}

/* A type without its second word: programs know what multipart is without. */
static void
complete_type(struct mime_message *m, const struct mime_part *part, struct mime_type *type)
{
	const char *slash = strchr(type->type, '/');

	if (slash != NULL && slash > type->type && slash[1] != '\0')
		return;
	defect_add(m, part, DEFECT_CONTENT_TYPE_MALFORMED);
	type->type = strncmp(type->type, "multipart", strlen("multipart")) == 0 ? "multipart/mixed" : "text/plain";
}

static void
add_type(struct mime_message *m, struct mime_part *part, const struct mime_header *h)
{
	struct mime_type *type = parse_header(m, part, h, DEFECT_CONTENT_TYPE_MALFORMED), **at = &part->types;
	size_t count = 0;

	complete_type(m, part, type);
	if (part->types != NULL)
		defect_add(m, part, DEFECT_DUPLICATE_CONTENT_TYPE);
	for (; *at != NULL; at = &(*at)->next, count++)
		if (equal_types(*at, type))
			return;
	if (count == CANDIDATES_MAX) {
		defect_over_limit(m, part, DEFECT_LIMIT_READINGS);
		return;
	}
	*at = type;
	if (count == 0)
		return;
	defect_add(m, part, DEFECT_CONFLICTING_CONTENT_TYPE);
	m->readings++;
}

static enum mime_encoding
encoding_of(const char *name)
{
	static const struct {
		const char *name;
		enum mime_encoding encoding;
	} table[] = {
		{ "7bit", ENCODING_IDENTITY },
		{ "8bit", ENCODING_IDENTITY },
		{ "binary", ENCODING_IDENTITY },
		{ "base64", ENCODING_BASE64 },
		{ "quoted-printable", ENCODING_QUOTED_PRINTABLE },
		{ "x-uuencode", ENCODING_UUENCODE },
		{ "uuencode", ENCODING_UUENCODE },
		{ "x-uue", ENCODING_UUENCODE },
		{ "uue", ENCODING_UUENCODE },
		{ "x-uu", ENCODING_UUENCODE },
		{ "gzip64", ENCODING_BASE64 }, /* what is inside shows as gzip */
		{ "x-gzip64", ENCODING_BASE64 },
		{ "yenc", ENCODING_YENC },
		{ "x-yenc", ENCODING_YENC },
		{ "binhex", ENCODING_BINHEX },
		{ "x-binhex", ENCODING_BINHEX },
		{ "x-binhex40", ENCODING_BINHEX },
		{ "mac-binhex40", ENCODING_BINHEX },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(name, table[i].name) == 0)
			return table[i].encoding;
	return ENCODING_UNKNOWN;
}

/* What a misspelt name may be taken for: "7-bit", "quoted printable". */
static enum mime_encoding
guess_encoding(struct span value)
{
	char plain[ENCODING_NAME_MAX + 1];
	size_t len = 0;

	for (size_t i = 0; i < value.len && len < ENCODING_NAME_MAX; i++)
		if (ascii_is_alnum(value.data[i]))
			plain[len++] = ascii_lower(value.data[i]);
	plain[len] = '\0';
	return encoding_of(strcmp(plain, "quotedprintable") == 0 ? "quoted-printable" : plain);
}

static void
add_encoding(struct mime_message *m, struct mime_part *part, enum mime_encoding encoding)
{
	struct mime_encodings **at = &part->encodings;

	for (; *at != NULL; at = &(*at)->next)
		if ((*at)->encoding == encoding)
			return;
	*at = ARENA_NEW(m->arena, struct mime_encodings);
	(*at)->encoding = encoding;
	if (*at == part->encodings)
		return;
	defect_add(m, part, DEFECT_CONFLICTING_ENCODING);
	m->readings++;
}

static void
read_encoding(struct mime_message *m, struct mime_part *part, const struct mime_header *h)
{
	const struct mime_type *field = parse_header(m, part, h, DEFECT_ENCODING_MALFORMED);
	enum mime_encoding encoding = field->type[0] != '\0' ? encoding_of(field->type) : ENCODING_IDENTITY;
	enum mime_encoding guess = ENCODING_UNKNOWN;

	if (encoding == ENCODING_UNKNOWN)
		guess = guess_encoding(h->value);
	if (part->encodings != NULL)
		defect_add(m, part, DEFECT_DUPLICATE_ENCODING);
	if (guess == ENCODING_IDENTITY) {
		defect_add(m, part, DEFECT_ENCODING_MALFORMED);
		encoding = ENCODING_IDENTITY;
	}
	if (encoding == ENCODING_UNKNOWN)
		defect_add(m, part, DEFECT_ENCODING_UNKNOWN);
	add_encoding(m, part, encoding);
	if (encoding != guess && guess != ENCODING_UNKNOWN)
		add_encoding(m, part, guess);
}

/* What follows the last dot. */
static struct span
extension(struct span name)
{
	size_t at = name.len;

	while (at > 0 && name.data[at - 1] != '.')
		at--;
	return at > 0 ? span_from(name, at) : SPAN_NONE;
}

void
content_add_name(struct mime_message *m, struct mime_part *part, struct span name)
{
	struct mime_name **at = &part->names;
	size_t count = 0;

	name = span_trim(name);
	if (name.len == 0)
		return;
	for (; *at != NULL; at = &(*at)->next, count++)
		if (span_eq((*at)->name, name))
			return;
	if (count == CANDIDATES_MAX) {
		defect_over_limit(m, part, DEFECT_LIMIT_READINGS);
		return;
	}
	*at = ARENA_NEW(m->arena, struct mime_name);
	(*at)->name = name;
	if (count == 0)
		return;
	defect_add(m, part, DEFECT_CONFLICTING_NAMES);
	if (!span_eq_nocase(extension(part->names->name), extension(name)))
		defect_add(m, part, DEFECT_CONFLICTING_EXTENSIONS);
	m->readings++;
}

static void
add_names(struct mime_message *m, struct mime_part *part, const struct mime_type *fields, const char *param)
{
	for (const struct mime_type *f = fields; f != NULL; f = f->next)
		for (const struct mime_param *p = f->params; p != NULL; p = p->next)
			if (strcmp(p->name, param) == 0)
				content_add_name(m, part, p->value);
}

/* The dispositions as a list, first one first. */
static struct mime_type **
add_disposition(struct mime_message *m, struct mime_part *part, const struct mime_header *h, struct mime_type **at)
{
	*at = parse_header(m, part, h, DEFECT_DISPOSITION_MALFORMED);
	if (part->disposition != NULL)
		defect_add(m, part, DEFECT_DUPLICATE_DISPOSITION);
	else /* RFC 2183 2.8: what is not known is an attachment */
		part->disposition = (*at)->type[0] != '\0' ? (*at)->type : "attachment";
	return &(*at)->next;
}

static void
add_defaults(struct mime_message *m, struct mime_part *part, const char *default_type)
{
	const struct mime_param *charset;
	char *lower;

	if (part->types == NULL) {
		part->types = ARENA_NEW(m->arena, struct mime_type);
		part->types->type = default_type;
	}
	if (part->encodings == NULL)
		part->encodings = ARENA_NEW(m->arena, struct mime_encodings);
	charset = mime_param_find(part->types, "charset");
	if (charset == NULL)
		return;
	part->charset = lower = arena_strndup(m->arena, charset->value);
	for (; *lower != '\0'; lower++)
		*lower = ascii_lower(*lower);
	if (span_starts(span_str(part->types->type), "text/") && charset_find(part->charset) == NULL)
		defect_add(m, part, DEFECT_CHARSET_UNKNOWN);
}

void
content_read(struct mime_message *m, struct mime_part *part, const char *default_type)
{
	struct mime_type *dispositions = NULL, **last = &dispositions;

	for (const struct mime_header *h = part->headers; h != NULL; h = h->next) {
		if (span_is_nocase(h->name, "Content-Type"))
			add_type(m, part, h);
		else if (span_is_nocase(h->name, "Content-Transfer-Encoding"))
			read_encoding(m, part, h);
		else if (span_is_nocase(h->name, "Content-Disposition"))
			last = add_disposition(m, part, h, last);
	}
	add_names(m, part, dispositions, "filename");
	add_names(m, part, part->types, "name");
	add_names(m, part, dispositions, "name");
	add_names(m, part, part->types, "filename");
	add_defaults(m, part, default_type);
}

const struct mime_param *
mime_param_find(const struct mime_type *type, const char *name)
{
	const struct mime_param *p = type->params;

	while (p != NULL && strcmp(p->name, name) != 0)
		p = p->next;
	return p;
}
