/* What a part's header says of its content, every candidate of it: a program
 * takes the first Content-Type or the last, the name of the disposition or the
 * type. The strict reading, which is the first of each, leads each list.
 *
 * A field that is malformed, or in which comments, quotes and escapes stand at
 * odd places, is read once more in each of a few ways to take these out; what
 * that gives is added in silence, since the field's own defect tells of it. */
#include "config.h"

#include "mime/charset.h"
#include "mime/decode.h"
#include "mime/defects.h"
#include "mime/field.h"
#include "mime/names.h"
#include "mime/parser.h"
#include "mime/text.h"

/* Types that a part may have. More is no accident, and the search for
 * repetitions stays short. */
enum { TYPES_MAX = 32 };

/* The fields of a part while they are read. */
struct content {
	struct mime_message *m;
	struct mime_part *part;
	struct mime_type *dispositions, **last; /* first one first */
	struct mime_type *type_guesses, **last_guess;
	struct mime_type *disposition_guesses, **last_disposition_guess;
	const struct loose_head *more; /* fields that only some programs see, or NULL */
	struct span description;
	struct span dangling; /* the first disposition that ends in a semicolon */
	bool gap; /* pieces of a name are missing in a field */
	bool odd; /* a field is not as all programs read it */
	bool lone; /* a field has the first piece of a name only */
};

static void
report(struct content *c, const struct field_flaws *flaws, enum defect malformed)
{
	if (flaws->malformed)
		defect_add(c->m, c->part, malformed);
	if (flaws->duplicate)
		defect_add(c->m, c->part, DEFECT_DUPLICATE_PARAMETER);
	if (flaws->conflict)
		defect_add(c->m, c->part, DEFECT_CONFLICTING_PARAMETER);
	if (flaws->gap)
		defect_add(c->m, c->part, DEFECT_PARAMETER_GAP);
	if (flaws->too_many)
		defect_over_limit(c->m, c->part, DEFECT_LIMIT_READINGS);
	c->gap |= flaws->gap;
	c->odd |= flaws->malformed || flaws->odd || flaws->gap;
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

static bool
is_complete(const struct mime_type *type)
{
	const char *slash = strchr(type->type, '/');

	return slash != NULL && slash > type->type && slash[1] != '\0';
}

/* A type without its second word: programs know what multipart and message are
 * without. */
static void
complete_type(struct content *c, struct mime_type *type)
{
	if (is_complete(type))
		return;
	defect_add(c->m, c->part, DEFECT_CONTENT_TYPE_MALFORMED);
	if (strncmp(type->type, "multipart", strlen("multipart")) == 0)
		type->type = "multipart/mixed";
	else if (strcmp(type->type, "message") == 0 || strcmp(type->type, "message/") == 0)
		type->type = "message/rfc822";
	else
		type->type = "text/plain";
}

static void
add_type(struct content *c, struct mime_type *type)
{
	struct mime_type **at = &c->part->types;
	size_t count = 0;

	for (; *at != NULL; at = &(*at)->next, count++)
		if (equal_types(*at, type))
			return;
	if (count == TYPES_MAX) {
		defect_over_limit(c->m, c->part, DEFECT_LIMIT_READINGS);
		return;
	}
	*at = type;
	if (count == 0)
		return;
	defect_add(c->m, c->part, DEFECT_CONFLICTING_CONTENT_TYPE);
	c->m->readings++;
}

/* The field in another way: a type only when it is another than all before,
 * names by its parameters. */
static void
read_variant(struct content *c, struct span value, enum content_field kind)
{
	struct field_flaws ignored = { 0 };
	struct mime_type *field;

	if (value.len == 0)
		return;
	field = field_parse(c->m->arena, value, &ignored);
	if (kind == CONTENT_DISPOSITION) {
		*c->last_disposition_guess = field;
		c->last_disposition_guess = &field->next;
		return;
	}
	*c->last_guess = field;
	c->last_guess = &field->next;
	if (!is_complete(field))
		return;
	for (const struct mime_type *t = c->part->types; t != NULL; t = t->next)
		if (strcmp(t->type, field->type) == 0)
			return;
	field = memcpy(ARENA_NEW(c->m->arena, struct mime_type), field, sizeof(*field));
	field->next = NULL;
	add_type(c, field);
}

static void
read_variants(struct content *c, struct span value, enum content_field kind)
{
	struct arena *a = c->m->arena;
	size_t nul = span_find_byte(value, '\0'), comma = span_find_byte(value, ',');

	read_variant(c, text_without(a, value, "\"\\"), kind);
	read_variant(c, text_without(a, value, "("), kind);
	if (nul != SIZE_MAX) {
		read_variant(c, span_first(value, nul), kind);
		read_variant(c, text_without(a, value, ""), kind);
	}
	if (comma != SIZE_MAX)
		read_variant(c, span_trim(span_from(value, comma + 1)), kind);
	if (span_find(value, SPAN_LITERAL("=?")) != SIZE_MAX)
		read_variant(c, encoded_words_decode(a, value), kind);
}

/* Some programs take the white space of a fold away with it. */
static struct span
glued(struct arena *a, struct span raw)
{
	char *out = arena_alloc_raw(a, raw.len);
	size_t len = 0;

	for (size_t i = 0; i < raw.len; i++) {
		if (raw.data[i] != '\r' && raw.data[i] != '\n') {
			out[len++] = raw.data[i];
			continue;
		}
		while (i + 1 < raw.len && (raw.data[i + 1] == ' ' || raw.data[i + 1] == '\t' ||
		    raw.data[i + 1] == '\r' || raw.data[i + 1] == '\n'))
			i++;
	}
	return span_of(out, len);
}

/* Is there a fold inside a word or quotes, not behind a semicolon? */
static bool
folds_oddly(struct span raw)
{
	for (size_t at = span_find_byte(raw, '\n'); at != SIZE_MAX;) {
		size_t before = at > 0 && raw.data[at - 1] == '\r' ? at - 1 : at, next;

		while (before > 0 && (raw.data[before - 1] == ' ' || raw.data[before - 1] == '\t'))
			before--;
		if (before > 0 && raw.data[before - 1] != ';')
			return true;
		next = span_find_byte(span_from(raw, at + 1), '\n');
		at = next == SIZE_MAX ? next : at + 1 + next;
	}
	return false;
}

/* A parameter of a name that some programs take for that of a name. */
static bool
has_namelike(const struct mime_type *field)
{
	for (const struct mime_param *p = field->params; p != NULL; p = p->next)
		if (strstr(p->name, "name") != NULL && strcmp(p->name, "name") != 0 && strcmp(p->name, "filename") != 0)
			return true;
	return false;
}

static struct mime_type *
parse_field(struct content *c, struct span raw, enum content_field kind)
{
	enum defect malformed = kind == CONTENT_TYPE ? DEFECT_CONTENT_TYPE_MALFORMED : DEFECT_DISPOSITION_MALFORMED;
	struct span value = text_unfolded(c->m->arena, raw);
	struct field_flaws flaws = { 0 };
	struct mime_type *field = field_parse(c->m->arena, value, &flaws);

	report(c, &flaws, malformed);
	c->odd |= has_namelike(field);
	c->lone |= span_find(value, SPAN_LITERAL("*0")) != SIZE_MAX &&
	    span_find(value, SPAN_LITERAL("*1")) == SIZE_MAX;
	if (kind == CONTENT_TYPE) {
		complete_type(c, field);
		if (c->part->types != NULL)
			defect_add(c->m, c->part, DEFECT_DUPLICATE_CONTENT_TYPE);
		add_type(c, field);
	}
	if (flaws.malformed || flaws.odd || span_find_byte(value, '\0') != SIZE_MAX)
		read_variants(c, value, kind);
	if (folds_oddly(raw))
		read_variant(c, glued(c->m->arena, raw), kind);
	return field;
}

static void
read_disposition(struct content *c, struct span raw)
{
	struct mime_type *field = parse_field(c, raw, CONTENT_DISPOSITION);

	if (c->dangling.len == 0 && raw.len > 0 && raw.data[raw.len - 1] == ';')
		c->dangling = raw;
	if (c->part->disposition != NULL)
		defect_add(c->m, c->part, DEFECT_DUPLICATE_DISPOSITION);
	else /* RFC 2183 2.8: what is not known is an attachment */
		c->part->disposition = field->type[0] != '\0' ? field->type : "attachment";
	if (mime_param_find(field, "boundary") != NULL)
		defect_add(c->m, c->part, DEFECT_DISPOSITION_MALFORMED);
	*c->last = field;
	c->last = &field->next;
}

static void
read_field(struct content *c, enum content_field kind, struct span raw)
{
	switch (kind) {
	case CONTENT_TYPE:
		parse_field(c, raw, kind);
		break;
	case CONTENT_ENCODING:
		encoding_read(c->m, c->part, text_unfolded(c->m->arena, raw));
		c->odd |= span_find_byte(raw, '=') != SIZE_MAX;
		break;
	case CONTENT_DISPOSITION:
		read_disposition(c, raw);
		break;
	case CONTENT_DESCRIPTION:
		c->description = raw;
		break;
	default:
		break; /* what names the part beside its name is read last */
	}
}

/* The text with "name" for "filename", so that pieces of either are of one. */
static void
add_renamed(struct text *out, struct span text)
{
	const struct span word = SPAN_LITERAL("filename");
	size_t at;

	while ((at = span_find_nocase(text, word)) != SIZE_MAX) {
		text_add(out, span_first(text, at));
		text_add(out, SPAN_LITERAL("name"));
		text = span_from(text, at + word.len);
	}
	text_add(out, text);
}

/* Pieces of a name may be split over two fields: all of them read as one. */
static void
add_split_names(struct content *c)
{
	struct text all = { .arena = c->m->arena };
	struct field_flaws ignored = { 0 };
	const struct mime_type *field;

	text_add(&all, SPAN_LITERAL("x"));
	for (const struct mime_header *h = c->part->headers; h != NULL; h = h->next) {
		enum content_field kind = content_field_of(h->name);

		if (kind != CONTENT_TYPE && kind != CONTENT_DISPOSITION)
			continue;
		text_add(&all, SPAN_LITERAL("; "));
		add_renamed(&all, text_unfolded(c->m->arena, h->value));
	}
	field = field_parse(c->m->arena, text_span(&all), &ignored);
	names_guess(c->m, c->part, field, "name");
}

static void
add_text(struct content *c, struct text *all, enum content_field kind, struct span value)
{
	if (kind >= CONTENT_DESCRIPTION)
		return;
	text_add(all, text_unfolded(c->m->arena, value));
	text_add(all, SPAN_LITERAL("\n"));
}

/* Whatever looks like a name in any of the fields. */
static void
add_guessed_names(struct content *c)
{
	struct text all = { .arena = c->m->arena };

	for (const struct mime_header *h = c->part->headers; h != NULL; h = h->next)
		add_text(c, &all, content_field_of(h->name), h->value);
	for (size_t i = 0; c->more != NULL && i < c->more->field_count; i++)
		add_text(c, &all, c->more->fields[i].kind, c->more->fields[i].value);
	names_from_text(c->m, c->part, text_span(&all));
}

/* For a program that looks for parameters behind the next semicolon, those of a
 * later field are a disposition's that has none. */
static void
add_names_beyond(struct content *c)
{
	const struct mime_header *h = c->part->headers;

	while (h != NULL && content_field_of(h->name) != CONTENT_DISPOSITION)
		h = h->next;
	while (h != NULL && span_find_byte(h->value, ';') == SIZE_MAX)
		h = h->next;
	if (h != NULL && content_field_of(h->name) != CONTENT_DISPOSITION)
		names_from_text(c->m, c->part, text_unfolded(c->m->arena, h->value));
}

/* A field that ends in a semicolon goes on in the next one for some. */
static void
add_names_of_next(struct content *c)
{
	const char *at = c->dangling.data, *end = span_end(c->part->head);
	unsigned fields = 0;

	if (c->dangling.len == 0 || at < c->part->head.data || at >= end)
		return;
	while (fields < 2 && (at = memchr(at, '\n', (size_t)(end - at))) != NULL && ++at < end)
		fields += *at != ' ' && *at != '\t';
	if (at == NULL)
		at = end;
	names_from_text(c->m, c->part, span_of(c->dangling.data, (size_t)(at - c->dangling.data)));
}

/* Where the part is from: some programs save it by that. */
static void
add_locations(struct content *c)
{
	for (const struct mime_header *h = c->part->headers; h != NULL; h = h->next)
		if (content_field_of(h->name) == CONTENT_LOCATION)
			names_from_location(c->m, c->part, text_unfolded(c->m->arena, h->value));
	for (size_t i = 0; c->more != NULL && i < c->more->field_count; i++)
		if (c->more->fields[i].kind == CONTENT_LOCATION)
			names_from_location(c->m, c->part, text_unfolded(c->m->arena, c->more->fields[i].value));
}

static void
read_names(struct content *c)
{
	names_add(c->m, c->part, c->dispositions, "filename");
	names_add(c->m, c->part, c->part->types, "name");
	names_add(c->m, c->part, c->dispositions, "name");
	names_add(c->m, c->part, c->part->types, "filename");
	for (const struct mime_type *field = c->disposition_guesses; field != NULL; field = field->next) {
		names_guess(c->m, c->part, field, "filename");
		names_guess(c->m, c->part, field, "name");
	}
	for (const struct mime_type *field = c->type_guesses; field != NULL; field = field->next) {
		names_guess(c->m, c->part, field, "name");
		names_guess(c->m, c->part, field, "filename");
	}
	if (c->gap)
		add_split_names(c);
	if (c->lone || (c->more != NULL && (c->more->broken || c->more->nearly))) /* it may be in any field, or line */
		names_from_text(c->m, c->part, c->part->head);
	else if (c->odd)
		add_guessed_names(c);
	add_names_beyond(c);
	add_names_of_next(c);
	if (c->part->names == NULL && c->description.len > 0)
		names_from_description(c->m, c->part, text_unfolded(c->m->arena, c->description));
	add_locations(c);
}

static void
add_defaults(struct mime_message *m, struct mime_part *part, const char *default_type)
{
	if (part->types == NULL) {
		part->types = ARENA_NEW(m->arena, struct mime_type);
		part->types->type = default_type;
	}
	if (part->encodings == NULL)
		part->encodings = ARENA_NEW(m->arena, struct mime_encodings);
}

static void
read_charset(struct mime_message *m, struct mime_part *part)
{
	const struct mime_param *charset;
	char *lower;

	charset = mime_param_find(part->types, "charset");
	if (charset == NULL)
		return;
	part->charset = lower = arena_strndup(m->arena, charset->value);
	for (; *lower != '\0'; lower++)
		*lower = ascii_lower(*lower);
	if (span_starts(span_str(part->types->type), "text/") && charset_find(part->charset) == NULL)
		defect_add(m, part, DEFECT_CHARSET_UNKNOWN);
}

/* Is it one of those that the strict reading has? */
static bool
is_strict(const struct mime_part *part, const struct loose_field *field)
{
	for (const struct mime_header *h = part->headers; h != NULL; h = h->next) {
		struct span value = span_trim(h->value);

		if (value.data == field->value.data && value.len == field->value.len &&
		    content_field_of(h->name) == field->kind)
			return true;
	}
	return false;
}

static void
read_more(struct content *c, const struct loose_head *more)
{
	for (size_t i = 0; i < more->field_count; i++) {
		if (is_strict(c->part, &more->fields[i]))
			continue;
		/* X-Content-Type is honest where it says the same. */
		if (!c->part->shadow && !more->fields[i].within)
			defect_add(c->m, c->part, DEFECT_HIDDEN_FIELD);
		read_field(c, more->fields[i].kind, more->fields[i].value);
	}
}

void
content_read_loose(struct mime_message *m, struct mime_part *part, const struct loose_head *more,
    const char *default_type)
{
	struct content c = { .m = m, .part = part, .more = more };

	c.last = &c.dispositions;
	c.last_guess = &c.type_guesses;
	c.last_disposition_guess = &c.disposition_guesses;
	for (const struct mime_header *h = part->headers; h != NULL; h = h->next) {
		enum content_field kind = content_field_of(h->name);

		if (kind != CONTENT_FIELDS)
			read_field(&c, kind, span_trim(h->value));
	}
	if (more != NULL && part->shadow)
		read_more(&c, more);
	add_defaults(m, part, default_type);
	if (more != NULL && !part->shadow)
		read_more(&c, more); /* behind the strict reading, which may be the defaults */
	read_names(&c);
	read_charset(m, part);
}

void
content_read(struct mime_message *m, struct mime_part *part, const char *default_type)
{
	content_read_loose(m, part, NULL, default_type);
}

const struct mime_param *
mime_param_find(const struct mime_type *type, const char *name)
{
	const struct mime_param *p = type->params;

	while (p != NULL && strcmp(p->name, name) != 0)
		p = p->next;
	return p;
}
