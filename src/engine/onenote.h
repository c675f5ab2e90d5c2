/* Notebooks of OneNote ([MS-ONESTORE]). */
#ifndef ENGINE_ONENOTE_H
#define ENGINE_ONENOTE_H

#include "engine/container.h"

/* Tells the files in it. ARCHIVE_NONE: not one. */
enum archive_result onenote_read(struct arena *a, struct span data, struct archive_budget *budget,
    const struct container_sink *sink);

#endif
