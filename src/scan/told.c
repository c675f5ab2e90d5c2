/* The message as it is shown is made, and read as any other is. */
#include "config.h"

#include "scan/told.h"

#include "mime/imap_structure.h"
#include "scan/sections.h"

struct applying {
	struct span original;
	char *at;
};

static bool
put_piece(void *context, bool original, uint64_t offset, struct span bytes)
{
	struct applying *a = context;
	struct span piece = original ? span_first(span_from(a->original, (size_t)offset), bytes.len) : bytes;

	if (piece.len > 0)
		memcpy(a->at, piece.data, piece.len);
	a->at += piece.len;
	return true;
}

/* data == NULL: too much of it is new. */
static struct span
shown_message(const struct scan_answer *r, const struct mime_message *m)
{
	struct applying a = { .original = m->raw };
	size_t len = m->raw.len, replaced = 0;
	char *begin;

	for (size_t i = 0; i < r->edit_count; i++) {
		replaced += r->edits[i].replacement.len;
		len += r->edits[i].replacement.len - (size_t)r->edits[i].length;
	}
	if (replaced > SCAN_REPLACED_MAX)
		return SPAN_NONE;
	begin = a.at = arena_alloc_raw(m->arena, len + 1);
	edits_stream(r->edits, r->edit_count, m->raw.len, put_piece, &a);
	return span_of(begin, len);
}

static bool
tell_structure(struct scan_told *told, const struct mime_message *shown)
{
	struct text envelope = { .arena = shown->arena }, body = envelope, bodystructure = envelope;

	imap_print_envelope(&envelope, shown->root);
	imap_print_body(&body, shown, false);
	imap_print_body(&bodystructure, shown, true);
	*told = (struct scan_told){ text_span(&envelope), text_span(&body), text_span(&bodystructure), shown->raw.len };
	return envelope.len + body.len + bodystructure.len <= SCAN_TOLD_MAX && scan_is_list(told->bodystructure);
}

bool
scan_tell(struct scan_answer *r, struct mime_message *m, struct scratch *scratch)
{
	struct span bytes = shown_message(r, m);
	struct mime_message *shown;

	if (bytes.data == NULL)
		return false;
	shown = mime_parse(m->arena, bytes, &m->limits);
	if (!tell_structure(&r->told, shown))
		return false;
	scan_sections(r, shown, scratch);
	for (size_t i = 0; i < r->section_count; i++)
		if (r->sections[i].header.octets > SCAN_HEADER_MAX)
			return false;
	r->has_told = true;
	return r->section_count > 0;
}
