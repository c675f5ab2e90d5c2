/* The filters of PDF's streams (ISO 32000-1 7.4), other than those of images. */
#ifndef ENGINE_PDF_FILTER_H
#define ENGINE_PDF_FILTER_H

#include "engine/document.h"

/* The content of the stream whose dictionary that is, with its filters undone
 * in a room of d, or where it lies when it has none. What is damaged is undone
 * as far as it goes, and told to d; each step counts as output. *decoded is false when a filter is not
 * known: then the content is what that one would read. */
struct span pdf_stream(struct document *d, struct span dictionary, struct span raw, bool *decoded);

#endif
