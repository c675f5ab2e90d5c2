/* PDF: the files, scripts and links in it, and what it does when opened. */
#ifndef ENGINE_PDF_H
#define ENGINE_PDF_H

#include "engine/container.h"

/* ARCHIVE_NONE: no header in the first KiB. */
enum archive_result pdf_read(struct arena *a, struct span data, struct archive_budget *budget,
    const struct container_sink *sink);

#endif
