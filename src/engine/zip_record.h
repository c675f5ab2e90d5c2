/* The records of a zip (APPNOTE.TXT 4.3), one at a time, each where a caller
 * believes it to be. For zip_layout.c. */
#ifndef ENGINE_ZIP_RECORD_H
#define ENGINE_ZIP_RECORD_H

#include "base/span.h"

enum {
	ZIP_ENCRYPTED = 1,      /* flags, 4.4.4 */
	ZIP_SIZES_FOLLOW = 8,   /* sizes and checksum stand after the content */
	ZIP_STORED = 0,         /* methods, 4.4.5 */
};

/* An entry as its own header tells it, or the directory. */
struct zip_entry {
	struct span name;
	struct span other_name; /* that of extra field 0x7075, which some programs take; empty for none */
	uint32_t flags, method, crc;
	uint64_t packed, size;
	uint64_t header;  /* offset of the entry's own header */
	uint64_t content; /* offset of its content; 0 when the header is not there */
	size_t record;    /* octets of the record that told this */
	bool open_end;    /* where the content ends must be found by unpacking it */
	bool doubtful;    /* ZIP64's values contradict those that stand beside them */
};

/* An entry's own header at that offset, if one that makes sense stands there. */
bool zip_local_at(struct span data, uint64_t offset, struct zip_entry *e);
/* The directory's entry at that offset; its header's offset is as written. */
bool zip_central_at(struct span data, uint64_t offset, struct zip_entry *e);
/* Whether sizes and checksum like those of e stand at the end of its content, behind the header. */
bool zip_descriptor_agrees(struct span data, const struct zip_entry *e);

struct zip_end {
	uint64_t at;             /* where the directory has to end */
	uint64_t entries, size, offset;
	bool split;              /* over several disks */
	bool exact;              /* its comment ends where the file does */
};
/* The end record at that offset; *zip64 is what that has beside it, or a copy.
 * *doubtful is set when the two contradict each other. */
bool zip_end_at(struct span data, uint64_t offset, struct zip_end *end, struct zip_end *zip64, bool *doubtful);

#endif
