/* Growing text, and names made fit to be shown. A name is what an attacker
 * chose: "exe.piz" behind a right-to-left override reads as "zip.exe", and a
 * line break in it would let it speak in the notice's own voice. */
#include "config.h"

#include "rewrite/text.h"

void
text_reserve(struct text *t, size_t octets)
{
	t->data = arena_alloc_raw(t->arena, octets);
	t->cap = octets;
}

void
text_add(struct text *t, struct span s)
{
	if (s.len == 0)
		return;
	t->data = arena_grow(t->arena, t->data, 1, &t->cap, t->len + s.len);
	memcpy(t->data + t->len, s.data, s.len);
	t->len += s.len;
}

void
text_printf(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_add(t, span_str(arena_vprintf(t->arena, format, args)));
	va_end(args);
}

void
text_add_lines(struct text *t, struct span s, struct span eol)
{
	size_t at;

	while ((at = span_find(s, SPAN_LITERAL("\r\n"))) != SIZE_MAX) {
		text_add(t, span_first(s, at));
		text_add(t, eol);
		s = span_from(s, at + 2);
	}
	text_add(t, s);
}

struct span
text_span(const struct text *t)
{
	return span_of(t->data, t->len);
}

/* The length of the UTF-8 sequence (RFC 3629) at the front of s and its code
 * point; 0 when there is none. */
static size_t
take_utf8(struct span s, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)s.data[0];
	size_t len = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;

	if (len > s.len || (first >= 0x80 && first < 0xc2) || first > 0xf4)
		return 0;
	*code = len == 1 ? first : first & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)s.data[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | ((unsigned char)s.data[i] & 0x3f);
	}
	if (*code < least[len] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return len;
}

/* Characters that change how others are shown, or show nothing. */
static bool
is_deceptive(uint32_t code)
{
	static const struct {
		uint32_t from, to;
	} ranges[] = {
		{ 0x00, 0x1f },       /* C0 controls */
		{ 0x7f, 0x9f },       /* DEL and C1 controls */
		{ 0xad, 0xad },       /* soft hyphen */
		{ 0x61c, 0x61c },     /* Arabic letter mark */
		{ 0x200b, 0x200f },   /* zero width, directional marks */
		{ 0x2028, 0x202e },   /* line separators, embeddings, overrides */
		{ 0x2060, 0x206f },   /* joiners, isolates, deprecated format characters */
		{ 0xfeff, 0xfeff },   /* zero width no-break space */
		{ 0xfff9, 0xfffb },   /* interlinear annotation */
		{ 0xe0000, 0xe007f }, /* tags */
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (code >= ranges[i].from && code <= ranges[i].to)
			return true;
	return false;
}

/* Where the character that holds the byte at `at` begins. */
static size_t
character_start(struct span s, size_t at)
{
	while (at > 0 && at < s.len && ((unsigned char)s.data[at] & 0xc0) == 0x80)
		at--;
	return at;
}

static struct span
shorten(struct arena *a, struct span s, size_t most)
{
	const size_t end = 32; /* an extension with some of the name before it */
	struct text t = { .arena = a };

	if (s.len <= most)
		return s;
	text_add(&t, span_first(s, character_start(s, most - end - 3)));
	text_add(&t, SPAN_LITERAL("..."));
	text_add(&t, span_from(s, character_start(s, s.len - end)));
	return text_span(&t);
}

static struct span
shown(struct arena *a, struct span s, size_t most, uint32_t last_code)
{
	struct text t = { .arena = a };

	while (s.len > 0) {
		uint32_t code;
		size_t len = take_utf8(s, &code);
		bool fit = len > 0 && code <= last_code && !is_deceptive(code);

		len = len > 0 ? len : 1;
		text_add(&t, fit ? span_first(s, len) : SPAN_LITERAL("?"));
		s = span_from(s, len);
	}
	return shorten(a, text_span(&t), most);
}

struct span
shown_text(struct arena *a, struct span s, size_t most)
{
	return shown(a, s, most, 0x10ffff);
}

struct span
shown_text_ascii(struct arena *a, struct span s, size_t most)
{
	return shown(a, s, most, 0x7e);
}

bool
span_is_ascii(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] >= 0x80)
			return false;
	return true;
}
