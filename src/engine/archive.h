/* What is inside an archive, read by libarchive from memory: nothing is ever
 * written to a file, and no program is run. The kinds are a table in archive.c. */
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
	struct span name;    /* UTF-8 where it can be told, else as it stands; empty where a compressed
	                      * file does not say what it was: then it is named as its container is,
	                      * without the last suffix */
	uint64_t size;       /* declared */
	bool encrypted;
	bool directory;
	bool message;        /* the content is a MIME entity: a header and a body */
	struct span content; /* empty when encrypted, a link or a directory; valid during the call only */
};

/* Running totals of one message, shared by nested archives. */
struct archive_budget {
	struct archive_limits limits;
	size_t entries;
	uint64_t output;
	unsigned depth; /* containers being read now */
};

enum archive_result {
	ARCHIVE_READ,      /* to its end */
	ARCHIVE_DAMAGED,   /* what could be read was told; the rest is unknown */
	ARCHIVE_OVER_LIMIT,
	ARCHIVE_NONE,      /* not an archive that is read */
};

/* Of two results the one to tell; ARCHIVE_NONE gives way to any other. */
enum archive_result archive_worse(enum archive_result a, enum archive_result b);

struct container_sink; /* engine/container.h */

/* True when archive_read() can read this magic. */
bool archive_is_readable(const char *magic);

/* Reads data as an archive of the kind that magic names; the sink may call
 * container_read() for what it was given. An archive that programs may read
 * in several ways is read in all, so a member may be told twice. Contents over
 * 64 KiB lie in memory mapped for the time of the call. Members of which only
 * a part could be read, or may be, are told with that part. An archive that
 * cannot be looked into for encryption is told by its trait, not as damaged.
 * The first call in a process opens files (locale, time zone): one of each
 * kind must be made before the cage closes. */
enum archive_result archive_read(struct arena *a, const char *magic, struct span data, struct archive_budget *budget,
    const struct container_sink *sink);

#endif
