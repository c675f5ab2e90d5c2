/* Readings of a text: bounded, different, valid UTF-8. The first octet chooses
 * the charset that is given, and whether the text is HTML. */
#include "config.h"

#include "mime/charset.h"
#include "mime/utf8.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const charsets[] = { "us-ascii", "utf-8", "iso-8859-1", "utf-7", "utf-16", "utf-32",
		"iso-2022-jp", "hz-gb-2312", "gb2312", "shift_jis", "x-unheard-of", "iso-2022-kr" };
	enum { CHARSETS = sizeof(charsets) / sizeof(charsets[0]) };
	struct arena *a;
	struct charset_readings r;
	const char *given[2];

	if (size == 0)
		return 0;
	a = arena_new(0);
	given[0] = charsets[data[0] / 2 % CHARSETS];
	given[1] = charsets[(data[0] / 2 + 1) % CHARSETS];
	charset_read(a, span_of((const char *)data + 1, size - 1), given, 1 + data[0] / 128, (data[0] & 1) != 0, &r);
	if (r.count < 1 || r.count > CHARSET_READINGS_MAX)
		abort();
	for (size_t i = 0; i < r.count; i++)
		if (!utf8_valid(r.items[i]) || (i > 0 && span_eq(r.items[i], r.items[0])))
			abort();
	arena_free(&a);
	return 0;
}
