/* Plain text as ClamAV has it before it looks for signatures: lower case, one
 * space for any blanks, and nothing that is not printable ASCII. */
#include "config.h"

#include "engine/clamav_db.h"

struct span
clam_text_normal(struct span text, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c == ' ' || (c >= '\t' && c <= '\r')) {
			if (len == 0 || out[len - 1] != ' ')
				out[len++] = ' ';
		} else if (c > ' ' && c < 0x80) {
			out[len++] = ascii_lower((char)c);
		}
	}
	return span_of(out, len);
}
