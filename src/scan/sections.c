/* The table of sections. A multipart that is the root of a message inside has
 * the number of the part that holds it, and is told as that part alone; files in
 * a text, and what lies in an encoded message, have no number in IMAP. */
#include "config.h"

#include "scan/sections.h"

#include "rewrite/compose.h"

struct listing {
	struct mime_message *message;
	struct scratch *scratch;
	struct scan_section *items;
	size_t count, cap;
	bool doubtful;       /* a container is encoded, which it must not be */
};

static struct scan_range
range_of(const struct mime_message *m, struct span s)
{
	return (struct scan_range){ offset_in(m, s), s.len };
}

static struct scan_section *
add(struct listing *l, const char *section)
{
	struct scan_section *s;

	l->items = arena_grow(l->message->arena, l->items, sizeof(*l->items), &l->cap, l->count + 1);
	s = &l->items[l->count++];
	*s = (struct scan_section){ .section = span_str(section) };
	return s;
}

/* The message whose root that is lies in `whole`. */
static void
tell_message(const struct listing *l, struct scan_section *s, struct span whole, const struct mime_part *root)
{
	s->is_message = true;
	s->body = range_of(l->message, whole);
	s->header = range_of(l->message, root->head);
	s->text = (struct scan_range){ s->header.offset + root->head.len, whole.len - root->head.len };
}

static enum scan_encoding
encoding_of(const struct mime_part *p)
{
	switch (p->encodings->encoding) {
	case ENCODING_IDENTITY:
		return SCAN_ENCODING_NONE;
	case ENCODING_BASE64:
		return SCAN_ENCODING_BASE64;
	case ENCODING_QUOTED_PRINTABLE:
		return SCAN_ENCODING_QUOTED;
	default:
		return SCAN_ENCODING_OTHER;
	}
}

static bool
has_parts(const struct mime_part *p)
{
	return p->kind != PART_LEAF && p->first_child != NULL && !p->first_child->detached;
}

static void
tell_part(struct listing *l, struct scan_section *s, const struct mime_part *p)
{
	s->mime = range_of(l->message, p->head);
	s->body = range_of(l->message, p->body);
	s->decoded_octets = p->body.len;
	if (has_parts(p)) {
		if (p->kind == PART_MESSAGE)
			tell_message(l, s, p->body, p->first_child);
		return;
	}
	s->encoding = encoding_of(p);
	if (s->encoding == SCAN_ENCODING_BASE64 || s->encoding == SCAN_ENCODING_QUOTED)
		s->decoded_octets = mime_decode_body(l->message, p, p->encodings->encoding, l->scratch).len;
}

static bool
is_multipart_of_message(const struct mime_part *p)
{
	return p->kind == PART_MULTIPART && (p->parent == NULL || p->parent->kind == PART_MESSAGE);
}

/* One whose parts cannot be told is told as if it had none. */
static const char *
number_of(const struct listing *l, const struct mime_part *p)
{
	if (!is_multipart_of_message(p))
		return p->section;
	return p->section[0] != '\0' ? arena_printf(l->message->arena, "%s.1", p->section) : "1";
}

static void
list(struct listing *l, const struct mime_part *p)
{
	if (l->count > SCAN_SECTIONS_MAX)
		return;
	if (!has_parts(p)) {
		l->doubtful |= p->kind != PART_LEAF;
		tell_part(l, add(l, number_of(l, p)), p);
		return;
	}
	if (!is_multipart_of_message(p))
		tell_part(l, add(l, p->section), p);
	for (const struct mime_part *child = p->first_child; child != NULL; child = child->next)
		list(l, child);
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
	struct scan_section *whole = add(&l, "");

	tell_message(&l, whole, m->raw, m->root);
	whole->decoded_octets = m->raw.len;
	list(&l, m->root);
	r->sections = l.items;
	r->section_count = l.count <= SCAN_SECTIONS_MAX ? l.count : 0;
	r->sections_doubtful = l.doubtful || has_doubts(m);
}
