/* Files that stand in a text as text: uuencode, yEnc, BinHex. Each becomes a
 * leaf of its own under the text; in a part whose transfer encoding says that it
 * is all such a file, the first one is the part.
 *
 * First lines are found by words that they hold, each kind's apart, so a text is
 * gone over once for each word and once for the data in it. A base64 or
 * quoted-printable text is decoded for the search, into room that the next one
 * uses again unless a file was found, or the part keeps it for the scan; or fields, which some programs take for
 * those of a message: it is swept for its parts later. */
#include "config.h"

#include "mime/embedded.h"

#include "mime/decode.h"
#include "mime/defects.h"
#include "mime/parser.h"
#include "mime/quoted_printable.h"
#include "mime/suspects.h"
#include "mime/utf8.h"

static const struct kind {
	const char *mark; /* the first line begins with it */
	const char *suffix;
	enum mime_encoding encoding;
	bool (*begins)(struct span text, struct embedded_file *file);
	void (*ends)(struct span text, struct embedded_file *file);
	enum defect unfinished;
} kinds[] = {
	{ "begin", "uu", ENCODING_UUENCODE, uu_begins, uu_ends, DEFECT_UUENCODE_UNFINISHED },
	{ "=ybegin ", "yenc", ENCODING_YENC, yenc_begins, yenc_ends, DEFECT_YENC_MALFORMED },
	{ "(This file m", "hqx", ENCODING_BINHEX, binhex_begins, binhex_ends, DEFECT_BINHEX_MALFORMED },
	{ "begin-base64 ", "uu", ENCODING_BASE64, begin_base64_begins, begin_base64_ends, DEFECT_UUENCODE_UNFINISHED },
	{ "Begin", "uu", ENCODING_UUENCODE, uu_begins, uu_ends, DEFECT_UUENCODE_UNFINISHED },
	{ "BEGIN", "uu", ENCODING_UUENCODE, uu_begins, uu_ends, DEFECT_UUENCODE_UNFINISHED },
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

struct span
embedded_line(struct span *rest)
{
	size_t len = 0, end;
	struct span line;

	/* A bare CR ends a line for some programs. */
	while (len < rest->len && rest->data[len] != '\n' && rest->data[len] != '\r')
		len++;
	line = span_first(*rest, len);
	end = len + 1 < rest->len && rest->data[len] == '\r' && rest->data[len + 1] == '\n' ? len + 2 : len + 1;
	*rest = span_from(*rest, end);
	return line;
}

bool
embedded_begins_at(struct span line)
{
	for (size_t i = 0; i < KINDS; i++)
		if (span_starts(line, kinds[i].mark))
			return true;
	return false;
}

bool
embedded_stands_in(struct span text)
{
	while (text.len > 0)
		if (embedded_begins_at(embedded_line(&text)))
			return true;
	return false;
}

/* For some program. */
static bool
ends_line(char c)
{
	return c >= '\n' && c <= '\r';
}

/* Where the next file of that kind begins; SIZE_MAX where none does. */
static size_t
find_begin(const struct kind *kind, struct span text, size_t from, struct embedded_file *file)
{
	struct span mark = span_str(kind->mark);

	for (;;) {
		size_t at = span_find(span_from(text, from), mark);

		if (at == SIZE_MAX)
			return SIZE_MAX;
		from += at;
		if ((from == 0 || ends_line(text.data[from - 1])) && kind->begins(span_from(text, from), file))
			return from;
		from += mark.len;
	}
}

/* The files of a text in turn. */
struct search {
	struct span text;
	size_t at;
	size_t next[KINDS]; /* where the next of each kind begins */
	struct embedded_file files[KINDS];
};

/* In the marks of all kinds but one stands the same word, in most texts nowhere. */
static void
search_begin(struct search *s, struct span text)
{
	bool begins = span_find_nocase(text, SPAN_LITERAL("begin")) != SIZE_MAX;

	*s = (struct search){ .text = text };
	for (size_t i = 0; i < KINDS; i++)
		s->next[i] = begins || kinds[i].encoding == ENCODING_BINHEX ?
		    find_begin(&kinds[i], text, 0, &s->files[i]) : SIZE_MAX;
}

/* NULL when there are no more. */
static const struct kind *
search_next(struct search *s, struct embedded_file *file)
{
	size_t first = 0;

	for (size_t i = 0; i < KINDS; i++) {
		if (s->next[i] != SIZE_MAX && s->next[i] < s->at)
			s->next[i] = find_begin(&kinds[i], s->text, s->at, &s->files[i]);
		if (s->next[i] < s->next[first])
			first = i;
	}
	if (s->next[first] == SIZE_MAX)
		return NULL;
	*file = s->files[first];
	kinds[first].ends(span_from(s->text, s->next[first]), file);
	s->at = s->next[first] + file->whole.len;
	return &kinds[first];
}

static bool
find_first(enum mime_encoding encoding, struct span text, struct embedded_file *first)
{
	const struct kind *kind = NULL;
	size_t begin = SIZE_MAX;

	for (size_t i = 0; i < KINDS; i++) {
		struct embedded_file file;
		size_t at = kinds[i].encoding == encoding ? find_begin(&kinds[i], text, 0, &file) : SIZE_MAX;

		if (at >= begin)
			continue;
		begin = at;
		kind = &kinds[i];
		*first = file;
	}
	if (kind != NULL)
		kind->ends(span_from(text, begin), first);
	return kind != NULL;
}

bool
embedded_find_uu(struct span text, struct embedded_file *file)
{
	return find_first(ENCODING_UUENCODE, text, file);
}

bool
embedded_find_yenc(struct span text, struct embedded_file *file)
{
	return find_first(ENCODING_YENC, text, file);
}

bool
embedded_find_binhex(struct span text, struct embedded_file *file)
{
	return find_first(ENCODING_BINHEX, text, file);
}

static struct mime_part *
add_child(struct parser *p, struct mime_part *part, const struct kind *kind, const struct embedded_file *file, size_t n)
{
	struct mime_part *child = parser_new_child(p, part);

	if (child == NULL)
		return NULL;
	child->section = arena_printf(p->m->arena, "%s!%s%zu", part->section, kind->suffix, n);
	child->whole = child->body = file->whole;
	if (kind->encoding == ENCODING_BASE64)
		child->body = file->lines;
	child->head = span_first(file->whole, 0);
	content_read(p->m, child, "application/octet-stream");
	child->encodings->encoding = kind->encoding;
	parser_add_leaf(p, child);
	return child;
}

/* The name that stands in the data. */
static struct span
binhex_name(struct arena *a, struct span text)
{
	enum { HEADER_MAX = 1024 }; /* of the decoded text; a name has at most 255 bytes */
	char *room = arena_alloc_raw(a, HEADER_MAX);
	struct binhex b;

	binhex_decode(span_first(text, HEADER_MAX), room, HEADER_MAX, &b);
	return b.name;
}

static void
describe(struct parser *p, struct mime_part *part, const struct kind *kind, const struct embedded_file *file)
{
	struct span name = kind->encoding == ENCODING_BINHEX ? binhex_name(p->m->arena, file->whole) : file->name;

	content_add_name(p->m, part, utf8_guess(p->m->arena, name));
	if (!file->finished)
		defect_add(p->m, part, kind->unfinished);
}

/* The first kind whose files are counted with this kind's. */
static size_t
first_alike(const struct kind *kind)
{
	size_t i = 0;

	while (strcmp(kinds[i].suffix, kind->suffix) != 0)
		i++;
	return i;
}

/* True when there was any. */
static bool
find_files(struct parser *p, struct mime_part *part, struct span text, bool detached)
{
	struct mime_part **last = &part->first_child;
	size_t count[KINDS] = { 0 }, n = 0;
	struct embedded_file file;
	const struct kind *kind;
	struct search search;

	for (search_begin(&search, text); (kind = search_next(&search, &file)) != NULL; n++) {
		struct mime_part *child = part;
		size_t *number = &count[first_alike(kind)];

		++*number;
		if (n > 0 || kind->encoding != part->encodings->encoding || kind->encoding == ENCODING_BASE64) {
			child = add_child(p, part, kind, &file, *number);
			if (child == NULL)
				return true;
			child->detached |= detached;
			*last = child;
			last = &child->next;
		}
		describe(p, child, kind, &file);
	}
	return n > 0;
}

/* Room that is the parser's until the text in it is kept. */
static char *
room_for(struct parser *p, size_t len)
{
	p->room = arena_grow(p->m->arena, p->room, 1, &p->room_cap, len);
	return p->room;
}

static struct span
decode_base64(struct parser *p, struct span body)
{
	char *room = room_for(p, body.len);
	bool strict;

	return span_of(room, base64_decode(body, room, &strict));
}

/* As far as there is room for it, the part keeps what was decoded. */
static struct span
decode_quoted_printable(struct parser *p, struct mime_part *part)
{
	bool keeps = part->body.len <= p->keep_left;
	char *room = keeps ? arena_alloc_raw(p->m->arena, part->body.len) : room_for(p, part->body.len);
	struct mime_decoded decoded = { .body = part->body }, *kept;

	decoded.text = span_of(room, quoted_printable_decode_flaws(part->body, room, &decoded.flaws));
	if (keeps) {
		p->keep_left -= part->body.len;
		kept = ARENA_NEW(p->m->arena, struct mime_decoded);
		*kept = decoded;
		part->decoded = kept;
	}
	return decoded.text;
}

/* Does the first line that is not empty begin a file? */
static bool
begins_with_file(struct span text)
{
	struct span line = span_first(text, 0);

	while (text.len > 0 && line.len == 0)
		line = embedded_line(&text);
	return embedded_begins_at(line);
}

/* Encoded, and text all the same. */
static bool
holds_text(const struct mime_part *part)
{
	static const char *const suffixes[] = { ".hqx", ".uue", ".uu", ".ync", ".yenc" };
	struct span type = span_str(part->types->type);

	if (span_starts(type, "text/") || span_find(type, SPAN_LITERAL("binhex")) != SIZE_MAX)
		return true;
	if (part->encodings->encoding == ENCODING_QUOTED_PRINTABLE && begins_with_file(part->body))
		return true;
	for (const struct mime_name *n = part->names; n != NULL; n = n->next)
		for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
			if (span_ends_nocase(n->name, suffixes[i]))
				return true;
	return false;
}

/* Do fields of a part stand in the decoded text? In the text of a shadow none are
 * looked for: that would go on without end. */
static bool
find_message(struct parser *p, struct mime_part *part, struct span text)
{
	const char *end = span_end(text);

	if (p->sweeping || suspects_next_fields(text, text.data) == end)
		return false;
	parser_keep_inner(p, part, text, suspects_header_follows(text.data, end));
	p->doubt = true;
	return true;
}

/* In a text that has to be decoded. */
static void
read_encoded(struct parser *p, struct mime_part *part)
{
	bool base64 = part->encodings->encoding == ENCODING_BASE64;
	struct span text = base64 ? decode_base64(p, part->body) : decode_quoted_printable(p, part);
	bool files = find_files(p, part, text, true);

	if (!find_message(p, part, text) && !files)
		return;
	p->room = NULL;
	p->room_cap = 0;
}

void
embedded_read(struct parser *p, struct mime_part *part)
{
	enum mime_encoding encoding = part->encodings->encoding;

	if (encoding != ENCODING_BASE64 && encoding != ENCODING_QUOTED_PRINTABLE)
		find_files(p, part, part->body, false);
	else if (part->body.len > 0 && holds_text(part))
		read_encoded(p, part);
}
