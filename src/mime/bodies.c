/* A leaf's body in every reading: the candidate encodings in turn, each first
 * as it should be and then in the ways that its flaws allow, which a decoder
 * finds in the same pass. A way is a few words that say what to do otherwise;
 * nothing is decoded before it is asked for. */
#include "config.h"

#include "mime/decode.h"

#include "mime/defects.h"
#include "mime/readings.h"

/* One more way to read the candidate. */
struct way {
	enum { WAY_BASE64, WAY_QUOTED, WAY_LINES, WAY_PLAIN_LINES, WAY_UNSTUFFED, WAY_RAW, WAY_FORK } kind;
	union {
		struct base64_way base64;
		struct quoted_way quoted;
		struct span fork; /* of a BinHex file, in the scratch like the one before */
	};
};

void
mime_bodies_begin(struct mime_bodies *b, struct mime_message *m, const struct mime_part *part,
    struct scratch *scratch)
{
	*b = (struct mime_bodies){ .message = m, .part = part, .scratch = scratch, .at = part->encodings };
}

static struct way *
ways_new(struct mime_bodies *b, size_t count)
{
	b->way_count = count;
	b->ways = ARENA_ARRAY(b->message->arena, struct way, count);
	return b->ways;
}

static void
plan_base64(struct mime_bodies *b, const struct base64_flaws *flaws)
{
	struct base64_way list[BODY_READINGS_MAX];
	bool over;
	size_t count;
	struct way *ways;

	if (flaws->kinds == 0)
		return;
	count = base64_ways(b->part->body, flaws, list, BODY_READINGS_MAX - b->count, &over);
	b->over |= over;
	ways = ways_new(b, count);
	for (size_t i = 0; i < count; i++)
		ways[i] = (struct way){ .kind = WAY_BASE64, .base64 = list[i] };
}

static void
plan_quoted(struct mime_bodies *b, unsigned flaws)
{
	struct quoted_way list[QUOTED_WAYS_MAX];
	size_t count = quoted_printable_ways(flaws, list);
	struct way *ways;

	if (count == 0)
		return;
	ways = ways_new(b, count);
	for (size_t i = 0; i < count; i++)
		ways[i] = (struct way){ .kind = WAY_QUOTED, .quoted = list[i] };
}

/* The resource fork is a file for some. Where the lengths do not fit, so may be
 * all of it. */
static void
plan_binhex(struct mime_bodies *b, const struct binhex *binhex)
{
	struct way *ways;
	size_t n = 0;

	if (binhex->resource.len == 0 && binhex->strict)
		return;
	ways = ways_new(b, 2);
	if (binhex->resource.len > 0)
		ways[n++] = (struct way){ .kind = WAY_FORK, .fork = binhex->resource };
	if (!binhex->strict)
		ways[n++] = (struct way){ .kind = WAY_FORK, .fork = binhex->stream };
	b->way_count = n;
}

static void
plan(struct mime_bodies *b, const struct decoding *d)
{
	b->ways = NULL;
	b->way = b->way_count = 0;
	if (b->part->body.len == 0)
		return;
	if (b->candidate == ENCODING_BASE64)
		plan_base64(b, &d->base64);
	else if (b->candidate == ENCODING_QUOTED_PRINTABLE)
		plan_quoted(b, d->quoted);
	else if (b->candidate == ENCODING_BINHEX)
		plan_binhex(b, &d->binhex);
	else if (b->candidate == ENCODING_UUENCODE && d->headless && !b->guessed)
		*ways_new(b, 1) = (struct way){ .kind = b->content.data == b->part->body.data ? WAY_LINES : WAY_RAW };
	else if (b->candidate == ENCODING_UUENCODE && d->odd_lines)
		*ways_new(b, 1) = (struct way){ .kind = WAY_PLAIN_LINES };
	else if (b->candidate == ENCODING_YENC && d->dot_stuffed)
		*ways_new(b, 1) = (struct way){ .kind = WAY_UNSTUFFED };
}

static void
read_way(struct mime_bodies *b, const struct way *way)
{
	struct span body = b->part->body;
	bool raw = way->kind == WAY_RAW || (way->kind == WAY_BASE64 && way->base64.raw);
	bool strict, dot_stuffed;
	char *room;

	b->encoding = raw ? ENCODING_IDENTITY : b->candidate;
	if (way->kind == WAY_FORK || raw) {
		b->content = way->kind == WAY_FORK ? way->fork : way->kind == WAY_RAW ? body :
		    span_from(span_first(body, way->base64.to), way->base64.from);
		return;
	}
	room = scratch_room(b->scratch, body.len);
	if (room == NULL)
		arena_give_up(b->message->arena, "no room to decode a body");
	if (way->kind == WAY_BASE64)
		b->content = span_of(room, base64_decode_way(body, &way->base64, room));
	else if (way->kind == WAY_QUOTED)
		b->content = span_of(room, quoted_printable_decode_way(body, &way->quoted, room));
	else if (way->kind == WAY_LINES)
		b->content = span_of(room, uudecode_lines(body, room, body.len, &strict));
	else if (way->kind == WAY_PLAIN_LINES)
		b->content = span_of(room, uudecode_plain(body, room));
	else
		b->content = span_of(room, yenc_decode(body, true, room, &strict, &dot_stuffed));
}

static bool
has_candidate(const struct mime_part *part, enum mime_encoding encoding)
{
	const struct mime_encodings *e = part->encodings;

	while (e != NULL && e->encoding != encoding)
		e = e->next;
	return e != NULL;
}

/* A program might look at the body to know what it is, where the header says
 * nothing of use and the part is no text to be shown. */
static bool
guess(struct mime_bodies *b)
{
	const struct mime_part *part = b->part;
	bool unknown = has_candidate(part, ENCODING_UNKNOWN);

	b->guessed = true;
	if (!unknown && (!has_candidate(part, ENCODING_IDENTITY) ||
	    (part->names == NULL && part->disposition == NULL && span_starts(span_str(part->types->type), "text/"))))
		return false;
	if (!has_candidate(part, ENCODING_BASE64) && base64_is_likely(part->body))
		b->candidate = ENCODING_BASE64;
	else if (!has_candidate(part, ENCODING_UUENCODE) && uu_is_likely(part->body))
		b->candidate = ENCODING_UUENCODE;
	else if (!has_candidate(part, ENCODING_BINHEX) && part->first_child == NULL &&
	    span_find(span_str(part->types->type), SPAN_LITERAL("binhex")) != SIZE_MAX)
		b->candidate = ENCODING_BINHEX;
	else
		return false;
	return true;
}

static bool
next_candidate(struct mime_bodies *b)
{
	if (b->at == NULL)
		return !b->guessed && guess(b);
	b->candidate = b->at->encoding;
	b->at = b->at->next;
	return true;
}

bool
mime_bodies_next(struct mime_bodies *b)
{
	struct decoding d = { .message = b->message, .part = b->part, .scratch = b->scratch };
	bool more = b->way < b->way_count || next_candidate(b);

	if (b->over || (more && b->count == BODY_READINGS_MAX))
		defect_over_limit(b->message, b->part, DEFECT_LIMIT_READINGS);
	if (!more || b->count == BODY_READINGS_MAX)
		return false;
	b->first = b->count++ == 0;
	if (b->way < b->way_count) {
		read_way(b, (const struct way *)b->ways + b->way++);
		return true;
	}
	b->encoding = b->candidate;
	b->content = decoding_begin(&d, b->candidate);
	plan(b, &d);
	return true;
}
