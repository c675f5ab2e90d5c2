/* Views as a broken file may hold them. What decodes has edits that fit, shows
 * as many octets as it says, and is the same when it is remembered once more. */
#include "config.h"

#include "proxy/edited.h"
#include "proxy/view.h"

#include <stdlib.h>

enum { ORIGINAL_MAX = 64 * 1024 }; /* of which a whole one is made */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
same_or_abort(struct arena *a, const struct message_view *v)
{
	struct buf once = { 0 }, twice = { 0 };
	struct message_view again;

	view_encode(&once, v);
	if (!view_decode(a, buf_span(&once), &again))
		abort();
	view_encode(&twice, &again);
	if (!span_eq(buf_span(&once), buf_span(&twice)) || view_withholds(v) != view_withholds(&again))
		abort();
	buf_free(&once);
	buf_free(&twice);
}

static bool
count_octets(void *context, struct span bytes)
{
	*(uint64_t *)context += bytes.len;
	return true;
}

static void
shows_or_abort(const struct message_view *v)
{
	static const char original[ORIGINAL_MAX];
	struct edited e = {
		.memory = span_of(original, (size_t)v->octets), .file = -1, .size = v->octets, .edits = v->edits,
		.edit_count = v->edit_count,
	};
	uint64_t expected = edited_size(&e), octets = 0;
	int got;

	while ((got = edited_next(&e, count_octets, &octets)) == 1)
		;
	if (got != 0 || octets != expected)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(0);
	struct message_view v;

	if (view_decode(a, span_of((const char *)data, size), &v)) {
		if (!edits_valid(v.edits, v.edit_count, v.octets))
			abort();
		same_or_abort(a, &v);
		if (v.octets <= ORIGINAL_MAX)
			shows_or_abort(&v);
	}
	arena_free(&a);
	return 0;
}
