/* OneNote. A file that is put into a notebook stands in it as it is, behind a
 * mark, its length and twelve octets of no use (FileDataStoreObject, 2.6.13). So
 * the mark is looked for, and none of the rest is read.
 *
 * Known limit: the names of the files, which stand elsewhere, are not told. */
#include "config.h"

#include "engine/onenote.h"

#include "engine/document.h"

enum {
	MARK = 16,
	HEADER = MARK + 8 + 4 + 8,
};

static const char notebook[] = "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3";
static const char notebooks[] = "\xa1\x2f\xff\x43\xd9\xef\x76\x4c\x9e\xe2\x10\xea\x57\x22\x76\x5f";
static const struct span file_mark = { "\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac", MARK };

static void
read_files(struct document *d, struct span in)
{
	size_t at;

	while (!d->stopped && (at = span_find(in, file_mark)) != SIZE_MAX) {
		uint64_t len;
		struct span content;

		in = span_from(in, at);
		len = le32(in, MARK) | (uint64_t)le32(in, MARK + 4) << 32;
		content = span_sub(in, HEADER, len < SIZE_MAX ? (size_t)len : SIZE_MAX);
		in = span_from(in, MARK);
		if (content.len < len)
			document_damaged(d);
		if (content.len == 0)
			continue;
		document_trait(d, TRAIT_EMBEDDED_OBJECT);
		document_tell(d, SPAN_LITERAL("embedded"), content);
	}
}

enum archive_result
onenote_read(struct arena *a, struct span data, struct archive_budget *budget, const struct container_sink *sink)
{
	struct document d;

	if (!span_starts(data, notebook) && !span_starts(data, notebooks))
		return ARCHIVE_NONE;
	document_begin(&d, a, budget, sink);
	read_files(&d, data);
	return document_end(&d);
}
