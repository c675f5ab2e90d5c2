/* What is inside an archive, read by libarchive from memory: nothing is ever
 * written to a file. Zip in this release; the formats are one table. */
#ifndef ENGINE_ARCHIVE_H
#define ENGINE_ARCHIVE_H

#include "base/arena.h"

struct archive_limits {
	size_t entries;   /* in one message */
	size_t depth;     /* archives inside archives; 0 = none */
	uint64_t output;  /* octets unpacked of one message */
	uint64_t ratio;   /* octets unpacked per octet packed, of one archive over 1 MiB of output */
};

struct archive_member {
	struct span name;    /* UTF-8 where it can be told, else as it stands */
	uint64_t size;       /* declared */
	bool encrypted;
	bool directory;
	bool message;        /* the content is a MIME entity: a header and a body */
	struct span content; /* empty when encrypted or a directory; valid during the call only */
};

/* Running totals of one message, shared by nested archives. */
struct archive_budget {
	struct archive_limits limits;
	size_t entries;
	uint64_t output;
	unsigned depth; /* kept by archive_read(): archives being read now */
};

enum archive_result {
	ARCHIVE_READ,      /* to its end */
	ARCHIVE_DAMAGED,   /* what could be read was told; the rest is unknown */
	ARCHIVE_OVER_LIMIT,
	ARCHIVE_NONE,      /* not an archive that is read */
};

/* True when archive_read() can read this magic. */
bool archive_is_readable(const char *magic);

/* Calls member() for each entry in order; it returns false to stop, and may
 * call archive_read() for what it was given. An archive that programs may
 * read in two ways is read in both, so a member may be told twice. Contents
 * over 64 KiB lie in memory mapped for the time of the call. Members of which
 * only a part could be read, or may be, are told with that part.
 * The first call in a process opens files (locale, time zone): one must be
 * made before the cage closes. */
enum archive_result archive_read(struct arena *a, struct span data, struct archive_budget *budget,
    bool (*member)(void *context, const struct archive_member *m), void *context);

#endif
