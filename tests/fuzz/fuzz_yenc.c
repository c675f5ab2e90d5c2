/* yEnc: a text is searched and what is found decoded, within the promised room. */
#include "config.h"

#include "mime/embedded.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of((const char *)data, size);
	char *out = malloc(size > 0 ? size : 1);
	struct embedded_file file;
	bool strict, dot_stuffed;
	size_t len, unstuffed;

	if (out == NULL)
		abort();
	if (embedded_find_yenc(in, &file) &&
	    (file.whole.len == 0 || span_end(file.whole) > span_end(in) || file.lines.len > file.whole.len))
		abort();
	len = yenc_decode(in, false, out, &strict, &dot_stuffed);
	unstuffed = yenc_decode(in, true, out, &strict, &dot_stuffed);
	if (len > size || unstuffed > len || (!dot_stuffed && unstuffed != len))
		abort();
	free(out);
	return 0;
}
