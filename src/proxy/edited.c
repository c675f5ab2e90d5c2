/* Original and replacements in turn. */
#include "config.h"

#include "proxy/edited.h"

#include <unistd.h>

enum { EDITED_RUN_MAX = 32 * 1024 }; /* octets read from a file at once */

uint64_t
edited_size(const struct edited *e)
{
	uint64_t size = e->size;

	for (size_t i = 0; i < e->edit_count; i++)
		size += e->edits[i].replacement.len - e->edits[i].length;
	return size;
}

bool
edited_owns(const struct edited *e, struct span run)
{
	return run.data >= e->memory.data && run.data < span_end(e->memory);
}

static bool
next_original(struct edited *e, uint64_t end, mail_sink *sink, void *context)
{
	char chunk[EDITED_RUN_MAX];
	uint64_t want = end - e->offset;
	ssize_t n;

	if (e->memory.data != NULL) {
		sink(context, span_first(span_from(e->memory, (size_t)e->offset), (size_t)want));
		e->offset = end;
		return true;
	}
	n = pread(e->file, chunk, want < sizeof(chunk) ? (size_t)want : sizeof(chunk), (off_t)(e->base + e->offset));
	if (n <= 0)
		return false;
	sink(context, span_of(chunk, (size_t)n));
	e->offset += (uint64_t)n;
	return true;
}

int
edited_next(struct edited *e, mail_sink *sink, void *context)
{
	const struct edit *edit = e->edit < e->edit_count ? &e->edits[e->edit] : NULL;

	if (edit != NULL && e->offset == edit->offset) {
		sink(context, edit->replacement);
		e->offset += edit->length;
		e->edit++;
		return 1;
	}
	if (e->offset >= e->size)
		return 0;
	return next_original(e, edit != NULL ? edit->offset : e->size, sink, context) ? 1 : -1;
}
