/* Files that HTML carries in itself, or has a script put together in the
 * reader's browser. */
#ifndef ENGINE_HTML_FILES_H
#define ENGINE_HTML_FILES_H

#include "engine/container.h"

/* HTML, and XML that a browser shows, such as SVG. Tells data: URIs and long
 * base64 in scripts as members, decoded; TRAIT_BUILDS_FILE where a script makes
 * a file and hands it to the reader. Never ARCHIVE_NONE. */
enum archive_result html_read(struct arena *a, struct span data, struct archive_budget *budget,
    const struct container_sink *sink);

#endif
