/* Tar, read by libarchive as new programs read it, and walked here as old ones
 * do: those do not know the records of pax that give a member another name or
 * size (POSIX, pax, "pax Interchange Format"), and some go on where an archive
 * ends. What only they see is told too.
 *
 * Records of GNU that are no files, of dumped folders and volumes, are written
 * out as files by programs that do not know them.
 *
 * A name that is only shortened, as writers do for old programs, is no other. */
#include "config.h"

#include "engine/archive_reading.h"

#include <archive.h>

enum {
	BLOCK = 512,
	NAME_SIZE = 100,
	SIZE_AT = 124,
	SUM_AT = 148,
	TYPE_AT = 156,
	MARK_AT = 257,
	PREFIX_AT = 345,
	PREFIX_SIZE = 155,
	SPARSE_MORE_AT = 482,
	SPARSE_STILL_MORE_AT = 504,
	PAX_RECORDS_MAX = 64 * 1024, /* octets looked at; libarchive refuses above 1 MiB */
};

struct header {
	struct span name;   /* in the arena when it has a prefix */
	struct span content;
	char type;
};

/* What the next member is called, and how long it is, for new programs. */
struct override {
	struct span name, size;
};

struct walk {
	struct archive_reading *r;
	size_t at;
	bool apart; /* from what libarchive reads: all is told */
	struct override next;
};

static uint64_t
octal(struct span s)
{
	uint64_t value = 0;

	while (s.len > 0 && s.data[0] == ' ')
		s = span_from(s, 1);
	for (; s.len > 0 && s.data[0] >= '0' && s.data[0] <= '7'; s = span_from(s, 1))
		value = value << 3 | (uint64_t)(s.data[0] - '0');
	return value;
}

/* GNU writes what does not fit into octal as a number in base 256. */
static uint64_t
size_of(struct span block)
{
	uint64_t value = 0;

	if ((block.data[SIZE_AT] & 0x80) == 0)
		return octal(span_of(block.data + SIZE_AT, 12));
	for (size_t i = 4; i < 12; i++)
		value = value << 8 | (unsigned char)block.data[SIZE_AT + i];
	return value;
}

/* Behind an end only what has the mark too, which old archives lack. */
static bool
is_header(struct span block, bool ended)
{
	uint64_t sum = 0;

	if (block.data[0] == '\0' || (ended && !span_starts(span_from(block, MARK_AT), "ustar")))
		return false;
	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= SUM_AT && i < SUM_AT + 8 ? ' ' : (unsigned char)block.data[i];
	return sum == octal(span_of(block.data + SUM_AT, 8));
}

static struct span
text_at(struct span block, size_t at, size_t size)
{
	struct span s = span_of(block.data + at, size);

	return span_first(s, span_find_byte(s, '\0'));
}

static struct span
name_of(struct arena *a, struct span block)
{
	struct span name = text_at(block, 0, NAME_SIZE), prefix = text_at(block, PREFIX_AT, PREFIX_SIZE);

	/* GNU has other things where the prefix is, older ones nothing */
	if (prefix.len == 0 || !span_starts(span_from(block, MARK_AT), "ustar") || block.data[MARK_AT + 5] == ' ')
		return name;
	return span_str(arena_printf(a, "%.*s/%.*s", SPAN_ARG(prefix), SPAN_ARG(name)));
}

/* The value of a pax record "length key=value\n"; *records is advanced. */
static bool
take_record(struct span *records, struct span *key, struct span *value)
{
	size_t blank = span_find_byte(*records, ' '), equals;
	struct span record;
	uint64_t len;

	if (blank == SIZE_MAX || !span_to_u64(span_first(*records, blank), &len) || len <= blank + 1 || len > records->len)
		return false;
	record = span_from(span_first(*records, (size_t)len - 1), blank + 1);
	*records = span_from(*records, (size_t)len);
	equals = span_find_byte(record, '=');
	if (equals == SIZE_MAX)
		return false;
	*key = span_first(record, equals);
	*value = span_from(record, equals + 1);
	return true;
}

static void
take_pax(struct override *o, struct span records)
{
	struct span key, value;

	records = span_first(records, PAX_RECORDS_MAX);
	while (take_record(&records, &key, &value)) {
		if (span_is(key, "path"))
			o->name = value;
		if (span_is(key, "size"))
			o->size = value;
	}
}

static struct span
suffix(struct span name)
{
	const char *dot = name.len > 0 ? memrchr(name.data, '.', name.len) : NULL;

	return dot != NULL ? span_of(dot, (size_t)(span_end(name) - dot)) : SPAN_NONE;
}

static bool
is_other_name(struct span plain, struct span name)
{
	struct span end = suffix(plain);

	return name.len > 0 && end.len > 0 && !span_eq_nocase(end, suffix(name)) && !span_eq(span_first(name, plain.len), plain);
}

static enum archive_result
tell_plain(struct walk *w, const struct header *h)
{
	struct archive_member m = { .name = h->name, .size = h->content.len, .content = h->content };
	enum archive_result result;

	m.directory = h->type == '5';
	if (m.directory || (h->type >= '1' && h->type <= '6'))
		m.content = SPAN_NONE;
	result = reading_charge(w->r, m.content.len);
	return archive_worse(result, reading_tell(w->r, &m));
}

/* A member as an old program sees it. */
static enum archive_result
see_member(struct walk *w, const struct header *h)
{
	struct override o = w->next;
	uint64_t size;

	w->next = (struct override){ .name = SPAN_NONE };
	if (o.size.len > 0 && span_to_u64(o.size, &size) && size != h->content.len)
		w->apart = true;
	if (w->apart || is_other_name(h->name, o.name)) {
		reading_trait(w->r, TRAIT_INCONSISTENT);
		return tell_plain(w, h);
	}
	return ARCHIVE_READ;
}

/* What new programs have for the next member may be for this one, or not. */
static enum archive_result
see_record(struct walk *w, const struct header *h)
{
	if (w->apart)
		reading_trait(w->r, TRAIT_INCONSISTENT);
	return h->content.len > 0 ? tell_plain(w, h) : ARCHIVE_READ;
}

static enum archive_result
see(struct walk *w, const struct header *h)
{
	switch (h->type) {
	case 'x':
		take_pax(&w->next, h->content);
		return ARCHIVE_READ;
	case 'L':
		w->next.name = span_first(h->content, span_find_byte(h->content, '\0'));
		return ARCHIVE_READ;
	case 'K':
	case 'g':
		return ARCHIVE_READ;
	case 'D':
	case 'V':
		return see_record(w, h);
	default:
		return see_member(w, h);
	}
}

/* GNU's map of a sparse file may go on before its content. */
static void
skip_sparse_map(struct walk *w, struct span block)
{
	struct span more = block;
	size_t flag = SPARSE_MORE_AT;

	while (more.len == BLOCK && block.data[TYPE_AT] == 'S' && more.data[flag] == 1) {
		more = span_first(span_from(w->r->data, w->at), BLOCK);
		w->at += BLOCK;
		flag = SPARSE_STILL_MORE_AT;
	}
}

static enum archive_result
walk(struct walk *w)
{
	enum archive_result result = ARCHIVE_READ;
	bool ended = false;

	while (w->at + BLOCK <= w->r->data.len && !w->r->stopped && result != ARCHIVE_OVER_LIMIT) {
		struct span block = span_first(span_from(w->r->data, w->at), BLOCK);
		struct header h = { .type = block.data[TYPE_AT] };

		w->at += BLOCK;
		if (!is_header(block, ended)) {
			ended = true;
			continue;
		}
		w->apart = w->apart || ended;
		skip_sparse_map(w, block);
		h.name = name_of(w->r->arena, block);
		h.content = span_from(w->r->data, w->at);
		h.content = span_first(h.content, size_of(block) < h.content.len ? (size_t)size_of(block) : h.content.len);
		result = archive_worse(result, see(w, &h));
		w->at += (h.content.len + BLOCK - 1) / BLOCK * BLOCK;
	}
	return result;
}

/* What libarchive takes for no tar at all, an old program may unpack. */
enum archive_result
archive_read_tar(struct archive_reading *r)
{
	enum archive_result result = archive_read_by(r, archive_read_support_format_tar, NULL, false), seen;
	struct walk w = { .r = r, .apart = result == ARCHIVE_NONE };
	uint64_t told = r->budget->entries;

	if (r->stopped || result == ARCHIVE_OVER_LIMIT)
		return result;
	seen = walk(&w);
	return result == ARCHIVE_NONE && r->budget->entries == told ? ARCHIVE_NONE : archive_worse(result, seen);
}
