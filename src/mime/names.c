/* Names: those that are given, and what programs and Windows make of them. A
 * name ends at NUL or goes on behind it; percent signs, backslashes and quotes
 * are undone by some; the file gets no dots and blanks at its end, nor what
 * stands behind a colon, which names a stream of it; one that is too long, or
 * padded to look shorter, is cut off. Each is a candidate; only
 * names that are given differently are told of as conflicting. Names are kept
 * as they are found, "../" too: they are data, never a path. */
#include "config.h"

#include "mime/decode.h"
#include "mime/defects.h"
#include "mime/names.h"
#include "mime/parser.h"
#include "mime/text.h"
#include "mime/utf8.h"

enum {
	/* Names that a part may have; see content.c. */
	NAMES_MAX = 32,
	/* Of a name: ".docx". */
	EXTENSION_MAX = 8,
	/* Blanks in a row with which no honest name goes on, and how often they are cut off at. */
	PADDING_LEAST = 16,
	CUTS_MAX = 4,
};

/* What follows the last dot. */
static struct span
extension(struct span name)
{
	size_t at = name.len;

	while (at > 0 && name.data[at - 1] != '.')
		at--;
	return at > 0 ? span_from(name, at) : SPAN_NONE;
}

/* False when the part has the name, or too many. */
static bool
append(struct mime_message *m, struct mime_part *part, struct span name)
{
	struct mime_name **at = &part->names;
	size_t count = 0;

	name = span_trim(name);
	if (name.len == 0)
		return false;
	for (; *at != NULL; at = &(*at)->next, count++)
		if (span_eq((*at)->name, name))
			return false;
	if (count == NAMES_MAX) {
		defect_over_limit(m, part, DEFECT_LIMIT_READINGS);
		return false;
	}
	*at = ARENA_NEW(m->arena, struct mime_name);
	(*at)->name = name;
	if (count > 0)
		m->readings++;
	return true;
}

/* As Windows saves it. */
static struct span
saved(struct span name)
{
	for (size_t i = 2; i < name.len; i++)
		if (name.data[i] == ':')
			name.len = i;
	while (name.len > 0 && (name.data[name.len - 1] == '.' || name.data[name.len - 1] == ' '))
		name.len--;
	return name;
}

static void
look_for_defects(struct mime_message *m, const struct mime_part *part, struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (((unsigned char)name.data[i] < ' ' && name.data[i] != '\t') || name.data[i] == 0x7f) {
			defect_add(m, part, DEFECT_NAME_WITH_CONTROL);
			break;
		}
	if (span_find(name, SPAN_LITERAL("\xe2\x80\xae")) != SIZE_MAX)
		defect_add(m, part, DEFECT_NAME_REVERSED);
}

static bool
is_extension(struct span s)
{
	if (s.len == 0 || s.len > EXTENSION_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_alnum(s.data[i]))
			return false;
	return true;
}

/* Brackets, quotes, all kinds of signs, blanks and control characters, and
 * characters over 127, or each of their octets, made an X, when that ends in
 * another extension. */
static void
append_crossed(struct mime_message *m, struct mime_part *part, struct span name, bool octets)
{
	static const char signs[] = "<>[](){}|*?!&$;:@^`~'\"\\/";
	char *out = arena_alloc_raw(m->arena, name.len);
	size_t len = 0;

	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.data[i];

		if (octets || (c & 0xc0) != 0x80)
			out[len++] = c <= ' ' || c >= 0x7f || strchr(signs, c) != NULL ? 'X' : (char)c;
	}
	if (is_extension(extension(span_of(out, len))))
		append(m, part, span_of(out, len));
}

/* The letters and digits alone, when these end in another extension: blanks,
 * brackets and all kinds of quotes are taken off by some, or made an X. */
static void
append_bare(struct mime_message *m, struct mime_part *part, struct span name)
{
	char *out;
	size_t len = 0;

	if (is_extension(extension(name)))
		return;
	out = arena_alloc_raw(m->arena, name.len);
	for (size_t i = 0; i < name.len; i++)
		if (ascii_is_alnum(name.data[i]) || name.data[i] == '.' || name.data[i] == '-' || name.data[i] == '_')
			out[len++] = name.data[i];
	if (is_extension(extension(span_of(out, len))))
		append(m, part, span_of(out, len));
	append_crossed(m, part, name, true);
	append_crossed(m, part, name, false);
}

/* Decoded when the last encoded word, which has no end, ends with the name. */
static struct span
words_closed(struct arena *a, struct span name)
{
	struct text closed = { .arena = a };

	text_add(&closed, name);
	text_add(&closed, SPAN_LITERAL("?="));
	return encoded_words_decode(a, text_span(&closed));
}

/* What stands in front of blanks that are to hide the rest, or push it off where
 * a program has room for no more. */
static void
append_cut(struct mime_message *m, struct mime_part *part, struct span name)
{
	size_t blanks = 0, cuts = 0;

	for (size_t i = 0; i < name.len; i++) {
		blanks = name.data[i] == ' ' || name.data[i] == '\t' ? blanks + 1 : 0;
		if (blanks != PADDING_LEAST)
			continue;
		if (cuts++ == CUTS_MAX) {
			defect_over_limit(m, part, DEFECT_LIMIT_READINGS);
			return;
		}
		append(m, part, saved(span_trim(span_first(name, i))));
	}
}

/* Other names that come of this one. */
static void
append_others(struct mime_message *m, struct mime_part *part, struct span name)
{
	struct arena *a = m->arena;
	size_t nul = span_find_byte(name, '\0');
	struct span other;

	if (span_find(name, SPAN_LITERAL("=?")) != SIZE_MAX) {
		append(m, part, saved(encoded_words_decode(a, name)));
		append(m, part, saved(words_closed(a, name)));
	}
	append_bare(m, part, name);
	append_cut(m, part, name);

	if (nul != SIZE_MAX) {
		append(m, part, saved(span_first(name, nul)));
		append(m, part, saved(text_without(a, name, "")));
	}
	if (span_find_byte(name, '%') != SIZE_MAX) {
		other = utf8_guess(a, text_percent_decoded(a, name));
		append(m, part, saved(span_first(other, span_find_byte(other, '\0'))));
	}
	if (span_find_byte(name, '(') != SIZE_MAX) {
		other = span_trim(text_without(a, name, "("));
		if (is_extension(extension(other)) && !span_eq_nocase(extension(other), extension(name)))
			append(m, part, other);
	}
	if (is_extension(extension(span_first(name, span_find_byte(name, '?'))))) /* as of a link */
		append(m, part, span_first(name, span_find_byte(name, '?')));
	if (span_find_byte(name, '"') != SIZE_MAX || span_find_byte(name, '\\') != SIZE_MAX) {
		append(m, part, saved(text_without(a, name, "\\")));
		append(m, part, saved(text_without(a, name, "\"\\")));
	}
	if (name.len > 2 && name.data[0] == '\'' && name.data[name.len - 1] == '\'')
		append(m, part, saved(span_of(name.data + 1, name.len - 2)));
	append(m, part, saved(name));
}

void
names_guess_one(struct mime_message *m, struct mime_part *part, struct span name)
{
	name = utf8_guess(m->arena, name);
	if (!append(m, part, name))
		return;
	look_for_defects(m, part, name);
	append_others(m, part, span_trim(name));
}

void
content_add_name(struct mime_message *m, struct mime_part *part, struct span name)
{
	bool another = part->names != NULL;

	if (!append(m, part, name))
		return;
	name = span_trim(name);
	look_for_defects(m, part, name);
	if (another) {
		defect_add(m, part, DEFECT_CONFLICTING_NAMES);
		if (!span_eq_nocase(extension(part->names->name), extension(name)))
			defect_add(m, part, DEFECT_CONFLICTING_EXTENSIONS);
	}
	append_others(m, part, name);
}

/* Two values of one parameter are pieces of a name for some. Told where that ends in
 * an extension that neither has, which honest ones never do. */
static void
guess_joined(struct mime_message *m, struct mime_part *part, struct span first, struct span second)
{
	struct text whole = { .arena = m->arena };
	struct span end;

	text_add(&whole, first);
	text_add(&whole, second);
	end = extension(text_span(&whole));
	if (is_extension(end) && !span_eq(end, extension(first)) && !span_eq(end, extension(second)))
		names_guess_one(m, part, text_span(&whole));
}

void
names_add(struct mime_message *m, struct mime_part *part, const struct mime_type *fields, const char *param)
{
	for (const struct mime_type *f = fields; f != NULL; f = f->next) {
		const struct mime_param *last = NULL;

		for (const struct mime_param *p = f->params; p != NULL; p = p->next) {
			if (strcmp(p->name, param) != 0)
				continue;
			if (p->guess) {
				names_guess_one(m, part, p->value);
				continue;
			}
			content_add_name(m, part, p->value);
			if (last != NULL) {
				guess_joined(m, part, last->value, p->value);
				guess_joined(m, part, p->value, last->value);
			}
			last = p;
		}
	}
}

void
names_guess(struct mime_message *m, struct mime_part *part, const struct mime_type *field, const char *param)
{
	for (const struct mime_param *p = field->params; p != NULL; p = p->next)
		if (strcmp(p->name, param) == 0)
			names_guess_one(m, part, p->value);
}

void
names_from_description(struct mime_message *m, struct mime_part *part, struct span unfolded)
{
	struct span text = span_trim(encoded_words_decode(m->arena, unfolded));

	if (text.len > 2 && text.data[0] == '"' && text.data[text.len - 1] == '"')
		text = span_of(text.data + 1, text.len - 2);
	if (is_extension(extension(saved(text))))
		content_add_name(m, part, text);
}
