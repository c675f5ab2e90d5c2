/* Parts of documents that are XML, and other small formats: the first octet says
 * which. */
#include "config.h"

#include "engine/office.h"
#include "engine/onenote.h"
#include "tests/lib/container_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = { "[Content_Types].xml", "_rels/.rels", "word/document.xml", "xl/workbook.xml",
	"xl/externalLinks/externalLink1.xml", "META-INF/manifest.xml", "content.xml" };
enum { NAMES = sizeof(names) / sizeof(names[0]) };

static enum archive_result
look(struct arena *a, struct span data, struct archive_budget *budget, const struct container_sink *sink)
{
	unsigned which = (unsigned char)data.data[0] % (NAMES + 3);

	data = span_from(data, 1);
	if (which == NAMES)
		return xml_read(a, data, budget, sink);
	if (which > NAMES + 1)
		return onenote_read(a, data, budget, sink);
	if (which > NAMES)
		return activemime_read(a, data, budget, sink);
	office_look_at_member(a, span_str(names[which]), data, sink);
	return ARCHIVE_READ;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0)
		walk_fuzz(look, span_of((const char *)data, size));
	return 0;
}
