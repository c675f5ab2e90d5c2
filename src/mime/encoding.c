/* Content-Transfer-Encoding. A value that is one known word has one reading.
 * Of any other each encoding counts that some program could find in it: by its
 * first word or its last, without comments, quotes, blanks or odd signs, behind
 * an encoded word, or because the program is content with the beginning. It is
 * unknown only when there is none. */
#include "config.h"

#include "mime/decode.h"
#include "mime/defects.h"
#include "mime/field.h"
#include "mime/parser.h"
#include "mime/text.h"

static const struct known {
	const char *name;
	const char *letters; /* alone, what a mangled value may hold */
	enum mime_encoding encoding;
} table[] = {
	{ "7bit", "7bit", ENCODING_IDENTITY },
	{ "8bit", "8bit", ENCODING_IDENTITY },
	{ "binary", "binary", ENCODING_IDENTITY },
	{ "base64", "base64", ENCODING_BASE64 },
	{ "quoted-printable", "quotedprint", ENCODING_QUOTED_PRINTABLE },
	{ "x-uuencode", "uuencode", ENCODING_UUENCODE },
	{ "uuencode", "uuencode", ENCODING_UUENCODE },
	{ "x-uue", "xuu", ENCODING_UUENCODE },
	{ "uue", "uue", ENCODING_UUENCODE },
	{ "x-uu", "xuu", ENCODING_UUENCODE },
	{ "gzip64", "gzip64", ENCODING_BASE64 }, /* what is inside shows as gzip */
	{ "x-gzip64", "gzip64", ENCODING_BASE64 },
	{ "yenc", "yenc", ENCODING_YENC },
	{ "x-yenc", "yenc", ENCODING_YENC },
	{ "binhex", "binhex", ENCODING_BINHEX },
	{ "x-binhex", "binhex", ENCODING_BINHEX },
	{ "x-binhex40", "binhex40", ENCODING_BINHEX },
	{ "mac-binhex40", "binhex40", ENCODING_BINHEX },
};
enum { KNOWN = sizeof(table) / sizeof(table[0]) };

static enum mime_encoding
encoding_of(const char *name)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (strcmp(name, table[i].name) == 0)
			return table[i].encoding;
	return ENCODING_UNKNOWN;
}

static struct span
letters_of(struct arena *a, struct span s)
{
	char *out = arena_alloc_raw(a, s.len);
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++)
		if (ascii_is_alnum(s.data[i]))
			out[len++] = ascii_lower(s.data[i]);
	return span_of(out, len);
}

/* "7-bit", "quoted printable": one known word but for signs. */
static enum mime_encoding
guess_whole(struct span letters)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (span_is(letters, table[i].letters))
			return table[i].encoding;
	return span_is(letters, "quotedprintable") ? ENCODING_QUOTED_PRINTABLE : ENCODING_UNKNOWN;
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

/* True when there was one. */
static bool
add_all_in(struct mime_message *m, struct mime_part *part, struct span text)
{
	struct span letters = letters_of(m->arena, text);
	bool found = false;

	for (size_t i = 0; i < KNOWN; i++)
		if (span_find(letters, span_str(table[i].letters)) != SIZE_MAX) {
			add_encoding(m, part, table[i].encoding);
			found = true;
		}
	return found;
}

static bool
add_mangled(struct mime_message *m, struct mime_part *part, struct span value)
{
	bool found = add_all_in(m, part, value);

	if (span_find_byte(value, '(') != SIZE_MAX)
		found |= add_all_in(m, part, text_without(m->arena, value, "("));
	if (span_find(value, SPAN_LITERAL("=?")) != SIZE_MAX)
		found |= add_all_in(m, part, encoded_words_decode(m->arena, value));
	return found;
}

void
encoding_read(struct mime_message *m, struct mime_part *part, struct span value)
{
	struct field_flaws flaws = { 0 };
	const struct mime_type *field = field_parse(m->arena, value, &flaws);
	enum mime_encoding encoding = field->type[0] != '\0' ? encoding_of(field->type) : ENCODING_IDENTITY;
	enum mime_encoding whole = ENCODING_UNKNOWN;

	if (part->encodings != NULL)
		defect_add(m, part, DEFECT_DUPLICATE_ENCODING);
	if (encoding == ENCODING_UNKNOWN)
		whole = guess_whole(letters_of(m->arena, value));
	if (flaws.malformed || flaws.odd || whole == ENCODING_IDENTITY)
		defect_add(m, part, DEFECT_ENCODING_MALFORMED);
	if (whole == ENCODING_IDENTITY)
		encoding = whole;
	add_encoding(m, part, encoding);
	if (encoding != ENCODING_UNKNOWN && !flaws.malformed && !flaws.odd)
		return;
	if (!add_mangled(m, part, value) && value.len > 0 && encoding == ENCODING_UNKNOWN)
		defect_add(m, part, DEFECT_ENCODING_UNKNOWN);
}
