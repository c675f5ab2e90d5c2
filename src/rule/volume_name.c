/* How archivers name the pieces of what they split: a number behind the whole
 * name (7-Zip, HJSplit, split), a letter and a number for the extension (.z01 of
 * zip, .r00 and then .s00 of RAR, .a01 of ARJ, .c00 of ACE), and "part" with a
 * number before it (RAR since version 3). */
#include "config.h"

#include "rule/volume_name.h"

/* Takes the last extension off the name; empty for none. */
static struct span
take_extension(struct span *name)
{
	const char *dot = name->len > 0 ? memrchr(name->data, '.', name->len) : NULL;
	struct span extension;

	if (dot == NULL)
		return SPAN_NONE;
	extension = span_from(*name, (size_t)(dot + 1 - name->data));
	*name = span_first(*name, (size_t)(dot - name->data));
	return extension;
}

static bool
is_number(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_digit(s.data[i]))
			return false;
	return s.len > 0;
}

/* Of what is split: archives, and programs that unpack themselves. */
static bool
is_split(struct span extension)
{
	static const char *const split[] = { "zip", "7z", "rar", "tar", "gz", "tgz", "bz2", "tbz", "xz", "txz", "zst", "arj", "ace",
		"lzh", "lha", "cab", "iso", "img", "wim", "exe" };

	for (size_t i = 0; i < sizeof(split) / sizeof(split[0]); i++)
		if (span_is_nocase(extension, split[i]))
			return true;
	return false;
}

enum volume_name
volume_name(struct span name)
{
	struct span last = take_extension(&name), before = take_extension(&name);

	if (last.len == 3 && is_number(last))
		return is_split(before) ? VOLUME_SURELY : VOLUME_MAYBE;
	if (last.len == 3 && memchr("acrsz", ascii_lower(last.data[0]), 5) != NULL && is_number(span_from(last, 1)))
		return VOLUME_MAYBE;
	if (span_is_nocase(last, "rar") && span_starts_nocase(before, "part") && is_number(span_from(before, 4)))
		return VOLUME_SURELY;
	return VOLUME_NO;
}
