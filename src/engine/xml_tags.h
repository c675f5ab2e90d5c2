/* Tags of XML, one after another; no more of the grammar than readers of
 * documents need. What is malformed is read on from the next "<". */
#ifndef ENGINE_XML_TAGS_H
#define ENGINE_XML_TAGS_H

#include "base/arena.h"

struct xml_tag {
	struct span name;       /* without its prefix; an end tag keeps its slash before it */
	struct span attributes;
	struct span text;       /* up to the next tag, as it stands: for xml_text() */
};

/* Takes the next tag off *in; false at its end. Linear in all. */
bool xml_next(struct span *in, struct xml_tag *tag);
/* The value of the attribute of that name, with any prefix, its references
 * undone; empty when there is none. */
struct span xml_attribute(struct arena *a, const struct xml_tag *tag, const char *name);
/* Text with its references undone, without comments and instructions, and with what stands in CDATA. */
struct span xml_text(struct arena *a, struct span raw);
/* In UTF-8, from UTF-16 where its first bytes say so. */
struct span xml_in_utf8(struct arena *a, struct span raw);

#endif
