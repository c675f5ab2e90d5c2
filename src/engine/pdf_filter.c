/* Filters. A stream's dictionary names them in the order in which they are
 * undone, with parameters for each; those of interest are the predictor, which
 * stores differences between rows, and how early LZW's codes grow. */
#include "config.h"

#include "engine/pdf_filter.h"

#include "base/codec.h"
#include "engine/pdf_token.h"

#include <stdlib.h>

enum {
	FILTERS_MAX = 8,
	ROW_MAX = 1024 * 1024,

	LZW_CLEAR = 256,
	LZW_END = 257,
	LZW_FIRST = 258,
	LZW_CODES = 4096,
};

struct parameters {
	uint64_t predictor, columns, colors, bits;
	bool early;
};

struct filter {
	char name[PDF_NAME_MAX];
	struct parameters p;
};

struct filters {
	struct filter items[FILTERS_MAX];
	size_t count;
	bool too_many;
};

/* --- What the dictionary says --- */

static void
set_parameter(struct parameters *p, const char *key, uint64_t value)
{
	if (strcmp(key, "Predictor") == 0)
		p->predictor = value;
	else if (strcmp(key, "Columns") == 0)
		p->columns = value;
	else if (strcmp(key, "Colors") == 0)
		p->colors = value;
	else if (strcmp(key, "BitsPerComponent") == 0)
		p->bits = value;
	else if (strcmp(key, "EarlyChange") == 0)
		p->early = value != 0;
}

static void
add_filter(struct filters *f, const char *name)
{
	if (f->count == FILTERS_MAX) {
		f->too_many = true;
		return;
	}
	memcpy(f->items[f->count++].name, name, strlen(name) + 1);
}

/* After /Filter or /F: a name, or an array of names. */
static void
read_names(struct span *in, struct filters *f)
{
	struct pdf_token t;
	bool array = false;

	while (pdf_next(in, &t)) {
		if (t.kind == PDF_NAME)
			add_filter(f, t.name);
		else if (t.kind == PDF_ARRAY_BEGIN)
			array = true;
		else
			return;
		if (!array)
			return;
	}
}

/* After /DecodeParms or /DP: a dictionary, or an array of them and nulls. */
static void
read_parameters(struct span *in, struct filters *f)
{
	struct pdf_token t;
	char key[PDF_NAME_MAX] = "";
	size_t at = 0;
	bool array = false;

	while (pdf_next(in, &t)) {
		if (t.kind == PDF_ARRAY_BEGIN)
			array = true;
		else if (t.kind == PDF_NAME)
			memcpy(key, t.name, sizeof(key));
		else if ((t.kind == PDF_NUMBER || t.kind == PDF_WORD) && at < FILTERS_MAX && key[0] != '\0')
			set_parameter(&f->items[at].p, key, t.kind == PDF_NUMBER ? t.number : span_is(t.raw, "true"));
		if (t.kind == PDF_DICT_END || span_is(t.raw, "null")) {
			at++;
			key[0] = '\0';
		}
		if (t.kind == PDF_ARRAY_END || (!array && at > 0))
			return;
	}
}

static void
begin_filters(struct filters *f)
{
	memset(f, 0, sizeof(*f));
	for (size_t i = 0; i < FILTERS_MAX; i++)
		f->items[i].p = (struct parameters){ .predictor = 1, .columns = 1, .colors = 1, .bits = 8, .early = true };
}

/* Programs take the short name of a filter too, which a stream has for another file. */
static void
read_filters(struct span in, struct filters *f)
{
	struct filters brief;
	struct pdf_token t;
	int depth = 0;

	begin_filters(f);
	begin_filters(&brief);
	while (pdf_next(&in, &t)) {
		struct span ahead = in;

		depth += t.kind == PDF_DICT_BEGIN;
		depth -= t.kind == PDF_DICT_END;
		if (t.kind != PDF_NAME || depth != 1)
			continue;
		if (strcmp(t.name, "Filter") == 0)
			read_names(&in, f);
		else if (strcmp(t.name, "F") == 0)
			read_names(&ahead, &brief);
		else if (strcmp(t.name, "DecodeParms") == 0 || strcmp(t.name, "DP") == 0)
			read_parameters(&in, f);
	}
	for (size_t i = 0; i < brief.count && f->count == i; i++)
		add_filter(f, brief.items[i].name);
}

/* --- Text --- */

static bool
undo_hex(struct span in, struct buf *out)
{
	int high = -1;

	for (size_t i = 0; i < in.len && in.data[i] != '>'; i++) {
		int value = hex_digit(in.data[i]);

		if (value < 0)
			continue;
		if (high >= 0)
			buf_add_byte(out, (char)(high << 4 | value));
		high = high >= 0 ? -1 : value;
	}
	if (high >= 0)
		buf_add_byte(out, (char)(high << 4));
	return true;
}

/* Five digits to the base of 85 are four octets. */
static void
put_group(struct buf *out, const unsigned digits[5], size_t count)
{
	uint32_t value = 0;

	for (size_t i = 0; i < 5; i++)
		value = value * 85 + (i < count ? digits[i] : 84);
	for (size_t i = 0; i + 1 < count; i++)
		buf_add_byte(out, (char)(value >> (24 - 8 * i)));
}

static bool
undo_base85(struct span in, struct buf *out)
{
	unsigned digits[5];
	size_t count = 0;

	if (span_starts(span_trim(in), "<~"))
		in = span_from(span_trim(in), 2);
	for (size_t i = 0; i < in.len && in.data[i] != '~'; i++) {
		char c = in.data[i];

		if (c == 'z' && count == 0)
			buf_add(out, "\0\0\0\0", 4);
		if (c < '!' || c > 'u')
			continue;
		digits[count++] = (unsigned)(c - '!');
		if (count == 5) {
			put_group(out, digits, count);
			count = 0;
		}
	}
	put_group(out, digits, count);
	return true;
}

/* --- Packed --- */

static bool
undo_run_length(struct span in, struct buf *out)
{
	size_t at = 0;

	while (at < in.len && !out->failed) {
		unsigned len = (unsigned char)in.data[at++];

		if (len == 128)
			return true;
		if (len < 128) {
			buf_add_span(out, span_sub(in, at, len + 1));
			at += len + 1;
			continue;
		}
		for (unsigned i = 0; i < 257 - len && at < in.len; i++)
			buf_add_byte(out, in.data[at]);
		at++;
	}
	return at <= in.len;
}

/* A code is a place in the output and a length: each stands for the one before
 * it and one octet more, and so for what was put then. */
struct lzw {
	struct span in;
	size_t at;
	uint32_t bits;
	unsigned held;
	uint32_t place[LZW_CODES];
	uint32_t len[LZW_CODES];
};

static unsigned
lzw_code(struct lzw *z, unsigned width)
{
	while (z->held < width) {
		if (z->at == z->in.len)
			return LZW_END;
		z->bits = z->bits << 8 | (unsigned char)z->in.data[z->at++];
		z->held += 8;
	}
	z->held -= width;
	return z->bits >> z->held & ((1u << width) - 1);
}

static void
put_again(struct buf *out, size_t place, size_t len)
{
	for (size_t i = 0; i < len && !out->failed; i++)
		buf_add_byte(out, out->data[out->start + place + i]);
}

static bool
undo_lzw(struct span in, bool early, struct buf *out)
{
	struct lzw z;
	unsigned next = LZW_FIRST, width = 9, code;
	uint32_t last_place = 0, last_len = 0;

	z.in = in;
	z.at = z.bits = z.held = 0;
	while ((code = lzw_code(&z, width)) != LZW_END && !out->failed && out->len < UINT32_MAX / 2) {
		uint32_t place = (uint32_t)out->len;

		if (code == LZW_CLEAR) {
			next = LZW_FIRST;
			width = 9;
			last_len = 0;
			continue;
		}
		if (code < LZW_CLEAR)
			buf_add_byte(out, (char)code);
		else if (code < next)
			put_again(out, z.place[code], z.len[code]);
		else if (code == next && last_len > 0)
			put_again(out, last_place, last_len + 1);
		else
			return false;
		if (last_len > 0 && next < LZW_CODES) {
			z.place[next] = last_place;
			z.len[next++] = last_len + 1;
		}
		last_place = place;
		last_len = (uint32_t)out->len - place;
		while (width < 12 && next + early >= 1u << width)
			width++;
	}
	return z.at == in.len || code == LZW_END;
}

/* --- Predictors --- */

static unsigned
paeth(unsigned left, unsigned up, unsigned corner)
{
	int p = (int)left + (int)up - (int)corner;
	int a = abs(p - (int)left), b = abs(p - (int)up), c = abs(p - (int)corner);

	return a <= b && a <= c ? left : b <= c ? up : corner;
}

static unsigned
predicted(unsigned kind, unsigned left, unsigned up, unsigned corner)
{
	switch (kind) {
	case 1:
		return left;
	case 2:
		return up;
	case 3:
		return (left + up) / 2;
	case 4:
		return paeth(left, up, corner);
	default:
		return 0;
	}
}

/* Each row of a PNG says by its first octet how it differs from what is left
 * of it and above. In place: the output is shorter. */
static void
undo_png(struct buf *b, size_t row, size_t pixel)
{
	unsigned char *data = (unsigned char *)b->data + b->start, *above = NULL, *to = data;
	size_t at = 0;

	while (at < b->len) {
		unsigned kind = data[at++];
		size_t len = b->len - at < row ? b->len - at : row;

		for (size_t i = 0; i < len; i++) {
			unsigned left = i >= pixel ? to[i - pixel] : 0, up = above != NULL ? above[i] : 0;
			unsigned corner = i >= pixel && above != NULL ? above[i - pixel] : 0;

			to[i] = (unsigned char)(data[at + i] + predicted(kind, left, up, corner));
		}
		at += len;
		above = to;
		to += len;
	}
	b->len = (size_t)(to - data);
}

static void
undo_predictor(struct document *d, const struct parameters *p, struct buf *b)
{
	uint64_t pixel, row;

	if (p->predictor < 10 || b->len == 0)
		return; /* 2, of images, changes nothing that is looked for */
	if (p->columns > ROW_MAX || p->colors > 32 || p->bits > 32) {
		document_damaged(d);
		return;
	}
	pixel = (p->colors * p->bits + 7) / 8;
	row = (p->columns * p->colors * p->bits + 7) / 8;
	if (row > 0)
		undo_png(b, (size_t)row, pixel > 0 ? (size_t)pixel : 1);
}

/* --- All --- */

static bool
undo(struct document *d, const struct filter *f, struct span in, struct buf *out, bool *known)
{
	const char *name = f->name;

	if (strcmp(name, "FlateDecode") == 0 || strcmp(name, "Fl") == 0) {
		if (document_inflate(d, in, INFLATE_ZLIB, out) || out->len > 0)
			return true;
		return document_inflate(d, span_from(in, 2), INFLATE_RAW, out) || out->len > 0;
	}
	if (strcmp(name, "LZWDecode") == 0 || strcmp(name, "LZW") == 0)
		return undo_lzw(in, f->p.early, out);
	if (strcmp(name, "ASCIIHexDecode") == 0 || strcmp(name, "AHx") == 0)
		return undo_hex(in, out);
	if (strcmp(name, "ASCII85Decode") == 0 || strcmp(name, "A85") == 0)
		return undo_base85(in, out);
	if (strcmp(name, "RunLengthDecode") == 0 || strcmp(name, "RL") == 0)
		return undo_run_length(in, out);
	*known = strcmp(name, "Crypt") == 0;
	buf_add_span(out, in);
	return true;
}

struct span
pdf_stream(struct document *d, struct span dictionary, struct span raw, bool *decoded)
{
	struct filters f;
	struct span content = raw;
	struct buf *last = NULL;

	*decoded = true;
	read_filters(dictionary, &f);
	if (f.too_many)
		document_over_limit(d);
	for (size_t i = 0; i < f.count && *decoded && !d->stopped; i++) {
		struct buf *room = document_room(d);

		if (!undo(d, &f.items[i], content, room, decoded))
			document_damaged(d);
		document_settle(d, room);
		d->budget->output += room->len;
		undo_predictor(d, &f.items[i].p, room);
		if (last != NULL)
			document_drop(last);
		last = room;
		content = buf_span(room);
	}
	return content;
}
