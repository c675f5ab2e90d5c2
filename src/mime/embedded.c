/* Files that stand in a text as text. */
#include "config.h"

#include "mime/defects.h"
#include "mime/parser.h"
#include "mime/utf8.h"
#include "mime/uuencode.h"

/* Files that are uuencoded in a text become leaves of their own; the first one
 * in a part that is all uuencode is the part. */
static void
find_uuencoded(struct parser *p, struct mime_part *part)
{
	bool whole = part->encodings->encoding == ENCODING_UUENCODE;
	struct mime_part **last = &part->first_child;
	struct span text = part->body;
	struct uu_file file;

	for (size_t n = 1; uu_find(text, &file); n++) {
		struct mime_part *child = part;

		text = span_from(text, (size_t)(span_end(file.whole) - text.data));
		if (!whole || n > 1) {
			child = parser_new_child(p, part);
			if (child == NULL)
				return;
			child->section = arena_printf(p->m->arena, "%s!uu%zu", part->section, n);
			child->whole = child->body = file.whole;
			child->head = span_first(file.whole, 0);
			content_read(p->m, child, "application/octet-stream");
			child->encodings->encoding = ENCODING_UUENCODE;
			parser_add_leaf(p, child);
			*last = child;
			last = &child->next;
		}
		content_add_name(p->m, child, utf8_guess(p->m->arena, file.name));
		if (!file.finished)
			defect_add(p->m, child, DEFECT_UUENCODE_UNFINISHED);
	}
}

static bool
may_hold_uuencode(const struct mime_part *part)
{
	struct span type = span_str(part->types->type);
	enum mime_encoding encoding = part->encodings->encoding;

	return encoding == ENCODING_UUENCODE || ((encoding == ENCODING_IDENTITY || encoding == ENCODING_UNKNOWN) &&
	    (span_starts(type, "text/") || span_starts(type, "multipart/")));
}

void
embedded_read(struct parser *p, struct mime_part *part)
{
	if (may_hold_uuencode(part))
		find_uuencoded(p, part);
}
