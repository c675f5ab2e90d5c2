/* The readings of a text. Programs disagree about its charset where the header
 * gives two or an unknown one, where a byte order mark or the HTML itself says
 * otherwise, where escapes or zero bytes give a charset away that nobody
 * declared, and where bytes are malformed, as overlong UTF-8 is. Each reading
 * that differs is told, so that a word hidden from one program is found in
 * another's reading. */
#include "config.h"

#include "mime/charset.h"

#include "mime/decode.h"
#include "mime/utf8.h"

enum {
	META_WITHIN = 4096,     /* octets of HTML in which a charset is looked for; browsers take 1024 */
	META_NAME_MAX = 40,
	ZERO_WITHIN = 256,      /* octets in which zero bytes tell of UTF-16 and UTF-32 */
	UTF7_RUN_MAX = 64,      /* octets of one run of base64 in undeclared UTF-7 */
};

struct reader {
	struct arena *arena;
	struct span text;
	struct charset_readings *out;
	const struct charset *done[CHARSET_READINGS_MAX]; /* the text was read as these */
	size_t done_count;
};

static void
add(struct reader *r, struct span reading)
{
	struct charset_readings *out = r->out;

	for (size_t i = 0; i < out->count; i++)
		if (reading.len == out->items[i].len &&
		    (reading.data == out->items[i].data || span_eq(reading, out->items[i])))
			return;
	if (out->count < CHARSET_READINGS_MAX)
		out->items[out->count++] = reading;
}

static bool
was_done(const struct reader *r, const struct charset *c)
{
	for (size_t i = 0; i < r->done_count; i++)
		if (r->done[i]->kind == c->kind && strcmp(r->done[i]->iconv_name, c->iconv_name) == 0)
			return true;
	return false;
}

/* In that charset, if it is known; false when it is not. */
static bool
add_as(struct reader *r, const char *charset)
{
	const struct charset *c = charset_find(charset);
	bool known = true;

	if (c != NULL && was_done(r, c))
		return true;
	if (c != NULL && r->done_count < CHARSET_READINGS_MAX)
		r->done[r->done_count++] = c;
	if (c != NULL || r->out->count == 0)
		add(r, charset_to_utf8(r->arena, r->text, charset, &known));
	return known && c != NULL;
}

static void
add_by_mark(struct reader *r)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *charset;
	} marks[] = { { "\xef\xbb\xbf", 3, "utf-8" }, { "\xff\xfe\0\0", 4, "utf-32le" }, { "\0\0\xfe\xff", 4, "utf-32be" },
		{ "\xff\xfe", 2, "utf-16le" }, { "\xfe\xff", 2, "utf-16be" }, { "+/v", 3, "utf-7" } };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (r->text.len >= marks[i].len && memcmp(r->text.data, marks[i].bytes, marks[i].len) == 0)
			add_as(r, marks[i].charset);
}

/* <meta charset=x>, <meta content="text/html; charset=x">, <?xml encoding="x"?>. */
static void
add_by_markup(struct reader *r, const char *key)
{
	struct span head = span_first(r->text, META_WITHIN);
	size_t at;

	while ((at = span_find_nocase(head, span_str(key))) != SIZE_MAX) {
		char name[META_NAME_MAX + 1];
		size_t len = 0;

		head = span_from(head, at + strlen(key));
		while (head.len > 0 && strchr(" \t\r\n=\"'", head.data[0]) != NULL && head.data[0] != '\0')
			head = span_from(head, 1);
		while (len < head.len && len < META_NAME_MAX &&
		    (ascii_is_alnum(head.data[len]) || strchr("-_:.", head.data[len]) != NULL) && head.data[len] != '\0') {
			name[len] = head.data[len];
			len++;
		}
		name[len] = '\0';
		if (len > 0)
			add_as(r, name);
	}
}

/* Both bytes are rare, which a search for one uses best. */
static bool
has_hz(struct span text)
{
	size_t at;

	while ((at = span_find_byte(text, '~')) != SIZE_MAX) {
		text = span_from(text, at + 1);
		if (text.len > 0 && text.data[0] == '{')
			return true;
	}
	return false;
}

static void
add_by_escapes(struct reader *r)
{
	size_t at = span_find_byte(r->text, '\x1b');

	if (at != SIZE_MAX) {
		struct span rest = span_from(r->text, at + 1);

		if (span_starts(rest, "$)C"))
			add_as(r, "iso-2022-kr");
		else if (span_starts(rest, "$)"))
			add_as(r, "iso-2022-cn");
		else if (span_starts(rest, "$") || span_starts(rest, "("))
			add_as(r, "iso-2022-jp");
	}
	if (has_hz(r->text))
		add_as(r, "hz-gb-2312");
}

/* Zero bytes at every other place, or at three of four. */
static void
add_by_zeros(struct reader *r)
{
	struct span head = span_first(r->text, ZERO_WITHIN);
	size_t zeros[4] = { 0 }, quarter = head.len / 4;

	if (quarter == 0 || span_find_byte(head, '\0') == SIZE_MAX)
		return;
	for (size_t i = 0; i < head.len; i++)
		zeros[i % 4] += head.data[i] == '\0';
	if (zeros[1] + zeros[3] >= quarter)
		add_as(r, "utf-16le");
	if (zeros[0] + zeros[2] >= quarter)
		add_as(r, "utf-16be");
	if (zeros[2] + zeros[3] >= quarter && zeros[0] == 0)
		add_as(r, "utf-32le");
	if (zeros[0] + zeros[1] >= quarter && zeros[3] == 0)
		add_as(r, "utf-32be");
}

static bool
is_base64(char c)
{
	return ascii_is_alnum(c) || c == '+' || c == '/';
}

/* "+ADw-": an ASCII character in UTF-7, which has no need of it. */
static bool
looks_like_utf7(struct span text)
{
	size_t at;

	while ((at = span_find_byte(text, '+')) != SIZE_MAX) {
		size_t len = 0;

		text = span_from(text, at + 1);
		if (text.len == 0 || text.data[0] != 'A')
			continue;
		text = span_from(text, 1);
		while (len < text.len && len < UTF7_RUN_MAX && is_base64(text.data[len]))
			len++;
		if (len > 0 && len < text.len && text.data[len] == '-' && text.data[0] >= 'A' && text.data[0] <= 'H')
			return true;
	}
	return false;
}

/* The character that an overlong sequence at the beginning stands for, and its
 * length; 0 when it is none. */
static size_t
overlong(struct span s, uint32_t *code)
{
	unsigned char first = s.len > 0 ? (unsigned char)s.data[0] : 0;
	size_t len = (first & 0xfe) == 0xc0 ? 2 : first == 0xe0 ? 3 : first == 0xf0 ? 4 : 0;

	if (len == 0 || s.len < len || utf8_char(s) > 0)
		return 0;
	for (size_t i = 1; i < len; i++)
		if (((unsigned char)s.data[i] & 0xc0) != 0x80)
			return 0;
	*code = utf8_code(s.data, len);
	return len;
}

static bool
has_overlong(struct span text)
{
	uint32_t code;

	for (; text.len > 0; text = span_from(text, 1)) {
		text = span_from(text, utf8_ascii_prefix(text));
		if (overlong(text, &code) > 0)
			return true;
	}
	return false;
}

/* Overlong sequences read as careless decoders do; other text as it is. */
static void
add_careless(struct reader *r)
{
	char *out = arena_alloc_raw(r->arena, r->text.len + UTF8_MAX);
	size_t len = 0;

	for (struct span rest = r->text; rest.len > 0;) {
		uint32_t code;
		size_t used = overlong(rest, &code);

		if (used > 0)
			len += utf8_put(code, out + len);
		else
			out[len++] = rest.data[0];
		rest = span_from(rest, used > 0 ? used : 1);
	}
	add(r, utf8_guess(r->arena, span_of(out, len)));
}

/* What bytes above 127 are besides what they are said to be. */
static void
add_by_high_bytes(struct reader *r)
{
	if (utf8_ascii_prefix(r->text) == r->text.len)
		return;
	if (utf8_valid(r->text)) {
		add(r, r->text);
		return;
	}
	if (r->done_count > 0 && r->done[0]->kind == CHARSET_UTF8)
		add_as(r, "windows-1252");
	if (has_overlong(r->text))
		add_careless(r);
}

static bool
has_no_order(const struct charset *c)
{
	return strcmp(c->iconv_name, "UTF-16") == 0 || strcmp(c->iconv_name, "UTF-32") == 0;
}

static void
add_given(struct reader *r, const char *charset)
{
	const struct charset *c = charset_find(charset);

	if (c != NULL && has_no_order(c)) {
		bool wide = strcmp(c->iconv_name, "UTF-32") == 0;

		add_as(r, charset);
		add_as(r, wide ? "utf-32be" : "utf-16be");
		add_as(r, wide ? "utf-32le" : "utf-16le");
	} else if (!add_as(r, charset)) {
		r->out->known = false;
	}
	/* Some programs do not know it, and show what stands there. */
	if (c != NULL && c->kind >= CHARSET_OTHER)
		add(r, utf8_guess(r->arena, r->text));
}

void
charset_read(struct arena *a, struct span text, const char *const *given, size_t count, bool html,
    struct charset_readings *out)
{
	struct reader r = { .arena = a, .text = text, .out = out };

	out->count = 0;
	out->known = true;
	if (count == 0)
		add_given(&r, "us-ascii");
	for (size_t i = 0; i < count; i++)
		add_given(&r, given[i]);
	add_by_mark(&r);
	if (html) {
		add_by_markup(&r, "charset");
		add_by_markup(&r, "encoding");
	}
	add_by_escapes(&r);
	add_by_zeros(&r);
	if (looks_like_utf7(text))
		add_as(&r, "utf-7");
	add_by_high_bytes(&r);
}
