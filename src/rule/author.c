/* Authors. Each is held against each of a user's patterns, so they are bounded
 * as those are. */
#include "config.h"

#include "rule/author.h"

#include "base/pattern.h"

enum {
	/* 64 octets, "@" and 255 (RFC 5321 4.5.3.1): a longer one is no address. */
	AUTHOR_MAX = 64 + 1 + 255,
	/* Together. A line of a header has 998. */
	AUTHORS_OCTETS_MAX = 8 * 1024,
};

void
authors_of(struct arena *a, const struct mime_message *m, const struct rule_envelope *envelope,
    struct mailboxes *out)
{
	const struct mime_header *h = NULL;
	size_t octets = 0, kept = 0;

	*out = (struct mailboxes){ 0 };
	if (envelope->protocol == PROTOCOL_SMTP || envelope->protocol == PROTOCOL_LMTP)
		mailboxes_add(a, out, envelope->sender);
	while ((h = mime_header_find(m->root, SPAN_LITERAL("From"), h)) != NULL)
		mailboxes_read(a, mime_header_unfolded(a, h), out);
	for (size_t i = 0; i < out->count; i++) {
		if (out->items[i].len > AUTHOR_MAX || octets + out->items[i].len > AUTHORS_OCTETS_MAX)
			continue;
		octets += out->items[i].len;
		out->items[kept++] = out->items[i];
	}
	out->count = kept;
}

bool
authors_match(const struct mailboxes *authors, const struct span *patterns, size_t count)
{
	for (size_t i = 0; i < authors->count; i++)
		for (size_t k = 0; k < count; k++)
			if (pattern_matches(patterns[k], authors->items[i]))
				return true;
	return false;
}
