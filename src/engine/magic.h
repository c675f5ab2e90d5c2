/* What content is, by its first bytes, whatever it is called. */
#ifndef ENGINE_MAGIC_H
#define ENGINE_MAGIC_H

#include "base/span.h"

/* A stable lower-case name: "pe", "elf", "macho", "zip", "gzip", "bzip2", "xz",
 * "zstd", "7z", "rar", "cab", "iso", "tar", "pdf", "ole2", "rtf", "png",
 * "jpeg", "gif", "webp", "html", "xml", "script", "shortcut", "tnef", "text",
 * "empty", "data". Never NULL; linear in at most 64 KiB. */
const char *magic_of(struct span data);
/* All names, ends with NULL: for checking rules. */
extern const char *const magic_names[];

#endif
