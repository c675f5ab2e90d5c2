/* Fields that are well-formed are copied; of others the value is written word
 * by word, without what no value may hold. Parameters are written as RFC 2231
 * says where they are not ASCII, cut to a length that fits a line. Names are
 * rid of what programs or file systems take for more than a name. */
#include "config.h"

#include "rewrite/renew_fields.h"

#include "mime/charset.h"
#include "mime/loose.h"

enum {
	PARAMS_MAX = 16,    /* of one field; honest ones have under ten */
	LINE_COLUMNS = 998, /* RFC 5322 2.1.1 */
	WORD_COLUMNS = 900, /* of a piece of a word too long for a line */
	TOKEN_MAX = 127,    /* RFC 6838 4.2 */
};

static bool
is_ftext(char c)
{
	return c > ' ' && c <= '~' && c != ':';
}

/* A name that begins with dashes would begin a line like a delimiter; one that
 * leaves no room on its line is nobody's. */
static bool
name_is_good(struct span name)
{
	if (name.len > LINE_COLUMNS - WORD_COLUMNS - 8)
		return false;
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

	if (!span_ends_nocase(line, eol.data) || line.len > LINE_COLUMNS + eol.len)
		return false;
	text = span_first(line, line.len - eol.len);
	for (size_t i = 0; i < text.len; i++)
		if (is_control(text.data[i]))
			return false;
	return first || (span_trim(text).len > 0 && !loose_field_is_sane(text));
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

/* A piece that no character of UTF-8 is cut by, if it is UTF-8. */
static size_t
piece_of(struct span word)
{
	size_t len = word.len < WORD_COLUMNS ? word.len : WORD_COLUMNS;

	for (int i = 0; i < 3 && len < word.len && ((unsigned char)word.data[len] & 0xc0) == 0x80; i++)
		len++;
	return len;
}

static struct span
take_word(struct span *value)
{
	struct span word;
	size_t len = 0;

	while (value->len > 0 && (unsigned char)value->data[0] <= ' ')
		*value = span_from(*value, 1);
	while (len < value->len && (unsigned char)value->data[len] > ' ' && value->data[len] != 0x7f)
		len++;
	word = span_first(*value, piece_of(span_first(*value, len)));
	*value = span_from(*value, word.len > 0 ? word.len : 1);
	return word;
}

/* The words of the value, in lines that are not too long. */
static void
write_cleaned(struct text *out, const struct mime_header *h, struct span eol)
{
	struct span rest = mime_header_unfolded(out->arena, h);
	size_t column = h->name.len + 1;

	text_add(out, h->name);
	text_add(out, SPAN_LITERAL(":"));
	while (rest.len > 0) {
		struct span word = take_word(&rest);

		if (word.len == 0)
			continue;
		if (column > h->name.len + 1 && column + 1 + word.len > LINE_COLUMNS) {
			if (loose_field_is_sane(span_of(word.data, word.len + rest.len)))
				continue;
			text_add(out, eol);
			column = 0;
		}
		text_add(out, SPAN_LITERAL(" "));
		text_add(out, word);
		column += 1 + word.len;
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

/* Does it tell of the content, to some program? */
static bool
is_of_content(struct arena *a, const struct mime_header *h)
{
	struct span named = span_str(arena_printf(a, "%.*s:", SPAN_ARG(h->name)));
	enum content_field kind;

	return span_starts_nocase(h->name, "Content-") || span_is_nocase(h->name, "MIME-Version") ||
	    loose_field_name(named, &kind) > 0;
}

void
fields_write_other(struct text *out, const struct mime_part *root, struct span eol)
{
	for (const struct mime_header *h = root->headers; h != NULL; h = h->next)
		if (!is_of_content(out->arena, h))
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
	return s.len > 0 && s.len <= TOKEN_MAX;
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

/* On a line of its own. The value is fit to be shown. */
static void
add_param(struct text *out, const char *name, struct span value, struct span eol)
{
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

/* What looks like a parameter itself is one to some program. */
static bool
is_simple(struct span value)
{
	return span_find_byte(value, ';') == SIZE_MAX && span_find_byte(value, '=') == SIZE_MAX;
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
		if (is_taken(params, p) || !is_simple(p->value))
			continue;
		count++;
		add_param(out, p->name, shown_text(out->arena, p->value, SHOWN_NAME_MAX), eol);
	}
}

/* What a folder or a stream is named by, or a pattern, ends a name for some
 * programs, and so do dots and blanks; others take what looks like a parameter
 * for one. Empty: nothing is left, or it is a multipart, which is no file. */
static struct span
name_of(struct arena *a, const struct mime_part *part)
{
	bool named = part->names != NULL && part->kind != PART_MULTIPART;
	struct span name = named ? shown_text(a, part->names->name, SHOWN_NAME_MAX) : SPAN_NONE;
	char *copy = arena_strndup(a, name);

	for (size_t i = 0; i < name.len; i++)
		if (strchr("/\\:*?\"<>|;=", copy[i]) != NULL)
			copy[i] = '_';
	name = span_trim(span_of(copy, name.len));
	while (name.len > 0 && (name.data[name.len - 1] == '.' || name.data[name.len - 1] == ' '))
		name.len--;
	return name;
}

static bool
can_be_written(const char *type)
{
	const char *slash = strchr(type, '/');

	return slash != NULL && is_token(span_of(type, (size_t)(slash - type))) && is_token(span_str(slash + 1));
}

const char *
fields_type_of(const struct mime_part *part)
{
	const char *type = part->types->type;
	bool multipart = span_starts(span_str(type), "multipart/"), good = can_be_written(type);

	switch (part->kind) {
	case PART_MULTIPART:
		return multipart && good ? type : "multipart/mixed";
	case PART_MESSAGE:
		return strcmp(type, "message/global") == 0 ? type : "message/rfc822";
	case PART_LEAF:
		break;
	}
	return multipart ? "text/plain" : good ? type : "application/octet-stream";
}

/* A charset that is known, without what its name is known in spite of. */
static void
add_charset(struct text *out, const char *charset, struct span eol)
{
	struct text name = { .arena = out->arena };

	if (charset_find(charset) == NULL)
		return;
	for (const char *c = charset; *c != '\0'; c++)
		if (ascii_is_alnum(*c) || *c == '-' || *c == '_')
			text_add(&name, span_of(c, 1));
	if (is_token(text_span(&name)))
		add_param(out, "charset", text_span(&name), eol);
}

static void
write_type(struct text *out, const struct mime_part *part, const char *type, const char *boundary, struct span name,
    struct span eol)
{
	text_printf(out, "Content-Type: %s", type);
	if (boundary != NULL)
		add_param(out, "boundary", span_str(boundary), eol);
	if (part->charset != NULL)
		add_charset(out, part->charset, eol);
	add_other_params(out, part->types->params, eol);
	if (name.len > 0)
		add_param(out, "name", name, eol);
	text_add(out, eol);
}

static void
write_disposition(struct text *out, const struct mime_part *part, struct span name, struct span eol)
{
	const char *disposition = part->disposition;

	if (disposition == NULL && name.len == 0)
		return;
	if (disposition == NULL || strcmp(disposition, "inline") != 0)
		disposition = "attachment"; /* RFC 2183 2.8 */
	text_printf(out, "Content-Disposition: %s", disposition);
	if (name.len > 0)
		add_param(out, "filename", name, eol);
	text_add(out, eol);
}

void
fields_write_content(struct text *out, const struct mime_part *part, const char *type, const char *boundary,
    struct span eol)
{
	static const char *const copied[] = { "Content-ID", "Content-Location", "Content-Language" };
	struct span name = name_of(out->arena, part);

	write_type(out, part, type, boundary, name, eol);
	write_disposition(out, part, name, eol);
	for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
		const struct mime_header *h = mime_header_find(part, span_str(copied[i]), NULL);

		if (h != NULL)
			write_field(out, h, eol);
	}
}

static bool
line_is_field(struct span line)
{
	size_t colon = span_find_byte(line, ':');

	return colon != SIZE_MAX && name_is_good(span_first(line, colon));
}

bool
text_is_fields(struct span text)
{
	bool continues = false; /* a field stands on the line before */

	while (text.len > 0) {
		size_t newline = span_find_byte(text, '\n');
		struct span line = span_first(text, newline == SIZE_MAX ? text.len : newline);
		bool folded = line.len > 0 && (line.data[0] == ' ' || line.data[0] == '\t');

		text = newline == SIZE_MAX ? SPAN_NONE : span_from(text, newline + 1);
		if (span_is(line, "\r"))
			line.len = 0;
		if (line.len > 0 && !(folded ? continues && span_trim(line).len > 0 : line_is_field(line)))
			return false;
		continues = line.len > 0;
	}
	return true;
}
