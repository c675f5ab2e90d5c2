/* Each decoder alone; the first byte picks it, and a charset the second. */
#include "config.h"

#include "mime/base64.h"
#include "mime/charset.h"
#include "mime/decode.h"
#include "mime/field.h"
#include "mime/quoted_printable.h"
#include "mime/utf8.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool truth)
{
	if (!truth)
		abort();
}

static void
decode_charset(struct span in)
{
	struct arena *a = arena_new(0);
	size_t row = in.len > 0 ? (unsigned char)in.data[0] % CHARSET_COUNT : 0;
	bool known;

	require(utf8_valid(charset_to_utf8(a, span_from(in, 1), charset_table[row].key, &known)));
	require(known);
	arena_free(&a);
}

static void
parse_field(struct span in)
{
	struct arena *a = arena_new(0);
	struct field_flaws flaws = { 0 };
	const struct mime_type *field = field_parse(a, in, &flaws);

	require(field->type != NULL);
	for (const struct mime_param *p = field->params; p != NULL; p = p->next)
		require(strcmp(p->name, "boundary") == 0 || utf8_valid(p->value));
	arena_free(&a);
}

static char *
room_for(struct span in)
{
	char *room = malloc(in.len > 0 ? in.len : 1); /* no byte more than promised */

	require(room != NULL);
	return room;
}

/* The plain way of the decoder that knows others is the strict decoder's, and
 * every other stays within the room. */
static void
decode_base64(struct span in, char *out)
{
	struct base64_way ways[BODY_READINGS_MAX] = { { .to = in.len } };
	struct base64_flaws flaws;
	size_t len = base64_decode_flaws(in, out, &flaws), count;
	char *other = room_for(in);
	bool over;

	require(len <= in.len / 4 * 3 + 2);
	require(base64_decode_way(in, ways, other) == len && memcmp(out, other, len) == 0);
	count = base64_ways(in, &flaws, ways, BODY_READINGS_MAX, &over);
	require(count <= BODY_READINGS_MAX && (flaws.kinds != 0 || count == 0));
	for (size_t i = 0; i < count; i++) {
		require(ways[i].from < ways[i].to && ways[i].to <= in.len);
		require(base64_decode_way(in, &ways[i], other) <= in.len);
	}
	free(other);
}

static void
decode_quoted_printable(struct span in, char *out)
{
	struct quoted_way ways[QUOTED_WAYS_MAX] = { { 0 } };
	unsigned flaws;
	size_t len = quoted_printable_decode_flaws(in, out, &flaws), count;
	char *other = room_for(in);

	require(len <= in.len);
	require(quoted_printable_decode_way(in, ways, other) == len && memcmp(out, other, len) == 0);
	count = quoted_printable_ways(flaws, ways);
	for (size_t i = 0; i < count; i++)
		require(quoted_printable_decode_way(in, &ways[i], other) <= in.len);
	free(other);
}

static void
decode_transfer(unsigned char kind, struct span in)
{
	char *out = room_for(in);
	struct span name, rest;
	bool strict;
	size_t len;

	switch (kind) {
	case 0:
		decode_base64(in, out);
		break;
	case 1:
		decode_quoted_printable(in, out);
		break;
	case 2:
		require(q_word_decode(in, out) <= in.len);
		break;
	default:
		len = uudecode(in, out, &name, &rest, &strict);
		require(len == SIZE_MAX || (len <= in.len && rest.len < in.len && name.len < in.len));
	}
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in;
	unsigned char kind;

	if (size == 0)
		return 0;
	kind = data[0] % 6;
	in = span_of((const char *)data + 1, size - 1);
	if (kind == 4)
		decode_charset(in);
	else if (kind == 5)
		parse_field(in);
	else
		decode_transfer(kind, in);
	return 0;
}
