/* Charsets to UTF-8 by iconv(3), and by ourselves for UTF-8 and windows-1252,
 * which are most of mail.
 *
 * glibc loads a converter from disk when it is opened, which the scanner's cage
 * does not allow; so all of them are opened once and stay open for the life of
 * the process. They are the one piece of changing state here that is not in
 * anybody's hands: a process has one thread that reads mail. */
#include "config.h"

#include "mime/charset.h"
#include "mime/decode.h"
#include "mime/text.h"
#include "mime/utf8.h"

#include <errno.h>
#include <iconv.h>

enum { CONVERT_ROOM_MIN = 32 }; /* for the longest that one character becomes */

static struct {
	bool open;
	iconv_t by_row[CHARSET_COUNT]; /* (iconv_t)-1 where there is none */
} converters;

void
charset_open_all(void)
{
	if (converters.open)
		return;
	for (size_t i = 0; i < CHARSET_COUNT; i++) {
		const struct charset *c = &charset_table[i];

		converters.by_row[i] = c->kind >= CHARSET_OVER_ASCII ? iconv_open("UTF-8", c->iconv_name) : (iconv_t)-1;
	}
	converters.open = true;
}

/* One call of iconv(), with room for as much as the input may well become;
 * in NULL: what the converter still holds back. */
static size_t
convert_some(iconv_t converter, char **in, size_t *left, struct text *t)
{
	char *out = text_reserve(t, *left + *left / 2 + CONVERT_ROOM_MIN);
	size_t room = t->cap - t->len, before = room, result;

	result = iconv(converter, in, left, &out, &room);
	t->len += before - room;
	return result;
}

/* What is stepped over where nothing can be read. */
static size_t
unit_size(const struct charset *c)
{
	struct span name = span_str(c->iconv_name);

	return span_starts(name, "UTF-16") ? 2 : span_starts(name, "UTF-32") ? 4 : 1;
}

static struct span
convert(struct arena *a, const struct charset *c, iconv_t converter, struct span s)
{
	struct text t = { .arena = a };
	char *in = (char *)(uintptr_t)s.data; /* iconv() only reads it */
	size_t left = s.len, unit = unit_size(c), none = 0;

	iconv(converter, NULL, NULL, NULL, NULL);
	while (left > 0 && convert_some(converter, &in, &left, &t) == (size_t)-1) {
		if (errno == E2BIG) {
			text_reserve(&t, t.cap + 1);
			continue;
		}
		text_add(&t, SPAN_LITERAL(UTF8_REPLACEMENT));
		in += left < unit ? left : unit;
		left -= left < unit ? left : unit;
	}
	convert_some(converter, NULL, &none, &t);
	return text_span(&t);
}

/* HZ to EUC-CN: inside "~{" and "~}" pairs of bytes are Chinese, up to the end
 * of the line at most (RFC 1843). */
static struct span
hz_unescape(struct arena *a, struct span s)
{
	char *out = arena_alloc_raw(a, s.len);
	size_t len = 0;
	bool chinese = false;

	for (size_t i = 0; i < s.len; i++) {
		char next = i + 1 < s.len ? s.data[i + 1] : '\0';

		if (s.data[i] == '~' && next == (chinese ? '}' : '{')) {
			chinese = !chinese;
			i++;
		} else if (s.data[i] == '~' && !chinese && (next == '~' || next == '\n')) {
			if (next == '~')
				out[len++] = '~';
			i++;
		} else {
			chinese &= s.data[i] != '\n';
			out[len++] = chinese && (unsigned char)s.data[i] > ' ' ? (char)(s.data[i] | 0x80) : s.data[i];
		}
	}
	return span_of(out, len);
}

struct span
charset_to_utf8(struct arena *a, struct span text, const char *charset, bool *known)
{
	const struct charset *c = charset_find(charset != NULL ? charset : "us-ascii");
	iconv_t converter;

	charset_open_all();
	*known = true;
	if (c != NULL && c->kind == CHARSET_UTF8)
		return utf8_repair(a, text);
	if (c != NULL && c->kind == CHARSET_ASCII)
		return utf8_guess(a, text);
	if (c != NULL && c->kind == CHARSET_WINDOWS_1252)
		return utf8_from_windows_1252(a, text);
	converter = c != NULL ? converters.by_row[c - charset_table] : (iconv_t)-1;
	if (converter == (iconv_t)-1) {
		*known = false;
		return utf8_from_windows_1252(a, text);
	}
	if (text.len == 0 || (c->kind == CHARSET_OVER_ASCII && utf8_ascii_prefix(text) == text.len))
		return text;
	return convert(a, c, converter, c->kind == CHARSET_HZ ? hz_unescape(a, text) : text);
}
