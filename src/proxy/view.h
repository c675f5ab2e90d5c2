/* What a reader was shown of a message, as the keeper remembers it: so that
 * the same is shown for as long as the message is there, whatever becomes of
 * the rules. */
#ifndef PROXY_VIEW_H
#define PROXY_VIEW_H

#include "scan/request.h"

struct message_view {
	bool judged;          /* all but `failures` counts only then */
	enum verdict verdict;
	bool kept;            /* the original lies in quarantine */
	unsigned failures;    /* how often it could not be scanned, in a row */
	uint64_t listed;      /* octets as the server listed them: that it is the same message */
	uint64_t octets;      /* as they came */
	const struct edit *edits;
	size_t edit_count;
};

/* True when what the reader is shown lacks something of the original: then
 * that is kept, before anybody is told of the message. */
bool view_withholds(const struct message_view *v);

/* For store/views.h. A clean message has 20 octets. */
void view_encode(struct buf *out, const struct message_view *v);
/* Edits lie in the arena, their replacements in `in`. False: malformed, or the
 * edits do not fit the octets. */
bool view_decode(struct arena *a, struct span in, struct message_view *v);

#endif
