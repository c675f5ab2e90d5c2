/* A zip describes its entries twice: before each content, and in the directory
 * at the end. All entries that some program could find, and whether all
 * programs find the same. For archive_zip.c. */
#ifndef ENGINE_ZIP_LAYOUT_H
#define ENGINE_ZIP_LAYOUT_H

#include "base/arena.h"
#include "engine/zip_record.h"

struct zip_layout {
	struct zip_entry *entries; /* in the order of the directory, then what it does not list */
	size_t count, listed; /* listed: the first, which a directory has */
	bool directory;    /* there is one, be it empty */
	bool inconsistent; /* programs may unpack different files */
	bool damaged;      /* the directory, or the header of an entry, is not where it should be */
	bool split;        /* a piece of an archive over several files */
	bool over_limit;   /* more than `most` entries */
};

/* Linear in the data and n log n in the entries. Everything points into data or the arena. */
void zip_layout_read(struct arena *a, struct span data, size_t most, struct zip_layout *out);

/* True when an end record's comment ends where the data does. */
bool zip_ends_exactly(struct span data);

#endif
