/* What the readers of documents share: telling within limits, unpacking by
 * zlib, and names.
 *
 * Room for what is unpacked is heap, known to the arena, because whoever is
 * told may leave through arena_give_up(). */
#include "config.h"

#include "engine/document.h"

#define ZLIB_CONST
#include <zlib.h>

enum { INFLATE_STEP = 64 * 1024 };

void
document_begin(struct document *d, struct arena *a, struct archive_budget *budget, const struct container_sink *sink)
{
	*d = (struct document){ .arena = a, .budget = budget, .sink = sink, .result = ARCHIVE_READ };
	budget->depth++;
}

enum archive_result
document_end(struct document *d)
{
	d->budget->depth--;
	return d->result;
}

void
document_damaged(struct document *d)
{
	if (d->result == ARCHIVE_READ)
		d->result = ARCHIVE_DAMAGED;
}

void
document_over_limit(struct document *d)
{
	d->result = ARCHIVE_OVER_LIMIT;
	d->stopped = true;
}

static bool
tell(struct document *d, const struct archive_member *m)
{
	if (d->stopped)
		return false;
	if (d->budget->entries >= d->budget->limits.entries || d->budget->output > d->budget->limits.output ||
	    d->budget->depth > d->budget->limits.depth + 1) {
		document_over_limit(d);
		return false;
	}
	d->budget->entries++;
	d->budget->output += m->content.len;
	if (!d->sink->member(d->sink->context, m))
		d->stopped = true;
	return !d->stopped;
}

bool
document_tell(struct document *d, struct span name, struct span content)
{
	return tell(d, &(struct archive_member){ .name = name, .size = content.len, .content = content });
}

bool
document_tell_message(struct document *d, struct span name, struct span content)
{
	return tell(d, &(struct archive_member){ .name = name, .size = content.len, .content = content, .message = true });
}

void
document_trait(struct document *d, enum trait trait)
{
	d->sink->trait(d->sink->context, trait);
}

void
document_uri(struct document *d, struct span uri)
{
	if (uri.len > 0)
		d->sink->uri(d->sink->context, uri);
}

static void
free_room(void *object)
{
	buf_free(object);
}

struct buf *
document_room(struct document *d)
{
	uint64_t most = d->budget->limits.output, used = d->budget->output;
	uint64_t left = most > used ? most - used : 0;
	struct buf *room = ARENA_NEW(d->arena, struct buf);

	buf_init(room, left < SIZE_MAX / 2 ? (size_t)left + 1 : SIZE_MAX / 2);
	arena_defer(d->arena, free_room, room);
	return room;
}

void
document_settle(struct document *d, const struct buf *room)
{
	if (room->failed)
		document_over_limit(d);
}

void
document_drop(struct buf *room)
{
	buf_free(room);
}

/* One call of inflate(); its status. */
static int
inflate_step(z_stream *z, struct buf *out)
{
	size_t left = out->limit - out->len;
	size_t step = left < INFLATE_STEP ? left : INFLATE_STEP;
	char *to = step > 0 ? buf_reserve(out, step) : NULL;
	int status;

	if (to == NULL) {
		out->failed = true;
		return Z_MEM_ERROR;
	}
	z->next_out = (unsigned char *)to;
	z->avail_out = (unsigned)step;
	status = inflate(z, Z_NO_FLUSH);
	buf_commit(out, step - z->avail_out);
	return status;
}

bool
document_inflate(struct document *d, struct span in, enum inflate_kind kind, struct buf *out)
{
	z_stream z = { .next_in = (const unsigned char *)in.data, .avail_in = (unsigned)span_first(in, UINT32_MAX).len };
	int status;

	if (inflateInit2(&z, kind == INFLATE_ZLIB ? MAX_WBITS : -MAX_WBITS) != Z_OK)
		arena_give_up(d->arena, "out of memory");
	do
		status = inflate_step(&z, out);
	while (status == Z_OK);
	inflateEnd(&z);
	document_settle(d, out);
	return status == Z_STREAM_END;
}

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (ascii_is_digit(c))
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

size_t
document_base64(struct span in, struct buf *out)
{
	uint32_t bits = 0;
	unsigned held = 0;
	size_t at;
	char *to = buf_reserve(out, in.len / 4 * 3 + 3), *start = to;

	if (to == NULL)
		return 0;
	for (at = 0; at < in.len && in.data[at] != '='; at++) {
		int value = base64_value(in.data[at]);

		if (value < 0)
			continue;
		bits = bits << 6 | (uint32_t)value;
		held += 6;
		if (held >= 8) {
			held -= 8;
			*to++ = (char)(bits >> held);
		}
	}
	buf_commit(out, (size_t)(to - start));
	return at;
}

/* --- Names --- */

static char *
put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		*out++ = (char)c;
	} else if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
		*out++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*out++ = (char)(0xe0 | c >> 12);
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*out++ = (char)(0x80 | (c & 0x3f));
	} else {
		*out++ = (char)(0xf0 | c >> 18);
		*out++ = (char)(0x80 | (c >> 12 & 0x3f));
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*out++ = (char)(0x80 | (c & 0x3f));
	}
	return out;
}

static uint32_t
utf16_unit(struct span text, size_t i, bool big_endian)
{
	unsigned char first = (unsigned char)text.data[2 * i], second = (unsigned char)text.data[2 * i + 1];

	return big_endian ? (uint32_t)first << 8 | second : (uint32_t)second << 8 | first;
}

struct span
utf16_to_utf8(struct arena *a, struct span text, bool big_endian)
{
	size_t units = text.len / 2;
	char *out = arena_alloc_raw(a, 3 * units + 1), *at = out;

	for (size_t i = 0; i < units; i++) {
		uint32_t c = utf16_unit(text, i, big_endian);
		uint32_t next = i + 1 < units ? utf16_unit(text, i + 1, big_endian) : 0;

		if (c == 0)
			break;
		if (c >= 0xd800 && c < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (next - 0xdc00);
			i++;
		} else if (c >= 0xd800 && c < 0xe000) {
			c = 0xfffd;
		}
		at = put_utf8(at, c);
	}
	return span_of(out, (size_t)(at - out));
}

static bool
is_scheme(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_alnum(s.data[i]) && strchr("+-.", s.data[i]) == NULL)
			return false;
	return true;
}

/* "file:///C:/x", "file:x" and "C:\x" lie here; all other schemes, and
 * "\\host\x" in its spellings, elsewhere. */
bool
target_is_remote(struct span target)
{
	struct span scheme;

	target = span_trim(target);
	if (span_starts_nocase(target, "file:")) {
		size_t slashes = 0;

		target = span_from(target, 5);
		while (target.len > 0 && (target.data[0] == '/' || target.data[0] == '\\')) {
			target = span_from(target, 1);
			slashes++;
		}
		return slashes >= 2 && target.len > 1 && target.data[1] != ':' && target.data[1] != '|' && slashes != 3;
	}
	if (target.len > 2 && (target.data[0] == '\\' || target.data[0] == '/') && target.data[1] == target.data[0])
		return true;
	scheme = span_first(target, span_find_byte(target, ':'));
	return scheme.len >= 2 && scheme.len < target.len && is_scheme(scheme);
}
