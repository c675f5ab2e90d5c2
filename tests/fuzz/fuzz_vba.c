/* The packing of macros and of rich text, and the names of what runs by
 * itself. What is unpacked stays within the room that there is. */
#include "config.h"

#include "engine/lzfu.h"
#include "engine/vba.h"

#include <stdlib.h>

enum { ROOM = 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of((const char *)data, size);
	struct buf out;

	buf_init(&out, ROOM);
	vba_decompress(in, &out);
	vba_runs_by_itself(SPAN_LITERAL("AutoOpen"), buf_span(&out));
	buf_clear(&out);
	lzfu_decode(in, &out);
	if (out.len > ROOM)
		abort();
	buf_free(&out);
	vba_runs_by_itself(SPAN_LITERAL("AutoOpen"), in);
	return 0;
}
