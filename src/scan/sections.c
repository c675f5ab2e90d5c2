/* The table of sections, numbered as BODYSTRUCTURE tells the parts
 * (mime/imap_structure.h): a multipart that is the root of a message has no
 * number of its own, and what stands for a part that is none has one. Files in a
 * text have no number in IMAP. */
#include "config.h"

#include "scan/sections.h"

#include "mime/imap_structure.h"
#include "rewrite/compose.h"

struct listing {
	struct mime_message *message;
	struct scratch *scratch;
	struct scan_section *items;
	size_t count, cap;
	bool doubtful;       /* a container is encoded, which it must not be, or empty */
};

static struct scan_range
range_of(const struct mime_message *m, struct span s)
{
	return (struct scan_range){ offset_in(m, s), s.len };
}

/* The index: the table may move when another is added. */
static size_t
add(struct listing *l, const char *section)
{
	l->items = arena_grow(l->message->arena, l->items, sizeof(*l->items), &l->cap, l->count + 1);
	l->items[l->count] = (struct scan_section){ .section = span_str(section) };
	return l->count++;
}

static const char *
number(const struct listing *l, const char *path, size_t n)
{
	return arena_printf(l->message->arena, "%s%s%zu", path, path[0] != '\0' ? "." : "", n);
}

/* By what is told of it. */
static enum scan_encoding
encoding_of(struct arena *a, const struct mime_part *p)
{
	struct span told = imap_encoding(a, p);

	if (span_is_nocase(told, "base64"))
		return SCAN_ENCODING_BASE64;
	if (span_is_nocase(told, "quoted-printable"))
		return SCAN_ENCODING_QUOTED;
	if (span_is_nocase(told, "7bit") || span_is_nocase(told, "8bit") || span_is_nocase(told, "binary"))
		return SCAN_ENCODING_NONE;
	return SCAN_ENCODING_OTHER;
}

static void
tell_encoding(struct listing *l, struct scan_section *s, const struct mime_part *p)
{
	s->decoded_octets = p->body.len;
	if (imap_children(p) != NULL)
		return;
	s->encoding = encoding_of(l->message->arena, p);
	if (s->encoding == SCAN_ENCODING_BASE64)
		s->decoded_octets = mime_decode_body(l->message, p, ENCODING_BASE64, l->scratch).len;
	else if (s->encoding == SCAN_ENCODING_QUOTED)
		s->decoded_octets = mime_decode_body(l->message, p, ENCODING_QUOTED_PRINTABLE, l->scratch).len;
}

/* What stands for the part that a container has to have. */
static void
list_stand_in(struct listing *l, const char *path, struct scan_range body)
{
	size_t at = add(l, number(l, path, 1));

	l->items[at].body = body;
	l->items[at].decoded_octets = body.octets;
	l->doubtful = true;
}

static void list_part(struct listing *l, const char *path, const struct mime_part *p);

static void
list_parts(struct listing *l, const char *path, const struct mime_part *multipart)
{
	size_t n = 0;

	for (const struct mime_part *child = imap_children(multipart); child != NULL; child = imap_next(child))
		list_part(l, number(l, path, ++n), child);
	if (n == 0)
		list_stand_in(l, path, (struct scan_range){ 0 });
}

/* Of a message: its parts, or its body as the one that it has. */
static void
list_content(struct listing *l, const char *path, const struct mime_part *root)
{
	if (imap_kind(root) == IMAP_MULTIPART)
		list_parts(l, path, root);
	else
		list_part(l, number(l, path, 1), root);
}

/* The message whose root that is lies in `whole`. */
static void
tell_message(const struct listing *l, struct scan_section *s, struct span whole, const struct mime_part *root)
{
	s->is_message = true;
	s->body = range_of(l->message, whole);
	s->header = range_of(l->message, root->head);
	s->text = range_of(l->message, root->body);
}

static void
list_message(struct listing *l, const char *path, const struct mime_part *p, size_t at)
{
	const struct mime_part *root = imap_children(p);
	struct scan_section *s = &l->items[at];

	if (root != NULL) {
		tell_message(l, s, p->body, root);
		list_content(l, path, root);
		return;
	}
	s->is_message = true;
	s->text = s->body;
	s->header.offset = s->body.offset;
	list_stand_in(l, path, s->body);
}

static void
list_part(struct listing *l, const char *path, const struct mime_part *p)
{
	size_t at;

	if (l->count > SCAN_SECTIONS_MAX)
		return;
	at = add(l, path);
	l->items[at].mime = range_of(l->message, p->head);
	l->items[at].body = range_of(l->message, p->body);
	tell_encoding(l, &l->items[at], p);
	if (imap_kind(p) == IMAP_MESSAGE)
		list_message(l, path, p, at);
	else if (imap_kind(p) == IMAP_MULTIPART)
		list_parts(l, path, p);
	else
		l->doubtful |= p->kind != PART_LEAF;
}

/* Whatever could hide something is read in several ways by somebody. */
static bool
has_doubts(const struct mime_message *m)
{
	const struct mime_defect *d = m->defects;

	while (d != NULL && !d->hides)
		d = d->next;
	return d != NULL || m->doubtful;
}

void
scan_sections(struct scan_answer *r, struct mime_message *m, struct scratch *scratch)
{
	struct listing l = { .message = m, .scratch = scratch };
	size_t whole = add(&l, "");

	tell_message(&l, &l.items[whole], m->raw, m->root);
	l.items[whole].decoded_octets = m->raw.len;
	list_content(&l, "", m->root);
	r->sections = l.items;
	r->section_count = l.count <= SCAN_SECTIONS_MAX ? l.count : 0;
	r->sections_doubtful = l.doubtful || has_doubts(m);
}
