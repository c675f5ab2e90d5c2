/* BinHex: the first two bytes say how much room there is; forks lie in it. */
#include "config.h"

#include "mime/embedded.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require_within(struct span inner, const char *out, size_t room)
{
	if (inner.len > 0 && (inner.data < out || inner.data + inner.len > out + room))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct binhex b;
	struct span in;
	size_t room, length;
	char *out;

	if (size < 2)
		return 0;
	room = (size_t)data[0] << 8 | data[1];
	in = span_of((const char *)data + 2, size - 2);
	length = binhex_length(in);
	out = malloc(room > 0 ? room : 1);
	if (out == NULL)
		abort();
	binhex_decode(in, out, room, &b);
	require_within(b.name, out, room);
	require_within(b.data, out, room);
	require_within(b.resource, out, room);
	require_within(b.stream, out, room);
	if (b.cut != (length > room))
		abort();
	free(out);
	return 0;
}
