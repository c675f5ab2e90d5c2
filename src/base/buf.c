/* The growable buffer, and the numbers that gatepost's processes exchange. */
#include "config.h"

#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUF_FIRST = 512 }; /* the first allocation: most replies and commands fit */

void
buf_init(struct buf *b, size_t limit)
{
	*b = (struct buf){ .limit = limit };
}

void
buf_init_secret(struct buf *b, size_t limit)
{
	*b = (struct buf){ .limit = limit, .secret = true };
}

static void
wipe(struct buf *b)
{
	if (b->secret && b->data != NULL)
		explicit_bzero(b->data, b->cap);
}

void
buf_free(struct buf *b)
{
	wipe(b);
	free(b->data);
	*b = (struct buf){ .limit = b->limit, .secret = b->secret };
}

void
buf_clear(struct buf *b)
{
	wipe(b);
	b->start = b->len = 0;
	b->failed = false;
}

/* realloc(), which leaves what it moves where it was. */
static char *
resized(struct buf *b, size_t cap)
{
	char *data;

	if (!b->secret || b->data == NULL)
		return realloc(b->data, cap);
	data = malloc(cap);
	if (data == NULL)
		return NULL;
	memcpy(data, b->data, cap < b->cap ? cap : b->cap);
	wipe(b);
	free(b->data);
	return data;
}

void
buf_shrink(struct buf *b)
{
	char *data;

	if (b->len == 0) {
		if (b->data != NULL)
			buf_free(b);
		return;
	}
	memmove(b->data, b->data + b->start, b->len);
	b->start = 0;
	data = resized(b, b->len);
	if (data != NULL) {
		b->data = data;
		b->cap = b->len;
	}
}

static bool
grow(struct buf *b, size_t need)
{
	size_t cap = b->cap > 0 ? b->cap : BUF_FIRST;
	char *data;

	while (cap < need)
		cap *= 2;
	data = resized(b, cap);
	if (data == NULL)
		return false;
	b->data = data;
	b->cap = cap;
	return true;
}

/* Room for len bytes of contents and `spare` that are none, which the limit
 * does not count. */
static char *
make_room(struct buf *b, size_t len, size_t spare)
{
	size_t total;

	if (b->failed || __builtin_add_overflow(b->len, len, &total) || total > SIZE_MAX / 4 ||
	    (b->limit > 0 && total > b->limit)) {
		b->failed = true;
		return NULL;
	}
	total += spare;
	if (b->start > 0 && b->start + total > b->cap) {
		memmove(b->data, b->data + b->start, b->len);
		b->start = 0;
	}
	if ((b->start + total > b->cap || b->data == NULL) && !grow(b, b->start + total)) {
		b->failed = true;
		return NULL;
	}
	return b->data + b->start + b->len;
}

char *
buf_reserve(struct buf *b, size_t len)
{
	return make_room(b, len, 0);
}

void
buf_commit(struct buf *b, size_t len)
{
	b->len += len;
}

void
buf_add(struct buf *b, const void *data, size_t len)
{
	char *room;

	if (len == 0)
		return;
	room = buf_reserve(b, len);
	if (room == NULL)
		return;
	memcpy(room, data, len);
	b->len += len;
}

void
buf_add_span(struct buf *b, struct span s)
{
	buf_add(b, s.data, s.len);
}

void
buf_add_str(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void
buf_add_byte(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	char *room;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	room = len >= 0 ? make_room(b, (size_t)len, 1) : NULL;
	if (room == NULL) {
		b->failed = true;
		return;
	}
	va_start(args, format);
	vsnprintf(room, (size_t)len + 1, format, args);
	va_end(args);
	b->len += (size_t)len;
}

void
buf_consume(struct buf *b, size_t len)
{
	if (len >= b->len) {
		b->start = b->len = 0;
		return;
	}
	b->start += len;
	b->len -= len;
}

const char *
buf_str(struct buf *b)
{
	char *room = make_room(b, 0, 1);

	if (room == NULL)
		return "";
	*room = '\0';
	return b->data + b->start;
}

static void
put_number(struct buf *b, uint64_t value, size_t width)
{
	char bytes[8];

	for (size_t i = 0; i < width; i++)
		bytes[i] = (char)(value >> (8 * i));
	buf_add(b, bytes, width);
}

void
buf_put_u32(struct buf *b, uint32_t value)
{
	put_number(b, value, 4);
}

void
buf_put_u64(struct buf *b, uint64_t value)
{
	put_number(b, value, 8);
}

void
buf_put_span(struct buf *b, struct span s)
{
	buf_put_u64(b, s.len);
	buf_add_span(b, s);
}

static bool
take_number(struct span *in, uint64_t *value, size_t width)
{
	*value = 0;
	if (in->len < width) {
		*in = span_from(*in, in->len);
		return false;
	}
	for (size_t i = 0; i < width; i++)
		*value |= (uint64_t)(unsigned char)in->data[i] << (8 * i);
	*in = span_from(*in, width);
	return true;
}

bool
take_u32(struct span *in, uint32_t *value)
{
	uint64_t wide;
	bool ok = take_number(in, &wide, 4);

	*value = (uint32_t)wide;
	return ok;
}

bool
take_u64(struct span *in, uint64_t *value)
{
	return take_number(in, value, 8);
}

bool
take_span(struct span *in, struct span *value)
{
	uint64_t len;

	*value = SPAN_NONE;
	if (!take_u64(in, &len))
		return false;
	if (len > in->len) {
		*in = span_from(*in, in->len);
		return false;
	}
	*value = span_first(*in, (size_t)len);
	*in = span_from(*in, (size_t)len);
	return true;
}
