/* The view of a message by IMAP. It is computed once, when the message was
 * scanned, and kept with its verdict: so every later answer agrees. */
#include "config.h"

#include "mime/imap_structure.h"
#include "scan/imap_view.h"

static bool
is_large(struct span text)
{
	return text.len > SCAN_STRUCTURE_MAX;
}

void
scan_imap_view(struct arena *a, struct span message, const struct mime_limits *limits,
    struct scan_imap *out)
{
	const struct mime_message *m = mime_parse(a, message, limits);
	struct text envelope = { .arena = a }, body = { .arena = a }, bodystructure = { .arena = a };

	*out = (struct scan_imap){ .octets = message.len };
	imap_print_envelope(&envelope, m->root);
	imap_print_body(&body, m, false);
	imap_print_body(&bodystructure, m, true);
	out->too_large = is_large(text_span(&envelope)) || is_large(text_span(&bodystructure));
	if (out->too_large)
		return;
	out->envelope = text_span(&envelope);
	out->body = text_span(&body);
	out->bodystructure = text_span(&bodystructure);
	out->sections = imap_sections(m);
}

void
scan_imap_encode(struct buf *out, const struct scan_imap *v)
{
	struct buf sections = { 0 };

	imap_sections_encode(&sections, v->sections);
	out->failed |= sections.failed;
	buf_put_u64(out, v->octets);
	buf_put_u32(out, v->too_large);
	buf_put_span(out, v->envelope);
	buf_put_span(out, v->body);
	buf_put_span(out, v->bodystructure);
	buf_put_span(out, buf_span(&sections));
	buf_free(&sections);
}

bool
scan_imap_decode(struct arena *a, struct span *in, struct scan_imap *v)
{
	uint32_t too_large;
	struct span sections;

	*v = (struct scan_imap){ 0 };
	take_u64(in, &v->octets);
	take_u32(in, &too_large);
	take_span(in, &v->envelope);
	take_span(in, &v->body);
	take_span(in, &v->bodystructure);
	if (!take_span(in, &sections) || too_large > 1)
		return false;
	v->too_large = too_large;
	return imap_sections_decode(a, sections, v->octets, &v->sections);
}
