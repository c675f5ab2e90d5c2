/* Files in HTML. A data: URI holds one as it stands; it may be anywhere, in an
 * attribute, a style or a script. A script may also put one together and save
 * it, so that nothing of it travels as a file. That takes content, a step that
 * turns it into a file, and a step that hands it over:
 *
 *     content   a long literal in base64 or numbers, atob(), fromCharCode()
 *     file      Blob, File, createObjectURL, or data: put into a link
 *     delivery  a download attribute, msSaveOrOpenBlob, click(), navigation
 *
 * The trait is told when a script has a step of "file" and one of "delivery"
 * and one of "content": scripts of web pages have one or two of them, and mail
 * has no honest use for a script with all three. A script of which nothing can be
 * read, because it evaluates what it decodes, is told when it has a literal that
 * is LITERAL_HIDES octets long: what it would do is not known.
 *
 * A link that holds its file and names it to be saved is told without more.
 *
 * Attributes are read twice where that may differ: as they stand, and as a
 * browser has them, with their references decoded. Scripts are elements, handlers
 * of events, javascript: links, and in XML its entities. What a script has in
 * escapes or in base64 may be a script or a page that it runs or writes, so it
 * is looked at as both, NESTED_MAX deep. Links in scripts are told as well.
 *
 * Ordinary mail has no script and few data: URIs, so that a few searches are
 * all it costs. */
#include "config.h"

#include "engine/html_files.h"

#include "base/codec.h"
#include "engine/document.h"
#include "engine/html_reference.h"
#include "engine/script_strings.h"

enum {
	LINK_MAX = 4096,          /* of one in a script, its beginning */
	TYPE_MAX = 256,           /* of a data: URI, with its parameters */
	TAG_LOOK = 512,           /* around a data: URI, for the rest of its tag */
	NESTED_MAX = 4,           /* scripts and pages that scripts decode; each may be decoded in several ways */
	LITERAL_LOOK = 32,        /* base64 in a script that is looked into */
	LITERAL_MIN = 256,        /* and told as a member */
	LITERAL_CONTENT = 1024,   /* and that counts as content */
	LITERAL_HIDES = 4096,
	WORK_FACTOR = 8,          /* of the file may be looked at in what scripts decode */
	WORK_FREE = 1024 * 1024,
	TOLD_MAX = 64,            /* told once, though it stands in an escaped and in a plain text */
	NUMBERS_CONTENT = 512,    /* numbers with commas between in one list */
};

struct html {
	struct document d;
	bool content, file, delivery, evaluates, hides, saves;
	unsigned nested;          /* in what scripts decode */
	uint64_t work;            /* octets of that which may still be looked at */
	uint64_t told[TOLD_MAX];  /* digests of what was told, encoded */
	size_t told_count;
};

static void look_at_script(struct html *h, struct span script);
static void look_at_decoded(struct html *h, struct span text);

static bool
was_told(struct html *h, struct span encoded)
{
	uint64_t digest = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (size_t i = 0; i < encoded.len; i++)
		digest = (digest ^ (unsigned char)encoded.data[i]) * UINT64_C(0x100000001b3);
	for (size_t i = 0; i < h->told_count; i++)
		if (h->told[i] == digest)
			return true;
	if (h->told_count < TOLD_MAX)
		h->told[h->told_count++] = digest;
	return false;
}

/* --- data: URIs --- */

static bool
ends_uri(char c)
{
	return c == '"' || c == '\'' || c == '`' || c == '<' || c == '>' || c == '\\';
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
percent_decode(struct span in, struct buf *out)
{
	for (size_t i = 0; i < in.len && !out->failed; i++) {
		int high = in.data[i] == '%' && i + 2 < in.len ? hex_digit(in.data[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(in.data[i + 2]) : -1;

		if (low >= 0)
			i += 2;
		buf_add_byte(out, low >= 0 ? (char)(high << 4 | low) : in.data[i]);
	}
}

/* A name by the type, so that rules see what it claims to be. */
static struct span
name_of_type(struct arena *a, struct span type)
{
	static const struct {
		const char *type, *name;
	} names[] = {
		{ "text/html", "data.html" },
		{ "text/javascript", "data.js" },
		{ "application/javascript", "data.js" },
		{ "image/svg+xml", "data.svg" },
		{ "application/zip", "data.zip" },
		{ "application/x-zip-compressed", "data.zip" },
		{ "application/pdf", "data.pdf" },
		{ "application/hta", "data.hta" },
		{ "application/x-msdownload", "data.exe" },
		{ "application/vnd.microsoft.portable-executable", "data.exe" },
		{ "application/x-iso9660-image", "data.iso" },
		{ "application/octet-stream", "data.bin" },
		{ "text/plain", "data.txt" },
	};
	size_t slash;

	type = span_trim(span_first(type, span_find_byte(type, ';')));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_is_nocase(type, names[i].type))
			return span_str(names[i].name);
	slash = span_find_byte(type, '/');
	return slash == SIZE_MAX ? SPAN_LITERAL("data.txt") :
	    span_str(arena_printf(a, "data.%.*s", SPAN_ARG(span_from(type, slash + 1))));
}

static size_t
length_of_uri(struct span in, bool base64)
{
	size_t len = 0;

	while (len < in.len && !ends_uri(in.data[len]) && (base64 || !is_blank(in.data[len])))
		len++;
	return len;
}

/* Takes the URI whose "data:" is at 0, which ends where `in` does when that is
 * the whole of an attribute; how much of it was read. */
static size_t
read_data_uri(struct html *h, struct span in, bool whole)
{
	struct span head = span_sub(in, 5, TYPE_MAX), type, content;
	size_t comma = span_find_byte(head, ','), len;
	bool base64, again;
	struct buf *room;

	type = span_first(head, comma);
	if (comma == SIZE_MAX || (type.len > 0 && span_find_byte(type, '/') == SIZE_MAX && type.data[0] != ';') ||
	    (!whole && (span_find_byte(type, '{') != SIZE_MAX || span_find_byte(type, '<') != SIZE_MAX)))
		return 5;
	base64 = span_find_nocase(type, SPAN_LITERAL("base64")) != SIZE_MAX;
	content = span_from(in, 5 + comma + 1);
	len = whole ? content.len : length_of_uri(content, base64);
	room = document_room(&h->d);
	if (base64 && span_find_byte(span_first(content, len), '%') == SIZE_MAX) {
		document_base64(span_first(content, len), room);
	} else {
		percent_decode(span_first(content, len), room);
		if (base64) {
			struct buf *plain = document_room(&h->d);

			document_base64(buf_span(room), plain);
			document_drop(room);
			room = plain;
		}
	}
	document_settle(&h->d, room);
	again = was_told(h, span_first(content, len));
	if (room->len > 0 && (h->nested == 0 || !again))
		document_tell(&h->d, name_of_type(h->d.arena, type), buf_span(room));
	document_drop(room);
	return 5 + comma + 1 + len;
}

/* Whether the URI between the two places is of a link that names the file it
 * saves; the attribute stands before it or after it in the tag. */
static bool
link_saves(struct span in, size_t start, size_t end)
{
	size_t back = start < TAG_LOOK ? start : TAG_LOOK;
	struct span before = span_sub(in, start - back, back), after = span_sub(in, end, TAG_LOOK);
	const char *tag = before.len > 0 ? memrchr(before.data, '<', before.len) : NULL;

	if (tag == NULL)
		return false;
	before = span_from(before, (size_t)(tag - before.data));
	after = span_first(after, span_find_byte(after, '>'));
	return span_starts_nocase(before, "<a") && (span_find_nocase(before, SPAN_LITERAL(" download")) != SIZE_MAX ||
	    span_find_nocase(after, SPAN_LITERAL(" download")) != SIZE_MAX);
}

static void
read_data_uris(struct html *h, struct span in)
{
	size_t from = 0, at;

	while (!h->d.stopped && (at = span_find_nocase(span_from(in, from), SPAN_LITERAL("data:"))) != SIZE_MAX) {
		size_t start = from + at;

		from = start + read_data_uri(h, span_from(in, start), false);
		h->saves |= from > start + 5 && link_saves(in, start, from);
	}
}

/* --- Attributes --- */

/* Before a URL browsers pass over controls and blanks (WHATWG URL 4.4). */
static struct span
without_controls(struct span value)
{
	while (value.len > 0 && (unsigned char)value.data[0] <= ' ')
		value = span_from(value, 1);
	return value;
}

/* A look that most values pass: no "a:", as "data:" ends, nothing that a browser takes out, and no "j" first. */
static bool
holds_nothing(struct span value)
{
	static const bool marks[256] = { [':'] = true, ['&'] = true, ['\t'] = true, ['\r'] = true, ['\n'] = true };

	for (size_t i = 0; i < value.len; i++)
		if (marks[(unsigned char)value.data[i]] &&
		    (value.data[i] != ':' || (i > 0 && ascii_lower(value.data[i - 1]) == 'a')))
			return false;
	value = without_controls(value);
	return value.len == 0 || ascii_lower(value.data[0]) != 'j';
}

/* Whether read_data_uris() has all of it: nothing hides the URI's beginning or ends it early. */
static bool
is_read_as_it_stands(struct span value)
{
	size_t at = span_find_nocase(value, SPAN_LITERAL("data:"));
	const char *marks = at == SIZE_MAX ? "&\t\r\n" : at == 0 ? "&<>\"'`\\ " : "&<>\"'`\\";

	for (; *marks != '\0'; marks++)
		if (span_find_byte(value, *marks) != SIZE_MAX)
			return false;
	return !span_starts_nocase(without_controls(value), "javascript:");
}

/* Browsers drop them from a URL (WHATWG URL 4.4). */
static struct span
without_breaks(struct arena *a, struct span text)
{
	char *out = arena_alloc_raw(a, text.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] != '\t' && text.data[i] != '\r' && text.data[i] != '\n')
			out[len++] = text.data[i];
	return span_of(out, len);
}

/* True when a URI was read. */
static bool
read_value(struct html *h, struct span name, struct span value)
{
	struct span plain = html_attribute_decode(h->d.arena, value);
	size_t at;

	if (span_ends_nocase(name, "srcdoc"))
		document_tell(&h->d, SPAN_LITERAL("srcdoc.html"), plain);
	plain = without_controls(without_breaks(h->d.arena, plain));
	if (span_starts_nocase(plain, "javascript:"))
		look_at_script(h, span_from(plain, strlen("javascript:")));
	at = span_find_nocase(plain, SPAN_LITERAL("data:"));
	return at != SIZE_MAX && read_data_uri(h, span_from(plain, at), true) > 5;
}

/* What stands after a "="; *after is where to go on. A quote may be none that a
 * browser sees, so what it encloses is gone over again: each ends at the next
 * of its kind, so that all stays linear. */
static struct span
value_at(struct span in, size_t at, size_t *after)
{
	size_t end;

	while (at < in.len && is_blank(in.data[at]))
		at++;
	if (at < in.len && (in.data[at] == '"' || in.data[at] == '\'')) {
		*after = at + 1;
		return span_first(span_from(in, at + 1), span_find_byte(span_from(in, at + 1), in.data[at]));
	}
	for (end = at; end < in.len && !is_blank(in.data[end]) && in.data[end] != '<' && in.data[end] != '>'; end++)
		;
	*after = end;
	return span_sub(in, at, end - at);
}

/* The name is the last word before a "=": "onload" and all others that begin so. */
static bool
is_handler(struct span name)
{
	size_t len = 0;

	while (len < name.len && ascii_is_alnum(name.data[name.len - 1 - len]))
		len++;
	return len > 2 && span_starts_nocase(span_from(name, name.len - len), "on");
}

/* A script without quotes may hold "<", which ends a value for us: so it is looked at up to its blank or ">", once. */
static void
read_handler(struct html *h, struct span in, struct span value, size_t *looked_to)
{
	size_t start = (size_t)(value.data - in.data), end = start + value.len;

	if (end < in.len && in.data[end] == '<' && start >= *looked_to) {
		while (end < in.len && !is_blank(in.data[end]) && in.data[end] != '>')
			end++;
		*looked_to = end;
		value = span_sub(in, start, end - start);
	}
	look_at_script(h, script_join_strings(h->d.arena, html_attribute_decode(h->d.arena, value)));
}

/* All that could be an attribute, in a tag or not. */
static void
read_attributes(struct html *h, struct span in)
{
	size_t from = 0, looked_to = 0, equals;

	while (!h->d.stopped && (equals = span_find_byte(span_from(in, from), '=')) != SIZE_MAX) {
		struct span name = span_trim(span_sub(in, from, equals)), value = value_at(in, from + equals + 1, &from);

		if (is_handler(name))
			read_handler(h, in, value, &looked_to);
		if (!holds_nothing(value) && !is_read_as_it_stands(value) && read_value(h, name, value))
			h->saves |= link_saves(in, (size_t)(value.data - in.data), (size_t)(span_end(value) - in.data));
	}
}

/* --- Scripts --- */

static void
look_at_words(struct html *h, struct span script)
{
	static const char *const content[] = { "atob", "fromCharCode", "Uint8Array", "charCodeAt", "decodeURIComponent",
		"unescape(", NULL };
	static const char *const file[] = { "Blob(", "Blob (", "[\"Blob\"]", "['Blob']", "new File(", "createObjectURL",
		"URL.createObject", "fetch(\"data:", "fetch('data:", "data:application/", NULL };
	static const char *const delivery[] = { ".download", "'download'", "\"download\"", "msSaveOrOpenBlob", "msSaveBlob",
		"saveAs(", ".click(", "location.href", "location=", "location =", "location.replace", "location.assign", "window.open", "navigator.msSave",
		".href", NULL };
	static const char *const evaluates[] = { "eval(", "Function(", "document.write(", NULL };

	h->content |= span_has_any_nocase(script, content);
	h->file |= span_has_any_nocase(script, file);
	h->delivery |= span_has_any_nocase(script, delivery);
	h->evaluates |= span_has_any_nocase(script, evaluates);
}

static bool
is_base64(char c)
{
	return ascii_is_alnum(c) || c == '+' || c == '/' || c == '=' || c == '-' || c == '_';
}

static void
read_literal(struct html *h, struct span literal)
{
	struct buf *room = document_room(&h->d);

	document_base64(literal, room);
	document_settle(&h->d, room);
	look_at_decoded(h, buf_span(room));
	if (room->len > 0 && literal.len >= LITERAL_MIN && !was_told(h, literal))
		document_tell(&h->d, SPAN_LITERAL("literal.bin"), buf_span(room));
	document_drop(room);
}

/* Long runs of base64's letters, and lists of numbers. */
static void
look_at_literals(struct html *h, struct span script)
{
	size_t start = 0, numbers = 0;

	for (size_t i = 0; i <= script.len && !h->d.stopped; i++) {
		char c = i < script.len ? script.data[i] : '\0';

		if (c == ',')
			numbers++;
		else if (!ascii_is_digit(c) && !is_blank(c) && c != 'x' && c != '-')
			numbers = 0;
		h->content |= numbers >= NUMBERS_CONTENT;
		if (i < script.len && is_base64(c))
			continue;
		if (i - start >= LITERAL_LOOK)
			read_literal(h, span_sub(script, start, i - start));
		h->content |= i - start >= LITERAL_CONTENT;
		h->hides |= i - start >= LITERAL_HIDES;
		start = i + 1;
	}
}

/* A link in a script, as one that leads on; in any string, up to what ends that. */
static void
tell_links(struct html *h, struct span script)
{
	size_t at;

	while (!h->d.stopped && (at = span_find_nocase(script, SPAN_LITERAL("http"))) != SIZE_MAX) {
		size_t len = 4;

		script = span_from(script, at);
		len += len < script.len && ascii_lower(script.data[len]) == 's';
		if (span_starts(span_from(script, len), "://")) {
			len += 3;
			while (len < script.len && len < LINK_MAX && !is_blank(script.data[len]) && !ends_uri(script.data[len]))
				len++;
			document_uri(&h->d, span_first(script, len));
		}
		script = span_from(script, len);
	}
}

static void
look_at_script(struct html *h, struct span script)
{
	struct span plain = script_unescape(h->d.arena, script);

	look_at_words(h, script);
	tell_links(h, script);
	look_at_literals(h, script);
	if (plain.data != script.data)
		look_at_decoded(h, script_join_strings(h->d.arena, plain));
}

/* What is between "<script", or "<svg:script", and its end. */
static void
read_elements(struct html *h, struct span in)
{
	static const char word[] = "script";
	size_t at;

	while (!h->d.stopped && (at = span_find_nocase(in, span_str(word))) != SIZE_MAX) {
		char before = at > 0 ? in.data[at - 1] : '\0';
		struct span rest = span_from(in, at + strlen(word)), script;

		in = rest;
		if (before != '<' && before != ':')
			continue;
		script = span_first(rest, span_find_nocase(rest, before == '<' ? SPAN_LITERAL("</script") : SPAN_LITERAL(":script")));
		look_at_script(h, script);
		if (span_find_byte(script, '&') != SIZE_MAX)
			look_at_script(h, html_attribute_decode(h->d.arena, script));
		in = span_from(rest, script.len);
	}
}

/* XML may have a script as an entity, which stands for its text anywhere. */
static void
read_entities(struct html *h, struct span in)
{
	size_t at;

	while (!h->d.stopped && (at = span_find_nocase(in, SPAN_LITERAL("<!ENTITY"))) != SIZE_MAX) {
		struct span declared = span_from(in, at + strlen("<!ENTITY"));

		declared = span_first(declared, span_find_byte(declared, '>'));
		look_at_script(h, html_attribute_decode(h->d.arena, declared));
		in = span_from(in, at + strlen("<!ENTITY") + declared.len);
	}
}

static void
read_all(struct html *h, struct span in)
{
	struct span joined = script_join_strings(h->d.arena, in);

	read_elements(h, joined);
	read_entities(h, joined);
	read_data_uris(h, joined);
	read_attributes(h, in);
}

/* A script, or a page; not a picture or the like. */
static void
look_at_decoded(struct html *h, struct span text)
{
	if (h->nested == NESTED_MAX || h->d.stopped || span_find_byte(span_first(text, LITERAL_LOOK), '\0') != SIZE_MAX)
		return;
	if (text.len > h->work) {
		document_over_limit(&h->d);
		return;
	}
	h->work -= text.len;
	h->nested++;
	look_at_script(h, text);
	read_all(h, text);
	h->nested--;
}

static void
tell_traits(struct html *h)
{
	if ((h->content && h->file && h->delivery) || (h->evaluates && h->hides) || h->saves)
		document_trait(&h->d, TRAIT_BUILDS_FILE);
}

/* UTF-16 is made UTF-8 first; browsers go by its mark. */
enum archive_result
html_read(struct arena *a, struct span data, struct archive_budget *budget, const struct container_sink *sink)
{
	struct html h = { .work = (uint64_t)data.len * WORK_FACTOR + WORK_FREE };

	document_begin(&h.d, a, budget, sink);
	if (span_starts(data, "\xff\xfe") || span_starts(data, "\xfe\xff"))
		data = utf16_to_utf8(a, span_from(data, 2), data.data[0] == '\xfe');
	read_all(&h, data);
	tell_traits(&h);
	return document_end(&h.d);
}
