/* Rich text: what it holds and what it fetches. */
#ifndef ENGINE_RTF_H
#define ENGINE_RTF_H

#include "engine/container.h"

/* Tells the objects, decoded, and links; a template from elsewhere and fields
 * that start a program as traits. ARCHIVE_NONE: no rich text. */
enum archive_result rtf_read(struct arena *a, struct span data, struct archive_budget *budget,
    const struct container_sink *sink);

#endif
