#include "config.h"

#include "mime_dump.h"

static const char *const kinds[] = { "leaf", "multipart", "message" };
static const char *const encodings[] = { "identity", "base64", "quoted-printable", "uuencode", "yenc", "binhex", "unknown" };

static void
dump_text(struct buf *out, const char *label, struct span s)
{
	buf_printf(out, " %s=\"", label);
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];

		if (c == '\r') /* so that trees with CRLF and LF are alike */
			continue;
		if (c < ' ' || c == '"' || c == '\\' || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else
			buf_add_byte(out, (char)c);
	}
	buf_add_byte(out, '"');
}

static void
dump_params(struct buf *out, const struct mime_type *type)
{
	for (const struct mime_param *p = type->params; p != NULL; p = p->next)
		if (strcmp(p->name, "boundary") != 0)
			dump_text(out, p->name, p->value);
}

static void
dump_part(struct buf *out, struct mime_message *m, const struct mime_part *part, struct scratch *scratch, bool sizes)
{
	const struct mime_type *type = part->types;

	buf_printf(out, "%*s[%s] %s %s %s", (int)part->depth * 2, "", part->section, kinds[part->kind], type->type,
	    encodings[part->encodings->encoding]);
	dump_params(out, type);
	if (part->disposition != NULL)
		buf_printf(out, " disposition=%s", part->disposition);
	if (part->detached)
		buf_add_str(out, " detached");
	buf_printf(out, " fields=%zu", part->header_count);
	if (sizes)
		buf_printf(out, " head=%zu body=%zu", part->head.len, part->body.len);
	if (part->kind == PART_LEAF) {
		struct span body = mime_decode_body(m, part, part->encodings->encoding, scratch);

		if (sizes)
			buf_printf(out, " decoded=%zu", body.len);
	}
	buf_add_byte(out, '\n');
	while ((type = type->next) != NULL) {
		buf_printf(out, "%*s  or type %s", (int)part->depth * 2, "", type->type);
		dump_params(out, type);
		buf_add_byte(out, '\n');
	}
	for (const struct mime_encodings *e = part->encodings->next; e != NULL; e = e->next)
		buf_printf(out, "%*s  or encoding %s\n", (int)part->depth * 2, "", encodings[e->encoding]);
	for (const struct mime_name *n = part->names; n != NULL; n = n->next) {
		buf_printf(out, "%*s ", (int)part->depth * 2, "");
		dump_text(out, "name", n->name);
		buf_add_byte(out, '\n');
	}
	if (part->preamble.len > 0 || part->epilogue.len > 0) {
		buf_printf(out, "%*s ", (int)part->depth * 2, "");
		dump_text(out, "preamble", span_trim(part->preamble));
		dump_text(out, "epilogue", span_trim(part->epilogue));
		buf_add_byte(out, '\n');
	}
	for (const struct mime_part *child = part->first_child; child != NULL; child = child->next)
		dump_part(out, m, child, scratch, sizes);
}

/* Its body begins with its first line, ends with its last. */
static void
dump_shadow(struct buf *out, const struct mime_part *part)
{
	struct span body = span_trim(part->body), last = body;

	while (span_find_byte(last, '\n') != SIZE_MAX)
		last = span_from(last, span_find_byte(last, '\n') + 1);
	buf_printf(out, "shadow [%s]", part->section);
	for (const struct mime_type *type = part->types; type != NULL; type = type->next)
		buf_printf(out, " %s", type->type);
	for (const struct mime_encodings *e = part->encodings; e != NULL; e = e->next)
		buf_printf(out, " %s", encodings[e->encoding]);
	for (const struct mime_name *n = part->names; n != NULL; n = n->next)
		dump_text(out, "name", n->name);
	if (part->detached)
		buf_add_str(out, " detached");
	dump_text(out, "from", span_first(body, span_find_byte(body, '\n')));
	dump_text(out, "to", last);
	buf_add_byte(out, '\n');
}

void
mime_dump(struct buf *out, struct mime_message *m, struct scratch *scratch, bool sizes)
{
	dump_part(out, m, m->root, scratch, sizes);
	for (const struct mime_part *part = m->first_shadow; part != NULL; part = part->next_leaf)
		dump_shadow(out, part);
	buf_add_str(out, "leaves");
	for (const struct mime_part *part = m->first_leaf; part != NULL; part = part->next_leaf)
		buf_printf(out, " [%s]", part->section);
	buf_printf(out, "\nparts %zu readings %zu%s\n", m->part_count, m->readings, m->over_limit ? " over limit" : "");
	for (const struct mime_defect *d = m->defects; d != NULL; d = d->next)
		buf_printf(out, "defect [%s] %s%s\n", d->section, d->name, d->hides ? " (hides)" : "");
}
