/* The session is one command: "zINSTREAM" and NUL, so that the reply ends with
 * NUL too, then the chunks. A reply is "stream: OK", "stream: NAME FOUND", or
 * a sentence that ends in "ERROR". */
#include "config.h"

#include "wire/clamd.h"

static const char prefix[] = "stream: ";

void
clamd_print_command(struct buf *out)
{
	buf_add(out, "zINSTREAM", sizeof("zINSTREAM"));
}

void
clamd_print_size(struct buf *out, uint32_t len)
{
	const char octets[CLAMD_SIZE_OCTETS] = { (char)(len >> 24), (char)(len >> 16), (char)(len >> 8), (char)len };

	buf_add(out, octets, sizeof(octets));
}

/* Cuts the ending off; false when the text has another. */
static bool
cut_ending(struct span *text, const char *ending)
{
	if (!span_ends_nocase(*text, ending))
		return false;
	*text = span_trim(span_first(*text, text->len - strlen(ending)));
	return true;
}

static bool
is_one_line(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f)
			return false;
	return true;
}

int
clamd_parse_reply(struct span input, enum clamd_result *result, struct span *text)
{
	size_t end = span_find_byte(span_first(input, CLAMD_REPLY_MAX), '\0');

	if (end == SIZE_MAX)
		return input.len >= CLAMD_REPLY_MAX ? -1 : 0;
	*text = span_trim(span_first(input, end));
	if (!is_one_line(*text))
		return -1;
	if (span_starts(*text, prefix))
		*text = span_from(*text, strlen(prefix));
	if (span_is(*text, "OK"))
		*result = CLAMD_CLEAN;
	else if (cut_ending(text, " FOUND") && text->len > 0)
		*result = CLAMD_FOUND;
	else if (cut_ending(text, "ERROR"))
		*result = CLAMD_FAILED;
	else
		return -1;
	return 1;
}
