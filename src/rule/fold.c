/* Folding. ASCII goes through a loop of its own. Any other character is looked
 * up among the look-alikes first, since "Н" (Cyrillic) looks like "H" but its
 * small form does not; then Unicode's tables (libutf8proc) take it apart, and
 * each piece is looked up again.
 *
 * Hangul syllables stay whole. A character that falls into more than
 * PIECES_MAX pieces (ligatures of whole sentences) stays as it is: what it
 * would say is not what anybody hides. */
#include "config.h"

#include "rule/fold.h"

#include <utf8proc.h>

#include "base/lanes.h"
#include "mime/text.h"
#include "mime/utf8.h"
#include "rule/characters.h"
#include "rule/confusables.h"

enum {
	PIECES_MAX = 4,
	JOINED_LETTERS_MIN = 4, /* that stand one by one; three are initials */
	HANGUL_FIRST = 0xac00,
	HANGUL_LAST = 0xd7a3,
	FOLDING = UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK | UTF8PROC_IGNORE,
};

struct folding {
	struct text text;
	bool keep_blanks;
};

/* Room was made for the longest that a character becomes. */
static void
put_code(struct folding *f, uint32_t code)
{
	const char *latin = confusable_latin(code);

	if (latin != NULL) {
		text_add(&f->text, span_str(latin));
	} else if (!character_is_invisible(code)) {
		char bytes[UTF8_MAX];

		text_add(&f->text, span_of(bytes, utf8_put(code, bytes)));
	}
}

static void
put_blank(struct folding *f)
{
	if (f->keep_blanks || f->text.len == 0 || f->text.data[f->text.len - 1] != ' ')
		text_add(&f->text, SPAN_LITERAL(" "));
}

static void
put_pieces(struct folding *f, uint32_t code)
{
	utf8proc_int32_t pieces[PIECES_MAX];
	utf8proc_ssize_t count = utf8proc_decompose_char((utf8proc_int32_t)code, pieces, PIECES_MAX,
	    (utf8proc_option_t)FOLDING, NULL);

	if (count < 0 || count > PIECES_MAX) {
		put_code(f, code);
		return;
	}
	for (utf8proc_ssize_t i = 0; i < count; i++)
		if (character_is_blank((uint32_t)pieces[i]))
			put_blank(f);
		else
			put_code(f, (uint32_t)pieces[i]);
}

static void
fold_character(struct folding *f, uint32_t code)
{
	if (character_is_blank(code))
		put_blank(f);
	else if (confusable_latin(code) != NULL || (code >= HANGUL_FIRST && code <= HANGUL_LAST))
		put_code(f, code);
	else
		put_pieces(f, code);
}

/* Words with single spaces between them, as long as a piece and behind a first
 * character; false where there is something else. */
static bool
fold_words(const char *in, char *out)
{
	lanes piece = lanes_at(in), space = lanes_between(piece, ' ', ' ');

	if (lanes_any(lanes_between(piece, '\t', '\r') | (space & lanes_between(lanes_at(in - 1), '\t', ' '))))
		return false;
	piece |= lanes_between(piece, 'A', 'Z') & 0x20;
	memcpy(out, &piece, sizeof(piece));
	return true;
}

/* Each run of blanks as one, given whether one stands before. Returns the length. */
static size_t
fold_octets(struct span text, bool blank, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		bool before = blank;

		blank = c == ' ' || (c >= '\t' && c <= '\r');
		if (!blank)
			out[len++] = ascii_lower(c);
		else if (!before)
			out[len++] = ' ';
	}
	return len;
}

static size_t
fold_blanks(struct span text, bool blank, char *out)
{
	size_t len = fold_octets(span_first(text, 1), blank, out);

	for (size_t at = 1; at < text.len; at += LANES) {
		for (; text.len - at >= LANES && fold_words(text.data + at, out + len); at += LANES)
			len += LANES;
		blank = len > 0 ? out[len - 1] == ' ' : blank;
		len += fold_octets(span_first(span_from(text, at), LANES), blank, out + len);
	}
	return len;
}

/* A run of ASCII; returns its length. */
static size_t
fold_ascii(struct folding *f, struct span text)
{
	size_t len = utf8_ascii_prefix(text);
	char *out = text_reserve(&f->text, len + 1);

	if (f->keep_blanks)
		for (size_t i = 0; i < len; i++)
			out[i] = ascii_lower(text.data[i]);
	text = span_first(text, len);
	f->text.len += f->keep_blanks ? len : fold_blanks(text, f->text.len > 0 && out[-1] == ' ', out);
	return len;
}

static void
fold(struct folding *f, struct span text)
{
	while (text.len > 0) {
		size_t len;

		text = span_from(text, fold_ascii(f, text));
		len = utf8_char(text);
		if (len > 0)
			fold_character(f, utf8_code(text.data, len));
		else
			text_add(&f->text, span_first(text, 1));
		text = span_from(text, len > 0 ? len : 1);
	}
}

struct span
text_folded(struct arena *a, struct span text)
{
	struct folding f = { .text = { .arena = a } };

	text_reserve(&f.text, text.len + 1);
	fold(&f, text);
	return text_span(&f.text);
}

struct span
name_folded(struct arena *a, struct span name)
{
	struct folding f = { .text = { .arena = a }, .keep_blanks = true };

	if (utf8_ascii_prefix(name) == name.len)
		return name;
	fold(&f, name);
	return text_span(&f.text);
}

/* Letters and digits, and all beyond ASCII. */
static bool
is_letter_byte(char c)
{
	static const bool letters[256] = { ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
		[0x80 ... 0xff] = true };

	return letters[(unsigned char)c];
}

/* A letter or digit at the beginning: its length, or 0. */
static size_t
letter_at(struct span text)
{
	if (text.len == 0 || !is_letter_byte(text.data[0]))
		return 0;
	return (unsigned char)text.data[0] < 0x80 ? 1 : utf8_char(text);
}

static bool
is_separator(char c)
{
	return c != '\0' && strchr(" .-_*+~,|/'", c) != NULL;
}

/* Whether letters that stand one by one begin here, parted by one separator:
 * their number; in *len how long they are with what parts them. */
static size_t
single_letters(struct span text, size_t *len)
{
	size_t at = letter_at(text), count = at > 0;
	char separator = at > 0 && at < text.len ? text.data[at] : '\0';

	if (count == 0 || !is_separator(separator))
		return 0;
	*len = at;
	while (*len + 1 < text.len && text.data[*len] == separator) {
		size_t next = letter_at(span_from(text, *len + 1));
		struct span after = span_from(text, *len + 1 + next);

		if (next == 0 || letter_at(after) > 0)
			break;
		*len += 1 + next;
		count++;
	}
	return count;
}

/* From one beginning of a word to another, over words at which no row of single
 * letters begins that is long enough: such a row has the same separator three
 * times, two octets apart, or a letter beyond ASCII among its first three. */
static size_t
skip_words(struct span text, size_t at)
{
	size_t i = at;

	for (; text.len - i >= LANES + 4; i += LANES) {
		lanes one = lanes_at(text.data + i), two = lanes_at(text.data + i + 2);
		lanes same = (lanes)(one == two) & (lanes)(two == lanes_at(text.data + i + 4));

		if (lanes_any(same | lanes_between(one, 0x80, 0xff)))
			break;
	}
	if (i < at + LANES)
		return at;
	i -= 4;
	while (i < text.len && (is_letter_byte(text.data[i - 1]) || !is_letter_byte(text.data[i])))
		i++;
	return i;
}

struct span
text_joined(struct arena *a, struct span folded)
{
	struct text out = { .arena = a };
	size_t copied = 0, at = 0, len = 0;

	while ((at = skip_words(folded, at)) < folded.len) {
		size_t letter, count = single_letters(span_from(folded, at), &len);

		if (count >= JOINED_LETTERS_MIN) {
			size_t end = at + len;

			text_add(&out, span_of(folded.data + copied, at - copied));
			for (; at < end; at += letter + 1) {
				letter = letter_at(span_from(folded, at));
				text_add(&out, span_of(folded.data + at, letter));
			}
			at = copied = end;
		}
		/* To the beginning of the next word. */
		while (at < folded.len && is_letter_byte(folded.data[at]))
			at++;
		while (at < folded.len && !is_letter_byte(folded.data[at]))
			at++;
	}
	if (copied == 0)
		return folded;
	text_add(&out, span_from(folded, copied));
	return text_span(&out);
}
