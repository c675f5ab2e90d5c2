/* Fields that are well-formed are copied; of others the value is written in
 * one piece, without what no value may hold. Parameters are written as RFC
 * 2231 says where they are not ASCII, cut to a length that fits a line. */
#include "config.h"

#include "rewrite/renew_fields.h"

#include "mime/charset.h"

enum {
	PARAMS_MAX = 16,   /* of one field; honest ones have under ten */
	VALUE_COLUMNS = 900, /* of a line of a value, below RFC 5322's 998 */
};

static bool
is_ftext(char c)
{
	return c > ' ' && c <= '~' && c != ':';
}

/* A name that begins with dashes would begin a line like a delimiter. */
static bool
name_is_good(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!is_ftext(name.data[i]))
			return false;
	return name.len > 0 && !span_starts(name, "--");
}

static bool
is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

/* One physical line with its line end. */
static bool
line_is_good(struct span line, struct span eol, bool first)
{
	struct span text;

	if (!span_ends_nocase(line, eol.data) || line.len > VALUE_COLUMNS)
		return false;
	text = span_first(line, line.len - eol.len);
	for (size_t i = 0; i < text.len; i++)
		if (is_control(text.data[i]))
			return false;
	return first || span_trim(text).len > 0;
}

static bool
field_is_good(const struct mime_header *h, struct span eol)
{
	struct span rest = h->raw;
	bool first = true;

	while (rest.len > 0) {
		size_t newline = span_find_byte(rest, '\n');
		struct span line = span_first(rest, newline == SIZE_MAX ? rest.len : newline + 1);

		if (!line_is_good(line, eol, first))
			return false;
		first = false;
		rest = span_from(rest, line.len);
	}
	return h->raw.len > h->name.len && h->raw.data[h->name.len] == ':';
}

/* The value with blanks for control characters, in lines that are not too long. */
static void
write_cleaned(struct text *out, const struct mime_header *h, struct span eol)
{
	struct span value = span_trim(mime_header_unfolded(out->arena, h));
	size_t column = 0;

	text_add(out, h->name);
	text_add(out, SPAN_LITERAL(": "));
	for (size_t i = 0; i < value.len; i++) {
		char c = is_control(value.data[i]) ? ' ' : value.data[i];

		text_add(out, span_of(&c, 1));
		if (++column < VALUE_COLUMNS)
			continue;
		text_add(out, eol);
		text_add(out, SPAN_LITERAL(" "));
		column = 0;
	}
	text_add(out, eol);
}

static void
write_field(struct text *out, const struct mime_header *h, struct span eol)
{
	if (!name_is_good(h->name))
		return;
	if (field_is_good(h, eol))
		text_add(out, h->raw);
	else
		write_cleaned(out, h, eol);
}

void
fields_write_other(struct text *out, const struct mime_part *root, struct span eol)
{
	for (const struct mime_header *h = root->headers; h != NULL; h = h->next)
		if (!span_starts_nocase(h->name, "Content-") && !span_is_nocase(h->name, "MIME-Version"))
			write_field(out, h, eol);
	text_add(out, SPAN_LITERAL("MIME-Version: 1.0"));
	text_add(out, eol);
}

static bool
is_token(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] <= ' ' || s.data[i] > '~' || strchr("()<>@,;:\\\"/[]?='*%", s.data[i]) != NULL)
			return false;
	return s.len > 0;
}

static void
add_percent_encoded(struct text *out, struct span value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (ascii_is_alnum(value.data[i]) || value.data[i] == '.' || value.data[i] == '-')
			text_add(out, span_of(&value.data[i], 1));
		else
			text_printf(out, "%%%02X", (unsigned char)value.data[i]);
	}
}

/* Programs differ on escapes in quoted strings. */
static bool
can_be_quoted(struct span value)
{
	return span_is_ascii(value) && span_find_byte(value, '"') == SIZE_MAX && span_find_byte(value, '\\') == SIZE_MAX;
}

/* On a line of its own. */
static void
add_param(struct text *out, const char *name, struct span value, struct span eol)
{
	value = shown_text(out->arena, value, SHOWN_NAME_MAX);
	text_printf(out, ";%s\t%s", eol.data, name);
	if (is_token(value)) {
		text_printf(out, "=%.*s", SPAN_ARG(value));
	} else if (can_be_quoted(value)) {
		text_printf(out, "=\"%.*s\"", SPAN_ARG(value));
	} else {
		text_add(out, SPAN_LITERAL("*=utf-8''"));
		add_percent_encoded(out, value);
	}
}

/* Those that are written by themselves, or are written already. */
static bool
is_taken(const struct mime_param *first, const struct mime_param *p)
{
	static const char *const own[] = { "boundary", "charset", "name", "filename", NULL };

	for (const char *const *o = own; *o != NULL; o++)
		if (strcmp(p->name, *o) == 0)
			return true;
	for (; first != p; first = first->next)
		if (strcmp(first->name, p->name) == 0)
			return true;
	return !is_token(span_str(p->name));
}

static void
add_other_params(struct text *out, const struct mime_param *params, struct span eol)
{
	size_t count = 0;

	for (const struct mime_param *p = params; p != NULL && count < PARAMS_MAX; p = p->next) {
		if (is_taken(params, p))
			continue;
		count++;
		add_param(out, p->name, p->value, eol);
	}
}

/* A type that can be written; of a multipart without parts it is text. */
static const char *
type_of(const struct mime_part *part)
{
	const char *type = part->types->type, *slash = strchr(type, '/');
	bool multipart = strncmp(type, "multipart/", strlen("multipart/")) == 0;

	if (multipart && part->kind != PART_MULTIPART)
		return "text/plain";
	if (slash == NULL || !is_token(span_of(type, (size_t)(slash - type))) || !is_token(span_str(slash + 1)))
		return "application/octet-stream";
	return type;
}

static void
write_type(struct text *out, const struct mime_part *part, const char *boundary, struct span eol)
{
	text_printf(out, "Content-Type: %s", type_of(part));
	if (boundary != NULL)
		add_param(out, "boundary", span_str(boundary), eol);
	if (part->charset != NULL && charset_find(part->charset) != NULL)
		add_param(out, "charset", span_str(part->charset), eol);
	add_other_params(out, part->types->params, eol);
	if (part->names != NULL)
		add_param(out, "name", part->names->name, eol);
	text_add(out, eol);
}

static void
write_disposition(struct text *out, const struct mime_part *part, struct span eol)
{
	const char *disposition = part->disposition;

	if (disposition == NULL && part->names == NULL)
		return;
	if (disposition == NULL || !is_token(span_str(disposition)))
		disposition = "attachment";
	text_printf(out, "Content-Disposition: %s", disposition);
	if (part->names != NULL)
		add_param(out, "filename", part->names->name, eol);
	text_add(out, eol);
}

void
fields_write_content(struct text *out, const struct mime_part *part, const char *boundary, struct span eol)
{
	static const char *const copied[] = { "Content-ID", "Content-Location", "Content-Language" };

	write_type(out, part, boundary, eol);
	write_disposition(out, part, eol);
	for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
		const struct mime_header *h = mime_header_find(part, span_str(copied[i]), NULL);

		if (h != NULL)
			write_field(out, h, eol);
	}
}
