/* Archives made for tests, and what is told of them as text. */
#ifndef TESTS_ARCHIVE_MAKER_H
#define TESTS_ARCHIVE_MAKER_H

#include "base/buf.h"
#include "engine/container.h"

struct archive; /* libarchive's */

struct made_file {
	const char *name;
	struct span content;
	bool directory;
};
/* By libarchive; format and filter are its archive_write_…() functions, filter may be NULL. */
void make_archive(struct buf *out, int (*format)(struct archive *), int (*filter)(struct archive *),
    const struct made_file *files, size_t count);
/* One file, compressed. */
void make_compressed(struct buf *out, int (*filter)(struct archive *), struct span content);

void put_number(struct buf *b, uint64_t value, size_t octets);
uint32_t checksum_of(struct span s);

/* A zip by hand: what no program writes. */
struct raw_entry {
	const char *name, *directory_name; /* NULL: the same */
	struct span content;
	unsigned flags, directory_flags;   /* of the directory: more than those */
	unsigned method;                   /* content is packed already */
	unsigned directory_method;         /* 0: the same */
	struct span extra;                 /* of both headers */
	bool descriptor;                   /* sizes follow the content */
	bool unlisted;                     /* has no entry in the directory */
	uint32_t more_packed, more_size, more_crc; /* added in the directory */
};
void make_raw_zip(struct buf *out, const struct raw_entry *entries, size_t count, const char *comment);

/* What container_read() tells: a line a member with name, size, flags and
 * content when short; and traits. Nested containers are read, and told by
 * deeper lines. */
struct told {
	struct buf text;
	uint32_t traits; /* by 1 << trait */
	size_t members;
	enum archive_result result, worst; /* worst: of nested ones too */
	struct archive_budget budget;
	struct arena *arena;
	unsigned depth;
	bool quiet; /* no text */
};
extern const struct archive_limits generous_limits;
/* limits NULL: generous_limits. */
void tell_content(struct told *t, struct span data, const struct archive_limits *limits);
void told_free(struct told *t);

#endif
