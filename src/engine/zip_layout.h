/* Whether all programs see the same entries in a zip. For archive.c. */
#ifndef ENGINE_ZIP_LAYOUT_H
#define ENGINE_ZIP_LAYOUT_H

#include "base/span.h"

/* True when the central directory and the entries' own headers tell the same:
 * the same names, methods and sizes, entry after entry without a byte between
 * that neither accounts for. False on any doubt. */
bool zip_is_regular(struct span data);

#endif
