/* Encoded words in headers (RFC 2047), read as mail programs do: anywhere in
 * the value, of any length, with spaces inside. White space between two of
 * them goes. Bytes of neighbours in one charset are joined before they are
 * converted, since senders cut characters in two. */
#include "config.h"

#include "base/codec.h"
#include "mime/decode.h"
#include "mime/text.h"
#include "mime/utf8.h"

enum {
	CHARSET_NAME_MAX = 64,  /* longer names are no charset's */
	ENCODED_WORD_BYTES = 45, /* 60 characters of base64 in a word of at most 75 */
	ENCODED_WORD_BYTES_MIN = ENCODED_WORD_BYTES - 3, /* when the next character did not fit */
	ENCODED_WORD_ROOM = 75 + 3, /* with the fold before */
};

struct word {
	struct span charset; /* without RFC 2231's language */
	char encoding;       /* 'b' or 'q' */
	struct span text;
	size_t len;          /* of the whole */
};

struct decoder {
	struct text out;
	struct text pending; /* decoded bytes, not converted yet */
	struct span charset; /* of pending */
	bool unclosed;       /* no "?=" is ahead any more */
};

/* A word at the front of `s`, which begins with "=?". */
static bool
parse_word(struct span s, struct word *w, bool *unclosed)
{
	struct span rest = span_from(s, 2);
	size_t at = span_find_byte(span_first(rest, CHARSET_NAME_MAX), '?');
	size_t star;

	if (at == SIZE_MAX || at == 0 || rest.len < at + 3 || rest.data[at + 2] != '?')
		return false;
	w->charset = span_first(rest, at);
	star = span_find_byte(w->charset, '*');
	w->charset = span_first(w->charset, star);
	w->encoding = ascii_lower(rest.data[at + 1]);
	rest = span_from(rest, at + 3);
	if (w->encoding != 'b' && w->encoding != 'q')
		return false;
	at = *unclosed ? SIZE_MAX : span_find(rest, SPAN_LITERAL("?="));
	*unclosed = at == SIZE_MAX;
	if (at == SIZE_MAX)
		return false;
	w->text = span_first(rest, at);
	w->len = (size_t)(rest.data - s.data) + at + 2;
	return true;
}

static void
convert_pending(struct decoder *d)
{
	char *charset;
	bool known;

	if (d->pending.len == 0)
		return;
	charset = arena_strndup(d->out.arena, d->charset);
	text_add(&d->out, charset_to_utf8(d->out.arena, text_span(&d->pending), charset, &known));
	d->pending.len = 0;
}

static void
decode_word(struct decoder *d, const struct word *w)
{
	char *room;
	bool strict;

	if (!span_eq_nocase(w->charset, d->charset))
		convert_pending(d);
	d->charset = w->charset;
	room = text_reserve(&d->pending, w->text.len);
	d->pending.len += w->encoding == 'b' ? base64_decode(w->text, room, &strict) : q_word_decode(w->text, room);
}

struct span
encoded_words_decode(struct arena *a, struct span value)
{
	struct decoder d = { .out.arena = a, .pending.arena = a };
	bool after_word = false;

	if (span_find(value, SPAN_LITERAL("=?")) == SIZE_MAX)
		return utf8_guess(a, value);
	while (value.len > 0) {
		size_t at = span_find(value, SPAN_LITERAL("=?"));
		struct span before = span_first(value, at);
		struct word w;

		if (before.len > 0 && (!after_word || at == SIZE_MAX || span_trim(before).len > 0)) {
			convert_pending(&d);
			text_add(&d.out, utf8_guess(a, before));
			after_word = false;
		}
		value = span_from(value, before.len);
		if (value.len == 0)
			break;
		if (parse_word(value, &w, &d.unclosed)) {
			decode_word(&d, &w);
			value = span_from(value, w.len);
			after_word = true;
			continue;
		}
		convert_pending(&d);
		if (after_word)
			text_add(&d.out, before);
		text_add(&d.out, span_first(value, 2));
		value = span_from(value, 2);
		after_word = false;
	}
	convert_pending(&d);
	return text_span(&d.out);
}

/* Printable ASCII: nothing that would need, or break, a header line. */
static bool
is_plain(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];

		if ((c < ' ' && c != '\t') || c >= 0x7f)
			return false;
	}
	return true;
}

/* At most ENCODED_WORD_BYTES, no character cut. */
static size_t
word_length(struct span s)
{
	size_t len = 0, next;

	while (len < s.len) {
		next = utf8_char(span_from(s, len));
		if (next == 0)
			next = 1;
		if (len + next > ENCODED_WORD_BYTES)
			break;
		len += next;
	}
	return len;
}

struct span
encoded_words_encode(struct arena *a, struct span utf8)
{
	struct buf out = { 0 };
	struct span copy;
	char *room;
	bool failed;

	if (is_plain(utf8))
		return utf8;
	/* The room first: whatever fails after it, the buffer is freed. */
	room = arena_alloc_raw(a, (utf8.len / ENCODED_WORD_BYTES_MIN + 1) * ENCODED_WORD_ROOM);
	while (utf8.len > 0) {
		size_t len = word_length(utf8);

		buf_add_str(&out, out.len > 0 ? "\r\n =?UTF-8?B?" : "=?UTF-8?B?");
		base64_encode(&out, span_first(utf8, len), 0);
		buf_add_str(&out, "?=");
		utf8 = span_from(utf8, len);
	}
	copy = span_of(room, out.len);
	failed = out.failed;
	if (!failed && out.len > 0)
		memcpy(room, out.data, out.len);
	buf_free(&out);
	if (failed)
		arena_give_up(a, "out of memory");
	return copy;
}
