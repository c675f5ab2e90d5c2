/* A leaf's body in every reading: the candidate encodings in turn. */
#include "config.h"

#include "mime/decode.h"

void
mime_bodies_begin(struct mime_bodies *b, struct mime_message *m, const struct mime_part *part,
    struct scratch *scratch)
{
	*b = (struct mime_bodies){ .message = m, .part = part, .scratch = scratch, .at = part->encodings };
}

bool
mime_bodies_next(struct mime_bodies *b)
{
	if (b->at == NULL || b->count == BODY_READINGS_MAX)
		return false;
	b->first = b->count++ == 0;
	b->encoding = b->at->encoding;
	b->content = mime_decode_body(b->message, b->part, b->encoding, b->scratch);
	b->at = b->at->next;
	return true;
}
