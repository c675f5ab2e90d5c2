/* Documents that are zip archives: those of Microsoft Office since 2007
 * (ECMA-376) and OpenDocument; and those of Office that are one XML file. */
#ifndef ENGINE_OFFICE_H
#define ENGINE_OFFICE_H

#include "engine/container.h"

/* Reads any zip as archive_read() does, and looks at each member for what a
 * document can do. */
enum archive_result office_read(struct arena *a, struct span data, struct archive_budget *budget,
    const struct container_sink *sink);
/* What one member says of the archive it is in. */
void office_look_at_member(struct arena *a, struct span name, struct span content, const struct container_sink *sink);

/* One XML file: the same, and binary parts in base64 as members. ARCHIVE_NONE:
 * it is of no kind that Office opens. */
enum archive_result office_xml_read(struct arena *a, struct span data, struct archive_budget *budget,
    const struct container_sink *sink);
/* XML of any kind: that, or else what a browser shows, as html_read() does. */
enum archive_result xml_read(struct arena *a, struct span data, struct archive_budget *budget,
    const struct container_sink *sink);
/* The zlib stream in an "ActiveMime" file, in which Office keeps macros beside
 * XML and MHTML. ARCHIVE_NONE: not one. */
enum archive_result activemime_read(struct arena *a, struct span data, struct archive_budget *budget,
    const struct container_sink *sink);

#endif
