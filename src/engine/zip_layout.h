/* A zip is described twice; whether both descriptions agree. For archive.c. */
#ifndef ENGINE_ZIP_LAYOUT_H
#define ENGINE_ZIP_LAYOUT_H

#include "base/span.h"

/* True when the central directory and the entries' own headers tell the same:
 * the same names, methods and sizes, entry after entry without a byte between
 * that neither accounts for. False on any doubt. */
bool zip_is_regular(struct span data);

/* True when some program could find an entry: there is a directory, or the
 * first bytes are an entry's header that makes sense. Other content may begin
 * with a zip's first four bytes by chance or damage; nothing can unpack it. */
bool zip_may_have_entries(struct span data);

/* A name that only the directory knows: the entry's own header has another. */
struct zip_alias {
	struct span name;
	uint32_t size; /* declared, unpacked */
	bool encrypted;
};

/* The state of a walk over the directory. */
struct zip_walk {
	struct span data, directory;
	size_t shift; /* octets before the archive's own beginning */
};
/* False when no directory is found. */
bool zip_walk_begin(struct zip_walk *w, struct span data);
/* The next alias; false at the end. */
bool zip_walk_next(struct zip_walk *w, struct zip_alias *alias);

#endif
