/* The notice for what could not be scanned, over any bytes. Its edits fit the
 * message, and what they leave has one header, no field of the content but
 * ours, and no content but the notice. */
#include "config.h"

#include "scan/request.h"

#include "base/buf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct source {
	struct buf out;
	struct span message;
};

static bool
add_piece(void *context, bool original, uint64_t offset, struct span bytes)
{
	struct source *s = context;

	buf_add(&s->out, original ? s->message.data + offset : bytes.data, bytes.len);
	return true;
}

static void
require(bool truth)
{
	if (!truth)
		abort();
}

/* All that stands before our fields is fields. */
static void
check_kept(struct span kept)
{
	struct span line;

	while (kept.len > 0 && span_split(&kept, '\n', &line)) {
		struct span name = span_first(line, span_find_byte(line, ':'));

		require(span_trim(line).len > 0);
		require(line.data[0] == ' ' || line.data[0] == '\t' || name.len < line.len);
		if (line.data[0] != ' ' && line.data[0] != '\t')
			require(!span_starts_nocase(name, "Content-") && !span_is_nocase(span_trim(name), "MIME-Version"));
		if (line.data[line.len - 1] == '\r')
			line.len--;
		require(span_find_byte(line, '\r') == SIZE_MAX);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char ours[] = "X-Gatepost-Incomplete: not scanned";
	static const struct span end = SPAN_LITERAL("postmaster.");
	struct source source = { .message = span_of((const char *)data, size) };
	struct arena *a = arena_new(0);
	size_t head = size > 0 ? data[0] % 2 == 0 ? size : size / 2 : 0, at;
	struct scan_answer r;
	struct span result;

	scan_answer_withhold(a, &r, span_first(source.message, head), size, "why");
	require(edits_stream(r.edits, r.edit_count, size, add_piece, &source));
	result = buf_span(&source.out);
	require(r.edit_count > 0 && span_trim(result).len > end.len);
	require(span_eq(span_from(span_trim(result), span_trim(result).len - end.len), end));
	for (at = 0; !span_starts(span_from(result, at), ours); at += span_find_byte(span_from(result, at), '\n') + 1)
		require(span_find_byte(span_from(result, at), '\n') != SIZE_MAX);
	check_kept(span_first(result, at));
	buf_free(&source.out);
	arena_free(&a);
	return 0;
}
