/* Kinds of text: markup by its first tag, a script by its first line or by the
 * words that script hosts know, a message by the fields of its header. Scripts
 * are also run from UTF-16, so that is looked through to the letters.
 *
 * Known limit: a script that no word gives away is text; what would run it goes
 * by its name. */
#include "config.h"

#include "engine/magic_rows.h"

#include "base/lanes.h"

enum {
	MARKUP_MAX = 1024,      /* browsers look as far for a tag */
	SCRIPT_MAX = 4096,
	FIELD_NAME_MAX = 76,
	FIELDS_WANTED = 2,      /* known ones, for a header of a message */
};

static bool
is_text(struct span data)
{
	size_t i = 0;

	for (; data.len - i >= LANES; i += LANES) {
		lanes v = lanes_at(data.data + i), controls = lanes_between(v, 0, ' ' - 1) | lanes_between(v, 0x7f, 0x7f);

		if (lanes_any(controls & ~lanes_between(v, '\t', '\r') & ~lanes_between(v, 0x1b, 0x1b)))
			return false;
	}
	for (; i < data.len; i++) {
		unsigned char c = (unsigned char)data.data[i];

		if (c == 0x7f || (c < 0x20 && (c < '\t' || c > '\r') && c != 0x1b))
			return false;
	}
	return true;
}

static bool
starts_with_any(struct span text, const char *const *with)
{
	for (; *with != NULL; with++)
		if (span_starts_nocase(text, *with))
			return true;
	return false;
}

bool
magic_has_markup(struct span data)
{
	static const char *const tags[] = { "<html", "<script", "<body", "<!doctype html", "<iframe", NULL };

	return span_has_any_nocase(span_first(data, MARKUP_MAX), tags);
}

static const char *
kind_of_markup(struct span text)
{
	static const char *const tags[] = { "<!doctype html", "<html", "<head", "<body", "<script", "<iframe", "<table", "<a ",
		"<div", "<meta", "<title", "<svg", NULL };
	struct span start = span_first(text, MARKUP_MAX);

	if (span_find_nocase(start, SPAN_LITERAL("<hta:application")) != SIZE_MAX)
		return "script";
	if (span_find_nocase(start, SPAN_LITERAL("<html")) != SIZE_MAX || starts_with_any(start, tags))
		return "html";
	if (span_starts(start, "<?xml"))
		return "xml";
	return span_starts(start, "<!--") && span_find_nocase(start, SPAN_LITERAL("<!doctype html")) != SIZE_MAX ? "html" : NULL;
}

static bool
is_script(struct span text)
{
	static const char *const first_lines[] = { "#!", "@echo", "@rem", "echo off", "@powershell", "powershell -", "powershell.exe", "#requires -",
		"[cmdletbinding", "$erroractionpreference", "#@~^", "<?php", "<job", "<package", "<component", "<%@", NULL };
	static const char *const hosts[] = { "wscript.", "createobject(", "activexobject(", "#@~^", NULL };
	struct span start = span_first(text, SCRIPT_MAX);

	return starts_with_any(start, first_lines) || span_has_any_nocase(start, hosts);
}

static bool
is_shortcut(struct span text)
{
	static const char *const first_lines[] = { "[InternetShortcut]", "[Desktop Entry]", NULL };

	return starts_with_any(text, first_lines);
}

static bool
is_registry(struct span text)
{
	static const char *const first_lines[] = { "Windows Registry Editor Version", "REGEDIT4", NULL };

	return starts_with_any(text, first_lines);
}

static bool
is_armor(struct span text)
{
	static const char *const first_lines[] = { "-----BEGIN PGP MESSAGE", "-----BEGIN PGP PUBLIC", "-----BEGIN PGP PRIVATE",
		"-----BEGIN PGP SIGNATURE", NULL };

	return starts_with_any(text, first_lines);
}

/* --- Messages --- */

/* The name of a header's field (RFC 5322 3.6.8), or empty. */
static struct span
field_name(struct span line)
{
	size_t colon = span_find_byte(span_first(line, FIELD_NAME_MAX), ':');

	if (colon == SIZE_MAX)
		return SPAN_NONE;
	for (size_t i = 0; i < colon; i++)
		if (line.data[i] <= ' ' || line.data[i] > '~')
			return SPAN_NONE;
	return span_first(line, colon);
}

static bool
is_known_field(struct span name)
{
	static const char *const known[] = { "from", "to", "subject", "date", "received", "return-path", "message-id",
		"mime-version", "content-type", "delivered-to", "reply-to", "sender", NULL };

	for (const char *const *k = known; *k != NULL; k++)
		if (span_is_nocase(name, *k))
			return true;
	return false;
}

/* A header that ends with an empty line, or goes on to the end of what is seen. */
static bool
is_message(struct span text)
{
	unsigned known = 0;
	struct span line, rest = span_first(text, SCRIPT_MAX);

	if (span_starts(rest, "From "))
		span_split(&rest, '\n', &line);
	while (span_split(&rest, '\n', &line)) {
		bool cut_off = rest.data == NULL && text.len > SCRIPT_MAX;
		struct span name = field_name(line);

		if (cut_off || span_trim(line).len == 0)
			break;
		if (known > 0 && (line.data[0] == ' ' || line.data[0] == '\t'))
			continue;
		if (name.len == 0)
			return false;
		known += is_known_field(name);
	}
	return known >= FIELDS_WANTED;
}

static const char *
kind_of_letters(struct span text)
{
	const char *name;

	if (is_shortcut(text))
		return "shortcut";
	if (is_message(text)) /* before what its body may begin with */
		return "mail";
	name = kind_of_markup(text);
	if (name != NULL)
		return name;
	if (is_script(text))
		return "script";
	if (is_registry(text))
		return "registry";
	return is_armor(text) ? "pgp" : NULL;
}

/* The letters of UTF-16 with a byte order mark, as far as they are ASCII. */
static const char *
kind_of_wide(struct span data)
{
	char letters[SCRIPT_MAX];
	size_t len = 0, low = span_starts(data, "\xff\xfe") ? 0 : 1;
	const char *name;

	if (low == 1 && !span_starts(data, "\xfe\xff"))
		return NULL;
	for (size_t i = 2; i + 1 < data.len && len < SCRIPT_MAX; i += 2)
		letters[len++] = data.data[i + 1 - low] == 0 ? data.data[i + low] : '?';
	name = kind_of_letters(span_trim(span_of(letters, len)));
	if (name != NULL)
		return name;
	return is_text(span_of(letters, len)) ? "text" : NULL;
}

const char *
magic_of_text(struct span data)
{
	struct span text = span_trim(data);
	const char *name = kind_of_wide(data);

	if (name != NULL)
		return name;
	if (span_starts(text, "\xef\xbb\xbf"))
		text = span_trim(span_from(text, 3));
	name = kind_of_letters(text);
	if (name != NULL)
		return name;
	return is_text(text) ? "text" : NULL;
}
