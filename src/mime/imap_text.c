/* Strings as IMAP sends them. A quoted string holds any octet from 1 to 127 but
 * CR and LF, quotes and backslashes behind a backslash; a literal holds 128 to
 * 255 and line ends too. */
#include "config.h"

#include "mime/imap_text.h"

#include <stdio.h>

enum {
	NUL_STANDS_FOR = 0x80,
	/* A literal is shorter than so many backslashes. */
	ESCAPES_MAX = 4,
};

static bool
fits_quotes(struct span s)
{
	size_t escapes = 0;

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];

		if (c == '\0' || c == '\r' || c == '\n' || c >= 0x80)
			return false;
		escapes += c == '"' || c == '\\';
	}
	return escapes <= ESCAPES_MAX;
}

static void
add_quoted(struct text *out, struct span s)
{
	char *at = text_reserve(out, s.len + ESCAPES_MAX + 2);

	*at++ = '"';
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == '"' || s.data[i] == '\\')
			*at++ = '\\';
		*at++ = s.data[i];
	}
	*at++ = '"';
	out->len = (size_t)(at - out->data);
}

static void
add_literal(struct text *out, struct span s)
{
	char announced[sizeof("{18446744073709551615}\r\n")];
	char *at;

	text_add(out, span_of(announced, (size_t)snprintf(announced, sizeof(announced), "{%zu}\r\n", s.len)));
	at = text_reserve(out, s.len);
	for (size_t i = 0; i < s.len; i++)
		*at++ = s.data[i] != '\0' ? s.data[i] : (char)NUL_STANDS_FOR;
	out->len += s.len;
}

void
imap_add_string(struct text *out, struct span s)
{
	if (fits_quotes(s))
		add_quoted(out, s);
	else
		add_literal(out, s);
}

void
imap_add_nstring(struct text *out, struct span s)
{
	if (s.data == NULL)
		text_add(out, SPAN_LITERAL("NIL"));
	else
		imap_add_string(out, s);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void
imap_add_prose(struct text *out, struct span s)
{
	char *words;
	size_t len = 0;

	if (s.data == NULL) {
		imap_add_nstring(out, s);
		return;
	}
	words = arena_alloc_raw(out->arena, s.len);
	for (size_t i = 0; i < s.len; i++) {
		if (!is_blank(s.data[i]))
			words[len++] = s.data[i];
		else if (len > 0 && words[len - 1] != ' ')
			words[len++] = ' ';
	}
	if (len > 0 && words[len - 1] == ' ')
		len--;
	imap_add_string(out, span_of(words, len));
}
